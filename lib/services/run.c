#include "services/run.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd_util.h"
#include "base/log.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "resources/journal.h"
#include "resources/notify.h"
#include "services/run_client.h"
#include "services/run_ticket.h"

/* --- beginning and end ------------------------------------------------------------------------------ */

static int read_work(Run *run) {
        _cleanup_free_ char *message = NULL;
        int r = job_spec_parse(run->work.spec, &run->spec, &message);
        if (r < 0) {
                return log_error(r, "Failed to read the job: %s", message ?: strerror(-r));
        }
        r = run_state_parse(run->work.checkpoint, &run->state);
        if (r < 0) {
                return log_error(r, "Failed to read the job's checkpoint: %s", strerror(-r));
        }
        run->stage = job_stage_from_string(run->work.stage);
        if (run->stage < 0) {
                run->stage = JOB_INIT;
        }
        run->has_intent = !string_is_empty(run->work.intent);
        run->resolutions = run->work.resolutions;
        run->work.resolutions = (JobPairs) {};
        return 0;
}

static void set_server(Run *run) {
        run->server = (P4Server) {
                .name = run->spec.server,
                .port = run->work.server.p4port,
                .user = run->work.server.p4user,
                .client = run->state.client,
                .tickets = run->tickets,
                .trust = run->trust,
                .home = run->runtime_directory,
                .charset = run->work.server.charset,
                .program = run->work.server.program,
                .timeout_usec = run->work.server.timeout_usec,
        };
        run_client_enter(run);
}

static int find_directories(Run *run) {
        const char *state = getenv("STATE_DIRECTORY");
        run->runtime_directory = getenv("RUNTIME_DIRECTORY");
        run->state_directory = string_is_empty(state) ? RUN_STATE_DIRECTORY : state;
        if (string_is_empty(run->runtime_directory)) {
                return log_error(-ENOENT, "RUNTIME_DIRECTORY is not set: this runs in the unit of a job");
        }
        int r = string_format(&run->secrets, "%s/secrets", run->runtime_directory);
        if (r >= 0 && mkdir(run->secrets, 0700) < 0 && errno != EEXIST) {
                return log_error(-errno, "Failed to make %s: %s", run->secrets, strerror(errno));
        }
        r = r < 0 ? r : string_format(&run->tickets, "%s/tickets", run->secrets);
        return r < 0 ? r : string_format(&run->trust, "%s/trust", run->runtime_directory);
}

int run_open(Run *run, uint64_t patience_usec) {
        _cleanup_free_ char *message = NULL;
        run->lock_fd = -EBADF;
        int r = find_directories(run);
        r = r < 0 ? r : jobs_client_new(&run->jobs);
        if (r < 0) {
                return r;
        }
        jobs_client_set_patience(run->jobs, patience_usec);
        r = jobs_client_take(run->jobs, run->id, run->attempt, &run->work, &message);
        if (r < 0) {
                return log_error(r, "Failed to take job %s: %s", run->id, message ?: strerror(-r));
        }
        r = read_work(run);
        if (r >= 0) {
                set_server(run);
        }
        return r;
}

void run_done(Run *run) {
        (void) jobs_client_free(run->jobs);
        job_work_done(&run->work);
        job_spec_done(&run->spec);
        run_state_done(&run->state);
        run_ticket_forget(run);
        free(run->secrets);
        free(run->tickets);
        free(run->trust);
        (void) fd_close(run->lock_fd);
        strv_free(run->sources);
        job_pairs_done(&run->resolutions);
        job_pairs_done(&run->tried);
        strv_free(run->texts);
        job_conflicts_done(&run->conflicts);
        free(run->reason);
        free(run->error);
}

/* --- failures --------------------------------------------------------------------------------------- */

int run_fail(Run *run, const char *reason, const char *format, ...) {
        if (run->reason) {
                return -EREMOTEIO;
        }
        va_list arguments;
        va_start(arguments, format);
        int r = string_format_list(&run->error, format, arguments);
        va_end(arguments);
        if (r < 0) {
                return r;
        }
        r = string_copy(&run->reason, reason);
        run_log(run, LOG_LEVEL_ERROR, "%s", run->error);
        return r < 0 ? r : -EREMOTEIO;
}

static const char *const class_reasons[_P4_CLASS_MAX] = {
        [P4_AUTH] = "login expired",       [P4_CONNECT] = "server unreachable",
        [P4_TRUST] = "server not trusted", [P4_LIMIT] = "server limit",
        [P4_PERMISSION] = "no permission", [P4_TIMEOUT] = "p4 timeout",
        [P4_MISSING] = "p4 is missing",    [P4_UNKNOWN] = "unknown to the server",
};

/* What many people meet and few understand from the words alone. */
static const struct {
        const char *text, *reason, *hint;
} known_texts[] = {
        { "Can't clobber writable file", "writable file in the way",
          "\nSomebody made it writable without opening it: move it away, or give the client the option clobber" },
};

