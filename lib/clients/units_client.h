/* Speaking with weir-unitd (org.weir.Units1). The functions make the calls; sending them is the caller's, with sd_bus_call_async() in
 * weir-jobd, so that nothing here ever waits. dbus/org.weir.Units1.xml says what the answers are. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

#include "base/macro.h"

/* 0 or NULL: as weir-unitd has it. */
typedef struct UnitLimits {
        uint64_t memory_max, cpu_weight, io_weight, tasks_max;
        uint64_t stop_timeout_usec; /* from TERM to KILL; weir-finish has as long, and may ask for more */
        const char *credential;     /* a name given to StoreCredential(); NULL: the job has none */
} UnitLimits;

/* The answer is systemd's start job (o), sent as soon as it is queued. */
int units_client_new_launch(sd_bus *bus, const char *id, uint32_t attempt, const UnitLimits *limits,
                            sd_bus_message **ret);
int units_client_new_stop(sd_bus *bus, const char *id, uint32_t attempt, bool immediate,
                          sd_bus_message **ret);
/* The message is sensitive: it is wiped when it is freed. */
int units_client_new_store(sd_bus *bus, const char *name, const void *secret, size_t length,
                           sd_bus_message **ret);
int units_client_new_drop(sd_bus *bus, const char *name, sd_bus_message **ret);
