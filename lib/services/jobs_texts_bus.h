/* The methods about what conflicts say: ReadConflict, ResolveWithText for people, TakeText for the job's own unit. */
#pragma once

#include "services/jobs_state_bus.h"

int jobs_method_read_conflict(sd_bus_message *message, void *userdata, sd_bus_error *ret_error);
int jobs_method_resolve_with_text(sd_bus_message *message, void *userdata, sd_bus_error *ret_error);
int jobs_method_take_text(sd_bus_message *message, void *userdata, sd_bus_error *ret_error);

/* Something has changed about a job: whoever waits for one of its texts is answered, if it can be. */
void jobs_texts_announce(JobsBus *jobs_bus, const char *id);
void jobs_texts_done(JobsBus *jobs_bus); /* nobody is answered any more */
