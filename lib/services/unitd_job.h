/* The unit of one attempt of a job: which numbers a caller may choose, and everything else it is made of, which nobody may. */
#pragma once

#include <stdint.h>

#include "base/macro.h"
#include "domain/job_id.h"
#include "resources/bus.h"

/* What a caller says. Texts are borrowed; of what follows attempt, 0 and NULL are: not given. */
typedef struct UnitdJob {
        const char *id;
        uint32_t attempt;
        uint64_t memory_max, cpu_weight, io_weight, tasks_max, stop_timeout_usec;
        const char *credential; /* its name */
} UnitdJob;

/* What is wrong is told as InvalidArgs; a credential that is not there as FileNotFound. */
int unitd_job_check(const UnitdJob *job, sd_bus_error *ret_error);
/* Appends the arguments of StartTransientUnit() for a job that was checked. */
int unitd_job_append(sd_bus_message *message, const UnitdJob *job);
