#include "services/ctl_job.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/string_util.h"
#include "base/time_util.h"
#include "domain/job_id.h"
#include "services/ctl_output.h"

int ctl_job_connect(const Ctl *ctl, JobsClient **ret, int *ret_status) {
        int r = jobs_client_new(ret);

        if (r < 0) {
                *ret_status = ctl_fail(ctl, 1, "Is D-Bus running? `systemctl status dbus`",
                                       "Failed to reach weir-jobd: %s.", strerror(-r));
        }
        return r;
}

int ctl_job_check_name(const Ctl *ctl, const char *id) {
        return job_id_is_valid(id) ? 0 :
                                     ctl_fail(ctl, CTL_EXIT_USAGE, "`weirctl jobs` lists them.",
                                              "%.100s%s is no job's name.", id, strlen(id) > 100 ? "…" : "");
}

int ctl_job_open(const Ctl *ctl, JobsClient **ret, int *ret_status) {
        int status = ctl_job_check_name(ctl, ctl->arguments[0]);

        if (status != 0) {
                *ret_status = status;
                return -EINVAL;
        }
        return ctl_job_connect(ctl, ret, ret_status);
}

/* Whoever may not create jobs is told another thing than who may not steer that of somebody else. */
static const char *what_next(int error, const char *text, const char *next) {
        return error == -EACCES && strstr(text, "org.weir.jobs.create") ?
                               "Run it as root, join the group `weir`, or ask an administrator for org.weir.jobs.create." :
                               next;
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
        return ctl_fail(ctl, table[i].status, what_next(error, text, table[i].next), "Failed to %s: %.*s.",
                        what, (int) (length > 0 && text[length - 1] == '.' ? length - 1 : length), text);
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
        json_bool(writer, "needs_login", job->needs_login);
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

void ctl_write_listed_job(JsonWriter *writer, const JobRecord *job) {
        json_object_begin(writer, NULL);
        write_state(writer, job);
        write_outcome(writer, job);
        json_null(writer, "conflicts");
        json_null(writer, "history");
        json_null(writer, "left_behind");
        json_object_end(writer);
}

int ctl_print_job_json(const JobRecord *job) {
        CtlJson json;

        ctl_json_begin(&json);
        ctl_write_job(&json.writer, NULL, job);
        return ctl_json_print(&json);
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
        if (!string_is_empty(job->status_text) &&
            job->changelist <= 0) { /* otherwise that is what it says */
                printf(": %s", job->status_text);
        }
        printf(".\n");
        return 0;
}

static int tell_failed(const Ctl *ctl, const JobRecord *job) {
        _cleanup_free_ char *next = NULL;

        const char *error = job->error ? job->error : "", *reason = job->reason ? job->reason : "";
        bool says_both = string_has_prefix(error, reason); /* many an error begins with its reason */

        (void) string_format(&next, "`weirctl logs %s` tells the story, `weirctl retry %s` tries again.",
                             job->id, job->id);
        return ctl_fail(ctl, 1, next, "%s: %s%s%s%s%s.", job->id, job->status,
                        *reason && !says_both ? ", " : "", says_both ? "" : reason,
                        *error ? (says_both && *reason ? ", " : ": ") : "", error);
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
