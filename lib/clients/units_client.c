#include "clients/units_client.h"

#include "resources/bus_dict.h"

static int new_call(sd_bus *bus, const char *method, sd_bus_message **ret) {
        return sd_bus_message_new_method_call(bus, ret, "org.weir.Units1", "/org/weir/Units1",
                                              "org.weir.Units1.Manager", method);
}

int units_client_new_launch(sd_bus *bus, const char *id, uint32_t attempt, const UnitLimits *limits,
                            sd_bus_message **ret) {
        static const BusField fields[] = {
                { "MemoryMax", 't', offsetof(UnitLimits, memory_max) },
                { "CPUWeight", 't', offsetof(UnitLimits, cpu_weight) },
                { "IOWeight", 't', offsetof(UnitLimits, io_weight) },
                { "TasksMax", 't', offsetof(UnitLimits, tasks_max) },
                { "stop_timeout_usec", 't', offsetof(UnitLimits, stop_timeout_usec) },
                { "credential", 's', offsetof(UnitLimits, credential) },
        };
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int r = new_call(bus, "LaunchJob", &call);

        if (r >= 0) {
                r = sd_bus_message_append(call, "su", id, attempt);
        }
        if (r >= 0) {
                r = sd_bus_message_open_container(call, 'a', "{sv}");
        }
        if (r >= 0) {
                r = bus_dict_append_fields(call, fields, ELEMENTSOF(fields), limits);
        }
        if (r >= 0) {
                r = sd_bus_message_close_container(call);
        }
        if (r < 0) {
                return r;
        }
        *ret = TAKE_PTR(call);
        return 0;
}

int units_client_new_stop(sd_bus *bus, const char *id, uint32_t attempt, bool immediate,
                          sd_bus_message **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int r = new_call(bus, "StopJob", &call);

        if (r >= 0) {
                r = sd_bus_message_append(call, "sub", id, attempt, (int) immediate);
        }
        if (r < 0) {
                return r;
        }
        *ret = TAKE_PTR(call);
        return 0;
}

int units_client_new_store(sd_bus *bus, const char *name, const void *secret, size_t length,
                           sd_bus_message **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int r = new_call(bus, "StoreCredential", &call);

        if (r >= 0) {
                r = sd_bus_message_sensitive(call);
        }
        if (r >= 0) {
                r = sd_bus_message_append(call, "s", name);
        }
        if (r >= 0) {
                r = sd_bus_message_append_array(call, 'y', secret, length);
        }
        if (r < 0) {
                return r;
        }
        *ret = TAKE_PTR(call);
        return 0;
}

int units_client_new_drop(sd_bus *bus, const char *name, sd_bus_message **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int r = new_call(bus, "DropCredential", &call);

        if (r >= 0) {
                r = sd_bus_message_append(call, "s", name);
        }
        if (r < 0) {
                return r;
        }
        *ret = TAKE_PTR(call);
        return 0;
}
