#include "services/jobd_control.h"

#include <string.h>

#include "base/log.h"
#include "base/string_util.h"
#include "services/job_list_store.h"
#include "services/job_parts_store.h"
#include "services/jobd_job.h"

#define FILE_NAME_MAX 4096
#define FILES_CHECKED_MAX 100 /* whether they are conflicts at all: a person's list, not a program's */

int jobd_find_live(Jobd *jobd, const char *id, const char *what, Job **ret, char **ret_message) {
        _cleanup_(job_record_done) JobRecord record = {};
        Job *job = jobd_find(jobd, id);
        int r;

        if (job) {
                *ret = job;
                return 0;
        }
        r = job_list_store_get_brief(jobd->store, id, &record, NULL);
        if (r < 0) {
                return r;
        }
        (void) string_format(ret_message, "Job %s has ended (%s); it cannot be %s", id, record.status, what);
        return -EBUSY;
}

/* --- cancelling ------------------------------------------------------------------------------------------------------ */

/* Never started, or between two attempts: nothing runs that would have to be stopped. */
static bool has_nothing_running(const Job *job) {
        return !job->state.is_launched && !job->is_launching && !job->is_uncertain;
}

static int end_idle(Jobd *jobd, Job *job, const char *by) {
        int n = ledger_store_count(jobd->store, job->seq);
        JobEnd end = { .outcome = JOB_OUTCOME_CANCELLED };
        const JobChange change = { .cancelled_by = by };

        if (n < 0) {
                return n;
        }
        end.is_clean = n == 0 && !job->has_intent && !job_stage_has_open_files(job->state.stage);
        return jobd_end_attempt(jobd, job, &end, &change);
}

static int make_haste(Jobd *jobd, Job *job, bool immediate) {
        JobState next = job->state;
        int r;

        if (!immediate || job->state.is_immediate) {
                return 0; /* that is under way */
        }
        next.is_immediate = true;
        r = jobd_save(jobd, job, &next, NULL);
        if (r >= 0) {
                jobd_stop_unit(jobd, job);
        }
        return r;
}

int jobd_cancel(Jobd *jobd, const char *id, const char *by, bool immediate, char **ret_message) {
        const JobChange change = { .cancelled_by = by };
        JobState next;
        Job *job;
        int r = jobd_find_live(jobd, id, "cancelled", &job, ret_message);

        if (r < 0) {
                return r;
        }
        if (job->state.is_clean_mode) {
                return 0; /* it has ended but for what it left */
        }
        if (job->state.wish != JOB_WISH_NONE) {
                return make_haste(jobd, job, immediate);
        }
        next = job->state;
        next.wish = JOB_WISH_CANCEL;
        next.is_immediate = immediate;
        next.status = JOB_STATUS_CANCELLING;
        job_log(job, LOG_LEVEL_NOTICE, WEIR_MESSAGE_JOB_CANCELLING, "cancelled by %s%s", by,
                immediate ? ", at once" : "");
        if (has_nothing_running(job)) {
                return end_idle(jobd, job, by);
        }
        r = jobd_save(jobd, job, &next, &change);
        if (r >= 0) {
                jobd_announce(jobd, job, JOBD_EVENT_WAKE);
                jobd_stop_unit(jobd, job);
        }
        return r;
}

/* --- conflicts ------------------------------------------------------------------------------------------------------- */

int jobd_continue(Jobd *jobd, const char *id, char **ret_message) {
        JobState next;
        Job *job;
        int r = jobd_find_live(jobd, id, "continued", &job, ret_message);

        if (r < 0) {
                return r;
        }
        if (job->state.status != JOB_STATUS_NEEDS_RESOLVE) {
                (void) string_format(ret_message,
                                     "Job %s is %s; only one that needs its conflicts resolved is continued",
                                     id, job_status_to_string(job->state.status));
                return -EBUSY;
        }
        next = job->state;
        next.go_on = true;
        r = jobd_save(jobd, job, &next, NULL);
        if (r >= 0) {
                jobd_announce(jobd, job, JOBD_EVENT_WAKE);
        }
        return r;
}

static bool is_way(const char *accept) {
        static const char *const ways[] = { "theirs", "yours", "merged", "edit" };

        for (size_t i = 0; i < ELEMENTSOF(ways); i++) {
                if (string_equal(ways[i], accept)) {
                        return true;
                }
        }
        return false;
}

static int check_file(Jobd *jobd, const Job *job, const JobPair *file, bool is_known, char **ret_message) {
        int r;

        if (string_is_empty(file->first) || strlen(file->first) > FILE_NAME_MAX) {
                (void) string_copy(ret_message, "A file's path is empty or too long");
                return -EINVAL;
        }
        if (!is_way(file->second)) {
                (void) string_format(ret_message,
                                     "%s is accepted as theirs, yours, merged or edit, not as \"%s\"",
                                     file->first, file->second);
                return -EINVAL;
        }
        if (!is_known || string_equal(file->first, "*")) {
                return 0;
        }
        r = conflict_store_has(jobd->store, job->seq, file->first);
        if (r == 0) {
                (void) string_format(ret_message, "Job %s has no conflict in %s", job->id, file->first);
                return -EINVAL;
        }
        return r < 0 ? r : 0;
}

static int check_files(Jobd *jobd, const Job *job, const JobPairs *files, char **ret_message) {
        int n = resolution_store_count(jobd->store, job->seq), r = 0;
        bool is_known = job->state.status == JOB_STATUS_NEEDS_RESOLVE && files->n_items <= FILES_CHECKED_MAX;

        if (n < 0) {
                return n;
        }
        if ((size_t) n + files->n_items > JOBD_RESOLUTIONS_MAX) {
                (void) string_copy(ret_message, "Too many files wait to be resolved already");
                return -ENOBUFS;
        }
        for (size_t i = 0; r >= 0 && i < files->n_items; i++) {
                r = check_file(jobd, job, &files->items[i], is_known, ret_message);
        }
        return r;
}

int jobd_resolve(Jobd *jobd, const char *id, const JobPairs *files, char **ret_message) {
        const JobChange change = { .resolutions = files };
        JobState next;
        Job *job;
        int r = jobd_find_live(jobd, id, "resolved", &job, ret_message);

        if (r >= 0 && (job->state.wish != JOB_WISH_NONE || job->state.is_clean_mode ||
                       job->state.status == JOB_STATUS_QUEUED)) {
                (void) string_format(ret_message, "Job %s is %s; there is nothing to resolve", id,
                                     job_status_to_string(job->state.status));
                return -EBUSY;
        }
        r = r < 0 ? r : check_files(jobd, job, files, ret_message);
        if (r < 0) {
                return r;
        }
        next = job->state;
        r = jobd_save(jobd, job, &next, &change);
        if (r >= 0) {
                jobd_announce(jobd, job, JOBD_EVENT_WAKE);
        }
        return r;
}
