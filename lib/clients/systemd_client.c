#include "clients/systemd_client.h"

#include <poll.h>
#include <string.h>

#include "base/string_util.h"
#include "base/time_util.h"
#include "resources/bus.h"

#define TICK_USEC (250 * USEC_PER_MSEC)
#define UNIT_INTERFACE "org.freedesktop.systemd1.Unit"

struct SystemdClient {
        sd_bus *bus;
};

/* A start job being waited for. Its JobRemoved may be read before the reply that names the job, so all are
 * compared by path later. */
typedef struct Wait {
        char *job;    /* object path, once known */
        char *result; /* of the job, once removed */
        uint64_t deadline;
        int fd; /* what happens there ends the waiting as well; -1: none */
        const char *unit;
} Wait;

int systemd_client_new(SystemdClient **ret) {
        _cleanup_(systemd_client_freep) SystemdClient *client = calloc(1, sizeof *client);
        int r;

        if (!client) {
                return -ENOMEM;
        }
        r = bus_open_system(0, &client->bus);
        if (r < 0) {
                return r;
        }
        *ret = TAKE_PTR(client);
        return 0;
}

SystemdClient *systemd_client_free(SystemdClient *client) {
        if (client) {
                sd_bus_flush_close_unref(client->bus);
                free(client);
        }
        return NULL;
}

static int on_job_removed(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        Wait *wait = userdata;
        const char *path, *unit, *result;
        uint32_t id;

        if (sd_bus_message_read(message, "uoss", &id, &path, &unit, &result) < 0) {
                return 0;
        }
        if (strcmp(unit, wait->unit) == 0 && (!wait->job || strcmp(wait->job, path) == 0)) {
                (void) string_replace(&wait->result, result);
        }
        return 0;
}

static int start_error(const sd_bus_error *error, int r) {
        static const struct {
                const char *name;
                int error;
        } table[] = {
                { SD_BUS_ERROR_ACCESS_DENIED, -EACCES },
                { SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED, -EACCES },
                { "org.freedesktop.systemd1.NoSuchUnit", -ENOENT },
                { "org.freedesktop.systemd1.LoadFailed", -ENOENT },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                if (sd_bus_error_has_name(error, table[i].name)) {
                        return table[i].error;
                }
        }
        return r;
}

static int start_unit(SystemdClient *client, Wait *wait, char **ret_message) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *job;
        int r;

        r = bus_systemd_call(client->bus, "StartUnit", &error, &reply, "ss", wait->unit, "fail");
        if (r < 0) {
                (void) string_copy(ret_message, bus_error_text(&error, r));
                return start_error(&error, r);
        }
        r = sd_bus_message_read(reply, "o", &job);
        return r < 0 ? r : string_copy(&wait->job, job);
}

static bool is_over(const Wait *wait) {
        struct pollfd polled = { .fd = wait->fd, .events = POLLIN };

        return now_monotonic() >= wait->deadline || poll(&polled, 1, 0) > 0;
}

static int wait_for_job(SystemdClient *client, Wait *wait, void (*on_tick)(void *userdata), void *userdata) {
        uint64_t next = now_monotonic() + TICK_USEC;

        while (!wait->result) {
                int r = sd_bus_process(client->bus, NULL);

                if (r < 0) {
                        return r;
                }
                if (r == 0 && is_over(wait)) {
                        return -ETIMEDOUT;
                }
                if (on_tick && now_monotonic() >= next) {
                        on_tick(userdata);
                        next = now_monotonic() + TICK_USEC;
                }
                if (r == 0) {
                        r = sd_bus_wait(client->bus, TICK_USEC);
                        if (r < 0 && r != -EINTR) {
                                return r;
                        }
                }
        }
        return 0;
}

static int unit_path(SystemdClient *client, const char *unit, char **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *path;
        int r;

        r = bus_systemd_call(client->bus, "LoadUnit", NULL, &reply, "s", unit);
        if (r < 0) {
                return r;
        }
        r = sd_bus_message_read(reply, "o", &path);
        return r < 0 ? r : string_copy(ret, path);
}

static int get_int(SystemdClient *client, const char *path, const char *interface, const char *name,
                   char type, void *ret) {
        return sd_bus_get_property_trivial(client->bus, "org.freedesktop.systemd1", path, interface, name,
                                           NULL, type, ret);
}

static int get_string(SystemdClient *client, const char *path, const char *interface, const char *name,
                      char **ret) {
        return sd_bus_get_property_string(client->bus, "org.freedesktop.systemd1", path, interface, name,
                                          NULL, ret);
}

int systemd_client_get_state(SystemdClient *client, char **ret) {
        return get_string(client, "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager",
                          "SystemState", ret);
}

