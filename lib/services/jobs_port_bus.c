#include "services/jobs_port_bus.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/string_util.h"
#include "clients/units_client.h"
#include "domain/job_id.h"
#include "resources/bus.h"
#include "services/jobd_watch.h"

#define UNITD "org.weir.Units1"
#define SYSTEMD "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER "org.freedesktop.systemd1.Manager"
#define UNITS_MAX 20000 /* that a look takes in */

typedef struct Call Call;
typedef struct Watch Watch;
struct JobsPort {
        sd_bus *bus;
        Jobd *jobd;
        void *owner;
        sd_bus_slot *matches[6];
        Call *calls;
        Watch *watches;
};

/* --- calls ----------------------------------------------------------------------------------------------------------- */

/* One that is under way. */
struct Call {
        JobsPort *port;
        sd_bus_slot *slot;
        char id[JOB_ID_MAX];
        uint32_t attempt;
        void (*answered)(Call *call, sd_bus_message *reply, int error, const char *message);
        JobsPortDone done; /* of who asked, for credentials */
        void *userdata;
        Call *next;
};

static void call_free(Call *call) {
        (void) sd_bus_slot_unref(call->slot);
        free(call);
}

static int to_errno(const sd_bus_error *error) {
        static const struct {
                const char *name;
                int code;
        } table[] = {
                { SD_BUS_ERROR_INVALID_ARGS, -EINVAL }, { SYSTEMD ".BadUnitSetting", -EINVAL },
                { SYSTEMD ".UnitExists", -EEXIST },     { SD_BUS_ERROR_NO_REPLY, -ETIMEDOUT },
                { SD_BUS_ERROR_TIMEOUT, -ETIMEDOUT },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                if (sd_bus_error_has_name(error, table[i].name)) {
                        return table[i].code;
                }
        }
        return -EAGAIN;
}

static void unlink_call(Call *call) {
        Call **link = &call->port->calls;

        while (*link != call) {
                link = &(*link)->next;
        }
        *link = call->next;
}

static int on_answer(sd_bus_message *reply, void *userdata, sd_bus_error *unused) {
        Call *call = userdata;
        const sd_bus_error *error = sd_bus_message_get_error(reply);

        unlink_call(call);
        call->answered(call, reply, error ? to_errno(error) : 0, error ? bus_error_text(error, 0) : NULL);
        call_free(call);
        return 0;
}

static Call *call_new(JobsPort *port, const char *id, uint32_t attempt) {
        Call *call = calloc(1, sizeof(*call));

        if (call) {
                call->port = port;
                call->attempt = attempt;
                (void) snprintf(call->id, sizeof(call->id), "%s", id);
        }
        return call;
}

/* Takes call over. r tells how building the message went. */
static int send_call(Call *call, sd_bus_message *message, int r) {
        r = r < 0 ? r : sd_bus_call_async(call->port->bus, &call->slot, message, on_answer, call, 0);
        if (r < 0) {
                call_free(call);
                return r;
        }
        call->next = call->port->calls;
        call->port->calls = call;
        return 0;
}

/* --- watching -------------------------------------------------------------------------------------------------------- */

/* The changes of one unit. Matching all units of the machine would wake us for each of them. */
struct Watch {
        char id[JOB_ID_MAX];
        uint32_t attempt;
        sd_bus_slot *slot;
        bool is_seen;
        Watch *next;
};

static void watch_free(Watch *watch) {
        (void) sd_bus_slot_unref(watch->slot);
        free(watch);
}

static int on_unit_changed(sd_bus_message *message, void *userdata, sd_bus_error *unused) {
        JobsPort *port = userdata;

        if (port->jobd) {
                jobd_units_changed(port->jobd);
        }
        return 0;
}

static int add_watch_match(JobsPort *port, Watch *watch) {
        _cleanup_free_ char *path = NULL, *match = NULL;
        char unit[JOB_UNIT_MAX];
        int r = sd_bus_path_encode(SYSTEMD_PATH "/unit", job_unit_format(unit, watch->id, watch->attempt),
                                   &path);

        r = r < 0 ? r :
                    string_format(&match,
                                  "type='signal',sender='" SYSTEMD "',path='%s',member='PropertiesChanged',"
                                  "arg0='" SYSTEMD ".Unit'",
                                  path);
        return r < 0 ? r :
                       sd_bus_add_match_async(port->bus, &watch->slot, match, on_unit_changed, NULL, port);
}

