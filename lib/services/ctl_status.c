/* `weirctl status`: what weir is doing right now, in one look: its units and when timers elapse next,
 * running measurements, locks, and how each server is. A part that cannot be read is said so; the others are
 * still shown. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/string_util.h"
#include "base/time_util.h"
#include "clients/systemd_client.h"
#include "services/config.h"
#include "services/ctl_lock.h"
#include "services/ctl_output.h"
#include "services/ctl_table.h"
#include "services/ctl_verbs.h"
#include "services/server_store.h"

typedef struct Status {
        const Ctl *ctl;
        CtlJson json;
        CtlTable *table;
        SystemdClient *systemd;
        unsigned n_failed; /* parts that could not be read */
} Status;

/* The title of a part, with a line between it and the one before. */
static void print_title(Status *status, const char *title, bool is_first) {
        if (!status->ctl->json) {
                printf("%s%s\n", is_first ? "" : "\n", title);
        }
}

static void tell_failure(Status *status, const char *part, const char *why) {
        status->n_failed++;
        if (status->ctl->json) {
                fprintf(stderr, "weirctl: Failed to read the %s: %s\n", part, why);
        } else {
                printf("  cannot be read: %s\n", why);
        }
}

static void finish_table(Status *status, const char *nothing) {
        if (status->table && ctl_table_rows(status->table) > 0) {
                (void) ctl_table_print(status->table);
        } else {
                printf("  %s\n", nothing);
        }
        status->table = ctl_table_free(status->table);
}

/* --- units --- */

static const CtlColumn unit_columns[] = {
        { .title = "UNIT", .may_shrink = true },
        { .title = "ACTIVE" },
        { .title = "STATE" },
        { .title = "NEXT" },
        { .title = "TOLD", .is_text = true, .may_shrink = true },
};

static void write_unit(JsonWriter *writer, const char *name, const SystemdUnit *unit) {
        json_object_begin(writer, NULL);
        json_string(writer, "unit", name);
        json_string(writer, "active_state", unit->active_state);
        json_string(writer, "sub_state", unit->sub_state);
        json_string(writer, "result", unit->result);
        json_string(writer, "status_text", unit->status_text);
        json_time(writer, "next_elapse", unit->next_elapse);
        json_time(writer, "last_trigger", unit->last_trigger);
        json_object_end(writer);
}

/* A service says something itself; of one that failed in another way than by its own exit the result says more. */
static const char *told(const SystemdUnit *unit) {
        bool has_words = string_equal(unit->result, "exit-code") && !string_is_empty(unit->status_text);

        if (string_equal(unit->active_state, "failed") && !has_words) {
                return unit->result;
        }
        return string_is_empty(unit->status_text) ? "" : unit->status_text;
}

static int show_unit(const char *name, Status *status) {
        char next[TIME_TEXT_MAX];
        SystemdUnit unit = {};
        int r = systemd_client_get_unit(status->systemd, name, &unit);

        if (r < 0) {
                return r;
        }
        if (status->ctl->json) {
                write_unit(&status->json.writer, name, &unit);
        } else {
                const char *const cells[] = { name, unit.active_state, unit.sub_state,
                                              unit.next_elapse ? time_format_local(next, unit.next_elapse) :
                                                                 "",
                                              told(&unit) };

                r = ctl_table_add(status->table, cells);
        }
        systemd_unit_done(&unit);
        return r < 0 ? r : 0;
}

static int keep_name(const char *unit, void *userdata) {
        return strv_append(userdata, unit);
}

