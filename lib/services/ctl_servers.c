/* `weirctl servers`: the servers with what measuring last found of them. */
#include <stdio.h>
#include <string.h>

#include "base/time_util.h"
#include "services/ctl_output.h"
#include "services/ctl_table.h"
#include "services/ctl_verbs.h"
#include "services/server_store.h"

const CtlOption ctl_servers_options[] = {
        { "all", 'a', NULL, "also those that left servers.yaml" },
        {},
};

static const char *shown_state(const MonitorServer *server) {
        return server->retired_at ? "retired" : server_state_to_string(server->state);
}

static void write_server(JsonWriter *writer, const MonitorServer *server) {
        json_object_begin(writer, NULL);
        json_int(writer, "id", server->id);
        json_string(writer, "name", server->server.name);
        json_string(writer, "p4port", server->server.p4port);
        json_string(writer, "p4user", server->server.p4user);
        json_string(writer, "stream_mask", server->server.stream_mask);
        json_string(writer, "state", shown_state(server));
        json_string(writer, "state_text", server->state_text);
        json_int(writer, "streams_count", server->n_streams);
        json_int(writer, "change", server->change);
        json_time(writer, "created_at", server->created_at);
        json_time(writer, "checked_at", server->checked_at);
        json_time(writer, "measured_at", server->measured_at);
        json_time(writer, "full_at", server->full_at);
        json_time(writer, "ticket_expires_at", server->ticket_expires_at);
        json_time(writer, "retired_at", server->retired_at);
        json_object_end(writer);
}

static int print_json(const MonitorServer *servers, size_t n) {
        CtlJson json;

        ctl_json_begin(&json);
        json_array_begin(&json.writer, NULL);
        for (size_t i = 0; i < n; i++) {
                write_server(&json.writer, servers + i);
        }
        json_array_end(&json.writer);
        return ctl_json_print(&json);
}

static int print_table(const MonitorServer *servers, size_t n) {
        static const CtlColumn columns[] = {
                { .title = "SERVER" },
                { .title = "P4PORT" },
                { .title = "STATE" },
                { .title = "STREAMS", .is_right = true },
                { .title = "CHANGE", .is_right = true },
                { .title = "MEASURED" },
                { .title = "LAST WORDS", .is_text = true, .may_shrink = true },
        };
        _cleanup_(ctl_table_freep) CtlTable *table = NULL;
        int r = ctl_table_new(columns, ELEMENTSOF(columns), &table);

        for (size_t i = 0; r >= 0 && i < n; i++) {
                const MonitorServer *server = servers + i;
                char streams[24], change[24], ago[TIME_TEXT_MAX];

                (void) snprintf(streams, sizeof streams, "%lld", (long long) server->n_streams);
                (void) snprintf(change, sizeof change, "%lld", (long long) server->change);
                r = ctl_table_add(table, (const char *const[]) { server->server.name, server->server.p4port,
                                                                 shown_state(server), streams, change,
                                                                 time_format_ago(ago, server->measured_at),
                                                                 server->state_text });
        }
        return r >= 0 ? ctl_table_print(table) : r;
}

int ctl_servers(Ctl *ctl) {
        _cleanup_(monitor_store_closep) MonitorStore *store = NULL;
        MonitorServer *servers = NULL;
        size_t n = 0;
        int status = 0, r;

        if (ctl_open_store(ctl, DB_READ_ONLY, &store, &status) < 0) {
                return status;
        }
        r = server_store_list(store, ctl_flag(ctl, "all"), &servers, &n);
        if (r < 0) {
                return ctl_fail(ctl, 1, "See `weirctl doctor`.", "Failed to read the servers: %s.",
                                db_error(monitor_store_db(store)));
        }
        if (ctl->json) {
                status = print_json(servers, n);
        } else if (n == 0) {
                status = ctl_fail(ctl, 0,
                                  "List your servers in servers.yaml; they are read as soon as it is saved.",
                                  "No servers are known.");
        } else {
                status = print_table(servers, n) < 0;
        }
        monitor_servers_free(servers, n);
        return status;
}