static Watch *find_watch(const JobsPort *port, const char *id, uint32_t attempt) {
        Watch *watch = port->watches;

        while (watch && (watch->attempt != attempt || strcmp(watch->id, id) != 0)) {
                watch = watch->next;
        }
        return watch;
}

/* Best effort: without it, the end of the unit is noticed by its removal, or by the regular look. */
static void watch_unit(JobsPort *port, const char *id, uint32_t attempt) {
        Watch *watch = find_watch(port, id, attempt);

        if (!watch) {
                watch = calloc(1, sizeof(*watch));
                if (!watch) {
                        return;
                }
                (void) snprintf(watch->id, sizeof(watch->id), "%s", id);
                watch->attempt = attempt;
                if (add_watch_match(port, watch) < 0) {
                        watch_free(watch);
                        return;
                }
                watch->next = port->watches;
                port->watches = watch;
        }
        watch->is_seen = true;
}

/* Those of units that the look did not find. */
static void drop_watches(JobsPort *port) {
        for (Watch **link = &port->watches; *link;) {
                Watch *watch = *link;

                if (watch->is_seen) {
                        watch->is_seen = false;
                        link = &watch->next;
                } else {
                        *link = watch->next;
                        watch_free(watch);
                }
        }
}

/* --- what jobd asks -------------------------------------------------------------------------------------------------- */

static void on_launched(Call *call, sd_bus_message *reply, int error, const char *message) {
        jobd_launched(call->port->jobd, call->id, call->attempt, error, message);
}

static int port_launch(const char *id, uint32_t attempt, const JobdLimits *limits, void *userdata) {
        const UnitLimits bounds = { .memory_max = limits->memory_max,
                                    .cpu_weight = limits->cpu_weight,
                                    .io_weight = limits->io_weight,
                                    .tasks_max = limits->tasks_max,
                                    .stop_timeout_usec = limits->stop_timeout_usec,
                                    .credential = limits->credential };
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        JobsPort *port = userdata;
        Call *call = call_new(port, id, attempt);
        int r;

        if (!call) {
                return -ENOMEM;
        }
        call->answered = on_launched;
        watch_unit(port, id, attempt); /* first the match, then the call: no change is missed */
        r = units_client_new_launch(port->bus, id, attempt, &bounds, &message);
        return send_call(call, message, r);
}

static void on_stopped(Call *call, sd_bus_message *reply, int error, const char *message) {
        jobd_stopped(call->port->jobd, call->id, call->attempt, error, message);
}

static int port_stop(const char *id, uint32_t attempt, bool immediate, void *userdata) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        JobsPort *port = userdata;
        Call *call = call_new(port, id, attempt);
        int r;

        if (!call) {
                return -ENOMEM;
        }
        call->answered = on_stopped;
        r = units_client_new_stop(port->bus, id, attempt, immediate, &message);
        return send_call(call, message, r);
}

static void on_dropped(Call *call, sd_bus_message *reply, int error, const char *message) {
        jobd_credential_dropped(call->port->jobd, error);
}

static int port_drop_credential(const char *name, void *userdata) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        JobsPort *port = userdata;
        Call *call = call_new(port, name, 0);
        int r;

        if (!call) {
                return -ENOMEM;
        }
        call->answered = on_dropped;
        r = units_client_new_drop(port->bus, name, &message);
        return send_call(call, message, r);
}

static void on_stored(Call *call, sd_bus_message *reply, int error, const char *message) {
        call->done(call->userdata, error, message);
}

int jobs_port_store_credential(JobsPort *port, const char *name, const void *secret, size_t size,
                               JobsPortDone done, void *userdata) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        Call *call = call_new(port, name, 0);
        int r;

        if (!call) {
                return -ENOMEM;
        }
        call->answered = on_stored;
        call->done = done;
        call->userdata = userdata;
        r = units_client_new_store(port->bus, name, secret, size, &message);
        return send_call(call, message, r);
}

