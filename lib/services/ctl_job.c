#include "services/ctl_job.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/string_util.h"
#include "base/time_util.h"
#include "domain/job_stage.h"
#include "services/ctl_output.h"

#define LOOK_USEC (5 * USEC_PER_SEC) /* also without a signal: it may have been lost with a restart */

int ctl_job_connect(const Ctl *ctl, JobsClient **ret, int *ret_status) {
        int r = jobs_client_new(ret);

        if (r < 0) {
                *ret_status = ctl_fail(ctl, 1, "Is D-Bus running? `systemctl status dbus`",
                                       "Failed to reach weir-jobd: %s.", strerror(-r));
        }
        return r;
}

int ctl_job_explain(const Ctl *ctl, int error, const char *what, const char *message) {
        static const struct {
                int error, status;
                const char *next;
        } table[] = {
                { -ENOENT, 1, "`weirctl jobs` lists them." },
                { -EBADMSG, CTL_EXIT_USAGE, "`weirctl integrate --help` lists what there is." },
                { -EINVAL, CTL_EXIT_USAGE, NULL },
                { -EACCES, CTL_EXIT_NO_PERMISSION,
                  "Only a job's owner may steer it; run it as root, or ask an administrator for org.weir.jobs.manage." },
                { -EBUSY, 1, "`weirctl show` says how it stands." },
                { -ENOBUFS, CTL_EXIT_BUSY,
                  "Try again when some of the jobs have ended; `weirctl queue` lists them." },
                { -ENOKEY, 1, "`systemctl status weir-unitd` says more." },
                { -EHOSTDOWN, 1, "Is it running? `systemctl status weir-jobd`" },
                { -EIO, 1, NULL },
                { -ETIMEDOUT, 1, "Is it well? `systemctl status weir-jobd`" },
                { 0, 1, "`systemctl status weir-jobd` and its journal say more." },
        };
        const char *text = message ? message : strerror(-error);
        size_t i = 0, length = strlen(text);

        while (i + 1 < ELEMENTSOF(table) && table[i].error != error) {
                i++;
        }
        return ctl_fail(ctl, table[i].status, table[i].next, "Failed to %s: %.*s.", what,
                        (int) (length > 0 && text[length - 1] == '.' ? length - 1 : length), text);
}

int ctl_job_fail(const Ctl *ctl, int error, const char *what, const char *id, const char *message) {
        _cleanup_free_ char *text = NULL;

        (void) string_format(&text, "%s %s", what, id);
        return ctl_job_explain(ctl, error, text ? text : what, message);
}

int ctl_job_tell(const Ctl *ctl, const char *id, const char *sentence) {
        CtlJson json;

        if (!ctl->json) {
                printf("%s: %s\n", id, sentence);
                return 0;
        }
        ctl_json_begin(&json);
        json_object_begin(&json.writer, NULL);
        json_string(&json.writer, "id", id);
        json_object_end(&json.writer);
        return ctl_json_print(&json);
}

/* --- JSON ------------------------------------------------------------------------------------------------------------ */

static void write_number(JsonWriter *writer, const char *key, int64_t number) {
        if (number > 0) {
                json_int(writer, key, number);
        } else {
                json_null(writer, key);
        }
}

static void write_conflict(JsonWriter *writer, const JobConflict *conflict) {
        json_object_begin(writer, NULL);
        json_string(writer, "type", conflict->type);
        json_string(writer, "depot_path", string_or_null(conflict->depot_path));
        json_string(writer, "local_path", string_or_null(conflict->local_path));
        json_string(writer, "base", string_or_null(conflict->base));
        json_string(writer, "theirs", string_or_null(conflict->theirs));
        json_string(writer, "yours", string_or_null(conflict->yours));
        json_object_begin(writer, "chunks");
        json_int(writer, "yours", conflict->chunks_yours);
        json_int(writer, "theirs", conflict->chunks_theirs);
        json_int(writer, "both", conflict->chunks_both);
        json_int(writer, "conflicting", conflict->chunks_conflicting);
        json_object_end(writer);
        json_bool(writer, "is_text", conflict->is_text);
        json_string(writer, "state", conflict->state);
        json_object_end(writer);
}

static void write_conflicts(JsonWriter *writer, const JobConflicts *conflicts) {
        json_array_begin(writer, "conflicts");
        for (size_t i = 0; i < conflicts->n_items; i++) {
                write_conflict(writer, conflicts->items + i);
        }
        json_array_end(writer);
}

