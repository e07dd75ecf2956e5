#include "services/measure.h"

#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "domain/lock_resource.h"
#include "services/measure_server.h"
#include "services/report.h"
#include "services/stream_store.h"

#define SERVER_STACK_SIZE (256 * 1024)

static int fail(const char *what, const char *detail) {
        Report failure = { .priority = LOG_LEVEL_ERROR };
        report(&failure, "%s: %s", what, detail);
        return MEASURE_EXIT_FAILED;
}

/* --- the scope -------------------------------------------------------------------------------------- */

static int adopt_stream(MonitorStore *store, int64_t stream_id, Scope *scope) {
        _cleanup_(monitor_stream_done) MonitorStream stream = {};
        int r = stream_store_get(store, stream_id, &stream);
        if (r >= 0 && scope->server && !string_equal(scope->server, stream.server)) {
                return -ENOENT;
        }
        r = r < 0 ? r : string_replace(&scope->path, stream.path);
        r = r < 0 ? r : string_replace(&scope->server, stream.server);
        if (r >= 0) {
                scope->kind = SCOPE_STREAM;
        }
        return r;
}

typedef struct Meant {
        const Scope *scope;
        int64_t id; /* of the last one found */
        unsigned n_found;
} Meant;

static int add_meant(const MonitorStream *stream, void *userdata) {
        Meant *meant = userdata;
        const char *server = meant->scope->server;
        if ((!server || string_equal(server, stream->server)) &&
            scope_path_may_mean(meant->scope->path, stream->path)) {
                meant->id = stream->id;
                meant->n_found++;
        }
        return 0;
}

/* An exact path wins; else it may be one whose hyphens were lost in a unit's name. */
static int find_stream(MonitorStore *store, const Scope *scope, int64_t *ret_id) {
        _cleanup_(monitor_server_done) MonitorServer server = {};
        Meant meant = { .scope = scope };
        int r = scope->server ? server_store_find(store, scope->server, &server) : 0;
        r = r < 0 ? r : stream_store_find(store, server.id, scope->path, ret_id);
        if (r != -ENOENT) {
                return r;
        }
        r = stream_store_each(store, &(MonitorStreamFilter) {}, add_meant, &meant);
        if (r < 0 || meant.n_found != 1) {
                return r < 0 ? r : meant.n_found > 1 ? -ENOTUNIQ : -ENOENT;
        }
        *ret_id = meant.id;
        return 0;
}

/* A number becomes the path it stands for, a path alone finds its server. A server may have a stream that was
 * never listed: it is asked. */
static int complete_scope(MonitorStore *store, Scope *scope) {
        int64_t id = scope->id;
        int r = scope->kind == SCOPE_STREAM ? find_stream(store, scope, &id) : 0;
        if (r == -ENOENT && scope->server) {
                return 0;
        }
        if (r < 0 || (scope->kind != SCOPE_STREAM && scope->kind != SCOPE_STREAM_ID)) {
                return r;
        }
        return adopt_stream(store, id, scope);
}

static int refuse_scope(const Scope *scope, int error) {
        _cleanup_free_ char *text = NULL;
        (void) scope_format(scope, &text);
        return fail(text ?: "scope",
                    error == -ENOTUNIQ ? "several servers have that stream, name one with --server" :
                    error == -ENOENT   ? "not known; `weirctl streams` lists what is" :
                                         strerror(-error));
}

/* --- locks ------------------------------------------------------------------------------------------ */

static int lock_name(const Scope *scope, char **ret) {
        switch (scope->kind) {
        case SCOPE_ALL:
                return string_copy(ret, "server");
        case SCOPE_STREAM:
                return lock_resource_for_stream(scope->server, scope->path, ret);
        default:
                return string_format(ret, "server/%s", scope->server);
        }
}

/* The configuration first, and shared: it may not change under us, but others may measure beside us. */
static int take_locks(MeasureContext *context, const Scope *scope) {
        _cleanup_free_ char *resource = NULL, *why = NULL;
        int r = lock_name(scope, &resource);
        r = r < 0 ? r :
                    string_format(&why, "%s %s",
                                  scope->kind == SCOPE_LIST ? "listing the streams of" : "measuring",
                                  scope->kind == SCOPE_ALL ? "all servers" : (scope->path ?: scope->server));
        if (r < 0) {
                return r;
        }
        r = run_locks_take(context->locks, "config", "shared", why);
        return r < 0 ? r : run_locks_take(context->locks, resource, "exclusive", why);
}

/* --- the servers ------------------------------------------------------------------------------------ */

typedef struct Servers {
        MeasureContext *context;
        const Scope *scope;
        MonitorServer *rows;
        size_t n_rows;
        pthread_mutex_t mutex;
        size_t next;
        unsigned n_outcomes[MEASURE_OUTCOME_STOPPED + 1];
} Servers;

static void servers_done(Servers *servers) {
        monitor_servers_free(servers->rows, servers->n_rows);
        (void) pthread_mutex_destroy(&servers->mutex);
}

