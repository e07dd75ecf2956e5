#include "services/jobd_unit.h"

#include <string.h>

#include "base/string_util.h"
#include "base/time_util.h"
#include "domain/job_spec_text.h"
#include "services/job_list_store.h"
#include "services/job_parts_store.h"
#include "services/jobd_job.h"
#include "services/jobd_watch.h"

/* 1: the job and its current attempt. 0: that attempt has been over for a while, its last words are known. */
static int find_attempt(Jobd *jobd, const char *id, uint32_t attempt, Job **ret, char **ret_message) {
        _cleanup_(job_record_done) JobRecord record = {};
        Job *job = jobd_find(jobd, id);
        uint32_t current;
        int r;

        if (job) {
                current = job->state.attempt;
        } else {
                r = job_list_store_get_brief(jobd->store, id, &record, NULL);
                if (r < 0) {
                        return r;
                }
                current = record.attempt;
        }
        if (attempt > current) {
                (void) string_format(ret_message, "Job %s has no attempt %u", id, attempt);
                return -EACCES;
        }
        if (!job || attempt < current) {
                return 0;
        }
        *ret = job;
        return 1;
}

/* That it speaks at all is news of its unit: unitd's own answer may come later, or never. */
static void has_spoken(Jobd *jobd, Job *job) {
        if (!job->state.is_launched) {
                job->is_launching = true;
                jobd_launched(jobd, job->id, job->state.attempt, 0, NULL);
        }
}

/* --- TakeJob --------------------------------------------------------------------------------------------------------- */

/* The hooks of weir.yaml are put in here, so that the runner need not be able to read it. */
static int complete_spec(Jobd *jobd, JobWork *work) {
        _cleanup_(job_spec_done) JobSpec spec = {};
        _cleanup_free_ char *message = NULL;
        char *text = NULL;
        int r = job_spec_parse(work->spec, &spec, &message);

        r = r < 0 ? r : jobs_config_apply(&jobd->config.jobs, &spec);
        r = r < 0 ? r : job_spec_format(&spec, &text);
        if (r < 0) {
                return r;
        }
        free(work->spec);
        work->spec = text;
        return 0;
}

static int complete_server(Jobd *jobd, const char *name, const char *p4user, JobWork *work) {
        _cleanup_(server_done) Server server = {};
        bool ignores_case;
        int r = jobd_find_server(jobd, name, true, &server, &ignores_case);

        r = r < 0 ? r : string_copy(&work->server.p4port, server.p4port);
        r = r < 0 ? r : string_copy(&work->server.p4user, string_is_empty(p4user) ? server.p4user : p4user);
        r = r < 0 ? r : string_copy(&work->server.trust, server.trust);
        r = r < 0 ? r : string_copy(&work->server.program, jobd->config.p4_program);
        r = r < 0 ? r : string_copy(&work->server.charset, jobd->config.p4_charset);
        work->server.timeout_usec =
                        server.timeout_usec ? server.timeout_usec : jobd->config.measure_timeout_usec;
        work->server.hooks_see_ticket = jobd->config.jobs.hooks_see_ticket;
        return r;
}

static int put_reason(const Job *job, JobWork *work) {
        if (job->state.is_clean_mode) {
                return 0; /* that of the attempt before stands there already */
        }
        free(TAKE_PTR(work->reason));
        switch (job->state.wish) {
        case JOB_WISH_CANCEL:
                return string_format(&work->reason, "cancelled by %s",
                                     work->cancelled_by ? work->cancelled_by : "systemctl");
        case JOB_WISH_TIMEOUT:
                return string_copy(&work->reason, "timeout");
        default:
                return 0;
        }
}

/* An attempt that is over is told to leave everything alone. */
static void take_nothing(JobWork *work) {
        work->clean = work->cancel = true;
        free(TAKE_PTR(work->intent));
        job_pairs_done(&work->ledger);
        job_pairs_done(&work->resolutions);
}

