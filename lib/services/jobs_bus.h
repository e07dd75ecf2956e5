/* org.weir.Jobs1 on the bus: the methods, signals and properties of dbus/org.weir.Jobs1.xml and org.weir.Jobs1.Job.xml, spoken for
 * services/jobd.h. The methods are in jobs_people_bus.c, jobs_look_bus.c, jobs_texts_bus.c and jobs_unit_bus.c, the objects of jobs in
 * jobs_object_bus.c, and what is asked of others in jobs_port_bus.c. */
#pragma once

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "base/macro.h"

typedef struct JobsBus JobsBus;
/* bus is attached to event. Opens the database and exports the objects; requesting the name is the caller's. */
int jobs_bus_new(sd_bus *bus, sd_event *event, const char *config_directory, const char *state_directory,
                 JobsBus **ret);
JobsBus *jobs_bus_free(JobsBus *jobs_bus);
DEFINE_TRIVIAL_CLEANUP_FUNC(JobsBus *, jobs_bus_free);
/* Reads weir.yaml again. */
void jobs_bus_reload(JobsBus *jobs_bus);