static int compare_names(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

static int show_sorted(Status *status) {
        _cleanup_(strv_freep) char **names = NULL;
        int r = systemd_client_each_unit(status->systemd, "weir*", keep_name, &names);

        if (r >= 0 && names) {
                qsort(names, strv_length(names), sizeof(*names), compare_names);
        }
        for (char **name = names; r >= 0 && name && *name; name++) {
                r = show_unit(*name, status);
        }
        return r;
}

static void show_units(Status *status) {
        int r = systemd_client_new(&status->systemd);

        print_title(status, "Units:", true);
        json_array_begin(&status->json.writer, "units");
        r = r < 0 ? r : ctl_table_new(unit_columns, ELEMENTSOF(unit_columns), &status->table);
        r = r < 0 ? r : show_sorted(status);
        json_array_end(&status->json.writer);
        if (r < 0) {
                tell_failure(status, "units", strerror(-r));
        }
        if (r >= 0 && !status->ctl->json) {
                finish_table(status, "none is loaded; `systemctl enable --now weir.target`");
        }
        status->table = ctl_table_free(status->table);
        status->systemd = systemd_client_free(status->systemd);
}

/* --- measurements and servers --- */

static const CtlColumn run_columns[] = {
        { .title = "SCOPE", .may_shrink = true },
        { .title = "SERVER" },
        { .title = "STAGE" },
        { .title = "DONE", .is_right = true },
        { .title = "OF", .is_right = true },
        { .title = "SINCE" },
        { .title = "STREAM", .may_shrink = true },
};

static void write_run(JsonWriter *writer, const MonitorRun *run) {
        json_object_begin(writer, NULL);
        json_string(writer, "scope", run->scope);
        json_string(writer, "server", run->server);
        json_string(writer, "stage", run->stage);
        json_string(writer, "current", run->current);
        json_int(writer, "pid", run->pid);
        json_int(writer, "done", run->done);
        json_int(writer, "total", run->total);
        json_time(writer, "started_at", run->started_at);
        json_object_end(writer);
}

static int show_run(const MonitorRun *run, void *userdata) {
        Status *status = userdata;
        char done[24], total[24], since[TIME_TEXT_MAX];

        if (status->ctl->json) {
                write_run(&status->json.writer, run);
                return 0;
        }
        (void) snprintf(done, sizeof(done), "%lld", (long long) run->done);
        (void) snprintf(total, sizeof(total), "%lld", (long long) run->total);
        return ctl_table_add(status->table,
                             (const char *const[]) { run->scope, run->server, run->stage, done, total,
                                                     time_format_ago(since, run->started_at),
                                                     run->current });
}

static void show_runs(Status *status, MonitorStore *store, const char *failure) {
        int r = 0;

        print_title(status, "Measuring:", false);
        json_array_begin(&status->json.writer, "runs");
        if (!failure) {
                r = ctl_table_new(run_columns, ELEMENTSOF(run_columns), &status->table);
                r = r < 0 ? r : monitor_store_each_run(store, show_run, status);
        }
        json_array_end(&status->json.writer);
        if (failure || r < 0) {
                tell_failure(status, "running measurements", failure ? failure : strerror(-r));
        } else if (!status->ctl->json) {
                finish_table(status, "nothing is being measured");
        }
        status->table = ctl_table_free(status->table);
}

static const CtlColumn server_columns[] = {
        { .title = "SERVER" },
        { .title = "STATE" },
        { .title = "STREAMS", .is_right = true },
        { .title = "MEASURED" },
        { .title = "TICKET EXPIRES" },
        { .title = "SAYS", .is_text = true, .may_shrink = true },
};

static void write_server(JsonWriter *writer, const MonitorServer *server) {
        json_object_begin(writer, NULL);
        json_string(writer, "name", server->server.name);
        json_string(writer, "state", server_state_to_string(server->state));
        json_string(writer, "state_text", server->state_text);
        json_int(writer, "streams", server->n_streams);
        json_time(writer, "checked_at", server->checked_at);
        json_time(writer, "measured_at", server->measured_at);
        json_time(writer, "ticket_expires_at", server->ticket_expires_at);
        json_object_end(writer);
}

static int show_server(Status *status, const MonitorServer *server) {
        char streams[24], measured[TIME_TEXT_MAX], expires[TIME_TEXT_MAX];

        if (status->ctl->json) {
                write_server(&status->json.writer, server);
                return 0;
        }
        (void) snprintf(streams, sizeof(streams), "%lld", (long long) server->n_streams);
        return ctl_table_add(status->table,
                             (const char *const[]) {
                                             server->server.name, server_state_to_string(server->state),
                                             streams, time_format_ago(measured, server->measured_at),
                                             server->ticket_expires_at ?
                                                             time_format_local(expires,
                                                                               server->ticket_expires_at) :
                                                             NULL,
                                             server->state_text });
}

static void show_servers(Status *status, MonitorStore *store, const char *failure) {
        MonitorServer *servers = NULL;
        size_t n = 0;
        int r = failure ? -EIO : server_store_list(store, false, &servers, &n);

        print_title(status, "Servers:", false);
        json_array_begin(&status->json.writer, "servers");
        r = r < 0 ? r : ctl_table_new(server_columns, ELEMENTSOF(server_columns), &status->table);
        for (size_t i = 0; i < n && r >= 0; i++) {
                r = show_server(status, servers + i);
        }
        json_array_end(&status->json.writer);
        if (r < 0) {
                tell_failure(status, "servers", failure ? failure : strerror(-r));
        } else if (!status->ctl->json) {
                finish_table(status, "none is known; list them in servers.yaml");
        }
        status->table = ctl_table_free(status->table);
        monitor_servers_free(servers, n);
}

/* --- the configuration --- */

/* Only what is wrong with it is worth a line: then an older one is in force. */
static void show_configuration(Status *status) {
        _cleanup_free_ char *message = NULL;
        WeirConfig config = {};
        ServerList list = {};
        int r = config_load(status->ctl->config_directory, &config, &message);

        r = r < 0 ? r : config_load_servers(status->ctl->config_directory, &list, &message);
        if (r < 0 && !message) {
                (void) string_format(&message, "%s: %s", status->ctl->config_directory, strerror(-r));
        }
        json_string(&status->json.writer, "configuration_problem", r < 0 ? message : NULL);
        if (r < 0 && !status->ctl->json) {
                printf("Configuration:\n  %s\n  The last good one stays in force.\n\n",
                       message ? message : "");
        }
        weir_config_done(&config);
        server_list_done(&list);
}

/* --- the web pages --- */

/* What listens on every address is found by the machine's name. */
static int make_url(const char *address, char **ret) {
        static const char *const everywhere[] = { "0.0.0.0:", "[::]:" };
        char host[HOST_NAME_MAX + 1] = "localhost";

        for (size_t i = 0; i < ELEMENTSOF(everywhere); i++) {
                if (string_has_prefix(address, everywhere[i])) {
                        (void) gethostname(host, sizeof host - 1);
                        return string_format(ret, "http://%s%s", host, strrchr(address, ':'));
                }
        }
        return string_format(ret, "http://%s", address);
}

/* weir.yaml knows better where people find it, if it says so: there may be TLS, or another name. */
static int find_url(const Status *status, char **ret) {
        _cleanup_(systemd_client_freep) SystemdClient *client = NULL;
        _cleanup_(weir_config_done) WeirConfig config = {};
        _cleanup_free_ char *warning = NULL, *address = NULL;
        int r = config_load_in_force(status->ctl->config_directory, status->ctl->state_directory, &config,
                                     &warning);

        if (r < 0 || config.web.url) {
                return r < 0 ? r : string_copy(ret, config.web.url);
        }
        r = systemd_client_new(&client);
        r = r < 0 ? r : systemd_client_get_address(client, "weir-web.socket", &address);
        return r < 0 ? r : make_url(address, ret);
}

static void show_web(Status *status) {
        _cleanup_free_ char *url = NULL;

        (void) find_url(status, &url);
        json_object_begin(&status->json.writer, "web");
        json_string(&status->json.writer, "url", url);
        json_object_end(&status->json.writer);
        if (!status->ctl->json && url) {
                printf("Web pages: %s\n\n", url);
        }
}

/* --- locks --- */

static void show_locks(Status *status) {
        _cleanup_(lock_client_freep) LockClient *client = NULL;
        _cleanup_free_ char *message = NULL;
        LockHolder *holders = NULL;
        size_t n = 0;
        int r = lock_client_new(&client);

        r = r < 0 ? r : lock_client_list(client, &holders, &n, &message);
        print_title(status, "Locks:", false);
        ctl_write_locks(&status->json.writer, "locks", holders, n);
        if (r < 0) {
                tell_failure(status, "locks", message ? message : strerror(-r));
        } else if (!status->ctl->json && n > 0) {
                (void) ctl_print_locks(holders, n);
        } else if (!status->ctl->json) {
                printf("  nothing is locked\n");
        }
        lock_holders_free(holders, n);
}

static const char *store_failure(int r) {
        switch (r) {
        case -ENOENT:
                return "there is no database yet (`weirctl sync` makes it)";
        case -EACCES:
        case -EPERM:
                return "you may not read the database (root and group weir may)";
        default:
                return db_strerror(r);
        }
}

int ctl_status(Ctl *ctl) {
        _cleanup_(monitor_store_closep) MonitorStore *store = NULL;
        Status status = { .ctl = ctl };
        const char *failure = NULL;
        int r = monitor_store_open(ctl->state_directory, DB_READ_ONLY, &store);

        if (r < 0) {
                failure = store_failure(r);
        }
        ctl_json_begin(&status.json);
        json_object_begin(&status.json.writer, NULL);
        show_configuration(&status);
        show_web(&status);
        show_units(&status);
        show_runs(&status, store, failure);
        show_locks(&status);
        show_servers(&status, store, failure);
        json_object_end(&status.json.writer);
        if (ctl->json) {
                r = ctl_json_print(&status.json);
        } else {
                buffer_done(&status.json.buffer);
                r = 0;
        }
        return r != 0 || status.n_failed > 0;
}
