/* What weirctl's verbs about jobs share: reaching weir-jobd, what went wrong in words, jobs as JSON, waiting for one. */
#pragma once

#include <stdint.h>

#include "clients/jobs_client.h"
#include "formats/json_writer.h"
#include "services/ctl.h"

#define CTL_EXIT_NEEDS_RESOLVE CTL_EXIT_PARTIAL

#define CTL_JOB_SETTLE_USEC                                                                                 \
        (10 *                                                                                               \
         USEC_PER_SEC) /* in this time a job that was told to go on has looked, and says what it found */

/* Negative: it was told, the exit status is in *ret_status. */
int ctl_job_connect(const Ctl *ctl, JobsClient **ret, int *ret_status);
/* 0, or the exit status: it was told that this is no job's name. */
int ctl_job_check_name(const Ctl *ctl, const char *id);
/* Both, for verbs whose first argument is a job. As ctl_job_connect(). */
int ctl_job_open(const Ctl *ctl, JobsClient **ret, int *ret_status);
/* Tells why weir-jobd did not do something ("create the job", "cancel INT-20261121-001"). Returns the exit status. */
int ctl_job_explain(const Ctl *ctl, int error, const char *what, const char *message);

/* The same, about one job: "cancel" and its id. */
int ctl_job_fail(const Ctl *ctl, int error, const char *what, const char *id, const char *message);
/* What will happen to a job ("is being cancelled."), where nobody waits for it. Returns the exit status. */
int ctl_job_tell(const Ctl *ctl, const char *id, const char *sentence);

/* A job as an object: every field, null for what it has not. */
void ctl_write_job(JsonWriter *writer, const char *key, const JobRecord *job);
/* The same of a list: what lists do not tell is null. */
void ctl_write_listed_job(JsonWriter *writer, const JobRecord *job);
/* One object, printed. Returns the exit status 0, or 1. */
int ctl_print_job_json(const JobRecord *job);

/* Waits until the job has ended or needs people, telling its stages on stderr. What it needs is only believed settle_usec after the call: just
 * after it was told to go on it still says so. Negative: *ret_message. */
int ctl_job_wait(const Ctl *ctl, JobsClient *client, const char *id, uint64_t settle_usec, JobRecord *ret,
                 char **ret_message);
/* The same, and says how it ended. Returns the exit status: 0 done, CTL_EXIT_NEEDS_RESOLVE, 1 anything else. */
int ctl_job_await(const Ctl *ctl, JobsClient *client, const char *id, uint64_t settle_usec);
/* How a job stands, for people or as JSON. Returns the exit status that says so. */
int ctl_job_tell_end(const Ctl *ctl, const JobRecord *job);
