/* The end of an attempt, however it came: what became of a submit is found out, what the job made is removed, and weir-jobd is told. Called
 * by weir-finish only, which runs after the runner is gone, whatever killed it. */
#pragma once

#include "base/macro.h"
#include "services/run.h"

/* How the unit ended, as systemd says it; any may be NULL. */
typedef struct FinishEnd {
        const char *service_result, *exit_code, *exit_status;
} FinishEnd;
/* run was opened. 0: weir-jobd knows now. */
int finish_attempt(Run *run, const FinishEnd *end);