int run_fail_p4(Run *run, const char *command, const P4Result *result) {
        const char *reason = class_reasons[result->p4_class], *hint = "";
        const char *text = result->text ? result->text : p4_class_to_string(result->p4_class);
        for (size_t i = 0; i < ELEMENTSOF(known_texts); i++) {
                if (strstr(text, known_texts[i].text)) {
                        reason = known_texts[i].reason;
                        hint = known_texts[i].hint;
                }
        }
        return run_fail(run, reason ? reason : "p4 failed", "p4 %s: %s%s", command, text, hint);
}

/* --- the good end ----------------------------------------------------------------------------------- */

int run_finish_done(Run *run, JobStage *ret_next, const char *format, ...) {
        char *note = NULL;
        va_list arguments;
        va_start(arguments, format);
        int r = string_format_list(&note, format, arguments);
        va_end(arguments);
        if (r < 0) {
                return r;
        }
        free(run->state.note);
        run->state.note = note;
        run_log(run, LOG_LEVEL_NOTICE, "%s", note);
        *ret_next = JOB_CLEANUP;
        return string_replace(&run->state.outcome, "done");
}

/* --- telling ---------------------------------------------------------------------------------------- */

/* What people asked for meanwhile comes back with every report. */
static int take_answer(Run *run, JobAnswer *answer) {
        job_pairs_done(&run->resolutions);
        run->resolutions = answer->resolutions;
        answer->resolutions = (JobPairs) {};
        strv_free(run->texts);
        run->texts = TAKE_PTR(answer->texts);
        if (answer->login) {
                int r = run_ticket_use(run, answer->login);
                if (r < 0) {
                        run_log(run, LOG_LEVEL_ERROR, "Failed to use the new ticket: %s", strerror(-r));
                }
        }
        return answer->cancel && !run->is_finishing ? -ECANCELED : 0;
}

int run_report(Run *run, JobReport *report) {
        _cleanup_(job_answer_done) JobAnswer answer = {};
        _cleanup_free_ char *checkpoint = NULL, *message = NULL;
        int r = run_state_format(&run->state, &checkpoint);
        if (r < 0) {
                return r;
        }
        report->checkpoint = checkpoint;
        report->needs_login = run->needs_login;
        r = jobs_client_report(run->jobs, run->id, run->attempt, report, &answer, &message);
        if (r == -EBUSY || r == -EACCES || r == -ENOENT) {
                /* The job has gone on without this attempt. */
                run_log(run, LOG_LEVEL_WARNING, "Refused by weir-jobd: %s", message ?: strerror(-r));
                return -ECANCELED;
        }
        if (r < 0) {
                run_log(run, LOG_LEVEL_ERROR, "Failed to report: %s", message ?: strerror(-r));
                return r;
        }
        return take_answer(run, &answer);
}

int run_enter(Run *run, JobStage stage) {
        const char *name = job_stage_to_string(stage);
        JobReport report = { .stage = name };
        run->stage = stage;
        journal_set_context("WEIR_STAGE", name);
        int r = run_report(run, &report);
        notify_status("%s", name);
        return r;
}

static int tell_ledger(Run *run, const char *kind, const char *name, bool is_done) {
        _cleanup_(job_pairs_done) JobPairs pairs = {};
        int r = job_pairs_append(&pairs, kind, name);
        JobReport report = { .ledger_add = is_done ? NULL : &pairs, .ledger_done = is_done ? &pairs : NULL };
        return r < 0 ? r : run_report(run, &report);
}

int run_ledger_add(Run *run, const char *kind, const char *name) {
        if (run_ledger_has(run, kind, name)) {
                return 0;
        }
        int r = job_pairs_append(&run->work.ledger, kind, name);
        return r < 0 ? r : tell_ledger(run, kind, name, false);
}

int run_ledger_done(Run *run, const char *kind, const char *name) {
        JobPairs *ledger = &run->work.ledger;
        for (size_t i = ledger->n_items; i > 0; i--) {
                JobPair *pair = ledger->items + i - 1;
                if (string_equal(pair->first, kind) && string_equal(pair->second, name)) {
                        free(pair->first);
                        free(pair->second);
                        *pair = ledger->items[--ledger->n_items];
                }
        }
        return tell_ledger(run, kind, name, true);
}

bool run_ledger_has(const Run *run, const char *kind, const char *name) {
        for (size_t i = 0; i < run->work.ledger.n_items; i++) {
                const JobPair *pair = run->work.ledger.items + i;
                if (string_equal(pair->first, kind) && (!name || string_equal(pair->second, name))) {
                        return true;
                }
        }
        return false;
}

void run_log(const Run *run, int priority, const char *format, ...) {
        _cleanup_free_ char *text = NULL;
        va_list arguments;
        va_start(arguments, format);
        int r = string_format_list(&text, format, arguments);
        va_end(arguments);
        if (r >= 0 && run->jobs) { /* a preview has no log */
                journal_send(priority, NULL, 0, "%s", text);
        }
}

/* --- waiting ---------------------------------------------------------------------------------------- */

int run_sleep(const Run *run, uint64_t usec) {
        struct pollfd one = { .fd = run->cancel_fd, .events = POLLIN };
        int n = poll(&one, 1, (int) (usec / USEC_PER_MSEC));
        return n > 0 ? -ECANCELED : 0;
}

bool run_is_cancelled(const Run *run) {
        return run_sleep(run, 0) < 0;
}
