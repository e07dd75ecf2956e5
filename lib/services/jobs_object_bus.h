/* Objects of jobs, org.weir.Jobs1.Job: made when somebody asks, so a hundred thousand ended jobs cost nothing. */
#pragma once

#include "services/jobs_state_bus.h"

int jobs_object_export(JobsBus *jobs_bus, sd_bus_slot **ret_vtable, sd_bus_slot **ret_enumerator);
void jobs_object_announce(JobsBus *jobs_bus, const char *id, JobdEvent event);
