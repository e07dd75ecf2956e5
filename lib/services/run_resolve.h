/* What is still to be resolved, and carrying out what people decided. */
#pragma once

#include "base/macro.h"
#include "services/run.h"

/* The open resolves of the job's changelist; run->conflicts are those, without depot paths. The result's class is the caller's to judge. */
int run_conflicts_ask(Run *run, P4Result *ret);
/* Adds depot paths, revisions and chunk counts, and tells weir-jobd, when the list is another one than before. */
int run_conflicts_tell(Run *run);
/* Does what run->resolutions say and tells that it was done. What cannot be done is said in the log, and the conflict stays. */
int run_resolutions_do(Run *run);
/* Once the conflicts were asked for again: says in the log which of those just tried are still open, and why that may be. */
void run_resolutions_judge(Run *run);

int stage_resolve_pass_1(Run *run, JobStage *ret_next);
int stage_resolve_check(Run *run, JobStage *ret_next);
