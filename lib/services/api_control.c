#include "services/api_control.h"

#include <string.h>

#include "base/fd_util.h"
#include "base/human.h"
#include "base/log.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "clients/lock_client.h"
#include "clients/systemd_client.h"
#include "domain/lock_resource.h"
#include "domain/scope.h"
#include "formats/unit_name.h"
#include "services/api_monitor.h"

/* Exit statuses of weir-measure and weir-sync. */
enum { STATUS_DONE = 0, STATUS_PARTIAL = 3, STATUS_BUSY = 75, STATUS_CONFIG = 78 };

/* --- locks ------------------------------------------------------------------------------------------ */

typedef struct Locks {
        LockHolder *holders;
        size_t n;
} Locks;

static void locks_done(Locks *locks) {
        lock_holders_free(locks->holders, locks->n);
}

static int list_locks(Locks *ret) {
        _cleanup_(lock_client_freep) LockClient *client = NULL;
        _cleanup_free_ char *message = NULL;
        int r = lock_client_new(&client);

        r = r < 0 ? r : lock_client_list(client, &ret->holders, &ret->n, &message);
        return r < 0 ? log_error(r, "Failed to list locks: %s", message ? message : strerror(-r)) : 0;
}

static bool is_exclusive(const LockHolder *holder) {
        return !holder->waiting && string_equal(holder->mode, "exclusive");
}

static const LockHolder *find_exclusive(const Locks *locks, const char *resource) {
        for (size_t i = 0; i < locks->n; i++) {
                if (is_exclusive(&locks->holders[i]) && string_equal(locks->holders[i].resource, resource)) {
                        return &locks->holders[i];
                }
        }
        return NULL;
}

/* Who holds this, something above it, or something below it, alone; or the configuration, which everything reads. */
static const LockHolder *find_conflict(const Locks *locks, const char *resource) {
        for (size_t i = 0; i < locks->n; i++) {
                const char *held = locks->holders[i].resource;
                if (is_exclusive(&locks->holders[i]) &&
                    (string_equal(held, resource) || string_equal(held, "config") ||
                     lock_resource_is_above(held, resource) || lock_resource_is_above(resource, held))) {
                        return &locks->holders[i];
                }
        }
        return NULL;
}

static bool is_server_busy(const Locks *locks, const char *name) {
        _cleanup_free_ char *resource = NULL;

        if (string_format(&resource, "server/%s", name) < 0) {
                return false;
        }
        for (size_t i = 0; i < locks->n; i++) {
                const char *held = locks->holders[i].resource;
                if (is_exclusive(&locks->holders[i]) &&
                    (string_equal(held, resource) || lock_resource_is_above(resource, held))) {
                        return true;
                }
        }
        return false;
}

static void write_lock(JsonWriter *json, const LockHolder *holder) {
        json_object_begin(json, NULL);
        json_string(json, "resource", holder->resource);
        json_string(json, "mode", holder->mode);
        json_string(json, "holder", holder->holder);
        json_string(json, "why", holder->why);
        json_time(json, "since", holder->since);
        json_bool(json, "waiting", holder->waiting);
        json_object_end(json);
}

static void write_locks(Api *api, const Locks *locks, const MonitorServer *servers, size_t n_servers) {
        bool is_any_busy = false;
        bool is_mass = find_exclusive(locks, "server") || find_exclusive(locks, "/");
        bool is_sync = find_exclusive(locks, "config") || find_exclusive(locks, "/");

        json_bool(&api->json, "mass_update_in_progress", is_mass);
        json_array_begin(&api->json, "server_updates_in_progress");
        for (size_t i = 0; i < n_servers; i++) {
                if (is_server_busy(locks, servers[i].server.name)) {
                        is_any_busy = true;
                        json_int(&api->json, NULL, servers[i].id);
                }
        }
        json_array_end(&api->json);
        json_bool(&api->json, "config_sync_in_progress", is_sync);
        json_bool(&api->json, "can_start_mass_update", !is_mass && !is_sync && !is_any_busy);
        json_array_begin(&api->json, "locks");
        for (size_t i = 0; i < locks->n; i++) {
                write_lock(&api->json, &locks->holders[i]);
        }
        json_array_end(&api->json);
}

int api_locks_status(Api *api) {
        _cleanup_(locks_done) Locks locks = {};
        MonitorServer *servers = NULL;
        size_t n = 0;
        int r = api_open_store(api);

        r = r < 0 ? r : server_store_list(api->store, false, &servers, &n);
        if (r < 0) {
                return r;
        }
        r = list_locks(&locks);
        if (r < 0) {
                monitor_servers_free(servers, n);
                return api_fail(api, 503, "no_systemd", NULL);
        }
        api_begin(api);
        write_locks(api, &locks, servers, n);
        monitor_servers_free(servers, n);
        return api_end(api);
}

/* --- actions ---------------------------------------------------------------------------------------- */

/* What is to be started, and how it is told. */
typedef struct Action {
        const char *text; /* code of the catalog: what it is */
        const char *name; /* of the server or stream, fills {name} */
        Scope scope;      /* kind; not for sync-servers */
        bool is_sync;     /* weir-sync.service, not a measurement */
        char *unit, *resource;
        char *what; /* the text in the reader's language */
        int exit_status;
} Action;

