/* What the end of an attempt means for its job. Pure: services/jobd.c asks and carries it out.
 *
 * The order of what is believed: that it was submitted ("done") is a fact, and nothing undoes it; then that somebody wanted it to end;
 * then how it ended. An attempt that vanished without a word is resumed by another one where that does no harm, otherwise cleaned up. A
 * job is final only when nothing is left that it made, or when cleaning up has been tried often enough. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"
#include "domain/job_stage.h"

#define JOB_RUN_ATTEMPTS_MAX 3   /* that work; */
#define JOB_CLEAN_ATTEMPTS_MAX 6 /* and beyond these, that only clean up */

typedef enum JobOutcome {
        JOB_OUTCOME_DONE,
        JOB_OUTCOME_FAILED,
        JOB_OUTCOME_CANCELLED,
        JOB_OUTCOME_INTERRUPTED, /* the attempt ended for a reason that is not the job's: the machine goes down */
        JOB_OUTCOME_LOST,        /* its unit is gone and nothing was said */
        _JOB_OUTCOME_MAX,
        _JOB_OUTCOME_INVALID = -EINVAL,
} JobOutcome;
JobOutcome job_outcome_from_string(const char *text); /* "done"; never JOB_OUTCOME_LOST */

/* Why a job shall end before its work does. */
typedef enum JobWish {
        JOB_WISH_NONE,
        JOB_WISH_CANCEL,
        JOB_WISH_TIMEOUT,
        _JOB_WISH_MAX,
        _JOB_WISH_INVALID = -EINVAL
} JobWish;
const char *job_wish_to_string(JobWish wish); /* "", "cancel", "timeout" */
JobWish job_wish_from_string(const char *text);

typedef struct JobEnd {
        JobOutcome outcome;
        bool is_clean; /* nothing is left that the job made */
        JobWish wish;
        const char *cancelled_by;   /* who wished it; NULL or "": nobody did */
        const char *reason, *error; /* as told; may be NULL */
        JobStage stage;             /* the last one reported */
        bool has_intent;            /* something was about to be done that must not be done twice */
        bool was_clean_mode;
        JobStatus pending;          /* was_clean_mode: what the job shall become once it is cleaned up */
        const char *pending_reason; /* was_clean_mode: why */
        uint32_t n_run, n_clean;    /* attempts of each mode so far, this one included */
} JobEnd;

typedef enum JobNext {
        JOB_NEXT_FINAL,  /* it has ended: status */
        JOB_NEXT_RESUME, /* another attempt goes on */
        JOB_NEXT_CLEAN,  /* another attempt cleans up; then it will be status */
} JobNext;

typedef struct JobVerdict {
        JobNext next;
        JobStatus status;    /* JOB_NEXT_FINAL, JOB_NEXT_CLEAN */
        char *reason;        /* owned; NULL: none */
        uint64_t delay_usec; /* before the next attempt */
        bool leaves_rests;   /* final, although not all could be removed */
} JobVerdict;
void job_verdict_done(JobVerdict *verdict);

int job_outcome_judge(const JobEnd *end, JobVerdict *ret);