/* --- looking --------------------------------------------------------------------------------------------------------- */

/* A unit that is being started is still "inactive", but has a job of systemd's. */
static bool is_alive(const char *state, uint32_t systemd_job) {
        return systemd_job > 0 || (!string_equal(state, "inactive") && !string_equal(state, "failed"));
}

/* 1: one unit; 0: the end. */
static int read_unit(sd_bus_message *reply, char **ret_name, JobdUnit *ret) {
        const char *name, *description, *load, *state, *sub, *following, *path, *job_type, *job_path;
        uint32_t job;
        int r = sd_bus_message_read(reply, "(ssssssouso)", &name, &description, &load, &state, &sub,
                                    &following, &path, &job, &job_type, &job_path);

        if (r <= 0) {
                return r;
        }
        *ret_name = (char *) name;
        ret->is_alive = is_alive(state, job);
        ret->is_stopping = string_equal(state, "deactivating");
        return 1;
}

static int read_units(sd_bus_message *reply, JobdUnit **ret, size_t *ret_n) {
        _cleanup_free_ JobdUnit *units = NULL;
        JobdUnit unit = {};
        size_t n = 0;
        char *name;
        int r = sd_bus_message_enter_container(reply, 'a', "(ssssssouso)");

        while (r >= 0 && (r = read_unit(reply, &name, &unit)) > 0) {
                JobdUnit *grown;

                if (n >= UNITS_MAX || job_unit_parse(name, unit.id, &unit.attempt) < 0) {
                        continue;
                }
                grown = n & (n - 1) ? units : reallocarray(units, n == 0 ? 1 : 2 * n, sizeof(*units));
                if (!grown) {
                        return -ENOMEM;
                }
                units = grown;
                units[n++] = unit;
        }
        if (r < 0) {
                return r;
        }
        *ret = TAKE_PTR(units);
        *ret_n = n;
        return 0;
}

static void on_looked(Call *call, sd_bus_message *reply, int error, const char *message) {
        JobsPort *port = call->port;
        _cleanup_free_ JobdUnit *units = NULL;
        size_t n = 0;
        int r = error < 0 ? error : read_units(reply, &units, &n);

        if (r < 0) {
                log_debug("Failed to list the units of jobs: %s", message ? message : strerror(-r));
                jobd_look_failed(port->jobd);
                return;
        }
        for (size_t i = 0; i < n; i++) {
                if (units[i].is_alive) {
                        watch_unit(port, units[i].id, units[i].attempt);
                }
        }
        drop_watches(port);
        jobd_units_seen(port->jobd, units, n);
}

static int port_look(void *userdata) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        JobsPort *port = userdata;
        Call *call = call_new(port, "", 0);
        int r;

        if (!call) {
                return -ENOMEM;
        }
        call->answered = on_looked;
        r = sd_bus_message_new_method_call(port->bus, &message, SYSTEMD, SYSTEMD_PATH, SYSTEMD_MANAGER,
                                           "ListUnitsByPatterns");
        r = r < 0 ? r : sd_bus_message_append(message, "asas", 0, 1, "weir-job-*.service");
        return send_call(call, message, r);
}

void jobs_port_fill(JobsPort *port, JobdPort *ret) {
        ret->launch = port_launch;
        ret->stop = port_stop;
        ret->drop_credential = port_drop_credential;
        ret->look = port_look;
        ret->userdata = port;
}

void *jobs_port_owner(const JobsPort *port) {
        return port->owner;
}

void jobs_port_attach(JobsPort *port, Jobd *jobd) {
        port->jobd = jobd;
}

/* --- what is heard --------------------------------------------------------------------------------------------------- */

static int on_removed(sd_bus_message *message, void *userdata, sd_bus_error *unused) {
        JobsPort *port = userdata;
        const char *unit, *path;
        char id[JOB_ID_MAX];
        uint32_t attempt;

        if (port->jobd && sd_bus_message_read(message, "so", &unit, &path) >= 0 &&
            job_unit_parse(unit, id, &attempt) >= 0) {
                jobd_units_changed(port->jobd);
        }
        return 0;
}