int jobd_take(Jobd *jobd, const char *id, uint32_t attempt, JobWork *ret, char **ret_message) {
        _cleanup_(job_work_done) JobWork work = {};
        _cleanup_(job_record_done) JobRecord record = {};
        _cleanup_free_ char *p4user = NULL;
        Job *job = NULL;
        int r = find_attempt(jobd, id, attempt, &job, ret_message), is_current = r;

        if (is_current > 0) {
                has_spoken(jobd, job);
        }
        r = r < 0 ? r : job_list_store_get_brief(jobd->store, id, &record, NULL);
        r = r < 0 ? r : job_list_store_get_work(jobd->store, id, &work, &p4user);
        r = r < 0 ? r : complete_spec(jobd, &work);
        r = r < 0 ? r : complete_server(jobd, record.server, p4user, &work);
        if (r == -ENOENT && record.server) {
                (void) string_format(ret_message, "There is no server %s any more", record.server);
                return -EBUSY;
        }
        if (r < 0) {
                return r;
        }
        if (is_current > 0) {
                work.clean = job->state.is_clean_mode;
                work.cancel = job->state.wish != JOB_WISH_NONE;
                r = put_reason(job, &work);
        } else {
                take_nothing(&work);
        }
        if (r < 0) {
                return r;
        }
        *ret = work;
        work = (JobWork) {};
        return 0;
}

/* --- Report ---------------------------------------------------------------------------------------------------------- */

static int check_texts(const JobReport *report, char **ret_message) {
        const struct {
                const char *name, *text;
                size_t max;
        } texts[] = {
                { "checkpoint", report->checkpoint, JOBD_CHECKPOINT_MAX },
                { "intent", report->intent, JOBD_INTENT_MAX },
                { "status_text", report->status_text, JOBD_TEXT_MAX },
                { "client", report->client, JOBD_TEXT_MAX },
        };

        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                if (texts[i].text && strlen(texts[i].text) > texts[i].max) {
                        (void) string_format(ret_message, "%s: larger than %zu bytes", texts[i].name,
                                             texts[i].max);
                        return -ENOBUFS;
                }
        }
        return 0;
}

static int check_ledger(Jobd *jobd, const Job *job, const JobPairs *entries, char **ret_message) {
        int n = entries && entries->n_items > 0 ? ledger_store_count(jobd->store, job->seq) : 0;

        if (n < 0 || !entries) {
                return n;
        }
        for (size_t i = 0; i < entries->n_items; i++) {
                if (string_is_empty(entries->items[i].first) || string_is_empty(entries->items[i].second) ||
                    strlen(entries->items[i].first) + strlen(entries->items[i].second) > JOBD_TEXT_MAX) {
                        (void) string_copy(ret_message, "ledger_add: a kind and a name are expected");
                        return -EINVAL;
                }
        }
        if ((size_t) n + entries->n_items > JOBD_LEDGER_MAX) {
                (void) string_format(ret_message, "ledger_add: more than %d entries", JOBD_LEDGER_MAX);
                return -ENOBUFS;
        }
        return 0;
}

/* A further attempt may begin anew: what it finds in the workspace may be less than the checkpoint says. */
static int check_stage(const Job *job, const char *text, JobStage *ret, char **ret_message) {
        JobStage stage = job_stage_from_string(text);

        if (stage < 0) {
                (void) string_format(ret_message, "There is no stage %s", text);
                return -EINVAL;
        }
        if (!job_stage_may_follow(job->state.stage, stage) &&
            !(stage == JOB_INIT && job->state.attempt > 1)) {
                (void) string_format(ret_message, "The stage %s cannot follow %s", text,
                                     job_stage_to_string(job->state.stage));
                return -EBUSY;
        }
        *ret = stage;
        return 0;
}

static JobStatus status_in(const JobState *state) {
        if (state->status == JOB_STATUS_CANCELLING) {
                return JOB_STATUS_CANCELLING;
        }
        return state->stage == JOB_NEEDS_RESOLVE && !state->is_clean_mode ? JOB_STATUS_NEEDS_RESOLVE :
                                                                            JOB_STATUS_RUNNING;
}

static int check_report(Jobd *jobd, const Job *job, const JobReport *report, JobState *next,
                        char **ret_message) {
        int r = check_texts(report, ret_message);

        r = r < 0 ? r : check_ledger(jobd, job, report->ledger_add, ret_message);
        if (r >= 0 && !string_is_empty(report->stage)) {
                r = check_stage(job, report->stage, &next->stage, ret_message);
        }
        return r;
}