static void action_done(Action *action) {
        scope_done(&action->scope);
        free(action->unit);
        free(action->resource);
        free(action->what);
}

/* A path too long for a unit's name is given by its number. */
static int name_unit(const Api *api, Action *action) {
        _cleanup_free_ char *text = NULL, *numbered = NULL;
        int r;

        if (action->is_sync || action->scope.kind == SCOPE_ALL) {
                return string_copy(&action->unit,
                                   action->is_sync ? "weir-sync.service" : "weir-measure.service");
        }
        r = scope_format(&action->scope, &text);
        r = r < 0 ? r : unit_name_instance("weir-measure", text, ".service", &action->unit);
        if (r != -ENAMETOOLONG) {
                return r;
        }
        r = string_format(&numbered, "%s#%lld", action->scope.server, (long long) api->id);
        return r < 0 ? r : unit_name_instance("weir-measure", numbered, ".service", &action->unit);
}

static int name_resource(Action *action) {
        if (action->is_sync) {
                return string_copy(&action->resource, "config");
        }
        switch (action->scope.kind) {
        case SCOPE_ALL:
                return string_copy(&action->resource, "server");
        case SCOPE_STREAM:
                return lock_resource_for_stream(action->scope.server, action->scope.path, &action->resource);
        default:
                return string_format(&action->resource, "server/%s", action->scope.server);
        }
}

static int fail_busy(Api *api, const LockHolder *holder, const char *resource) {
        return api_fail(api, 423, "busy", "resource", holder ? holder->resource : resource, "holder",
                        holder ? holder->holder : "?", "why", holder ? holder->why : "?", NULL);
}

/* 0: free, 1: it is not, and the answer says who is in the way. Whoever comes between this and the start is met by the unit. */
static int check_free(Api *api, const Action *action) {
        _cleanup_(locks_done) Locks locks = {};
        const LockHolder *holder;

        if (list_locks(&locks) < 0) {
                (void) api_fail(api, 503, "no_systemd", NULL);
                return 1;
        }
        holder = find_conflict(&locks, action->resource);
        if (holder) {
                (void) fail_busy(api, holder, action->resource);
        }
        return holder ? 1 : 0;
}

/* 1: ended, 0: goes on, -EALREADY: it could not be started, and the answer says why. */
static int start(Api *api, Action *action) {
        _cleanup_(systemd_client_freep) SystemdClient *client = NULL;
        _cleanup_free_ char *message = NULL;
        _cleanup_close_ int fd = api_open_end();
        int r = systemd_client_new(&client);

        r = r < 0 ? r :
                    systemd_client_start_unit(client, action->unit,
                                              api_wait_limit(fd, (uint64_t) api_number(api, "wait") *
                                                                                 USEC_PER_SEC),
                                              fd, &action->exit_status, &message);
        if (r < 0) {
                (void) log_error(r, "Failed to start %s: %s", action->unit,
                                 message ? message : strerror(-r));
                (void) api_fail(api, r == -EACCES ? 500 : 503, r == -EACCES ? "refused" : "no_systemd",
                                NULL);
                return -EALREADY;
        }
        log_notice("%s@%s started %s", api->identity.user, api->identity.server, action->unit);
        return r;
}

static void write_operation(Api *api, const Action *action, const char *state) {
        json_object_begin(&api->json, "operation");
        json_string(&api->json, "unit", action->unit);
        json_string(&api->json, "state", state);
        json_object_end(&api->json);
}

/* Begins the answer of what was started, or has ended well; the caller adds its fields and ends it. */
static int begin_answer(Api *api, const Action *action, bool has_ended) {
        const char *code = !has_ended                            ? "started" :
                           action->exit_status == STATUS_PARTIAL ? "partial" :
                                                                   "done";
        _cleanup_free_ char *message = NULL;
        int r = api_message(api, &message, code, "what", action->what, NULL);

        if (r < 0) {
                return r;
        }
        api->response.status = has_ended ? 200 : 202;
        api_begin(api);
        json_string(&api->json, "status", has_ended ? "success" : "started");
        json_string(&api->json, "message", message);
        write_operation(api, action, has_ended ? "done" : "running");
        return 0;
}

/* 1: it has ended well, 0: it goes on; the answer is begun. -EALREADY: the answer is complete and tells what went wrong. */
static int carry_out(Api *api, Action *action) {
        int r = name_unit(api, action), q;

        r = r < 0 ? r : name_resource(action);
        r = r < 0 ? r :
                    api_message(api, &action->what, action->text, "name", action->name ? action->name : "",
                                NULL);
        r = r < 0 ? r : check_free(api, action);
        if (r != 0) {
                return r < 0 ? r : -EALREADY;
        }
        r = start(api, action);
        if (r < 0) {
                return r;
        }
        if (r > 0 && action->exit_status == STATUS_BUSY) {
                q = check_free(api, action);
                (void) (q == 0 ? fail_busy(api, NULL, action->resource) : 0);
                return -EALREADY;
        }
        if (r > 0 && action->exit_status != STATUS_DONE && action->exit_status != STATUS_PARTIAL) {
                bool is_config = action->is_sync || action->exit_status == STATUS_CONFIG;
                (void) api_fail(api, is_config ? 500 : 502, is_config ? "config" : "failed", "what",
                                action->what, NULL);
                return -EALREADY;
        }
        q = begin_answer(api, action, r > 0);
        return q < 0 ? q : r;
}

