/* The methods for a job's own unit: TakeJob, Report, Finished. */
#pragma once

#include "services/jobs_state_bus.h"

/* The beginning of each of them: who, and whether they may. */
int jobs_read_unit(sd_bus_message *message, const char **ret_id, uint32_t *ret_attempt,
                   sd_bus_error *ret_error);

int jobs_method_take(sd_bus_message *message, void *userdata, sd_bus_error *ret_error);
int jobs_method_report(sd_bus_message *message, void *userdata, sd_bus_error *ret_error);
int jobs_method_finished(sd_bus_message *message, void *userdata, sd_bus_error *ret_error);