static bool is_wanted(const MeasureOptions *options, const MonitorServer *row) {
        if (options->scope.kind == SCOPE_ALL) {
                return !options->is_common_timers || row->server.interval_usec == 0;
        }
        return string_equal(row->server.name, options->scope.server);
}

/* Read under the lock: what weir-sync wrote until now counts. */
static int read_servers(const MeasureOptions *options, Servers *servers) {
        int r = server_store_list(servers->context->store, false, &servers->rows, &servers->n_rows);
        size_t kept = 0;
        for (size_t i = 0; r >= 0 && i < servers->n_rows; i++) {
                MonitorServer row = servers->rows[i];
                if (is_wanted(options, &row)) {
                        servers->rows[kept++] = row;
                } else {
                        monitor_server_done(&row);
                }
        }
        servers->n_rows = r < 0 ? 0 : kept;
        return r;
}

static void *work(void *userdata) {
        Servers *servers = userdata;
        (void) pthread_mutex_lock(&servers->mutex);
        while (servers->next < servers->n_rows) {
                const MonitorServer *row = &servers->rows[servers->next++];
                (void) pthread_mutex_unlock(&servers->mutex);
                MeasureOutcome outcome =
                                measure_is_cancelled(servers->context) ?
                                                MEASURE_OUTCOME_STOPPED :
                                                measure_server(servers->context, row, servers->scope);
                (void) pthread_mutex_lock(&servers->mutex);
                servers->n_outcomes[outcome]++;
        }
        (void) pthread_mutex_unlock(&servers->mutex);
        return NULL;
}

/* This thread is one of them, so a machine that gives us no other one still gets its work done. */
static void measure_servers(Servers *servers) {
        pthread_t threads[16];
        pthread_attr_t attributes;
        size_t wanted = servers->context->config.measure_servers, n = 0;
        wanted = wanted < servers->n_rows ? wanted : servers->n_rows;
        if (pthread_attr_init(&attributes) == 0) {
                (void) pthread_attr_setstacksize(&attributes, SERVER_STACK_SIZE);
                while (n < ELEMENTSOF(threads) && n + 1 < wanted &&
                       pthread_create(&threads[n], &attributes, work, servers) == 0) {
                        n++;
                }
                (void) pthread_attr_destroy(&attributes);
        }
        (void) work(servers);
        while (n > 0) {
                (void) pthread_join(threads[--n], NULL);
        }
}

static int exit_status(const Servers *servers) {
        const unsigned *n = servers->n_outcomes;
        if (n[MEASURE_OUTCOME_STOPPED] > 0 ||
            (n[MEASURE_OUTCOME_FAILED] > 0 && n[MEASURE_OUTCOME_FAILED] == servers->n_rows)) {
                return MEASURE_EXIT_FAILED;
        }
        return n[MEASURE_OUTCOME_FAILED] > 0 || n[MEASURE_OUTCOME_PARTIAL] > 0 ? MEASURE_EXIT_PARTIAL : 0;
}

static void report_all(const Servers *servers) {
        const unsigned *n = servers->n_outcomes;
        Report done = { .priority = LOG_LEVEL_INFO };
        if (servers->scope->kind == SCOPE_ALL) {
                report(&done, "%zu server%s: %u measured, %u in part, %u failed, %u stopped",
                       servers->n_rows, servers->n_rows == 1 ? "" : "s", n[MEASURE_OUTCOME_OK],
                       n[MEASURE_OUTCOME_PARTIAL], n[MEASURE_OUTCOME_FAILED], n[MEASURE_OUTCOME_STOPPED]);
        }
}

static int measure(MeasureContext *context, const MeasureOptions *options) {
        _cleanup_(servers_done) Servers servers = {
                .context = context,
                .scope = &options->scope,
                .mutex = PTHREAD_MUTEX_INITIALIZER,
        };
        int r = read_servers(options, &servers);
        if (r < 0) {
                return fail("Failed to read the servers", db_error(monitor_store_db(context->store)));
        }
        if (servers.n_rows == 0 && options->scope.kind != SCOPE_ALL) {
                return fail(options->scope.server, "no such server; `weirctl servers` lists them");
        }
        (void) monitor_store_remove_runs(context->store, getpid()); /* what dead processes left */
        measure_servers(&servers);
        report_all(&servers);
        return exit_status(&servers);
}

int measure_run(MeasureOptions *options) {
        _cleanup_(measure_context_done) MeasureContext context = {};
        _cleanup_free_ char *text = NULL;
        int r = measure_context_init(&context, options->config_directory, options->state_directory,
                                     options->cancel_fd);
        if (r < 0) {
                return fail("Failed to open the database", db_strerror(r));
        }
        r = complete_scope(context.store, &options->scope);
        if (r < 0) {
                return refuse_scope(&options->scope, r);
        }
        r = scope_format(&options->scope, &text);
        r = r < 0 ? r : run_locks_new(options->wait_usec, &context.locks);
        if (r < 0) {
                return fail("Failed to begin", strerror(-r));
        }
        context.scope = text;
        r = take_locks(&context, &options->scope);
        if (r < 0) {
                return r == -EBUSY ? MEASURE_EXIT_BUSY : MEASURE_EXIT_FAILED;
        }
        return measure(&context, options);
}
