/* Stages and statuses of integration jobs. The stage names are those of the tool that weir replaces; the status is what people filter by. */
#pragma once

#include <errno.h>
#include <stdbool.h>

typedef enum JobStage {
        JOB_INIT,
        JOB_GET_LATEST_CL,
        JOB_SYNC,
        JOB_UPDATE_COMPONENT,
        JOB_INTEGRATE,
        JOB_RESOLVE_PASS_1,
        JOB_RESOLVE_CHECK,
        JOB_NEEDS_RESOLVE,
        JOB_PRE_SUBMIT,
        JOB_BUILD,
        JOB_SHELVE,
        JOB_P4PUSH,
        JOB_CLEANUP,
        JOB_DONE,
        JOB_ERROR,
        _JOB_STAGE_MAX,
        _JOB_STAGE_INVALID = -EINVAL,
} JobStage;
const char *job_stage_to_string(JobStage stage); /* "GET_LATEST_CL" */
JobStage job_stage_from_string(const char *text);

/* Doing the stage once more after an interruption does no harm: nothing outside the workspace and the job's own changelist changed. */
bool job_stage_is_repeatable(JobStage stage);
/* The job may have files opened in its client. */
bool job_stage_has_open_files(JobStage stage);
/* A runner may report the second after the first. Going back is allowed where the work loops: re-resolving, re-syncing after "out of date". */
bool job_stage_may_follow(JobStage stage, JobStage next);

typedef enum JobStatus {
        JOB_STATUS_QUEUED,
        JOB_STATUS_RUNNING,
        JOB_STATUS_NEEDS_RESOLVE,
        JOB_STATUS_CANCELLING,
        JOB_STATUS_DONE,
        JOB_STATUS_FAILED,
        JOB_STATUS_CANCELLED,
        _JOB_STATUS_MAX,
        _JOB_STATUS_INVALID = -EINVAL,
} JobStatus;
const char *job_status_to_string(JobStatus status); /* "needs_resolve" */
JobStatus job_status_from_string(const char *text);
bool job_status_is_final(JobStatus status); /* done, failed, cancelled */
bool job_status_is_active(
                JobStatus status); /* running, needs_resolve, cancelling: it has a unit and holds its client */
