/* The methods for a job's own unit: TakeJob, Report, Finished. */
#pragma once

#include "services/jobs_state_bus.h"

int jobs_method_take(sd_bus_message *message, void *userdata, sd_bus_error *ret_error);
int jobs_method_report(sd_bus_message *message, void *userdata, sd_bus_error *ret_error);
int jobs_method_finished(sd_bus_message *message, void *userdata, sd_bus_error *ret_error);
