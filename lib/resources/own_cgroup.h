/* The control group that systemd put us into with everything that a unit started before us. */
#pragma once

#include <stdint.h>

#include "base/macro.h"

/* SIGKILL for every other process of our control group, again and again until there is none, 5 s at most. unit: the name of the unit we think
 * to be in; -ESRCH when we are not, and nothing is done. -ETIMEDOUT: some are left (they cannot be killed, or come faster than they go).
 * Called with no children of our own. */
int own_cgroup_kill_others(const char *unit);
/* How often something happened to it: ("pids.events", "max"), ("memory.events", "oom_kill"). 0 where nobody counts. */
uint64_t own_cgroup_count(const char *unit, const char *file, const char *event);
