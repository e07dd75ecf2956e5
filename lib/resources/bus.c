/* The few lines every user of sd-bus would otherwise write again. */
#include "resources/bus.h"

#include <stdarg.h>
#include <string.h>

#define SYSTEMD_NAME "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER "org.freedesktop.systemd1.Manager"

int bus_open_system(uint64_t timeout_usec, sd_bus **ret) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        int r = sd_bus_open_system(&bus);

        if (r >= 0 && timeout_usec > 0) {
                r = sd_bus_set_method_call_timeout(bus, timeout_usec);
        }
        if (r < 0) {
                return r;
        }
        *ret = TAKE_PTR(bus);
        return 0;
}

const char *bus_error_text(const sd_bus_error *error, int r) {
        if (error && sd_bus_error_is_set(error)) {
                return error->message && *error->message ? error->message : error->name;
        }
        return strerror(r < 0 ? -r : r);
}

int bus_systemd_call(sd_bus *bus, const char *method, sd_bus_error *ret_error, sd_bus_message **ret_reply,
                     const char *types, ...) {
        va_list arguments;
        int r;

        va_start(arguments, types);
        r = sd_bus_call_methodv(bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, method, ret_error,
                                ret_reply, types, arguments);
        va_end(arguments);
        return r;
}

int bus_sender_uid(sd_bus_message *message, uid_t *ret) {
        _cleanup_(sd_bus_creds_unrefp) sd_bus_creds *creds = NULL;
        int r = sd_bus_query_sender_creds(message, SD_BUS_CREDS_EUID, &creds);

        if (r < 0) {
                return r;
        }
        if (sd_bus_creds_get_augmented_mask(creds) & SD_BUS_CREDS_EUID) {
                return -EPERM;
        }
        return sd_bus_creds_get_euid(creds, ret);
}