static int finish(Api *api, int r) {
        return r == -EALREADY ? 0 : (r < 0 ? r : api_end(api));
}

int api_update_all(Api *api) {
        _cleanup_(action_done) Action action = { .text = "measure_all", .scope.kind = SCOPE_ALL };

        return finish(api, carry_out(api, &action));
}

int api_sync_servers(Api *api) {
        _cleanup_(action_done) Action action = { .text = "sync_servers", .is_sync = true };

        return finish(api, carry_out(api, &action));
}

/* --- one stream ------------------------------------------------------------------------------------- */

static int tell_stream(Api *api, const MonitorStream *stream) {
        char size[HUMAN_SIZE_MAX];

        if (stream->error_text) {
                return api_fail(api, 502, "stream_failed", "reason", stream->error_text, NULL);
        }
        json_int(&api->json, "size_bytes", stream->size_bytes);
        json_int(&api->json, "file_count", stream->file_count);
        json_string(&api->json, "human", human_size(size, stream->size_bytes));
        json_time(&api->json, "timestamp", stream->measured_at);
        return api_end(api);
}

static int update_stream(Api *api, const MonitorStream *stream) {
        _cleanup_(action_done) Action action = { .text = "measure_stream",
                                                 .name = stream->path,
                                                 .scope.kind = SCOPE_STREAM };
        MonitorStream after = {};
        int r = string_copy(&action.scope.server, stream->server);

        r = r < 0 ? r : string_copy(&action.scope.path, stream->path);
        r = r < 0 ? r : carry_out(api, &action);
        if (r <= 0) {
                return finish(api, r);
        }
        r = stream_store_get(api->store, stream->id, &after);
        r = r < 0 ? r : tell_stream(api, &after);
        monitor_stream_done(&after);
        return r;
}

int api_update_stream(Api *api) {
        MonitorStream stream = {};
        int r = api_find_stream(api, &stream);

        if (r == 0 && (stream.is_gone || stream.is_server_retired)) {
                r = api_fail(api, 404, "no_such_stream", NULL);
        } else if (r == 0) {
                r = update_stream(api, &stream);
        }
        monitor_stream_done(&stream);
        return r < 0 ? r : 0;
}

/* --- one server ------------------------------------------------------------------------------------- */

static int count_path(const MonitorStream *stream, void *userdata) {
        return strv_append(userdata, stream->path);
}

/* The paths of a server, sorted: what came and what went is the difference of two such lists. */
static int list_paths(Api *api, char ***ret) {
        MonitorStreamFilter filter = { .server_id = api->id };

        return stream_store_each(api->store, &filter, count_path, ret);
}

static void compare_paths(char *const *before, char *const *after, int64_t *ret_added,
                          int64_t *ret_removed) {
        while ((before && *before) || (after && *after)) {
                int order = !before || !*before ? 1 : (!after || !*after ? -1 : strcmp(*before, *after));
                *ret_removed += order < 0;
                *ret_added += order > 0;
                before += order <= 0;
                after += order >= 0;
        }
}

static int tell_server(Api *api, const Action *action, char *const *before) {
        _cleanup_(strv_freep) char **after = NULL;
        int64_t added = 0, removed = 0;
        int r = list_paths(api, &after);

        if (r < 0) {
                return r;
        }
        compare_paths(before, after, &added, &removed);
        if (action->scope.kind == SCOPE_LIST) {
                json_int(&api->json, "total", (int64_t) strv_length(after));
        } else {
                json_int(&api->json, "updated", (int64_t) strv_length(after));
        }
        json_int(&api->json, "added", added);
        json_int(&api->json, "removed", removed);
        return api_end(api);
}

static int act_on_server(Api *api, ScopeKind kind, const char *text) {
        _cleanup_(strv_freep) char **before = NULL;
        _cleanup_(action_done) Action action = { .text = text, .scope.kind = kind };
        MonitorServer server = {};
        int r = api_find_server(api, &server);

        if (r != 0) {
                return r < 0 ? r : 0;
        }
        if (server.retired_at > 0) {
                monitor_server_done(&server);
                return api_fail(api, 404, "no_such_server", NULL);
        }
        action.name = server.server.name;
        r = list_paths(api, &before);
        r = r < 0 ? r : string_copy(&action.scope.server, server.server.name);
        r = r < 0 ? r : carry_out(api, &action);
        r = r > 0 ? tell_server(api, &action, before) : finish(api, r);
        monitor_server_done(&server);
        return r;
}

int api_update_server(Api *api) {
        return act_on_server(api, SCOPE_SERVER, "measure_server");
}

int api_sync_streams(Api *api) {
        return act_on_server(api, SCOPE_LIST, "sync_streams");
}
