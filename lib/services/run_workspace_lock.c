#include "services/run_workspace_lock.h"

#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "clients/lock_client.h"
#include "resources/notify.h"

#define TRIES 60
#define PAUSE USEC_PER_SEC

int run_client_name(const Run *run, char **ret) {
        return run->spec.client ? string_copy(ret, run->spec.client) :
                                  string_format(ret, "weir-%s", run->id);
}

static int resource_name(const Run *run, char **ret) {
        char host[256] = "";
        _cleanup_free_ char *client = NULL;
        if (gethostname(host, sizeof(host) - 1) < 0) {
                return -errno;
        }
        int r = run_client_name(run, &client);
        return r < 0 ? r : string_format(ret, "workspace/%s/%s", host, client);
}

/* Somebody waits for this job and does not know for whom it waits: told in its log, its status line and by weirctl show. */
static void tell_busy(Run *run, const char *resource, const LockHolder *holder) {
        _cleanup_free_ char *text = NULL;
        int r = string_format(&text, "Waiting for %s: %s has locked %s%s%s", resource,
                              holder->holder ?: "someone",
                              string_equal(holder->resource, resource) ? "it" :
                              holder->resource                         ?:
                                                                         "it",
                              string_is_empty(holder->why) ? "" : ", ", holder->why ?: "");
        if (r >= 0) {
                JobReport report = { .status_text = text };
                run_log(run, LOG_LEVEL_NOTICE, "%s", text);
                notify_status("%s", text);
                (void) run_report(run, &report);
        }
}

static void tell_free(Run *run) {
        JobReport report = { .status_text = "" };
        notify_status("%s", job_stage_to_string(run->stage));
        (void) run_report(run, &report);
}

/* In short tries, so that a wish to end is heard between them. */
static int take(Run *run, LockClient *client, const char *resource) {
        _cleanup_free_ char *message = NULL;
        int r = -EBUSY;
        bool was_busy = false;
        for (unsigned i = 0; i < TRIES && (r == -EBUSY || r == -EHOSTDOWN || r == -ECONNREFUSED); i++) {
                LockHolder busy = {};
                if (i > 0 && run_sleep(run, PAUSE) < 0) {
                        return -ECANCELED;
                }
                free(TAKE_PTR(message));
                r = lock_client_acquire(client, resource, "exclusive", run->id, 0, &busy, &message);
                if (r == -EBUSY && !was_busy) {
                        was_busy = true;
                        tell_busy(run, resource, &busy);
                }
                lock_holder_done(&busy);
        }
        if (r >= 0 && was_busy) {
                tell_free(run);
        }
        return r >= 0 ? r :
                        run_fail(run, "workspace busy", "Failed to lock %s: %s", resource,
                                 message ?: strerror(-r));
}

int run_workspace_lock(Run *run) {
        _cleanup_(lock_client_freep) LockClient *client = NULL;
        _cleanup_free_ char *resource = NULL;
        int r = resource_name(run, &resource);
        r = r < 0 ? r : lock_client_new(&client);
        r = r < 0 ? r : take(run, client, resource);
        if (r < 0) {
                return r;
        }
        run->lock_fd = r;
        return 0;
}
