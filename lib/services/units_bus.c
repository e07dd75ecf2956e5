/* The D-Bus side of weir-unitd. Every handler has one order: who asks, what is asked, is it valid, do it. Calls of PID 1 are asynchronous:
 * a reference to the caller's message is the pending call's userdata, and it is answered when PID 1 has answered. Errors of PID 1 are
 * passed on as they are, name and all. */
#include "services/units_bus.h"

#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "base/fd_util.h"
#include "base/log.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "resources/bus.h"
#include "resources/bus_dict.h"
#include "services/unitd_credential.h"
#include "services/unitd_job.h"

#define SYSTEMD "org.freedesktop.systemd1"
#define MANAGER_PATH "/org/freedesktop/systemd1"
#define MANAGER SYSTEMD ".Manager"
#define PATIENCE_USEC (500 * USEC_PER_MSEC)

struct UnitsBus {
        sd_bus_slot *slot;
        uid_t weir_uid;
};

static int check_sender(const UnitsBus *units_bus, sd_bus_message *message, sd_bus_error *ret_error) {
        uid_t uid;

        if (bus_sender_uid(message, &uid) >= 0 && (uid == 0 || uid == units_bus->weir_uid)) {
                return 0;
        }
        return sd_bus_error_set(ret_error, SD_BUS_ERROR_ACCESS_DENIED,
                                "Only root and the user weir may start and stop the units of jobs");
}

/* The result of a pending call's handler, which cannot return errors: whoever waits is told. */
static int answer(sd_bus_message *message, int r) {
        r = r < 0 ? sd_bus_reply_method_errno(message, r, NULL) : r;
        if (r < 0) {
                (void) log_warning(r, "Failed to answer %s: %s", sd_bus_message_get_member(message),
                                   strerror(-r));
        }
        return 0;
}

/* --- LaunchJob --- */

static int on_started(sd_bus_message *reply, void *userdata, sd_bus_error *unused) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = userdata;
        const char *job;
        int r;

        if (sd_bus_message_is_method_error(reply, NULL)) {
                return answer(message, sd_bus_reply_method_error(message, sd_bus_message_get_error(reply)));
        }
        r = sd_bus_message_read(reply, "o", &job);
        return answer(message, r < 0 ? r : sd_bus_reply_method_return(message, "o", job));
}

static int read_launch(sd_bus_message *message, UnitdJob *ret, sd_bus_error *ret_error) {
        static const BusField fields[] = {
                { "MemoryMax", 't', offsetof(UnitdJob, memory_max) },
                { "CPUWeight", 't', offsetof(UnitdJob, cpu_weight) },
                { "IOWeight", 't', offsetof(UnitdJob, io_weight) },
                { "TasksMax", 't', offsetof(UnitdJob, tasks_max) },
                { "stop_timeout_usec", 't', offsetof(UnitdJob, stop_timeout_usec) },
                { "credential", 's', offsetof(UnitdJob, credential) },
        };
        const BusDict dict = { .fields = fields, .n_fields = ELEMENTSOF(fields), .strict = "limit" };
        int r = sd_bus_message_read(message, "su", &ret->id, &ret->attempt);

        r = r < 0 ? r : bus_dict_read(message, &dict, ret, ret_error);
        return r < 0 ? r : unitd_job_check(ret, ret_error);
}

static int method_launch_job(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        sd_bus *bus = sd_bus_message_get_bus(message);
        UnitdJob job = {};
        int r = check_sender(userdata, message, ret_error);

        r = r < 0 ? r : read_launch(message, &job, ret_error);
        r = r < 0 ? r :
                    sd_bus_message_new_method_call(bus, &call, SYSTEMD, MANAGER_PATH, MANAGER,
                                                   "StartTransientUnit");
        r = r < 0 ? r : unitd_job_append(call, &job);
        r = r < 0 ? r : sd_bus_call_async(bus, NULL, call, on_started, message, 0);
        if (r < 0) {
                return r;
        }
        (void) sd_bus_message_ref(message); /* on_started()'s */
        return 1;
}

/* --- StopJob --- */

static int on_stopped(sd_bus_message *reply, void *userdata, sd_bus_error *unused) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = userdata;

        if (sd_bus_message_is_method_error(reply, NULL) &&
            !sd_bus_message_is_method_error(reply, SYSTEMD ".NoSuchUnit")) {
                return answer(message, sd_bus_reply_method_error(message, sd_bus_message_get_error(reply)));
        }
        return answer(message, sd_bus_reply_method_return(message, NULL));
}

/* All of it at once, whatever forks meanwhile: PID 1 kills one process after the other, and can be outrun. -ENOENT where a site moved its
 * jobs to another slice. */
static int kill_cgroup(const char *unit) {
        _cleanup_free_ char *path = NULL;
        _cleanup_close_ int fd = -EBADF;
        int r = string_format(&path, "/sys/fs/cgroup/weir.slice/weir-jobs.slice/%s/cgroup.kill", unit);

        if (r < 0) {
                return r;
        }
        fd = open(path, O_WRONLY | O_CLOEXEC);
        return fd < 0 || write(fd, "1", 1) < 0 ? -errno : 0;
}

