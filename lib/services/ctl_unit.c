/* Running a unit of weir's for weirctl: a picture of how far it is, and its end in words. Whatever is started here is what
 * `systemctl start` of the same unit would have done. */
#include "services/ctl_unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/string_util.h"
#include "base/time_util.h"
#include "clients/systemd_client.h"
#include "services/ctl_output.h"
#include "services/monitor_store.h"

#define BAR_WIDTH 30

/* What each exit status of weir-measure means, and what to do then. */
static const struct {
        int status;
        const char *outcome, *sentence, *next;
} outcomes[] = {
        { 0, "ok", "done", NULL },
        { CTL_EXIT_PARTIAL, "partial", "some streams or servers could not be measured",
          "`weirctl servers` and `weirctl streams --state=stale` show which and why." },
        { CTL_EXIT_BUSY, "busy", "something else is at work there",
          "`weirctl locks` shows who; try again later." },
        { CTL_EXIT_CONFIG, "config", "the configuration cannot be used",
          "Correct the file, then run `weirctl sync`; until then the last good one is in force." },
        { 1, "failed", "failed",
          "`weirctl servers` shows the server's own words, `weirctl doctor` what to do." },
};

typedef struct Progress {
        MonitorStore *store;
        bool is_shown;
        int64_t done, total;
        const char *server;
        char text[256];
} Progress;

static int add_run(const MonitorRun *run, void *userdata) {
        Progress *progress = userdata;

        progress->done += run->done;
        progress->total += run->total;
        (void) snprintf(progress->text, sizeof progress->text, "%s %s", run->stage,
                        run->current ? run->current : run->server);
        return 0;
}

/* One line, drawn over itself. It is only a picture: whatever fails here is tried again at the next tick. */
static void on_tick(void *userdata) {
        Progress *progress = userdata;
        _cleanup_free_ char *text = NULL;
        int filled;

        progress->done = progress->total = 0;
        progress->text[0] = 0;
        if (!progress->store || monitor_store_each_run(progress->store, add_run, progress) < 0 ||
            !progress->text[0] || string_printable(&text, progress->text, 60) < 0) {
                return;
        }
        filled = progress->total > 0 ? (int) (progress->done * BAR_WIDTH / progress->total) : 0;
        fprintf(stderr, "\r\033[K[%.*s%*s] %lld/%lld %s", filled, "##############################",
                BAR_WIDTH - filled, "", (long long) progress->done, (long long) progress->total, text);
        progress->is_shown = true;
}

/* What the unit said of itself at its end: of a failure the reason, as the holder of the lock in its way. */
static char *last_words(SystemdClient *client, const char *unit) {
        SystemdUnit found = {};
        char *words = NULL;

        if (systemd_client_get_unit(client, unit, &found) >= 0 && !string_is_empty(found.status_text)) {
                words = TAKE_PTR(found.status_text);
        }
        systemd_unit_done(&found);
        return words;
}

static int print_outcome(Ctl *ctl, const char *unit, int status, const char *words, uint64_t duration) {
        char span[TIME_TEXT_MAX];
        size_t i = 0;
        CtlJson json;

        while (i + 1 < ELEMENTSOF(outcomes) && outcomes[i].status != status) {
                i++;
        }
        if (ctl->json) {
                ctl_json_begin(&json);
                json_object_begin(&json.writer, NULL);
                json_string(&json.writer, "unit", unit);
                json_string(&json.writer, "result", outcomes[i].outcome);
                json_int(&json.writer, "exit_status", status);
                json_string(&json.writer, "message", words);
                json_int(&json.writer, "duration_usec", (int64_t) duration);
                json_object_end(&json.writer);
                (void) ctl_json_print(&json);
                return status;
        }
        if (status == 0) {
                printf("%s: %s in %s\n", unit, outcomes[i].sentence, time_format_span(span, duration));
                return 0;
        }
        return ctl_fail(ctl, status, outcomes[i].next,
                        "%s: %s (exit status %d)%s%s; `journalctl -u %s` has the details.", unit,
                        outcomes[i].sentence, status, words ? ": " : "", words ? words : "", unit);
}

/* systemd ends some of its sentences itself. */
static void drop_full_stop(char *message) {
        size_t length = message ? strlen(message) : 0;

        if (length > 0 && message[length - 1] == '.') {
                message[length - 1] = 0;
        }
}

static int explain_failure(const Ctl *ctl, int r, const char *unit, const char *message) {
        switch (r) {
        case -EACCES:
                return ctl_fail(ctl, CTL_EXIT_NO_PERMISSION,
                                "Run it as root, or let an administrator grant you "
                                "org.freedesktop.systemd1.manage-units for it.",
                                "You may not start %s: %s.", unit, message ? message : strerror(-r));
        case -ENOENT:
                return ctl_fail(ctl, 1, "Is weir installed? `systemctl cat weir.target`",
                                "There is no unit %s: %s.", unit, message ? message : strerror(-r));
        case -ECANCELED:
                return ctl_fail(ctl, 1, NULL, "%s was stopped: %s.", unit, message ? message : strerror(-r));
        default:
                return ctl_fail(ctl, 1, "`journalctl` of that unit has the details.",
                                "Failed to run %s: %s.", unit, message ? message : strerror(-r));
        }
}

int ctl_run_unit(Ctl *ctl, const char *unit) {
        _cleanup_(systemd_client_freep) SystemdClient *client = NULL;
        _cleanup_free_ char *message = NULL, *words = NULL;
        Progress progress = {};
        uint64_t start = now_monotonic();
        int exit_status = 0, r;

        r = systemd_client_new(&client);
        if (r < 0) {
                return ctl_fail(ctl, 1, "Is D-Bus running? `systemctl status dbus`",
                                "Failed to reach systemd: %s.", strerror(-r));
        }
        if (!ctl->json && isatty(STDERR_FILENO)) {
                (void) monitor_store_open(ctl->state_directory, DB_READ_ONLY, &progress.store);
        }
        r = systemd_client_run_unit(client, unit, progress.store ? on_tick : NULL, &progress, &exit_status,
                                    &message);
        if (progress.is_shown) {
                fprintf(stderr, "\r\033[K");
        }
        monitor_store_close(progress.store);
        if (r < 0) {
                drop_full_stop(message);
                return explain_failure(ctl, r, unit, message);
        }
        words = exit_status ? last_words(client, unit) : NULL;
        return print_outcome(ctl, unit, exit_status, words, now_monotonic() - start);
}
