#include "services/jobd_job.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/seal.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "services/job_list_store.h"
#include "services/job_parts_store.h"
#include "services/server_store.h"

/* --- the list -------------------------------------------------------------------------------------------------------- */

Job *jobd_find(const Jobd *jobd, const char *id) {
        Job *job = jobd->first;

        while (job && strcmp(job->id, id) != 0) {
                job = job->next;
        }
        return job;
}

static Job *job_free(Job *job) {
        if (job) {
                free(job->server);
                free(job->key);
                free(job->owner);
                free(job->trouble);
                wipe_text(&job->login);
                jobd_texts_free(job);
                free(job);
        }
        return NULL;
}
DEFINE_TRIVIAL_CLEANUP_FUNC(Job *, job_free);

Job *jobd_add(Jobd *jobd, const JobLiveRow *row) {
        _cleanup_(job_freep) Job *job = calloc(1, sizeof(*job));

        if (!job || string_copy(&job->server, row->server) < 0 || string_copy(&job->key, row->key) < 0 ||
            string_copy(&job->owner, row->owner) < 0) {
                return NULL;
        }
        (void) snprintf(job->id, sizeof(job->id), "%s", row->id);
        job->seq = row->seq;
        job->has_credential = row->has_credential;
        job->has_intent = row->has_intent;
        job->state = row->state;
        job->previous = jobd->last;
        *(jobd->last ? &jobd->last->next : &jobd->first) = job;
        jobd->last = job;
        jobd->n_live++;
        return TAKE_PTR(job);
}

void jobd_remove(Jobd *jobd, Job *job) {
        *(job->previous ? &job->previous->next : &jobd->first) = job->next;
        *(job->next ? &job->next->previous : &jobd->last) = job->previous;
        jobd->n_live--;
        (void) job_free(job);
}

bool job_is_waiting(const Job *job) {
        return job->state.status == JOB_STATUS_QUEUED && !job->is_launching && !job->is_uncertain;
}

bool job_has_unit(const Job *job) {
        return job->state.is_launched;
}

/* --- servers and specs ----------------------------------------------------------------------------------------------- */

static int find_in_database(Jobd *jobd, const char *name, bool with_retired, Server *ret,
                            bool *ret_ignores_case) {
        _cleanup_(monitor_store_closep) MonitorStore *monitor = NULL;
        _cleanup_(monitor_server_done) MonitorServer server = {};
        int r = monitor_store_open(jobd->state_directory, DB_READ_ONLY, &monitor);

        if (r < 0) {
                return -ESTALE; /* not there yet, or of another version: the file decides */
        }
        r = server_store_find(monitor, name, &server);
        if (r >= 0 && server.retired_at && !with_retired) {
                r = -ENOENT;
        }
        r = r < 0 ? r : server_copy(ret, &server.server);
        if (r >= 0) {
                *ret_ignores_case = server.ignores_case;
        }
        return r;
}

static int find_in_file(Jobd *jobd, const char *name, Server *ret) {
        _cleanup_(server_list_done) ServerList list = {};
        _cleanup_free_ char *warning = NULL;
        int r = config_load_servers_in_force(jobd->config_directory, jobd->state_directory, &list, &warning);

        for (size_t i = 0; r >= 0 && i < list.n_servers; i++) {
                if (string_equal(list.servers[i].name, name)) {
                        return server_copy(ret, &list.servers[i]);
                }
        }
        return r < 0 ? r : -ENOENT;
}

int jobd_find_server(Jobd *jobd, const char *name, bool with_retired, Server *ret, bool *ret_ignores_case) {
        int r;

        *ret_ignores_case = false;
        r = find_in_database(jobd, name, with_retired, ret, ret_ignores_case);
        return r == -ESTALE ? find_in_file(jobd, name, ret) : r;
}

int jobd_read_limits(Jobd *jobd, Job *job, JobdLimits *ret) {
        _cleanup_(job_record_done) JobRecord record = {};
        _cleanup_(job_spec_done) JobSpec spec = {};
        _cleanup_free_ char *message = NULL;
        int r = job_list_store_get_brief(jobd->store, job->id, &record, NULL);

        r = r < 0 ? r : job_spec_parse(record.spec, &spec, &message);
        r = r < 0 ? r : jobs_config_apply(&jobd->config.jobs, &spec);
        if (r < 0) {
                return r;
        }
        job->timeout_usec = spec.timeout_sec * USEC_PER_SEC;
        job->stop_timeout_usec = spec.stop_timeout_sec * USEC_PER_SEC;
        *ret = (JobdLimits) { .memory_max = spec.memory_max,
                              .cpu_weight = spec.cpu_weight,
                              .io_weight = spec.io_weight,
                              .tasks_max = spec.tasks_max,
                              .stop_timeout_usec = job->stop_timeout_usec,
                              .credential = job->has_credential ? job->id : NULL };
        return 0;
}