/* How the main process of a unit that failed ended. */
static int read_exit(SystemdClient *client, const char *unit, int *ret_exit_status, char **ret_message) {
        const char *service = "org.freedesktop.systemd1.Service";
        _cleanup_free_ char *path = NULL, *result = NULL;
        int code = 0, status = 0;
        int r;

        r = unit_path(client, unit, &path);
        if (r < 0) {
                return r;
        }
        r = get_int(client, path, service, "ExecMainCode", 'i', &code);
        if (r >= 0) {
                r = get_int(client, path, service, "ExecMainStatus", 'i', &status);
        }
        if (r < 0) {
                return r;
        }
        if (code != 1 /* CLD_EXITED */) {
                if (get_string(client, path, service, "Result", &result) >= 0) {
                        (void) string_format(ret_message, "%s ended with result \"%s\"", unit, result);
                }
                return -EIO;
        }
        *ret_exit_status = status;
        return 0;
}

static int finish(SystemdClient *client, const Wait *wait, int *ret_exit_status, char **ret_message) {
        if (strcmp(wait->result, "done") == 0) {
                *ret_exit_status = 0;
                return 0;
        }
        if (strcmp(wait->result, "failed") == 0) {
                return read_exit(client, wait->unit, ret_exit_status, ret_message);
        }
        (void) string_format(ret_message, "the start of %s was %s", wait->unit, wait->result);
        return -ECANCELED;
}

static int run_unit(SystemdClient *client, Wait *wait, void (*on_tick)(void *userdata), void *userdata,
                    int *ret_exit_status, char **ret_message) {
        _cleanup_(sd_bus_slot_unrefp) sd_bus_slot *slot = NULL;
        int r;

        /* The match before the call, and our own subscription: signals come only to those who asked. */
        r = sd_bus_match_signal(client->bus, &slot, "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
                                "org.freedesktop.systemd1.Manager", "JobRemoved", on_job_removed, wait);
        if (r >= 0) {
                r = bus_systemd_call(client->bus, "Subscribe", NULL, NULL, "");
        }
        if (r >= 0) {
                r = start_unit(client, wait, ret_message);
        }
        if (r >= 0) {
                r = wait_for_job(client, wait, on_tick, userdata);
        }
        if (r >= 0) {
                r = finish(client, wait, ret_exit_status, ret_message);
        }
        free(wait->job);
        free(wait->result);
        return r;
}

int systemd_client_run_unit(SystemdClient *client, const char *unit, void (*on_tick)(void *userdata),
                            void *userdata, int *ret_exit_status, char **ret_message) {
        Wait wait = { .unit = unit, .deadline = USEC_INFINITY, .fd = -1 };

        return run_unit(client, &wait, on_tick, userdata, ret_exit_status, ret_message);
}

int systemd_client_start_unit(SystemdClient *client, const char *unit, uint64_t wait_usec, int fd,
                              int *ret_exit_status, char **ret_message) {
        Wait wait = { .unit = unit, .deadline = now_monotonic() + wait_usec, .fd = fd };
        int r = run_unit(client, &wait, NULL, NULL, ret_exit_status, ret_message);

        return r == -ETIMEDOUT ? 0 : (r < 0 ? r : 1);
}

int systemd_client_get_address(SystemdClient *client, const char *unit, char **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_free_ char *path = NULL, *state = NULL;
        const char *kind, *address;
        int r = unit_path(client, unit, &path);

        r = r < 0 ? r : get_string(client, path, UNIT_INTERFACE, "ActiveState", &state);
        if (r >= 0 && strcmp(state, "active") != 0) {
                return -ENOENT;
        }
        r = r < 0 ? r :
                    sd_bus_get_property(client->bus, "org.freedesktop.systemd1", path,
                                        "org.freedesktop.systemd1.Socket", "Listen", NULL, &reply, "a(ss)");
        r = r < 0 ? r : sd_bus_message_enter_container(reply, 'a', "(ss)");
        r = r < 0 ? r : sd_bus_message_read(reply, "(ss)", &kind, &address);
        return r <= 0 ? (r < 0 ? r : -ENOENT) : string_copy(ret, address);
}

void systemd_unit_done(SystemdUnit *unit) {
        free(unit->active_state);
        free(unit->sub_state);
        free(unit->result);
        free(unit->status_text);
        *unit = (SystemdUnit) {};
}

static bool is_in(const char *word, const char *const *list) {
        for (; *list; list++) {
                if (strcmp(*list, word) == 0) {
                        return true;
                }
        }
        return false;
}

static void read_timer(SystemdClient *client, const char *path, SystemdUnit *ret) {
        const char *interface = "org.freedesktop.systemd1.Timer";
        uint64_t next = 0, last = 0;

        (void) get_int(client, path, interface, "NextElapseUSecRealtime", 't', &next);
        (void) get_int(client, path, interface, "LastTriggerUSec", 't', &last);
        ret->next_elapse = next == USEC_INFINITY ? 0 : (int64_t) next;
        ret->last_trigger = last == USEC_INFINITY ? 0 : (int64_t) last;
}

static void read_service(SystemdClient *client, const char *path, SystemdUnit *ret) {
        const char *interface = "org.freedesktop.systemd1.Service";

        (void) get_string(client, path, interface, "Result", &ret->result);
        (void) get_string(client, path, interface, "StatusText", &ret->status_text);
}

