/* The order of the questions is what makes the shortcut safe: the newest change is read first, the
 * listing after it, views and sizes last. Whatever happens on the server meanwhile is newer than what is
 * remembered, so the next run looks at it again. */
#include "services/measure_server.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "domain/stream_mask.h"
#include "resources/journal.h"
#include "resources/notify.h"
#include "services/measure_failure.h"
#include "services/measure_pool.h"
#include "services/measure_touch.h"
#include "services/report.h"
#include "services/sample_store.h"

#define NEWEST_ALONE (-1) /* instead of a known change */

typedef struct Run {
        MeasureContext *context;
        MonitorServer server; /* as known before; what the server says goes in here, too. Strings are the caller's */
        const Scope *scope;
        P4Session session, probe;
        P4Info info;
        MeasureChanges changes;
        bool are_changes_unknown; /* the server refused to list them */
        MeasureTargets targets;
        MeasureListing listing;
        MeasureTally tally;
        const char *full_reason;
        uint64_t begun_at;
} Run;

static void run_done(Run *run) {
        measure_changes_done(&run->changes);
        measure_targets_done(&run->targets);
        free(run->tally.text);
}

static bool is_one_stream(const Run *run) {
        return run->scope->kind == SCOPE_STREAM || run->scope->kind == SCOPE_STREAM_ID;
}

/* --- failures --------------------------------------------------------------------------------------- */

static void write_state(Run *run, ServerState state, const char *text) {
        measure_lock_store(run->context);
        int r = server_store_set_state(run->context->store, run->server.id, state, text, now_realtime());
        if (r < 0) {
                (void) log_error(r, "Failed to write the state of %s: %s", run->server.server.name,
                                 db_error(monitor_store_db(run->context->store)));
        }
        measure_unlock_store(run->context);
}

/* Nothing about any stream is changed: what is known stays known. */
static MeasureOutcome fail_server(Run *run, P4Class p4_class, const char *text) {
        const char *name = run->server.server.name;
        ServerState state = measure_failure_state(p4_class);
        const char *hint = measure_failure_hint(state);
        if (p4_class == P4_CANCELLED) {
                Report stopped = { .priority = LOG_LEVEL_NOTICE, .server = name };
                report(&stopped, "Stopped measuring %s", name);
                return MEASURE_OUTCOME_STOPPED;
        }
        write_state(run, state, text);
        Report failed = { .priority = LOG_LEVEL_ERROR,
                          .message_id = WEIR_MESSAGE_SERVER_FAILED,
                          .server = name };
        report(&failed, "Failed to measure %s (%s): %s%s%s%s", name, server_state_to_string(state), text,
               hint ? " (" : "", hint ?: "", hint ? ")" : "");
        return MEASURE_OUTCOME_FAILED;
}

static MeasureOutcome fail_result(Run *run, const P4Result *result) {
        _cleanup_free_ char *text = NULL;
        return measure_failure_text(result, &text) < 0 ? fail_server(run, P4_FAULT, "out of memory") :
                                                         fail_server(run, result->p4_class, text);
}

static MeasureOutcome fail_here(Run *run, int error, const char *what) {
        _cleanup_free_ char *text = NULL;
        const char *detail = db_error(monitor_store_db(run->context->store));
        (void) string_format(&text, "%s: %s%s%s", what, strerror(-error),
                             string_is_empty(detail) ? "" : ", ", detail ?: "");
        return fail_server(run, P4_FAULT, text ?: what);
}

/* --- questions -------------------------------------------------------------------------------------- */

typedef int (*Question)(Run *run, P4Result *ret_result);

/* A pinned fingerprint is put into the trust file each time: it may have been pinned since the last run, and a
 * server that was trusted before then has to show the new one. */
static int ask_trust(Run *run, P4Result *ret_result) {
        const char *pin = run->server.server.trust;
        return pin ? p4_query_trust(&run->probe, pin, ret_result) : 0;
}

static int ask_info(Run *run, P4Result *ret_result) {
        return p4_query_info(&run->probe, &run->info, ret_result);
}

static int ask_login(Run *run, P4Result *ret_result) {
        int64_t expires_in = 0;
        int r = p4_query_login(&run->probe, &expires_in, ret_result);
        if (r < 0 || !p4_class_is_success(ret_result->p4_class)) {
                return r;
        }
        measure_lock_store(run->context);
        r = server_store_set_ticket(run->context->store, run->server.id,
                                    expires_in > 0 ? now_realtime() + expires_in * 1000000 : 0);
        r = r < 0 ? r :
                    server_store_set_ignores_case(run->context->store, run->server.id,
                                                  run->info.ignores_case);
        measure_unlock_store(run->context);
        run->server.ignores_case = run->info.ignores_case;
        return r < 0 ? r : 0;
}

/* What came since the last run; where everything or only one stream is measured anyway, the newest
 * change's number is enough. A server may limit what it lists, but that number it always tells. */
