/* Views and sizes of streams.
 *
 * A stream whose view is its own depot path is asked for by that path, several in one command; where such
 * a command fails as a whole, they are asked for one by one, so that each gets its own answer. All others
 * are looked at through the worker's client, which shows one stream after the other. Slots: a client's
 * name ends with a number, and whoever holds the lock on it uses it, so two runs never share one.
 *
 * Threads: `mutex` guards the queue and the tally, the context's store_mutex the database. No lock is
 * held while p4 runs. */
#include "services/measure_pool.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/human.h"
#include "base/log.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "resources/journal.h"
#include "resources/notify.h"
#include "services/measure_failure.h"
#include "services/sample_store.h"

#define BATCH_MAX 32            /* paths per sizes command */
#define SLOTS_MAX 64            /* clients per host */
#define STACK_SIZE (512 * 1024) /* only what is used becomes memory */
#define TIMEOUTS_MAX 3          /* of one run; then the server is taken to hang */
#define PROGRESS_INTERVAL (USEC_PER_SEC / 2)

typedef struct Shared {
        const MeasurePool *pool;
        pthread_mutex_t mutex;
        size_t next; /* first target nobody took yet */
        unsigned n_total, n_done, n_timeouts;
        uint64_t shown_at;
        MeasureTally tally;
        int error; /* of our own; ends the run */
} Shared;

typedef struct Worker {
        Shared *shared;
        P4Session session;
        char *client; /* NULL until one is needed */
        MeasureTarget *batch[BATCH_MAX];
        size_t n_batch;
} Worker;

/* --- results ---------------------------------------------------------------------------------------- */

static void show_progress(Shared *shared, const char *path) {
        const MeasurePool *pool = shared->pool;
        _cleanup_free_ char *printable = NULL;
        MonitorRun run = {
                .scope = pool->context->scope,
                .server = pool->server->server.name,
                .stage = "measuring",
                .current = path,
                .pid = getpid(),
                .started_at = pool->context->started_at,
                .done = shared->n_done,
                .total = shared->n_total,
        };
        measure_lock_store(pool->context);
        (void) monitor_store_set_run(pool->context->store, &run); /* a picture only */
        measure_unlock_store(pool->context);
        if (string_printable(&printable, path ?: "", 200) >= 0) {
                notify_status("Measured %u of %u on %s: %s", shared->n_done, shared->n_total, run.server,
                              printable);
        }
}

static void count(Shared *shared, bool is_measured, const char *path) {
        (void) pthread_mutex_lock(&shared->mutex);
        uint64_t now = now_monotonic();
        shared->n_done++;
        shared->tally.n_measured += is_measured;
        shared->tally.n_failed += !is_measured;
        bool is_due = now - shared->shown_at >= PROGRESS_INTERVAL || shared->n_done == shared->n_total;
        if (is_due) {
                shared->shown_at = now;
                show_progress(shared, path);
        }
        (void) pthread_mutex_unlock(&shared->mutex);
}

/* The first reason to stop is the one that is told. */
static void stop(Shared *shared, P4Class p4_class, const char *text, int error) {
        (void) pthread_mutex_lock(&shared->mutex);
        if (!shared->tally.is_stopped) {
                shared->tally.is_stopped = true;
                shared->tally.p4_class = p4_class;
                shared->error = error;
                (void) string_copy(&shared->tally.text, text);
        }
        (void) pthread_mutex_unlock(&shared->mutex);
}

static bool is_stopped(Shared *shared) {
        (void) pthread_mutex_lock(&shared->mutex);
        bool stopped = shared->tally.is_stopped;
        (void) pthread_mutex_unlock(&shared->mutex);
        return stopped;
}