static JobChange make_change(const JobReport *report) {
        return (JobChange) { .status_text = report->status_text,
                             .client = report->client,
                             .checkpoint = report->checkpoint,
                             .intent = report->intent,
                             .changelist = report->changelist,
                             .source_changelist = report->source_changelist,
                             .shelf = report->shelf,
                             .conflicts = report->conflicts,
                             .n_conflicts = report->n_conflicts,
                             .ledger_add = report->ledger_add,
                             .ledger_done = report->ledger_done,
                             .resolved = report->resolved };
}

int jobd_report(Jobd *jobd, const char *id, uint32_t attempt, const JobReport *report, JobAnswer *ret,
                char **ret_message) {
        _cleanup_(job_answer_done) JobAnswer answer = {};
        const JobChange change = make_change(report);
        JobState next;
        Job *job;
        int r = find_attempt(jobd, id, attempt, &job, ret_message);

        if (r == 0) {
                (void) string_format(ret_message, "Attempt %u of job %s is over", attempt, id);
                return -EACCES;
        }
        if (r < 0) {
                return r;
        }
        has_spoken(jobd, job);
        next = job->state;
        r = check_report(jobd, job, report, &next, ret_message);
        r = r < 0 || !report->text ? r : jobd_texts_put(jobd, job, report->text);
        if (r < 0) {
                return r;
        }
        next.status = status_in(&next);
        answer.go_on = next.go_on;
        next.go_on = false;
        r = jobd_save(jobd, job, &next, &change);
        r = r < 0 ? r : resolution_store_read(jobd->store, job->seq, &answer.resolutions);
        r = r < 0 ? r : jobd_texts_wanted(jobd, job, &answer.texts);
        if (r < 0) {
                return r;
        }
        job->needs_login = report->needs_login;
        answer.cancel = job->state.wish != JOB_WISH_NONE;
        answer.login = TAKE_PTR(job->login);
        *ret = answer;
        answer = (JobAnswer) {};
        return 0;
}

/* --- TakeText -------------------------------------------------------------------------------------------------------- */

int jobd_take_text(Jobd *jobd, const char *id, uint32_t attempt, const char *file, JobBytes *ret,
                   char **ret_message) {
        Job *job;
        int r = find_attempt(jobd, id, attempt, &job, ret_message);

        if (r == 0) {
                (void) string_format(ret_message, "Attempt %u of job %s is over", attempt, id);
                return -EACCES;
        }
        r = r < 0 ? r : resolution_store_read_text(jobd->store, job->seq, file, ret);
        if (r == 0) {
                (void) string_format(ret_message, "Nobody wrote a text for %s", file);
                return -EBUSY;
        }
        return r < 0 ? r : 0;
}

/* --- Finished -------------------------------------------------------------------------------------------------------- */

static int check_result(const JobResult *result, JobOutcome *ret, char **ret_message) {
        const char *const texts[] = { result->reason, result->error, result->note };
        JobOutcome outcome = job_outcome_from_string(result->outcome ? result->outcome : "");

        if (outcome < 0) {
                (void) string_copy(ret_message,
                                   "outcome: done, failed, cancelled or interrupted is expected");
                return -EINVAL;
        }
        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                if (texts[i] && strlen(texts[i]) > JOBD_TEXT_MAX) {
                        (void) string_copy(ret_message, "A text is too long");
                        return -ENOBUFS;
                }
        }
        *ret = outcome;
        return 0;
}

int jobd_finished(Jobd *jobd, const char *id, uint32_t attempt, const JobResult *result,
                  char **ret_message) {
        const JobChange change = { .error = result->error,
                                   .status_text = result->note,
                                   .changelist = result->changelist,
                                   .ledger_done = result->ledger_done,
                                   .ledger_clear = result->clean };
        JobEnd end = { .is_clean = result->clean, .reason = result->reason, .error = result->error };
        Job *job;
        int r = check_result(result, &end.outcome, ret_message);

        r = r < 0 ? r : find_attempt(jobd, id, attempt, &job, ret_message);
        if (r <= 0) {
                return r; /* 0: it was said before */
        }
        has_spoken(jobd, job);
        return jobd_end_attempt(jobd, job, &end, &change);
}