static int ask_changes(Run *run, P4Result *ret_result) {
        bool is_newest_enough =
                        is_one_stream(run) || run->server.full_at == 0 || run->scope->kind == SCOPE_LIST;
        int r = measure_changes_read(&run->session, is_newest_enough ? NEWEST_ALONE : run->server.change,
                                     &run->changes, ret_result);
        if (r < 0 || p4_class_is_success(ret_result->p4_class) ||
            measure_failure_is_servers(ret_result->p4_class) || is_newest_enough) {
                return r;
        }
        p4_result_done(ret_result);
        *ret_result = (P4Result) {};
        measure_changes_done(&run->changes);
        run->are_changes_unknown = true;
        return measure_changes_read(&run->session, NEWEST_ALONE, &run->changes, ret_result);
}

static int on_stream(const StreamSpec *spec, void *userdata) {
        Run *run = userdata;
        bool is_monitored = stream_mask_matches(run->server.server.stream_mask, spec->name ?: "");
        return stream_tree_add(run->targets.tree, spec, is_monitored);
}

static int ask_streams(Run *run, P4Result *ret_result) {
        int r = stream_tree_new(run->info.ignores_case, &run->targets.tree);
        r = r < 0 ? r : p4_query_streams(&run->session, on_stream, run, ret_result);
        if (r >= 0) {
                stream_tree_finish(run->targets.tree);
        }
        return r;
}

static int ask_touched(Run *run, P4Result *ret_result) {
        bool is_needed = !run->full_reason && !is_one_stream(run) && run->scope->kind != SCOPE_LIST;
        return is_needed ? measure_touch(run->context, &run->server, &run->session, &run->changes,
                                         &run->targets, ret_result) :
                           0;
}

/* --- steps ------------------------------------------------------------------------------------------ */

static void show_stage(Run *run) {
        MonitorRun row = {
                .scope = run->context->scope,
                .server = run->server.server.name,
                .stage = "listing",
                .pid = getpid(),
                .started_at = run->context->started_at,
        };
        measure_lock_store(run->context);
        (void) monitor_store_set_run(run->context->store, &row);
        measure_unlock_store(run->context);
        notify_status("Listing the streams of %s", row.server);
}

static const char *choose_full(const Run *run) {
        ServerFacts facts = {
                .known_change = run->server.change,
                .known_change_time = run->server.change_time,
                .newest_change = run->changes.newest,
                .time_of_known = run->changes.time_of_known,
                .full_at = run->server.full_at,
                .now = now_realtime(),
                .full_every_usec = run->context->config.measure_full_every_usec,
        };
        if (run->scope->is_full) {
                return "asked for";
        }
        if (is_one_stream(run) || run->scope->kind == SCOPE_LIST) {
                return NULL;
        }
        if (run->are_changes_unknown || measure_changes_is_cut(&run->changes)) {
                return "more has changed than the server tells";
        }
        return measure_plan_full(&facts);
}

static MeasureOutcome list_one(Run *run) {
        const char *name = run->server.server.name, *path = run->scope->path;
        Report failed = { .priority = LOG_LEVEL_ERROR, .server = name, .stream = path };
        int r = measure_targets_list_one(run->context, &run->server, path, run->info.server_time,
                                         &run->targets, &run->listing);
        if (r == -ENOENT) {
                report(&failed, "There is no stream %s on %s", path, name);
                return MEASURE_OUTCOME_FAILED;
        }
        if (r == -EPERM) {
                report(&failed, "Stream %s on %s is not monitored: its name does not match stream_mask %s",
                       path, name, run->server.server.stream_mask);
                return MEASURE_OUTCOME_FAILED;
        }
        return r < 0 ? fail_here(run, r, "writing the list of streams") : MEASURE_OUTCOME_OK;
}

static MeasureOutcome list_all(Run *run) {
        const char *name = run->server.server.name;
        int r = measure_targets_list(run->context, &run->server, run->info.server_time, &run->targets,
                                     &run->listing);
        if (r < 0) {
                return fail_here(run, r, "writing the list of streams");
        }
        if (run->listing.n_listed == 0) {
                Report empty = { .priority = LOG_LEVEL_WARNING, .server = name };
                report(&empty, "%s lists %s", name,
                       stream_tree_size(run->targets.tree) == 0 ?
                                       "no streams at all" :
                                       "no stream whose name matches stream_mask");
        }
        return MEASURE_OUTCOME_OK;
}

/* What did not move has the same size now as it had: its line in the history goes on. */
static int write_unchanged(Run *run, int64_t now) {
        int r = 0;
        for (size_t i = 0; i < run->targets.n_items && r >= 0; i++) {
                if (run->targets.items[i].reason == MEASURE_NOT) {
                        r = sample_store_unchanged(run->context->store, run->targets.items[i].id,
                                                   run->changes.newest, now);
                }
        }
        return r;
}