static void log_measured(const Worker *worker, const MeasureTarget *target, const char *path,
                         const P4Size *size) {
        const char *server = worker->shared->pool->server->server.name;
        char human[HUMAN_SIZE_MAX];
        JournalField fields[] = {
                { "MESSAGE_ID", WEIR_MESSAGE_STREAM_MEASURED },
                { "WEIR_SERVER", server },
                { "WEIR_STREAM", path },
        };
        journal_send(LOG_LEVEL_INFO, fields, ELEMENTSOF(fields), "Measured %s on %s: %s in %lld file%s (%s)",
                     path, server, human_size(human, size->size_bytes), (long long) size->file_count,
                     size->file_count == 1 ? "" : "s",
                     measure_reason_to_string((MeasureReason) target->reason));
}

static void stream_measured(Worker *worker, const MeasureTarget *target, const P4Size *size) {
        const MeasurePool *pool = worker->shared->pool;
        const char *path = measure_target_spec(pool->targets, target).path;
        measure_lock_store(pool->context);
        int r = sample_store_measured(pool->context->store, target->id, size->size_bytes, size->file_count,
                                      pool->change, now_realtime());
        measure_unlock_store(pool->context);
        if (r < 0 && r != -ENOENT) { /* purged while we measured it: nobody wants to know */
                stop(worker->shared, P4_OK, "the measurement could not be written", r);
                return;
        }
        log_measured(worker, target, path, size);
        count(worker->shared, true, path);
}

static void stream_failed(Worker *worker, const MeasureTarget *target, const char *text) {
        const MeasurePool *pool = worker->shared->pool;
        const char *path = measure_target_spec(pool->targets, target).path,
                   *server = pool->server->server.name;
        JournalField fields[] = { { "WEIR_SERVER", server }, { "WEIR_STREAM", path } };
        measure_lock_store(pool->context);
        int r = sample_store_failed(pool->context->store, target->id, text);
        measure_unlock_store(pool->context);
        if (r < 0) {
                stop(worker->shared, P4_OK, "the failure could not be written", r);
                return;
        }
        journal_send(LOG_LEVEL_WARNING, fields, ELEMENTSOF(fields), "Failed to measure %s on %s: %s", path,
                     server, text);
        count(worker->shared, false, path);
}

/* True: the command gave an answer. Else it is clear whose failure it was, and that is written down. */
static bool check(Worker *worker, const MeasureTarget *target, int r, const P4Result *result) {
        _cleanup_free_ char *text = NULL;
        if (r == -ENOENT || r == -EBADMSG || r == -EINVAL) {
                stream_failed(worker, target,
                              r == -ENOENT ? "the stream is gone" : "the server's answer makes no sense");
                return false;
        }
        if (r < 0 || measure_failure_text(result, &text) < 0) {
                stop(worker->shared, P4_OK, "p4 could not be run", r < 0 ? r : -ENOMEM);
                return false;
        }
        if (p4_class_is_success(result->p4_class)) {
                return true;
        }
        (void) pthread_mutex_lock(&worker->shared->mutex);
        worker->shared->n_timeouts += result->p4_class == P4_TIMEOUT;
        bool hangs = worker->shared->n_timeouts >= TIMEOUTS_MAX;
        (void) pthread_mutex_unlock(&worker->shared->mutex);
        if (hangs || measure_failure_is_servers(result->p4_class)) {
                stop(worker->shared, result->p4_class, text, 0);
        } else {
                stream_failed(worker, target, text);
        }
        return false;
}

/* --- one stream ------------------------------------------------------------------------------------- */

static int write_view(Worker *worker, MeasureTarget *target, const StreamView *view) {
        const MeasurePool *pool = worker->shared->pool;
        measure_lock_store(pool->context);
        int r = stream_store_set_view(pool->context->store, pool->server->id, target->id, target->stamp,
                                      view->is_direct, view->is_volatile, view->prefixes);
        measure_unlock_store(pool->context);
        if (r >= 0) {
                target->is_direct = view->is_direct;
                target->needs_view = false;
        }
        return r;
}

