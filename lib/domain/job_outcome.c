#include "domain/job_outcome.h"

#include <string.h>

#include "base/string_util.h"
#include "base/time_util.h"

static const char *const outcomes[] = {
        [JOB_OUTCOME_DONE] = "done",
        [JOB_OUTCOME_FAILED] = "failed",
        [JOB_OUTCOME_CANCELLED] = "cancelled",
        [JOB_OUTCOME_INTERRUPTED] = "interrupted",
};
static const char *const wishes[] = {
        [JOB_WISH_NONE] = "",
        [JOB_WISH_CANCEL] = "cancel",
        [JOB_WISH_TIMEOUT] = "timeout",
};

static int find_word(const char *const *words, size_t n, const char *text) {
        for (size_t i = 0; i < n; i++) {
                if (string_equal(words[i], text)) {
                        return (int) i;
                }
        }
        return -EINVAL;
}

JobOutcome job_outcome_from_string(const char *text) {
        return (JobOutcome) find_word(outcomes, ELEMENTSOF(outcomes), text);
}

const char *job_wish_to_string(JobWish wish) {
        return wish >= 0 && wish < _JOB_WISH_MAX ? wishes[wish] : NULL;
}

JobWish job_wish_from_string(const char *text) {
        return (JobWish) find_word(wishes, ELEMENTSOF(wishes), text);
}

void job_verdict_done(JobVerdict *verdict) {
        free(verdict->reason);
        *verdict = (JobVerdict) {};
}

/* A server that is away for a while, or a machine that goes down: no hurry, but an end. */
static const uint64_t clean_delays[JOB_CLEAN_ATTEMPTS_MAX] = {
        0,
        5 * USEC_PER_SEC,
        30 * USEC_PER_SEC,
        2 * USEC_PER_MINUTE,
        10 * USEC_PER_MINUTE,
        30 * USEC_PER_MINUTE,
};
#define INTERRUPTED_DELAY_USEC                                                                              \
        USEC_PER_SEC /* the machine may be going down; then systemd starts nothing any more */
#define RESUME_DELAY_USEC (2 * USEC_PER_SEC) /* what ends an attempt at once would do it again */

static bool is_broken_off(const JobEnd *end) {
        return end->outcome == JOB_OUTCOME_INTERRUPTED || end->outcome == JOB_OUTCOME_LOST;
}

/* The work was over, only the last word is missing. */
static bool is_done(const JobEnd *end) {
        return end->outcome == JOB_OUTCOME_DONE || (is_broken_off(end) && end->stage == JOB_DONE);
}

static bool may_resume(const JobEnd *end) {
        return is_broken_off(end) && !end->was_clean_mode && end->wish == JOB_WISH_NONE &&
               !end->has_intent && job_stage_is_repeatable(end->stage) && end->n_run < JOB_RUN_ATTEMPTS_MAX;
}

static int cancelled_reason(const JobEnd *end, char **ret) {
        return string_format(ret, "cancelled by %s",
                             string_is_empty(end->cancelled_by) ? "systemctl" : end->cancelled_by);
}

static int failed_reason(const JobEnd *end, char **ret) {
        if (is_broken_off(end) && end->stage != JOB_ERROR) {
                return string_format(ret, "interrupted in %s", job_stage_to_string(end->stage));
        }
        return string_copy(ret, string_is_empty(end->reason) ? "failed" : end->reason);
}

/* What the job is, or will be once it is cleaned up, and why. */
static int decide_status(const JobEnd *end, JobVerdict *verdict) {
        if (is_done(end)) {
                verdict->status = JOB_STATUS_DONE;
                return string_is_empty(end->reason) ? 0 : string_copy(&verdict->reason, end->reason);
        }
        if (end->was_clean_mode) {
                verdict->status = end->pending;
                return string_copy(&verdict->reason, end->pending_reason);
        }
        if (end->wish == JOB_WISH_TIMEOUT) {
                verdict->status = JOB_STATUS_FAILED;
                return string_copy(&verdict->reason, "timeout");
        }
        if (end->wish == JOB_WISH_CANCEL || end->outcome == JOB_OUTCOME_CANCELLED) {
                verdict->status = JOB_STATUS_CANCELLED;
                return cancelled_reason(end, &verdict->reason);
        }
        verdict->status = JOB_STATUS_FAILED;
        return failed_reason(end, &verdict->reason);
}

/* A ticket that has expired never becomes valid again: with it nothing can be removed, however often that is tried. */
static bool is_hopeless(const JobEnd *end) {
        return string_equal(end->was_clean_mode ? end->pending_reason : end->reason, "login expired");
}

static void decide_next(const JobEnd *end, JobVerdict *verdict) {
        if (end->is_clean) {
                verdict->next = JOB_NEXT_FINAL;
        } else if (end->n_clean < (is_hopeless(end) ? 1 : JOB_CLEAN_ATTEMPTS_MAX)) {
                verdict->next = JOB_NEXT_CLEAN;
                verdict->delay_usec = clean_delays[end->n_clean];
        } else {
                verdict->next = JOB_NEXT_FINAL;
                verdict->leaves_rests = true;
        }
}

int job_outcome_judge(const JobEnd *end, JobVerdict *ret) {
        JobVerdict verdict = {};
        int r;

        if (may_resume(end)) {
                *ret = (JobVerdict) { .next = JOB_NEXT_RESUME,
                                      .delay_usec = end->outcome == JOB_OUTCOME_INTERRUPTED ?
                                                                    INTERRUPTED_DELAY_USEC :
                                                    end->n_run > 1 ? RESUME_DELAY_USEC :
                                                                     0 };
                return 0;
        }
        r = decide_status(end, &verdict);
        if (r < 0) {
                return r;
        }
        decide_next(end, &verdict);
        *ret = verdict;
        return 0;
}