static int write_end(Run *run) {
        MonitorStore *store = run->context->store;
        int64_t now = now_realtime();
        int r = db_begin(monitor_store_db(store));
        if (r < 0) {
                return r;
        }
        if (run->scope->kind == SCOPE_ALL || run->scope->kind == SCOPE_SERVER) {
                r = write_unchanged(run, now);
                r = r < 0 ? r :
                            server_store_finish(store, run->server.id, run->changes.newest,
                                                run->changes.newest_time, run->full_reason != NULL, now);
        }
        r = r < 0 ? r : server_store_set_state(store, run->server.id, SERVER_OK, NULL, now);
        r = r < 0 ? r : db_commit(monitor_store_db(store));
        if (r < 0) {
                db_rollback(monitor_store_db(store));
        }
        return r;
}

static MeasureOutcome finish(Run *run) {
        const char *name = run->server.server.name;
        char span[TIME_TEXT_MAX];
        measure_lock_store(run->context);
        int r = write_end(run);
        measure_unlock_store(run->context);
        if (r < 0) {
                return fail_here(run, r, "writing the end of the run");
        }
        size_t n_unchanged = run->targets.n_items - run->tally.n_measured - run->tally.n_failed;
        Report done = { .priority = LOG_LEVEL_INFO,
                        .message_id = WEIR_MESSAGE_RUN_FINISHED,
                        .server = name };
        (void) time_format_span(span, now_monotonic() - run->begun_at);
        if (run->scope->kind == SCOPE_LIST) {
                report(&done, "Listed %s: %u streams, %u new, %u missing, %u gone in %s", name,
                       run->listing.n_listed, run->listing.n_new, run->listing.n_missing,
                       run->listing.n_gone, span);
        } else {
                report(&done,
                       "Measured %s: %u measured, %zu unchanged, %u failed, %u new, %u gone in %s%s%s", name,
                       run->tally.n_measured, n_unchanged, run->tally.n_failed, run->listing.n_new,
                       run->listing.n_gone, span, run->full_reason ? "; full run: " : "",
                       run->full_reason ?: "");
        }
        if (run->tally.n_failed > 0) {
                return run->tally.n_measured == 0 && n_unchanged == 0 ? MEASURE_OUTCOME_FAILED :
                                                                        MEASURE_OUTCOME_PARTIAL;
        }
        return MEASURE_OUTCOME_OK;
}

/* Answers true when the question was answered; else *ret is the outcome of the run. */
static bool ask(Run *run, Question question, const char *what, MeasureOutcome *ret) {
        _cleanup_(p4_result_done) P4Result result = {};
        int r = measure_is_cancelled(run->context) ? 0 : question(run, &result);
        if (measure_is_cancelled(run->context)) {
                result.p4_class = P4_CANCELLED;
        }
        if (r < 0) {
                *ret = fail_here(run, r, what);
        } else if (!p4_class_is_success(result.p4_class)) {
                *ret = fail_result(run, &result);
        } else {
                return true;
        }
        return false;
}

static MeasureOutcome measure(Run *run) {
        MeasurePool pool = {
                .context = run->context,
                .server = &run->server,
                .targets = &run->targets,
                .change = run->changes.newest,
                .parallel = (unsigned) (run->server.server.parallel ?:
                                                                      run->context->config.measure_parallel),
        };
        (void) measure_targets_plan(&run->targets, is_one_stream(run), run->full_reason != NULL);
        int r = measure_pool_run(&pool, &run->tally);
        if (r < 0) {
                return fail_here(run, r, "measuring");
        }
        return run->tally.is_stopped ? fail_server(run, run->tally.p4_class, run->tally.text ?: "stopped") :
                                       MEASURE_OUTCOME_OK;
}

static MeasureOutcome run_steps(Run *run) {
        MeasureOutcome outcome = MEASURE_OUTCOME_FAILED;
        show_stage(run);
        if (!ask(run, ask_trust, "pinning the fingerprint", &outcome) ||
            !ask(run, ask_info, "asking for the server's state", &outcome) ||
            !ask(run, ask_login, "asking for the ticket", &outcome) ||
            !ask(run, ask_changes, "asking for the changes", &outcome) ||
            !ask(run, ask_streams, "asking for the streams", &outcome)) {
                return outcome;
        }
        run->full_reason = choose_full(run);
        outcome = is_one_stream(run) ? list_one(run) : list_all(run);
        if (outcome != MEASURE_OUTCOME_OK || !ask(run, ask_touched, "asking what was touched", &outcome)) {
                return outcome;
        }
        if (run->scope->kind != SCOPE_LIST) {
                outcome = measure(run);
        }
        return outcome == MEASURE_OUTCOME_OK ? finish(run) : outcome;
}

MeasureOutcome measure_server(MeasureContext *context, const MonitorServer *server, const Scope *scope) {
        _cleanup_(run_done) Run run = {
                .context = context,
                .server = *server,
                .scope = scope,
                .session = measure_session(context, &server->server),
                .probe = measure_probe_session(context, &server->server),
                .begun_at = now_monotonic(),
        };
        return run_steps(&run);
}
