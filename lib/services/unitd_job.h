/* The unit of one attempt of a job: which numbers a caller may choose, and everything else it is made of, which nobody may. */
#pragma once

#include <stdint.h>

#include "base/macro.h"
#include "domain/job_id.h"
#include "resources/bus.h"

#define UNITD_CREDENTIAL_ID "p4-ticket" /* the file in the job's $CREDENTIALS_DIRECTORY */

/* 0 or NULL: not given. */
typedef struct UnitdLimits {
        uint64_t memory_max, cpu_weight, io_weight, tasks_max, stop_timeout_usec;
        char *credential; /* a name, borrowed */
} UnitdLimits;

/* Each is told as InvalidArgs when it is none; 0 otherwise. */
int unitd_job_check(const char *id, uint32_t attempt, sd_bus_error *ret_error);
int unitd_limits_check(const UnitdLimits *limits, sd_bus_error *ret_error);

/* Appends the arguments of StartTransientUnit(). All of them were checked. programs: the directory of weir's programs;
 * credential: the file, NULL: none. */
int unitd_job_append(sd_bus_message *message, const char *programs, const char *id, uint32_t attempt,
                     const UnitdLimits *limits, const char *credential);
