/* weir-jobd whose database cannot be had (damaged, no room, read-only): it stays, tells everybody who asks what is wrong and what to do, and
 * tries again until it can. Starting over and over would tell nobody. */
#pragma once

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "base/macro.h"

typedef struct JobsGuard JobsGuard;
/* As jobs_bus_new(), with a database or without. */
int jobs_guard_new(sd_bus *bus, sd_event *event, const char *config_directory, const char *state_directory,
                   JobsGuard **ret);
JobsGuard *jobs_guard_free(JobsGuard *guard);
DEFINE_TRIVIAL_CLEANUP_FUNC(JobsGuard *, jobs_guard_free);
void jobs_guard_reload(JobsGuard *guard);
