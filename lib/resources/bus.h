/* What every user of sd-bus here needs: connecting with sane timeouts and turning errors into sentences. */
#pragma once

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "base/macro.h"

/* System bus for a tool (or $DBUS_SYSTEM_BUS_ADDRESS); method calls time out after timeout_usec (0 = 25 s).
 * */
int bus_open_system(uint64_t timeout_usec, sd_bus **ret);
/* The error as a person should read it: the remote's message if it has one, else strerror. Valid as long as
 * error. */
const char *bus_error_text(const sd_bus_error *error, int r);

/* Who sent a message, as the bus knows it: what sd-bus would look up in /proc could be another process by now
 * and is refused (-EPERM). */
int bus_sender_uid(sd_bus_message *message, uid_t *ret);

/* One call on systemd's manager object /org/freedesktop/systemd1. */
int bus_systemd_call(sd_bus *bus, const char *method, sd_bus_error *ret_error, sd_bus_message **ret_reply,
                     const char *types, ...);
