/* The D-Bus side of weir-unitd. Every handler has one order: who asks, what is asked, is it valid, do it. Calls of PID 1 are asynchronous:
 * the caller's message is kept as the pending call's userdata and answered when PID 1 has answered. Errors of PID 1 are passed on as they
 * are, name and all. */
#include "services/units_bus.h"

#include <inttypes.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>

#include "base/log.h"
#include "base/string_util.h"
#include "resources/bus_dict.h"
#include "services/unitd_credential.h"
#include "services/unitd_job.h"

#define OBJECT "/org/weir/Units1"
#define INTERFACE "org.weir.Units1.Manager"
#define SYSTEMD_NAME "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER "org.freedesktop.systemd1.Manager"

struct UnitsBus {
        sd_bus_slot *slot;
        const char *programs;
        uid_t weir_uid;
};

/* --- who asks --- */

/* The uid as the bus knows it. One that sd-bus had to look up in /proc would be that of whoever has the pid now. */
static int check_sender(const UnitsBus *units_bus, sd_bus_message *message, sd_bus_error *ret_error) {
        _cleanup_(sd_bus_creds_unrefp) sd_bus_creds *creds = NULL;
        uid_t uid;
        int r = sd_bus_query_sender_creds(message, SD_BUS_CREDS_EUID, &creds);

        if (r >= 0 && (sd_bus_creds_get_augmented_mask(creds) & SD_BUS_CREDS_EUID)) {
                r = -EPERM;
        }
        if (r >= 0) {
                r = sd_bus_creds_get_euid(creds, &uid);
        }
        if (r >= 0 && (uid == 0 || uid == units_bus->weir_uid)) {
                return 0;
        }
        return sd_bus_error_set(ret_error, SD_BUS_ERROR_ACCESS_DENIED,
                                "Only root and the user weir may start and stop the units of jobs");
}

/* --- asking PID 1 --- */

static void unref_message(void *message) {
        (void) sd_bus_message_unref(message);
}

/* Sends call; callback gets PID 1's reply and, as userdata, a reference to the message that is to be answered. */
static int ask(sd_bus_message *message, sd_bus_message *call, sd_bus_message_handler_t callback) {
        sd_bus_slot *slot;
        int r = sd_bus_call_async(sd_bus_message_get_bus(message), &slot, call, callback, message, 0);

        if (r < 0) {
                return r;
        }
        (void) sd_bus_message_ref(message);
        (void) sd_bus_slot_set_destroy_callback(slot, unref_message);
        (void) sd_bus_slot_set_floating(slot, true); /* lives until it is answered */
        (void) sd_bus_slot_unref(slot);
        return 1;
}

static int new_call(sd_bus_message *message, const char *method, sd_bus_message **ret) {
        return sd_bus_message_new_method_call(sd_bus_message_get_bus(message), ret, SYSTEMD_NAME,
                                              SYSTEMD_PATH, SYSTEMD_MANAGER, method);
}

/* A reply's handler cannot return an error: whoever waits is told here. */
static int answer(sd_bus_message *message, int r) {
        if (r < 0) {
                r = sd_bus_reply_method_errno(message, r, NULL);
        }
        if (r < 0) {
                (void) log_warning(r, "Failed to answer %s: %s", sd_bus_message_get_member(message),
                                   strerror(-r));
        }
        return 0;
}

/* --- LaunchJob --- */

static int on_started(sd_bus_message *reply, void *userdata, sd_bus_error *unused) {
        const sd_bus_error *error = sd_bus_message_get_error(reply);
        const char *job;
        int r;

        if (error) {
                return answer(userdata, sd_bus_reply_method_error(userdata, error));
        }
        r = sd_bus_message_read(reply, "o", &job);
        return answer(userdata, r < 0 ? r : sd_bus_reply_method_return(userdata, "o", job));
}

static int read_launch(sd_bus_message *message, const char **ret_id, uint32_t *ret_attempt,
                       UnitdLimits *ret_limits, sd_bus_error *ret_error) {
        static const BusField fields[] = {
                { "MemoryMax", 't', offsetof(UnitdLimits, memory_max) },
                { "CPUWeight", 't', offsetof(UnitdLimits, cpu_weight) },
                { "IOWeight", 't', offsetof(UnitdLimits, io_weight) },
                { "TasksMax", 't', offsetof(UnitdLimits, tasks_max) },
                { "stop_timeout_usec", 't', offsetof(UnitdLimits, stop_timeout_usec) },
                { "credential", 's', offsetof(UnitdLimits, credential) },
        };
        const BusDict dict = { .fields = fields, .n_fields = ELEMENTSOF(fields), .strict = "limit" };
        int r = sd_bus_message_read(message, "su", ret_id, ret_attempt);

        if (r >= 0) {
                r = unitd_job_check(*ret_id, *ret_attempt, ret_error);
        }
        if (r >= 0) {
                r = bus_dict_read(message, &dict, ret_limits, ret_error);
        }
        return r < 0 ? r : unitd_limits_check(ret_limits, ret_error);
}