static void write_history(JsonWriter *writer, const JobHistory *history) {
        json_array_begin(writer, "history");
        for (size_t i = 0; i < history->n_items; i++) {
                json_object_begin(writer, NULL);
                json_string(writer, "from", string_or_null(history->items[i].from));
                json_string(writer, "to", history->items[i].to);
                json_time(writer, "time", (int64_t) history->items[i].at);
                json_object_end(writer);
        }
        json_array_end(writer);
}

static void write_left(JsonWriter *writer, const JobPairs *pairs) {
        json_array_begin(writer, "left_behind");
        for (size_t i = 0; i < pairs->n_items; i++) {
                json_object_begin(writer, NULL);
                json_string(writer, "kind", pairs->items[i].first);
                json_string(writer, "name", pairs->items[i].second);
                json_object_end(writer);
        }
        json_array_end(writer);
}

static void write_state(JsonWriter *writer, const JobRecord *job) {
        json_string(writer, "id", job->id);
        json_string(writer, "kind", job->kind);
        json_string(writer, "status", job->status);
        json_string(writer, "stage", job->stage);
        json_string(writer, "owner", job->owner);
        json_raw(writer, "spec", string_or_null(job->spec)); /* JSON of weir-jobd's own writing */
        json_string(writer, "server", job->server);
        json_string(writer, "client", string_or_null(job->client));
        json_string(writer, "host", string_or_null(job->host));
        json_bool(writer, "trial", job->trial);
        json_string(writer, "unit", string_or_null(job->unit));
        json_int(writer, "attempt", job->attempt);
        write_number(writer, "position", job->position);
        json_string(writer, "blocked_by", string_or_null(job->blocked_by));
        json_string(writer, "status_text", string_or_null(job->status_text));
}

static void write_outcome(JsonWriter *writer, const JobRecord *job) {
        json_time(writer, "created_at", (int64_t) job->created_at);
        json_time(writer, "updated_at", (int64_t) job->updated_at);
        json_time(writer, "started_at", (int64_t) job->started_at);
        json_time(writer, "finished_at", (int64_t) job->finished_at);
        json_string(writer, "error", string_or_null(job->error));
        json_string(writer, "reason", string_or_null(job->reason));
        write_number(writer, "changelist", job->changelist);
        write_number(writer, "source_changelist", job->source_changelist);
        write_number(writer, "shelf", job->shelf);
        json_string(writer, "retry_of", string_or_null(job->retry_of));
        json_string(writer, "cancelled_by", string_or_null(job->cancelled_by));
        json_int(writer, "n_conflicts", job->n_conflicts);
}

void ctl_write_job(JsonWriter *writer, const char *key, const JobRecord *job) {
        json_object_begin(writer, key);
        write_state(writer, job);
        write_outcome(writer, job);
        write_conflicts(writer, &job->conflicts);
        write_history(writer, &job->history);
        write_left(writer, &job->left_behind);
        json_object_end(writer);
}

int ctl_print_job_json(const JobRecord *job) {
        CtlJson json;

        ctl_json_begin(&json);
        ctl_write_job(&json.writer, NULL, job);
        return ctl_json_print(&json);
}

/* --- waiting --------------------------------------------------------------------------------------------------------- */

typedef struct Wait {
        const Ctl *ctl;
        JobsClient *client;
        const char *id;
        uint64_t settled_at; /* monotonic */
        char *told;          /* the last line */
} Wait;

/* A line for each change. On stderr: what is printed on stdout is the end. */
static void tell_progress(Wait *wait, const JobRecord *job) {
        _cleanup_free_ char *line = NULL, *place = NULL;
        bool is_queued = job->position > 0;
        int r = !is_queued ? 0 :
                             string_format(&place, ", place %" PRIu32 "%s%s", job->position,
                                           string_is_empty(job->blocked_by) ? "" : ", waits for ",
                                           job->blocked_by ? job->blocked_by : "");

        r = r < 0 ? r :
                    string_format(&line, "%s: %s%s%s", job->id, job->status, is_queued ? "" : ", ",
                                  is_queued ? place : job->stage);
        if (r < 0 || wait->ctl->json || string_equal(line, wait->told)) {
                return;
        }
        fprintf(stderr, "%s\n", line);
        (void) string_replace(&wait->told, line);
}

static bool is_over(const Wait *wait, const JobRecord *job) {
        JobStatus status = job_status_from_string(job->status);

        return status < 0 || job_status_is_final(status) ||
               (status == JOB_STATUS_NEEDS_RESOLVE && now_monotonic() >= wait->settled_at);
}

static uint64_t patience(const Wait *wait) {
        uint64_t now = now_monotonic();

        return wait->settled_at > now && wait->settled_at - now < LOOK_USEC ? wait->settled_at - now :
                                                                              LOOK_USEC;
}

