/* `weirctl measure`, `sync` and `sync-streams`: start the unit that does it, show how far it is, and end as it ended. Whatever was
 * typed here is what `systemctl start` of the same unit would have done. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/string_util.h"
#include "base/time_util.h"
#include "clients/systemd_client.h"
#include "domain/scope.h"
#include "formats/unit_name.h"
#include "services/ctl_output.h"
#include "services/ctl_verbs.h"
#include "services/server_store.h"
#include "services/stream_store.h"

#define BAR_WIDTH 30

const CtlOption ctl_measure_options[] = {
        { "all", 'a', NULL, "every server (the default)" },
        { "server", 's', "NAME", "this server's streams" },
        { "stream", 0, "PATH", "only this stream, //depot/stream" },
        { "full", 'f', NULL, "measure everything, also what did not move" },
        {},
};

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
          "`weirctl sync` says what is wrong with it." },
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

static int print_outcome(Ctl *ctl, const char *unit, int status, uint64_t duration) {
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
                        "%s: %s (exit status %d); `journalctl -u %s` has the details.", unit,
                        outcomes[i].sentence, status, unit);
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

static int run_unit(Ctl *ctl, const char *unit) {
        _cleanup_(systemd_client_freep) SystemdClient *client = NULL;
        _cleanup_free_ char *message = NULL;
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
        return r < 0 ? explain_failure(ctl, r, unit, message) :
                       print_outcome(ctl, unit, exit_status, now_monotonic() - start);
}

/* The unit of a scope. A stream path too long for a unit name is given by its number. */
static int scope_unit(Ctl *ctl, Scope *scope, char **ret) {
        _cleanup_(monitor_store_closep) MonitorStore *store = NULL;
        _cleanup_free_ char *text = NULL, *numbered = NULL;
        MonitorServer server = {};
        int64_t id;
        int status, r;

        r = scope_format(scope, &text);
        if (r >= 0) {
                r = unit_name_instance("weir-measure", text, ".service", ret);
        }
        if (r != -ENAMETOOLONG || scope->kind != SCOPE_STREAM || !scope->server) {
                return r;
        }
        if (ctl_open_store(ctl, DB_READ_ONLY, &store, &status) < 0) {
                return -EINVAL;
        }
        r = server_store_find(store, scope->server, &server);
        r = r < 0 ? r : stream_store_find(store, server.id, scope->path, &id);
        r = r < 0 ? r :
                    string_format(&numbered, "%s%s#%lld", scope->is_full ? "full/" : "", scope->server,
                                  (long long) id);
        monitor_server_done(&server);
        return r < 0 ? r : unit_name_instance("weir-measure", numbered, ".service", ret);
}

/* A path alone means the only server that has it; a stream never listed needs --server. */
static int complete_scope(Ctl *ctl, Scope *scope, int *ret_status) {
        _cleanup_(monitor_store_closep) MonitorStore *store = NULL;
        MonitorStream stream = {};
        int64_t id;
        int r;

        if (scope->kind != SCOPE_STREAM || scope->server) {
                return 0;
        }
        if (ctl_open_store(ctl, DB_READ_ONLY, &store, ret_status) < 0) {
                return -EINVAL;
        }
        r = stream_store_find(store, 0, scope->path, &id);
        r = r < 0 ? r : stream_store_get(store, id, &stream);
        if (r < 0) {
                *ret_status = ctl_fail(ctl, CTL_EXIT_USAGE, "Name the server with --server=NAME.",
                                       r == -ENOTUNIQ ? "Several servers have a stream %s." :
                                                        "No stream %s is known yet.",
                                       scope->path);
                return r;
        }
        r = string_copy(&scope->server, stream.server);
        monitor_stream_done(&stream);
        return r;
}

static int read_scope(const Ctl *ctl, Scope *ret) {
        const char *server = ctl_option(ctl, "server"), *stream = ctl_option(ctl, "stream");
        const char *word = ctl->n_arguments ? ctl->arguments[0] : NULL;
        _cleanup_free_ char *text = NULL;
        int r;

        if ((word && (server || stream)) || (ctl_flag(ctl, "all") && (word || server || stream))) {
                return -EINVAL;
        }
        r = word             ? string_copy(&text, word) :
            server || stream ? string_format(&text, "%s%s", server ? server : "", stream ? stream : "") :
                               string_copy(&text, "all");
        return r < 0 ? r : scope_parse(text, ret);
}

int ctl_measure(Ctl *ctl) {
        _cleanup_free_ char *unit = NULL;
        Scope scope = {};
        int status = CTL_EXIT_USAGE, r;

        r = read_scope(ctl, &scope);
        if (r < 0) {
                return ctl_fail(ctl, CTL_EXIT_USAGE,
                                "Give nothing for all, a server's NAME, or --stream=//depot/stream.",
                                "That names nothing to measure.");
        }
        scope.is_full = ctl_flag(ctl, "full");
        if (complete_scope(ctl, &scope, &status) >= 0) {
                r = scope.kind == SCOPE_ALL && !scope.is_full ? string_copy(&unit, "weir-measure.service") :
                                                                scope_unit(ctl, &scope, &unit);
                status = r < 0 ? ctl_fail(ctl, 1, NULL, "Failed to name the unit for that: %s.",
                                          strerror(-r)) :
                                 run_unit(ctl, unit);
        }
        scope_done(&scope);
        return status;
}

int ctl_sync_streams(Ctl *ctl) {
        _cleanup_free_ char *unit = NULL;
        Scope scope = { .kind = SCOPE_LIST };
        int r = string_copy(&scope.server, ctl->arguments[0]);

        if (r < 0 || server_name_problem(scope.server)) {
                scope_done(&scope);
                return ctl_fail(ctl, CTL_EXIT_USAGE, "`weirctl servers` lists them.",
                                "%s is no server name.", ctl->arguments[0]);
        }
        r = scope_unit(ctl, &scope, &unit);
        scope_done(&scope);
        return r < 0 ? ctl_fail(ctl, 1, NULL, "Failed to name the unit for that: %s.", strerror(-r)) :
                       run_unit(ctl, unit);
}

int ctl_sync(Ctl *ctl) {
        return run_unit(ctl, "weir-sync.service");
}
