#include "domain/job_stage.h"

#include <stdint.h>
#include <string.h>

#include "base/macro.h"

#define BIT(stage) (UINT32_C(1) << (stage))
/* Where every stage may end. */
#define ENDS (BIT(JOB_CLEANUP) | BIT(JOB_DONE) | BIT(JOB_ERROR))

static const struct {
        const char *name;
        bool is_repeatable, has_open_files;
        uint32_t next; /* beside ENDS */
} stages[] = {
        [JOB_INIT] = { "INIT", true, false, BIT(JOB_GET_LATEST_CL) | BIT(JOB_SYNC) },
        [JOB_GET_LATEST_CL] = { "GET_LATEST_CL", true, false, BIT(JOB_SYNC) },
        [JOB_SYNC] = { "SYNC", true, false,
                       BIT(JOB_UPDATE_COMPONENT) | BIT(JOB_INTEGRATE) | BIT(JOB_RESOLVE_PASS_1) },
        [JOB_UPDATE_COMPONENT] = { "UPDATE_COMPONENT", true, true, BIT(JOB_INTEGRATE) },
        /* Half an integration, broken off in the first two of these, is taken back and done again. */
        [JOB_INTEGRATE] = { "INTEGRATE", true, true,
                            BIT(JOB_RESOLVE_PASS_1) | BIT(JOB_PRE_SUBMIT) | BIT(JOB_UPDATE_COMPONENT) },
        [JOB_RESOLVE_PASS_1] = { "RESOLVE_PASS_1", true, true,
                                 BIT(JOB_RESOLVE_CHECK) | BIT(JOB_SYNC) | BIT(JOB_UPDATE_COMPONENT) |
                                                 BIT(JOB_INTEGRATE) },
        [JOB_RESOLVE_CHECK] = { "RESOLVE_CHECK", true, true,
                                BIT(JOB_NEEDS_RESOLVE) | BIT(JOB_PRE_SUBMIT) | BIT(JOB_BUILD) |
                                                BIT(JOB_SHELVE) },
        [JOB_NEEDS_RESOLVE] = { "NEEDS_RESOLVE", true, true, BIT(JOB_RESOLVE_CHECK) },
        [JOB_PRE_SUBMIT] = { "PRE_SUBMIT", true, true, BIT(JOB_BUILD) | BIT(JOB_SHELVE) },
        [JOB_BUILD] = { "BUILD", true, true, BIT(JOB_SHELVE) },
        [JOB_SHELVE] = { "SHELVE", true, true, BIT(JOB_P4PUSH) },
        /* Somebody submitted meanwhile: back to getting their revisions and resolving them. */
        [JOB_P4PUSH] = { "P4PUSH", false, true, BIT(JOB_SYNC) | BIT(JOB_RESOLVE_PASS_1) },
        [JOB_CLEANUP] = { "CLEANUP", true, true, 0 },
        [JOB_DONE] = { "DONE", false, false, 0 },
        [JOB_ERROR] = { "ERROR", false, false, 0 },
};

const char *job_stage_to_string(JobStage stage) {
        return stage >= 0 && stage < _JOB_STAGE_MAX ? stages[stage].name : NULL;
}

JobStage job_stage_from_string(const char *text) {
        for (JobStage stage = 0; stage < _JOB_STAGE_MAX; stage++) {
                if (strcmp(stages[stage].name, text) == 0) {
                        return stage;
                }
        }
        return _JOB_STAGE_INVALID;
}

bool job_stage_is_repeatable(JobStage stage) {
        return stages[stage].is_repeatable;
}

bool job_stage_has_open_files(JobStage stage) {
        return stages[stage].has_open_files;
}

bool job_stage_may_follow(JobStage stage, JobStage next) {
        if (stage == JOB_DONE || stage == JOB_ERROR) {
                return false;
        }
        /* A resumed attempt reports the stage it stands in once more. */
        return stage == next || ((stages[stage].next | ENDS) & BIT(next));
}

static const char *const statuses[] = {
        [JOB_STATUS_QUEUED] = "queued",
        [JOB_STATUS_RUNNING] = "running",
        [JOB_STATUS_NEEDS_RESOLVE] = "needs_resolve",
        [JOB_STATUS_CANCELLING] = "cancelling",
        [JOB_STATUS_DONE] = "done",
        [JOB_STATUS_FAILED] = "failed",
        [JOB_STATUS_CANCELLED] = "cancelled",
};

const char *job_status_to_string(JobStatus status) {
        return status >= 0 && status < _JOB_STATUS_MAX ? statuses[status] : NULL;
}

JobStatus job_status_from_string(const char *text) {
        for (JobStatus status = 0; status < _JOB_STATUS_MAX; status++) {
                if (strcmp(statuses[status], text) == 0) {
                        return status;
                }
        }
        return _JOB_STATUS_INVALID;
}

bool job_status_is_final(JobStatus status) {
        return status == JOB_STATUS_DONE || status == JOB_STATUS_FAILED || status == JOB_STATUS_CANCELLED;
}

bool job_status_is_active(JobStatus status) {
        return status == JOB_STATUS_RUNNING || status == JOB_STATUS_NEEDS_RESOLVE ||
               status == JOB_STATUS_CANCELLING;
}
