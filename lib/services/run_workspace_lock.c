#include "services/run_workspace_lock.h"

#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "clients/lock_client.h"

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

/* In short tries, so that a wish to end is heard between them. */
static int take(Run *run, LockClient *client, const char *resource) {
        _cleanup_free_ char *message = NULL;
        int r = -EBUSY;
        for (unsigned i = 0; i < TRIES && (r == -EBUSY || r == -EHOSTDOWN || r == -ECONNREFUSED); i++) {
                LockHolder busy = {};
                if (i > 0 && run_sleep(run, PAUSE) < 0) {
                        return -ECANCELED;
                }
                free(TAKE_PTR(message));
                r = lock_client_acquire(client, resource, "exclusive", run->id, 0, &busy, &message);
                lock_holder_done(&busy);
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