static bool refresh_view(Worker *worker, MeasureTarget *target) {
        const MeasurePool *pool = worker->shared->pool;
        StreamSpec spec = measure_target_spec(pool->targets, target);
        _cleanup_(p4_result_done) P4Result result = {};
        _cleanup_(stream_view_done) StreamView view = {};
        int r = p4_query_view(&worker->session, spec.path, spec.type, pool->server->ignores_case, &view,
                              &result);
        if (!check(worker, target, r, &result)) {
                return false;
        }
        r = write_view(worker, target, &view);
        if (r < 0) {
                stop(worker->shared, P4_OK, "the view could not be written", r);
        }
        return r >= 0;
}

/* The first free slot, once per worker; the lock is kept to the end of the run. */
static int take_client(Worker *worker) {
        const MeasureContext *context = worker->shared->pool->context;
        for (unsigned slot = 0; slot < SLOTS_MAX && !worker->client; slot++) {
                _cleanup_free_ char *client = NULL, *resource = NULL;
                int r = string_format(&client, "weir-measure-%s-%u", context->host, slot);
                r = r < 0 ? r : string_format(&resource, "workspace/%s/%s", context->host, client);
                r = r < 0 ? r :
                            run_locks_try(context->locks, resource, "exclusive",
                                          "measuring through this client");
                if (r < 0) {
                        return r;
                }
                if (r > 0) {
                        worker->client = TAKE_PTR(client);
                        worker->session.server.client = worker->client;
                }
        }
        return worker->client ? 0 : -EAGAIN;
}

static void measure_by_client(Worker *worker, MeasureTarget *target) {
        const char *path = measure_target_spec(worker->shared->pool->targets, target).path;
        _cleanup_(p4_result_done) P4Result shown = {}, sized = {};
        _cleanup_free_ char *pattern = NULL;
        P4Size size = {};
        int r = take_client(worker);
        r = r < 0 ? r : string_format(&pattern, "//%s/...", worker->client);
        if (r < 0) {
                stop(worker->shared, P4_OK, "no client to measure through could be locked", r);
                return;
        }
        r = p4_query_show_stream(&worker->session, path, &shown);
        if (!check(worker, target, r, &shown)) {
                return;
        }
        r = p4_query_sizes(&worker->session, (const char *const[]) { pattern }, 1, &size, &sized);
        if (check(worker, target, r, &sized)) {
                stream_measured(worker, target, &size);
        }
}

/* --- several streams in one command ----------------------------------------------------------------- */

static int ask_batch(Worker *worker, MeasureTarget *const *batch, size_t n, P4Size *sizes,
                     P4Result *ret_result) {
        _cleanup_(strv_freep) char **paths = NULL;
        int r = 0;
        for (size_t i = 0; i < n && r >= 0; i++) {
                _cleanup_free_ char *pattern = NULL;
                r = string_format(&pattern, "%s/...",
                                  measure_target_spec(worker->shared->pool->targets, batch[i]).path);
                r = r < 0 ? r : strv_append(&paths, pattern);
        }
        return r < 0 ? r :
                       p4_query_sizes(&worker->session, (const char *const *) paths, n, sizes, ret_result);
}

static void measure_one_direct(Worker *worker, MeasureTarget *target) {
        _cleanup_(p4_result_done) P4Result result = {};
        P4Size size = {};
        int r = ask_batch(worker, &target, 1, &size, &result);
        if (check(worker, target, r, &result)) {
                stream_measured(worker, target, &size);
        }
}

/* A path that was not answered has no files, provided that the command as a whole was a success. */
static void flush_batch(Worker *worker) {
        P4Size sizes[BATCH_MAX] = {};
        _cleanup_(p4_result_done) P4Result result = {};
        size_t n = worker->n_batch;
        worker->n_batch = 0;
        int r = n > 1 ? ask_batch(worker, worker->batch, n, sizes, &result) : -EAGAIN;
        bool is_answered = r >= 0 && p4_class_is_success(result.p4_class);
        for (size_t i = 0; i < n && !is_stopped(worker->shared); i++) {
                if (is_answered) {
                        stream_measured(worker, worker->batch[i], &sizes[i]);
                } else {
                        measure_one_direct(worker, worker->batch[i]);
                }
        }
}