int systemd_client_get_unit(SystemdClient *client, const char *unit, SystemdUnit *ret) {
        static const char *const good[] = { "enabled",  "enabled-runtime", "static", "generated",
                                            "indirect", "linked",          NULL };
        _cleanup_free_ char *path = NULL, *load = NULL, *file = NULL;
        SystemdUnit found = {};
        int r;

        r = unit_path(client, unit, &path);
        if (r >= 0) {
                r = get_string(client, path, UNIT_INTERFACE, "LoadState", &load);
        }
        if (r >= 0) {
                r = get_string(client, path, UNIT_INTERFACE, "ActiveState", &found.active_state);
        }
        if (r >= 0) {
                r = get_string(client, path, UNIT_INTERFACE, "SubState", &found.sub_state);
        }
        if (r < 0) {
                systemd_unit_done(&found);
                return r;
        }
        (void) get_string(client, path, UNIT_INTERFACE, "UnitFileState", &file);
        found.is_loaded = strcmp(load, "loaded") == 0;
        found.is_enabled_or_static = file && is_in(file, good);
        if (string_has_suffix(unit, ".timer")) {
                read_timer(client, path, &found);
        } else if (string_has_suffix(unit, ".service")) {
                read_service(client, path, &found);
        }
        *ret = found;
        return 0;
}

void systemd_service_done(SystemdService *service) {
        free(service->active_state);
        free(service->sub_state);
        free(service->result);
        free(service->control_group);
        *service = (SystemdService) {};
}

/* Figures that are not accounted are the largest number there is. */
static int64_t get_figure(SystemdClient *client, const char *path, const char *name) {
        uint64_t value = UINT64_MAX;
        int r = get_int(client, path, "org.freedesktop.systemd1.Service", name, 't', &value);

        return r < 0 || value == UINT64_MAX ? -1 : (int64_t) value;
}

static void read_figures(SystemdClient *client, const char *path, SystemdService *ret) {
        const char *interface = "org.freedesktop.systemd1.Service";
        uint64_t started = 0;
        uint32_t pid = 0;

        (void) get_string(client, path, interface, "Result", &ret->result);
        (void) get_string(client, path, interface, "ControlGroup", &ret->control_group);
        (void) get_int(client, path, interface, "MainPID", 'u', &pid);
        (void) get_int(client, path, interface, "ExecMainStartTimestamp", 't', &started);
        ret->main_pid = pid;
        ret->started_at = (int64_t) started;
        ret->memory_bytes = get_figure(client, path, "MemoryCurrent");
        ret->cpu_nsec = get_figure(client, path, "CPUUsageNSec");
        ret->tasks = get_figure(client, path, "TasksCurrent");
}

int systemd_client_get_service(SystemdClient *client, const char *unit, SystemdService *ret) {
        _cleanup_free_ char *path = NULL, *load = NULL;
        SystemdService found = {};
        int r = unit_path(client, unit, &path);

        r = r < 0 ? r : get_string(client, path, UNIT_INTERFACE, "LoadState", &load);
        r = r < 0 ? r : get_string(client, path, UNIT_INTERFACE, "ActiveState", &found.active_state);
        r = r < 0 ? r : get_string(client, path, UNIT_INTERFACE, "SubState", &found.sub_state);
        if (r >= 0 && strcmp(load, "loaded") != 0) {
                r = -ENOENT;
        }
        if (r < 0) {
                systemd_service_done(&found);
                return r;
        }
        read_figures(client, path, &found);
        *ret = found;
        return 0;
}

int systemd_client_each_process(SystemdClient *client, const char *unit,
                                int (*function)(int64_t pid, const char *command, void *userdata),
                                void *userdata) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *group, *command;
        uint32_t pid;
        int r = bus_systemd_call(client->bus, "GetUnitProcesses", NULL, &reply, "s", unit);

        r = r < 0 ? r : sd_bus_message_enter_container(reply, 'a', "(sus)");
        while (r >= 0 && (r = sd_bus_message_read(reply, "(sus)", &group, &pid, &command)) > 0) {
                r = function(pid, command, userdata);
                if (r != 0) {
                        return r;
                }
        }
        return r < 0 ? r : 0;
}

int systemd_client_each_unit(SystemdClient *client, const char *pattern,
                             int (*function)(const char *unit, void *userdata), void *userdata) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *unit;
        int r = bus_systemd_call(client->bus, "ListUnitsByPatterns", NULL, &reply, "asas", 0, 1, pattern);

        if (r >= 0) {
                r = sd_bus_message_enter_container(reply, 'a', "(ssssssouso)");
        }
        while (r >= 0 && (r = sd_bus_message_read(reply, "(ssssssouso)", &unit, NULL, NULL, NULL, NULL, NULL,
                                                  NULL, NULL, NULL, NULL)) > 0) {
                r = function(unit, userdata);
                if (r != 0) {
                        return r;
                }
        }
        return r < 0 ? r : 0;
}