/* --- changing -------------------------------------------------------------------------------------------------------- */

uint64_t job_active_usec(const Job *job) {
        return job->state.active_usec + (job->clock > 0 ? now_monotonic() - job->clock : 0);
}

/* Waiting for people, for the queue, for an end or for cleaning up is no work. */
static bool is_at_work(const JobState *state) {
        return state->status == JOB_STATUS_RUNNING && state->is_launched && !state->is_clean_mode;
}

void jobd_announce(const Jobd *jobd, const Job *job, JobdEvent event) {
        jobd->port.announce(job->id, event, job_status_to_string(job->state.status),
                            job_stage_to_string(job->state.stage), jobd->port.userdata);
}

void job_log(const Job *job, int level, const char *message_id, const char *format, ...) {
        const JournalField fields[] = {
                { "MESSAGE_ID", message_id },
                { "WEIR_JOB", job->id },
                { "WEIR_STAGE", job_stage_to_string(job->state.stage) },
                { "WEIR_SERVER", job->server },
        };
        char text[1024];
        va_list arguments;

        va_start(arguments, format);
        (void) vsnprintf(text, sizeof(text), format, arguments);
        va_end(arguments);
        journal_send(level, fields, ELEMENTSOF(fields), "%s: %s", job->id, text);
}

static void log_stage(const Job *job, const JobState *was) {
        if (was->stage != job->state.stage && !job_status_is_final(job->state.status)) {
                job_log(job, LOG_LEVEL_INFO, WEIR_MESSAGE_JOB_STAGE, "%s",
                        job_stage_to_string(job->state.stage));
        }
}

int jobd_save(Jobd *jobd, Job *job, const JobState *state, const JobChange *change) {
        JobState was = job->state, next = *state;
        int64_t now = now_realtime();
        int r;

        if (job->clock > 0) {
                next.active_usec += now_monotonic() - job->clock;
        }
        next.active_since = is_at_work(&next) ? now : 0;
        r = job_store_save(jobd->store, job->seq, &was, &next, change, now);
        if (r < 0) {
                return log_error(r, "Failed to save job %s: %s", job->id,
                                 db_error(job_store_db(jobd->store)));
        }
        job->state = next;
        job->clock = next.active_since > 0 ? now_monotonic() : 0;
        if (change && change->conflicts) {
                jobd_texts_outdated(job);
        }
        if (change && change->intent) {
                job->has_intent = *change->intent;
        }
        log_stage(job, &was);
        jobd_announce(jobd, job,
                      was.status == next.status && was.stage == next.stage ? JOBD_EVENT_UPDATED :
                                                                             JOBD_EVENT_CHANGED);
        jobd_settle_soon(jobd);
        return 0;
}

/* --- the end of an attempt ------------------------------------------------------------------------------------------- */

static void log_end(const Job *job, const JobVerdict *verdict, const char *error) {
        static const struct {
                int level;
                const char *text;
        } ends[] = {
                [JOB_STATUS_DONE] = { LOG_LEVEL_NOTICE, "done" },
                [JOB_STATUS_FAILED] = { LOG_LEVEL_ERROR, "failed" },
                [JOB_STATUS_CANCELLED] = { LOG_LEVEL_NOTICE, "cancelled" },
        };

        bool is_cancelled = verdict->status == JOB_STATUS_CANCELLED; /* the reason says so, too */

        job_log(job, ends[verdict->status].level, WEIR_MESSAGE_JOB_FINISHED, "%s%s%s%s%s",
                is_cancelled ? "" : ends[verdict->status].text, verdict->reason && !is_cancelled ? ": " : "",
                verdict->reason ? verdict->reason : "", string_is_empty(error) ? "" : ": ",
                string_is_empty(error) ? "" : error);
}

