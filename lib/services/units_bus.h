/* org.weir.Units1 on the bus: the methods of dbus/org.weir.Units1.xml, each of which ends in PID 1 or in a file of credentials. */
#pragma once

#include <systemd/sd-bus.h>

#include "base/macro.h"

typedef struct UnitsBus UnitsBus;
/* Exports the object; requesting the name is the caller's. -ENOENT: there is no user weir. */
int units_bus_new(sd_bus *bus, UnitsBus **ret);
UnitsBus *units_bus_free(UnitsBus *units_bus);
DEFINE_TRIVIAL_CLEANUP_FUNC(UnitsBus *, units_bus_free);