/* weir-jobd may be restarted meanwhile: that is waited for, too. */
static int look(Wait *wait, JobRecord *ret, char **ret_message) {
        int r = jobs_client_get(wait->client, wait->id, ret, ret_message);

        for (unsigned i = 0; i < 10 && (r == -EHOSTDOWN || r == -ETIMEDOUT); i++) {
                free(TAKE_PTR(*ret_message));
                (void) jobs_client_wait(wait->client, USEC_PER_SEC);
                r = jobs_client_get(wait->client, wait->id, ret, ret_message);
        }
        return r;
}

static int wait_for(Wait *wait, JobRecord *ret, char **ret_message) {
        int r = jobs_client_watch(wait->client, wait->id, JOBS_WATCH_CHANGES);

        while (r >= 0) {
                JobRecord job = {};

                r = look(wait, &job, ret_message);
                if (r < 0) {
                        break;
                }
                tell_progress(wait, &job);
                if (is_over(wait, &job)) {
                        *ret = job;
                        return 0;
                }
                job_record_done(&job);
                r = jobs_client_wait(wait->client, patience(wait));
        }
        return r;
}

int ctl_job_wait(const Ctl *ctl, JobsClient *client, const char *id, uint64_t settle_usec, JobRecord *ret,
                 char **ret_message) {
        Wait wait = { .ctl = ctl, .client = client, .id = id, .settled_at = now_monotonic() + settle_usec };
        int r = wait_for(&wait, ret, ret_message);

        free(wait.told);
        return r;
}

/* --- ends ------------------------------------------------------------------------------------------------------------ */

static int tell_done(const JobRecord *job) {
        char span[TIME_TEXT_MAX];

        printf("%s: done in %s", job->id, time_format_span(span, job->finished_at - job->created_at));
        if (job->changelist > 0) {
                printf(", submitted as change %" PRId64, job->changelist);
        }
        if (job->shelf > 0 && job->changelist <= 0) {
                printf(", shelved as change %" PRId64, job->shelf);
        }
        printf("%s%s.\n", string_is_empty(job->status_text) ? "" : ": ",
               job->status_text ? job->status_text : "");
        return 0;
}

static int tell_failed(const Ctl *ctl, const JobRecord *job) {
        _cleanup_free_ char *next = NULL;

        (void) string_format(&next, "`weirctl logs %s` tells the story, `weirctl retry %s` tries again.",
                             job->id, job->id);
        return ctl_fail(ctl, 1, next, "%s: %s%s%s%s%s.", job->id, job->status,
                        string_is_empty(job->reason) ? "" : ", ", job->reason ? job->reason : "",
                        string_is_empty(job->error) ? "" : ": ", job->error ? job->error : "");
}

static int tell_needs(const Ctl *ctl, const JobRecord *job) {
        _cleanup_free_ char *next = NULL;

        (void) string_format(
                        &next,
                        "`weirctl show %s` lists them; `weirctl resolve %s FILE --accept=HOW` decides, or resolve them "
                        "with p4 in its client.",
                        job->id, job->id);
        return ctl_fail(ctl, CTL_EXIT_NEEDS_RESOLVE, next, "%s: %" PRIu32 " conflict%s must be resolved.",
                        job->id, job->n_conflicts, job->n_conflicts == 1 ? "" : "s");
}

static int status_of(const JobRecord *job) {
        return string_equal(job->status, "done")          ? 0 :
               string_equal(job->status, "needs_resolve") ? CTL_EXIT_NEEDS_RESOLVE :
                                                            1;
}

int ctl_job_tell_end(const Ctl *ctl, const JobRecord *job) {
        if (ctl->json) {
                return ctl_print_job_json(job) != 0 ? 1 : status_of(job);
        }
        switch (status_of(job)) {
        case 0:
                return tell_done(job);
        case CTL_EXIT_NEEDS_RESOLVE:
                return tell_needs(ctl, job);
        default:
                return tell_failed(ctl, job);
        }
}

int ctl_job_await(const Ctl *ctl, JobsClient *client, const char *id, uint64_t settle_usec) {
        _cleanup_(job_record_done) JobRecord job = {};
        _cleanup_free_ char *message = NULL, *what = NULL;
        int r = ctl_job_wait(ctl, client, id, settle_usec, &job, &message);

        if (r < 0) {
                (void) string_format(&what, "wait for %s", id);
                return ctl_job_explain(ctl, r, what ? what : "wait", message);
        }
        return ctl_job_tell_end(ctl, &job);
}
