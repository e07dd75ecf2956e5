/* org.weir.Locks1 on the bus: the methods, signals and properties of dbus/org.weir.Locks1.xml, spoken for
 * services/lockd.c. */
#pragma once

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "base/macro.h"

#define LOCK_BUS_WAITERS_MAX 64 /* requests one bus connection may have waiting */

typedef struct LockBus LockBus;
/* bus is attached to event. Restores the locks of an earlier life and exports the object; requesting the
 * name is the caller's. */
int lock_bus_new(sd_bus *bus, sd_event *event, LockBus **ret);
LockBus *lock_bus_free(LockBus *lock_bus);
DEFINE_TRIVIAL_CLEANUP_FUNC(LockBus *, lock_bus_free);