static int check_name(const char *name, sd_bus_error *ret_error) {
        return unitd_credential_name_is_valid(name) ?
                       0 :
                       sd_bus_error_set(
                                       ret_error, SD_BUS_ERROR_INVALID_ARGS,
                                       "The name of a credential is of letters, digits and hyphens, 64 at most");
}

/* A unit whose credential is missing would fail without a word of why. */
static int find_credential(const char *name, char **ret, sd_bus_error *ret_error) {
        int r = string_is_empty(name) ? 0 : check_name(name, ret_error);

        if (r < 0 || string_is_empty(name)) {
                return r;
        }
        r = unitd_credential_path(name, ret);
        return r < 0 || unitd_credential_exists(*ret) ?
                       r :
                       sd_bus_error_setf(ret_error, SD_BUS_ERROR_FILE_NOT_FOUND,
                                         "There is no credential called %s", name);
}

static int method_launch_job(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        _cleanup_free_ char *credential = NULL;
        UnitsBus *units_bus = userdata;
        UnitdLimits limits = {};
        uint32_t attempt;
        const char *id;
        int r = check_sender(units_bus, message, ret_error);

        if (r >= 0) {
                r = read_launch(message, &id, &attempt, &limits, ret_error);
        }
        if (r >= 0) {
                r = find_credential(limits.credential, &credential, ret_error);
        }
        if (r >= 0) {
                r = new_call(message, "StartTransientUnit", &call);
        }
        if (r >= 0) {
                r = unitd_job_append(call, units_bus->programs, id, attempt, &limits, credential);
        }
        return r < 0 ? r : ask(message, call, on_started);
}

/* --- StopJob --- */

static int on_stopped(sd_bus_message *reply, void *userdata, sd_bus_error *unused) {
        const sd_bus_error *error = sd_bus_message_get_error(reply);

        if (error && !sd_bus_error_has_name(error, "org.freedesktop.systemd1.NoSuchUnit")) {
                return answer(userdata, sd_bus_reply_method_error(userdata, error));
        }
        return answer(userdata, sd_bus_reply_method_return(userdata, NULL));
}

/* The name of the unit that a StopJob() is about; its arguments were checked. */
static int unit_of(sd_bus_message *message, char unit[static JOB_UNIT_MAX]) {
        uint32_t attempt;
        const char *id;
        int r = sd_bus_message_rewind(message, true);

        if (r >= 0) {
                r = sd_bus_message_read(message, "su", &id, &attempt);
        }
        if (r >= 0) {
                (void) job_unit_format(unit, id, attempt);
        }
        return r;
}

static int stop_unit(sd_bus_message *message, const char *unit) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int r = new_call(message, "StopUnit", &call);

        if (r >= 0) {
                r = sd_bus_message_append(call, "ss", unit, "replace");
        }
        return r < 0 ? r : ask(message, call, on_stopped);
}

/* Killed or not (it may just have gone): what is left of it is stopped in the ordinary way. */
static int on_killed(sd_bus_message *reply, void *userdata, sd_bus_error *unused) {
        char unit[JOB_UNIT_MAX];
        int r = unit_of(userdata, unit);

        return answer(userdata, r < 0 ? r : stop_unit(userdata, unit));
}

static int kill_unit(sd_bus_message *message, const char *unit) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int r = new_call(message, "KillUnit", &call);

        if (r >= 0) {
                r = sd_bus_message_append(call, "ssi", unit, "all", SIGKILL);
        }
        return r < 0 ? r : ask(message, call, on_killed);
}

/* While the runner is there, everything is killed. Later weir-finish is at work, and killing it would leave what the job made. */
static int on_sub_state(sd_bus_message *reply, void *userdata, sd_bus_error *unused) {
        static const char *const killed[] = { "start", "running", "stop-sigterm" };
        const char *state = "";
        char unit[JOB_UNIT_MAX];
        int r = unit_of(userdata, unit);

        if (!sd_bus_message_is_method_error(reply, NULL) && r >= 0) {
                r = sd_bus_message_read(reply, "v", "s", &state);
        }
        for (size_t i = 0; i < ELEMENTSOF(killed) && r >= 0; i++) {
                if (string_equal(state, killed[i])) {
                        return answer(userdata, kill_unit(userdata, unit));
                }
        }
        return answer(userdata, r < 0 ? r : stop_unit(userdata, unit));
}