/* KillUnit() needs no answer of its own: PID 1 takes calls in their order, and what is left is stopped in the ordinary way. After
 * kill_cgroup() it would come too late, and hit weir-finish. */
static int stop_unit(sd_bus_message *message, const char *unit, bool kill) {
        sd_bus *bus = sd_bus_message_get_bus(message);
        int r = 0;

        if (kill && kill_cgroup(unit) < 0) {
                r = sd_bus_call_method_async(bus, NULL, SYSTEMD, MANAGER_PATH, MANAGER, "KillUnit", NULL,
                                             NULL, "ssi", unit, "all", SIGKILL);
        }
        r = r < 0 ? r :
                    sd_bus_call_method_async(bus, NULL, SYSTEMD, MANAGER_PATH, MANAGER, "StopUnit",
                                             on_stopped, message, "ss", unit, "replace");
        if (r < 0) {
                return r;
        }
        (void) sd_bus_message_ref(message); /* on_stopped()'s */
        return 1;
}

static int read_stop(sd_bus_message *message, char unit[static JOB_UNIT_MAX], int *ret_immediate,
                     sd_bus_error *ret_error) {
        UnitdJob job = {};
        int r = sd_bus_message_read(message, "sub", &job.id, &job.attempt, ret_immediate);

        r = r < 0 ? r : unitd_job_check(&job, ret_error);
        if (r >= 0) {
                (void) job_unit_format(unit, job.id, job.attempt);
        }
        return r;
}

/* Everything is killed but weir-finish at work: without it, what the job made would be left. */
static int on_sub_state(sd_bus_message *reply, void *userdata, sd_bus_error *unused) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = userdata;
        char unit[JOB_UNIT_MAX];
        const char *state = "";
        int immediate, r = sd_bus_message_rewind(message, true);

        r = r < 0 ? r : read_stop(message, unit, &immediate, NULL);
        if (r >= 0 && !sd_bus_message_is_method_error(reply, NULL)) {
                r = sd_bus_message_read(reply, "v", "s", &state);
        }
        return answer(message, r < 0 ? r : stop_unit(message, unit, !string_equal(state, "stop-post")));
}

/* While PID 1 kills what forks without end it answers nobody: then all of the cgroup goes, unasked. Should weir-finish be at work all the same,
 * because PID 1 is slow for another reason, weir-jobd has another attempt clean up. */
static int kill_unit(sd_bus_message *message, const char *unit) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        sd_bus *bus = sd_bus_message_get_bus(message);
        _cleanup_free_ char *path = NULL;
        int r = sd_bus_path_encode(MANAGER_PATH "/unit", unit, &path);

        r = r < 0 ? r :
                    sd_bus_message_new_method_call(bus, &call, SYSTEMD, path,
                                                   "org.freedesktop.DBus.Properties", "Get");
        r = r < 0 ? r : sd_bus_message_append(call, "ss", SYSTEMD ".Unit", "SubState");
        r = r < 0 ? r : sd_bus_call_async(bus, NULL, call, on_sub_state, message, PATIENCE_USEC);
        if (r < 0) {
                return r;
        }
        (void) sd_bus_message_ref(message); /* on_sub_state()'s */
        return 1;
}

static int method_stop_job(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        char unit[JOB_UNIT_MAX];
        int immediate, r = check_sender(userdata, message, ret_error);

        r = r < 0 ? r : read_stop(message, unit, &immediate, ret_error);
        return r < 0 ? r : immediate ? kill_unit(message, unit) : stop_unit(message, unit, false);
}

/* --- credentials --- */

static int method_store_credential(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        const void *secret = NULL;
        const char *name;
        size_t length = 0;
        int r = check_sender(userdata, message, ret_error);

        r = r < 0 ? r : sd_bus_message_read(message, "s", &name);
        r = r < 0 ? r : sd_bus_message_read_array(message, 'y', &secret, &length);
        return r < 0 ? r : unitd_credential_store(message, name, secret, length, ret_error);
}

static int method_drop_credential(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        const char *name;
        int r = check_sender(userdata, message, ret_error);

        r = r < 0 ? r : sd_bus_message_read(message, "s", &name);
        r = r < 0 ? r : unitd_credential_drop(name, ret_error);
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

int units_bus_new(sd_bus *bus, UnitsBus **ret) {
        _cleanup_(units_bus_freep) UnitsBus *units_bus = calloc(1, sizeof(*units_bus));
        const struct passwd *weir = getpwnam("weir");
        int r;

        if (!units_bus || !weir) {
                return units_bus ? -ENOENT : -ENOMEM;
        }
        units_bus->weir_uid = weir->pw_uid;
        r = sd_bus_add_object_vtable(bus, &units_bus->slot, "/org/weir/Units1", "org.weir.Units1.Manager",
                                     vtable, units_bus);
        if (r < 0) {
                return r;
        }
        *ret = TAKE_PTR(units_bus);
        return 0;
}
