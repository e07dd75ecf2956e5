/* The methods for people and their tools. */
#pragma once

#include "services/jobs_state_bus.h"

int jobs_method_create(sd_bus_message *message, void *userdata, sd_bus_error *ret_error);
int jobs_method_retry(sd_bus_message *message, void *userdata, sd_bus_error *ret_error);
int jobs_method_list(sd_bus_message *message, void *userdata, sd_bus_error *ret_error);
int jobs_method_get(sd_bus_message *message, void *userdata, sd_bus_error *ret_error);
int jobs_method_list_queue(sd_bus_message *message, void *userdata, sd_bus_error *ret_error);
int jobs_method_cancel(sd_bus_message *message, void *userdata, sd_bus_error *ret_error);
int jobs_method_continue(sd_bus_message *message, void *userdata, sd_bus_error *ret_error);
int jobs_method_resolve(sd_bus_message *message, void *userdata, sd_bus_error *ret_error);

/* Creations that still wait for their credential are dropped with their drafts. */
void jobs_people_done(JobsBus *jobs_bus);