static int on_job_removed(sd_bus_message *message, void *userdata, sd_bus_error *unused) {
        JobsPort *port = userdata;
        const char *path, *unit, *result;
        uint32_t systemd_job, attempt;
        char id[JOB_ID_MAX];

        if (port->jobd && sd_bus_message_read(message, "uoss", &systemd_job, &path, &unit, &result) >= 0 &&
            job_unit_parse(unit, id, &attempt) >= 0) {
                jobd_units_changed(port->jobd);
        }
        return 0;
}

/* While systemd reloads it signals nothing. */
static int on_reloading(sd_bus_message *message, void *userdata, sd_bus_error *unused) {
        JobsPort *port = userdata;
        int is_active;

        if (port->jobd && sd_bus_message_read(message, "b", &is_active) >= 0 && !is_active) {
                jobd_units_changed(port->jobd);
        }
        return 0;
}

/* Without anybody who asked for them, systemd sends no signals at all. */
static int subscribe(JobsPort *port) {
        return sd_bus_call_method_async(port->bus, NULL, SYSTEMD, SYSTEMD_PATH, SYSTEMD_MANAGER, "Subscribe",
                                        NULL, NULL, NULL);
}

static int on_owner_changed(sd_bus_message *message, void *userdata, sd_bus_error *unused) {
        JobsPort *port = userdata;
        const char *name, *before, *after;

        if (!port->jobd || sd_bus_message_read(message, "sss", &name, &before, &after) < 0) {
                return 0;
        }
        if (string_equal(name, SYSTEMD) && *after) {
                (void) subscribe(port);
        }
        if (*after) {
                jobd_peers_changed(port->jobd);
        }
        return 0;
}

static int add_matches(JobsPort *port) {
#define OF_SYSTEMD                                                                                          \
        "type='signal',sender='" SYSTEMD "',path='" SYSTEMD_PATH "',interface='" SYSTEMD_MANAGER "'"
#define OF_BUS "type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged'"
        static const struct {
                const char *match;
                sd_bus_message_handler_t handler;
        } table[] = {
                { OF_SYSTEMD ",member='UnitRemoved'", on_removed },
                { OF_SYSTEMD ",member='JobRemoved'", on_job_removed },
                { OF_SYSTEMD ",member='Reloading'", on_reloading },
                { OF_BUS ",arg0='" SYSTEMD "'", on_owner_changed },
                { OF_BUS ",arg0='" UNITD "'", on_owner_changed },
        };
        int r = 0;

        _Static_assert(ELEMENTSOF(table) <= ELEMENTSOF(port->matches), "one slot for each match");
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(table); i++) {
                r = sd_bus_add_match_async(port->bus, &port->matches[i], table[i].match, table[i].handler,
                                           NULL, port);
        }
        return r;
}

int jobs_port_new(sd_bus *bus, void *owner, JobsPort **ret) {
        _cleanup_(jobs_port_freep) JobsPort *port = calloc(1, sizeof(*port));
        int r;

        if (!port) {
                return -ENOMEM;
        }
        port->bus = sd_bus_ref(bus);
        port->owner = owner;
        r = add_matches(port);
        r = r < 0 ? r : subscribe(port);
        if (r < 0) {
                return r;
        }
        *ret = TAKE_PTR(port);
        return 0;
}

JobsPort *jobs_port_free(JobsPort *port) {
        if (!port) {
                return NULL;
        }
        while (port->calls) {
                Call *call = port->calls;

                port->calls = call->next;
                call_free(call);
        }
        while (port->watches) {
                Watch *watch = port->watches;

                port->watches = watch->next;
                watch_free(watch);
        }
        for (size_t i = 0; i < ELEMENTSOF(port->matches); i++) {
                (void) sd_bus_slot_unref(port->matches[i]);
        }
        (void) sd_bus_unref(port->bus);
        free(port);
        return NULL;
}
