/* `weirctl measure`, `sync` and `sync-streams`: start the unit that does it, show how far it is, and end as it ended. Whatever was
 * typed here is what `systemctl start` of the same unit would have done. */
#include <string.h>

#include "base/string_util.h"
#include "domain/scope.h"
#include "formats/unit_name.h"
#include "services/ctl_unit.h"
#include "services/ctl_verbs.h"
#include "services/server_store.h"
#include "services/stream_store.h"

const CtlOption ctl_measure_options[] = {
        { "all", 'a', NULL, "every server (the default)" },
        { "server", 's', "NAME", "this server's streams" },
        { "stream", 0, "PATH", "only this stream, //depot/stream" },
        { "full", 'f', NULL, "measure everything, also what did not move" },
        {},
};

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

/* The only active server there is. */
static int only_server(MonitorStore *store, char **ret) {
        MonitorServer *servers = NULL;
        size_t n = 0;
        int r = server_store_list(store, false, &servers, &n);

        r = r < 0 ? r : n == 1 ? string_copy(ret, servers[0].server.name) : -ENOENT;
        monitor_servers_free(servers, n);
        return r;
}

/* Of a path alone: the server that has such a stream, or, for one never listed, the only server. */
static int server_of_path(MonitorStore *store, const char *path, char **ret) {
        MonitorStream stream = {};
        int64_t id;
        int r = stream_store_find(store, 0, path, &id);

        if (r == -ENOENT) {
                return only_server(store, ret);
        }
        r = r < 0 ? r : stream_store_get(store, id, &stream);
        r = r < 0 ? r : string_copy(ret, stream.server);
        monitor_stream_done(&stream);
        return r;
}

/* Names the server and sees that it is one, before a unit of a wrong name is left behind as failed. */
static int complete_scope(Ctl *ctl, Scope *scope, int *ret_status) {
        _cleanup_(monitor_store_closep) MonitorStore *store = NULL;
        MonitorServer server = {};
        int r;

        if (scope->kind == SCOPE_ALL) {
                return 0;
        }
        if (ctl_open_store(ctl, DB_READ_ONLY, &store, ret_status) < 0) {
                return -EINVAL;
        }
        r = scope->server ? 0 : server_of_path(store, scope->path, &scope->server);
        if (r == -ENOENT || r == -ENOTUNIQ) {
                *ret_status = ctl_fail(ctl, CTL_EXIT_USAGE, "Name the server with --server=NAME.",
                                       r == -ENOTUNIQ ? "Several servers have a stream %s." :
                                                        "No stream %s is known yet.",
                                       scope->path);
                return r;
        }
        r = r < 0 ? r : server_store_find(store, scope->server, &server);
        if (r < 0 && r != -ENOENT) {
                *ret_status = ctl_fail(ctl, 1, "See `weirctl doctor`.", "Failed to read the servers: %s.",
                                       db_strerror(r));
        } else if (r < 0 || server.retired_at) {
                *ret_status = ctl_fail(ctl, 1,
                                       "`weirctl servers` lists them; servers.yaml is where they come from.",
                                       r < 0 ? "There is no server %s." : "The server %s left servers.yaml.",
                                       scope->server);
                r = -ENOENT;
        }
        monitor_server_done(&server);
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
                                 ctl_run_unit(ctl, unit);
        }
        scope_done(&scope);
        return status;
}

int ctl_sync_streams(Ctl *ctl) {
        _cleanup_free_ char *unit = NULL;
        Scope scope = { .kind = SCOPE_LIST };
        int status = 1, r = string_copy(&scope.server, ctl->arguments[0]);

        if (r >= 0) {
                r = complete_scope(ctl, &scope, &status);
        }
        if (r >= 0) {
                r = scope_unit(ctl, &scope, &unit);
                status = r < 0 ? ctl_fail(ctl, 1, NULL, "Failed to name the unit for that: %s.",
                                          strerror(-r)) :
                                 ctl_run_unit(ctl, unit);
        }
        scope_done(&scope);
        return status;
}

int ctl_sync(Ctl *ctl) {
        return ctl_run_unit(ctl, "weir-sync.service");
}