static int finish(Jobd *jobd, Job *job, const JobVerdict *verdict, JobChange *change) {
        JobState next = job->state;
        _cleanup_free_ char *error = NULL;
        int r;

        next.status = verdict->status;
        next.stage = verdict->status == JOB_STATUS_DONE ? JOB_DONE : JOB_ERROR;
        next.is_launched = false;
        change->finishes = true;
        change->intent = "";
        if (verdict->leaves_rests) {
                r = string_format(&error,
                                  "%s%sNot all that it made could be removed, see what is left behind",
                                  string_is_empty(change->error) ? "" : change->error,
                                  string_is_empty(change->error) ? "" : ". ");
                if (r < 0) {
                        return r;
                }
                change->error = error;
        }
        r = jobd_save(jobd, job, &next, change);
        if (r < 0) {
                return r;
        }
        log_end(job, verdict, change->error);
        jobd_announce(jobd, job, JOBD_EVENT_ENDED);
        jobd_remove(jobd, job);
        jobd_drop_credentials(jobd);
        return 0;
}

/* The next attempt: it starts when the loop comes round, or later. */
static int go_on(Jobd *jobd, Job *job, const JobVerdict *verdict, const JobChange *change) {
        JobState next = job->state;
        int r;

        next.attempt++;
        next.is_launched = false;
        if (verdict->next == JOB_NEXT_RESUME) {
                next.n_run++;
        } else {
                next.n_clean++;
                next.is_clean_mode = true;
                next.pending = verdict->status;
                next.status = verdict->status == JOB_STATUS_CANCELLED ? JOB_STATUS_CANCELLING :
                                                                        JOB_STATUS_RUNNING;
        }
        r = jobd_save(jobd, job, &next, change);
        if (r < 0) {
                return r;
        }
        job->not_before = now_monotonic() + verdict->delay_usec;
        job->n_failed_launches = 0;
        job->stop_overdue = job->kill_at = 0;
        job->is_uncertain = false;
        job_log(job, LOG_LEVEL_WARNING, WEIR_MESSAGE_JOB_RESUMED,
                verdict->next == JOB_NEXT_RESUME ? "attempt %u goes on where the last one was broken off" :
                                                   "attempt %u removes what the last one left",
                next.attempt);
        return 0;
}

/* What was told about the end, beside what is known of the job: who cancelled it, and what it was to become once cleaned up. */
static void complete(const Job *job, const JobRecord *record, const JobChange *told, JobEnd *end) {
        end->wish = job->state.wish;
        end->cancelled_by = told->cancelled_by ? told->cancelled_by : record->cancelled_by;
        end->stage = job->state.stage;
        end->has_intent = job->has_intent;
        end->was_clean_mode = job->state.is_clean_mode;
        end->pending = job->state.pending;
        end->pending_reason = record->reason;
        end->n_run = job->state.n_run;
        end->n_clean = job->state.n_clean;
}

/* The first error tells why; an attempt that only cleaned up adds nothing to it. */
static void choose_words(const JobRecord *record, const JobEnd *end, const JobVerdict *verdict,
                         JobChange *change) {
        change->reason = verdict->reason ? verdict->reason : "";
        if (verdict->status == JOB_STATUS_DONE) {
                change->error = "";
        } else if (end->was_clean_mode && !string_is_empty(record->error)) {
                change->error = record->error;
        }
        if (verdict->status == JOB_STATUS_CANCELLED && string_is_empty(end->cancelled_by)) {
                change->cancelled_by = "systemctl";
        }
}

int jobd_end_attempt(Jobd *jobd, Job *job, JobEnd *end, const JobChange *told) {
        _cleanup_(job_record_done) JobRecord record = {};
        _cleanup_(job_verdict_done) JobVerdict verdict = {};
        JobChange change = *told;
        int r = job_list_store_get_brief(jobd->store, job->id, &record, NULL);

        if (r < 0) {
                return r;
        }
        complete(job, &record, told, end);
        r = job_outcome_judge(end, &verdict);
        if (r < 0) {
                return r;
        }
        if (verdict.next == JOB_NEXT_RESUME) {
                return go_on(jobd, job, &verdict, &change);
        }
        choose_words(&record, end, &verdict, &change);
        return verdict.next == JOB_NEXT_FINAL ? finish(jobd, job, &verdict, &change) :
                                                go_on(jobd, job, &verdict, &change);
}
