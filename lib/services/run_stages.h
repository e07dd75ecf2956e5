/* The stages of an integration, each a function: it does its work and says which stage is next. They are called by run_job() in run_job.c,
 * which has the table; each may be done once more after an interruption. */
#pragma once

#include "base/macro.h"
#include "services/run.h"

int stage_init(Run *run, JobStage *ret_next);             /* run_client.c */
int stage_get_latest_cl(Run *run, JobStage *ret_next);    /* run_source.c */
int stage_sync(Run *run, JobStage *ret_next);             /* run_sync.c */
int stage_update_component(Run *run, JobStage *ret_next); /* run_hook.c */
int stage_integrate(Run *run, JobStage *ret_next);        /* run_integrate.c */
int stage_resolve_pass_1(Run *run, JobStage *ret_next);   /* run_resolve.c */
int stage_resolve_check(Run *run, JobStage *ret_next);
int stage_needs_resolve(Run *run, JobStage *ret_next); /* run_wait.c */
int stage_pre_submit(Run *run, JobStage *ret_next);    /* run_hook.c */
int stage_build(Run *run, JobStage *ret_next);
int stage_shelve(Run *run, JobStage *ret_next); /* run_shelve.c */
int stage_p4push(Run *run, JobStage *ret_next); /* run_push.c */

/* The job has reached its end and is done; what was submitted, if anything, is in the state already. JOB_CLEANUP is next. */
int run_finish_done(Run *run, JobStage *ret_next, const char *format, ...) _printf_(3, 4);

/* The whole of an attempt: from where the last one was, to the end, which is committed. */
int run_job(Run *run);
