/* How the unit of an attempt ended, as systemd tells its ExecStopPost= ($SERVICE_RESULT, $EXIT_CODE, $EXIT_STATUS), where the attempt itself
 * could say nothing any more. Measured on systemd 252: a stop from outside is a success. */
#pragma once

#include <stdbool.h>

#include "base/macro.h"
#include "domain/job_outcome.h"

typedef struct UnitEnd {
        JobOutcome outcome;
        const char *reason; /* "exit", "signal", "oom", …; NULL: none */
} UnitEnd;
/* Texts may be NULL: not from systemd. A runner that was killed by KILL, or that could not reach weir-jobd, was interrupted: another attempt
 * may go on. One that ends by TERM without anybody's wish was stopped by an administrator. */
UnitEnd unit_end_judge(const char *service_result, const char *exit_code, const char *exit_status);

#define UNIT_EXIT_TEMPORARY                                                                                 \
        75 /* of weir-integrate: its state could not be told; nothing is wrong with the job */
