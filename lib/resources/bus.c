#include "resources/bus.h"

#include <string.h>

int bus_open_system(uint64_t timeout_usec, sd_bus **ret) {
        _cleanup_(sd_bus_unrefp) sd_bus *bus = NULL;
        int r;

        r = sd_bus_open_system(&bus);
        if (r < 0) {
                return r;
        }
        r = sd_bus_set_method_call_timeout(bus, timeout_usec);
        if (r < 0) {
                return r;
        }
        *ret = TAKE_PTR(bus);
        return 0;
}

const char *bus_error_text(const sd_bus_error *error, int r) {
        return error && error->message ? error->message :
               error && error->name    ? error->name :
                                         strerror(r < 0 ? -r : r);
}

int bus_systemd_call(sd_bus *bus, const char *method, sd_bus_error *ret_error, sd_bus_message **ret_reply,
                     const char *types, ...) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        va_list arguments;
        int r;

        r = sd_bus_message_new_method_call(bus, &call, "org.freedesktop.systemd1",
                                           "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager",
                                           method);
        if (r < 0) {
                return r;
        }
        if (types && *types) {
                va_start(arguments, types);
                r = sd_bus_message_appendv(call, types, arguments);
                va_end(arguments);
                if (r < 0) {
                        return r;
                }
        }
        return sd_bus_call(bus, call, 0, ret_error, ret_reply);
}