/* --- the workers ------------------------------------------------------------------------------------ */

static MeasureTarget *take_target(Shared *shared) {
        const MeasureTargets *targets = shared->pool->targets;
        MeasureTarget *taken = NULL;
        (void) pthread_mutex_lock(&shared->mutex);
        while (!taken && !shared->tally.is_stopped && shared->next < targets->n_items) {
                MeasureTarget *target = &targets->items[shared->next++];
                taken = target->reason != MEASURE_NOT ? target : NULL;
        }
        (void) pthread_mutex_unlock(&shared->mutex);
        return taken;
}

static void measure_target(Worker *worker, MeasureTarget *target) {
        if (target->needs_view && !refresh_view(worker, target)) {
                return;
        }
        if (!target->is_direct) {
                measure_by_client(worker, target);
                return;
        }
        worker->batch[worker->n_batch++] = target;
        if (worker->n_batch == BATCH_MAX) {
                flush_batch(worker);
        }
}

static void *work(void *userdata) {
        Worker *worker = userdata;
        MeasureTarget *target;
        while ((target = take_target(worker->shared))) {
                if (measure_is_cancelled(worker->shared->pool->context)) {
                        stop(worker->shared, P4_CANCELLED, "stopped", 0);
                        break;
                }
                measure_target(worker, target);
        }
        if (!is_stopped(worker->shared)) {
                flush_batch(worker);
        }
        return NULL;
}

static int run_workers(Shared *shared, Worker *workers, unsigned n_workers) {
        _cleanup_free_ pthread_t *threads = calloc(n_workers, sizeof(*threads));
        pthread_attr_t attributes;
        unsigned n_started = 0;
        int error = threads ? pthread_attr_init(&attributes) : ENOMEM;
        if (error != 0) {
                return -error;
        }
        (void) pthread_attr_setstacksize(&attributes, STACK_SIZE);
        while (n_started < n_workers && error == 0) {
                error = pthread_create(&threads[n_started], &attributes, work, &workers[n_started]);
                n_started += error == 0;
        }
        (void) pthread_attr_destroy(&attributes);
        for (unsigned i = 0; i < n_started; i++) {
                (void) pthread_join(threads[i], NULL);
        }
        return n_started == 0 ? -error : shared->error;
}

static unsigned count_planned(const MeasureTargets *targets) {
        unsigned n = 0;
        for (size_t i = 0; i < targets->n_items; i++) {
                n += targets->items[i].reason != MEASURE_NOT;
        }
        return n;
}

int measure_pool_run(const MeasurePool *pool, MeasureTally *ret) {
        Shared shared = { .pool = pool, .n_total = count_planned(pool->targets) };
        unsigned n_workers = pool->parallel < shared.n_total ? pool->parallel : shared.n_total;
        if (n_workers == 0) {
                *ret = (MeasureTally) {};
                return 0;
        }
        _cleanup_free_ Worker *workers = calloc(n_workers, sizeof(*workers));
        if (!workers) {
                return -ENOMEM;
        }
        for (unsigned i = 0; i < n_workers; i++) {
                workers[i].shared = &shared;
                workers[i].session = measure_session(pool->context, &pool->server->server);
        }
        (void) pthread_mutex_init(&shared.mutex, NULL);
        int r = run_workers(&shared, workers, n_workers);
        (void) pthread_mutex_destroy(&shared.mutex);
        for (unsigned i = 0; i < n_workers; i++) {
                free(workers[i].client);
        }
        if (r < 0) {
                free(shared.tally.text);
                return r;
        }
        *ret = shared.tally;
        return 0;
}
