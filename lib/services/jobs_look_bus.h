/* The methods that only look: everybody may, but what a job's commands are told (env) and are (hooks) is for those who may manage it. */
#pragma once

#include "services/jobs_state_bus.h"

int jobs_method_list(sd_bus_message *message, void *userdata, sd_bus_error *ret_error);
int jobs_method_get(sd_bus_message *message, void *userdata, sd_bus_error *ret_error);
int jobs_method_list_queue(sd_bus_message *message, void *userdata, sd_bus_error *ret_error);