static int ask_sub_state(sd_bus_message *message, const char *unit) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        _cleanup_free_ char *path = NULL;
        int r = sd_bus_path_encode(SYSTEMD_PATH "/unit", unit, &path);

        if (r >= 0) {
                r = sd_bus_message_new_method_call(sd_bus_message_get_bus(message), &call, SYSTEMD_NAME, path,
                                                   "org.freedesktop.DBus.Properties", "Get");
        }
        if (r >= 0) {
                r = sd_bus_message_append(call, "ss", "org.freedesktop.systemd1.Unit", "SubState");
        }
        return r < 0 ? r : ask(message, call, on_sub_state);
}

static int method_stop_job(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        char unit[JOB_UNIT_MAX];
        uint32_t attempt;
        const char *id;
        int immediate, r = check_sender(userdata, message, ret_error);

        if (r >= 0) {
                r = sd_bus_message_read(message, "sub", &id, &attempt, &immediate);
        }
        if (r >= 0) {
                r = unitd_job_check(id, attempt, ret_error);
        }
        if (r < 0) {
                return r;
        }
        (void) job_unit_format(unit, id, attempt);
        return immediate ? ask_sub_state(message, unit) : stop_unit(message, unit);
}

/* --- credentials --- */

static int method_store_credential(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        _cleanup_free_ char *words = NULL;
        const void *secret = NULL;
        const char *name;
        size_t length = 0;
        int r = check_sender(userdata, message, ret_error);

        if (r >= 0) {
                r = sd_bus_message_read(message, "s", &name);
        }
        if (r >= 0) {
                r = sd_bus_message_read_array(message, 'y', &secret, &length);
        }
        if (r >= 0) {
                r = check_name(name, ret_error);
        }
        if (r >= 0 && (length == 0 || length > UNITD_SECRET_MAX)) {
                r = sd_bus_error_setf(ret_error, SD_BUS_ERROR_INVALID_ARGS,
                                      "A secret has from 1 to %d bytes", UNITD_SECRET_MAX);
        }
        if (r < 0) {
                return r;
        }
        r = unitd_credential_store(name, secret, length, &words);
        if (r < 0) {
                return sd_bus_error_setf(ret_error, SD_BUS_ERROR_FAILED,
                                         "The credential could not be kept: %s", words ? words : strerror(-r));
        }
        return sd_bus_reply_method_return(message, NULL);
}

static int method_drop_credential(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        const char *name;
        int r = check_sender(userdata, message, ret_error);

        if (r >= 0) {
                r = sd_bus_message_read(message, "s", &name);
        }
        if (r >= 0) {
                r = check_name(name, ret_error);
        }
        if (r >= 0) {
                r = unitd_credential_drop(name);
        }
        return r < 0 ? r : sd_bus_reply_method_return(message, NULL);
}

/* --- the object --- */

/* Unprivileged here means that sd-bus does not ask for capabilities: each method asks who calls. */
static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("LaunchJob", SD_BUS_ARGS("s", id, "u", attempt, "a{sv}", limits),
                                SD_BUS_RESULT("o", job), method_launch_job, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("StopJob", SD_BUS_ARGS("s", id, "u", attempt, "b", immediate),
                                SD_BUS_NO_RESULT, method_stop_job, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("StoreCredential", SD_BUS_ARGS("s", name, "ay", secret), SD_BUS_NO_RESULT,
                                method_store_credential,
                                SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_SENSITIVE),
        SD_BUS_METHOD_WITH_ARGS("DropCredential", SD_BUS_ARGS("s", name), SD_BUS_NO_RESULT,
                                method_drop_credential, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

UnitsBus *units_bus_free(UnitsBus *units_bus) {
        if (units_bus) {
                (void) sd_bus_slot_unref(units_bus->slot);
                free(units_bus);
        }
        return NULL;
}

int units_bus_new(sd_bus *bus, const char *programs, UnitsBus **ret) {
        _cleanup_(units_bus_freep) UnitsBus *units_bus = calloc(1, sizeof(*units_bus));
        const struct passwd *weir = getpwnam("weir");
        int r;

        if (!units_bus) {
                return -ENOMEM;
        }
        if (!weir) {
                return -ENOENT;
        }
        units_bus->weir_uid = weir->pw_uid;
        units_bus->programs = programs;
        unitd_credential_tidy();
        r = sd_bus_add_object_vtable(bus, &units_bus->slot, OBJECT, INTERFACE, vtable, units_bus);
        if (r < 0) {
                return r;
        }
        *ret = TAKE_PTR(units_bus);
        return 0;
}
