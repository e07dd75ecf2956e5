#include "services/jobs_bus.h"

#include <string.h>
#include <systemd/sd-bus-vtable.h>

#include "base/string_util.h"
#include "domain/job_id.h"
#include "resources/db.h"
#include "services/jobs_look_bus.h"
#include "services/jobs_object_bus.h"
#include "services/jobs_people_bus.h"
#include "services/jobs_state_bus.h"
#include "services/jobs_texts_bus.h"
#include "services/jobs_unit_bus.h"

int jobs_bus_fail(sd_bus_error *ret_error, int error, const char *id, const char *message) {
        static const struct {
                int code;
                const char *name;
        } table[] = {
                { -ENOENT, JOBS_NAME ".Error.NoSuchJob" },     { -EBADMSG, JOBS_NAME ".Error.BadSpec" },
                { -EACCES, JOBS_NAME ".Error.NotAllowed" },    { -EBUSY, JOBS_NAME ".Error.WrongState" },
                { -ENOBUFS, JOBS_NAME ".Error.LimitReached" }, { -EINVAL, SD_BUS_ERROR_INVALID_ARGS },
        };

        if (error == -ENOENT && !message) {
                return id && job_id_is_valid(id) ?
                                       sd_bus_error_setf(ret_error, JOBS_NAME ".Error.NoSuchJob",
                                                         "There is no job %s", id) :
                                       sd_bus_error_set(ret_error, JOBS_NAME ".Error.NoSuchJob",
                                                        "There is no such job: that is no job's name");
        }
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                if (table[i].code == error) {
                        return sd_bus_error_set(ret_error, table[i].name,
                                                message ? message : strerror(-error));
                }
        }
        if (!message && (error == -EUCLEAN || error == -ENOSPC || error == -EROFS || error == -EIO)) {
                return sd_bus_error_setf(ret_error, JOBS_NAME ".Error.DatabaseFailed",
                                         "jobs.db: %s (SQLite: %s)", db_strerror(error), db_last_error());
        }
        return message ? sd_bus_error_set(ret_error, SD_BUS_ERROR_FAILED, message) :
                         sd_bus_error_set_errno(ret_error, error);
}

int jobs_bus_path(const char *id, char **ret) {
        return sd_bus_path_encode(JOBS_JOB_PREFIX, id, ret);
}

/* --- signals --------------------------------------------------------------------------------------------------------- */

static void emit(JobsBus *jobs_bus, const char *member, const char *id, const char *second,
                 const char *third) {
        const char *types = string_equal(member, "JobChanged") ? "sss" : third ? "sos" : "so";

        (void) sd_bus_emit_signal(jobs_bus->bus, JOBS_OBJECT, JOBS_INTERFACE, member, types, id, second,
                                  third);
}

static void announce(const char *id, JobdEvent event, const char *status, const char *stage,
                     void *userdata) {
        _cleanup_free_ char *path = NULL;
        JobsBus *jobs_bus = jobs_port_owner(userdata);

        if (jobs_bus_path(id, &path) < 0) {
                return;
        }
        if (event == JOBD_EVENT_NEW) {
                emit(jobs_bus, "JobNew", id, path, NULL);
        } else if (event == JOBD_EVENT_CHANGED) {
                emit(jobs_bus, "JobChanged", id, status, stage);
        } else if (event == JOBD_EVENT_ENDED) {
                emit(jobs_bus, "JobRemoved", id, path, status);
        }
        jobs_object_announce(jobs_bus, id, event);
        jobs_texts_announce(jobs_bus, id);
}

/* --- the object ------------------------------------------------------------------------------------------------------ */

static int property_count(sd_bus *bus, const char *path, const char *interface, const char *property,
                          sd_bus_message *reply, void *userdata, sd_bus_error *ret_error) {
        uint32_t queued, running;

        jobd_count(((JobsBus *) userdata)->jobd, &queued, &running);
        return sd_bus_message_append(reply, "u", string_equal(property, "Running") ? running : queued);
}

#define OPEN SD_BUS_VTABLE_UNPRIVILEGED
#define SECRET (SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_SENSITIVE)

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("QueueLength", "u", property_count, 0, 0),
        SD_BUS_PROPERTY("Running", "u", property_count, 0, 0),
        SD_BUS_METHOD_WITH_ARGS("CreateJob", SD_BUS_ARGS("s", kind, "s", spec_json, "a{sv}", options),
                                SD_BUS_RESULT("s", id, "o", path), jobs_method_create, SECRET),
        SD_BUS_METHOD_WITH_ARGS("ListJobs", SD_BUS_ARGS("a{sv}", filter), SD_BUS_RESULT("aa{sv}", jobs),
                                jobs_method_list, OPEN),
        SD_BUS_METHOD_WITH_ARGS("GetJob", SD_BUS_ARGS("s", id), SD_BUS_RESULT("a{sv}", job), jobs_method_get,
                                OPEN),
        SD_BUS_METHOD_WITH_ARGS("ListQueue", SD_BUS_NO_ARGS, SD_BUS_RESULT("aa{sv}", jobs),
                                jobs_method_list_queue, OPEN),
        SD_BUS_METHOD_WITH_ARGS("CancelJob", SD_BUS_ARGS("s", id, "a{sv}", options), SD_BUS_NO_RESULT,
                                jobs_method_cancel, OPEN),
        SD_BUS_METHOD_WITH_ARGS("ContinueJob", SD_BUS_ARGS("s", id), SD_BUS_NO_RESULT, jobs_method_continue,
                                OPEN),
        SD_BUS_METHOD_WITH_ARGS("RenewLogin", SD_BUS_ARGS("s", id, "a{sv}", options), SD_BUS_NO_RESULT,
                                jobs_method_renew_login, SECRET),
        SD_BUS_METHOD_WITH_ARGS("ResolveFiles", SD_BUS_ARGS("s", id, "a(ss)", files), SD_BUS_NO_RESULT,
                                jobs_method_resolve, OPEN),
        SD_BUS_METHOD_WITH_ARGS("ReadConflict", SD_BUS_ARGS("s", id, "s", file),
                                SD_BUS_RESULT("a{sv}", text), jobs_method_read_conflict, OPEN),
        SD_BUS_METHOD_WITH_ARGS("ResolveWithText", SD_BUS_ARGS("s", id, "s", file, "ay", text),
                                SD_BUS_NO_RESULT, jobs_method_resolve_with_text, OPEN),
        SD_BUS_METHOD_WITH_ARGS("RetryJob", SD_BUS_ARGS("s", id, "a{sv}", options),
                                SD_BUS_RESULT("s", new_id, "o", path), jobs_method_retry, SECRET),
        SD_BUS_METHOD_WITH_ARGS("TakeJob", SD_BUS_ARGS("s", id, "u", attempt), SD_BUS_RESULT("a{sv}", work),
                                jobs_method_take, OPEN),
        SD_BUS_METHOD_WITH_ARGS("Report", SD_BUS_ARGS("s", id, "u", attempt, "a{sv}", changes),
                                SD_BUS_RESULT("a{sv}", answer), jobs_method_report, OPEN),
        SD_BUS_METHOD_WITH_ARGS("TakeText", SD_BUS_ARGS("s", id, "u", attempt, "s", file),
                                SD_BUS_RESULT("ay", text), jobs_method_take_text, OPEN),
        SD_BUS_METHOD_WITH_ARGS("Finished", SD_BUS_ARGS("s", id, "u", attempt, "a{sv}", result),
                                SD_BUS_NO_RESULT, jobs_method_finished, OPEN),
        SD_BUS_SIGNAL_WITH_ARGS("JobNew", SD_BUS_ARGS("s", id, "o", path), 0),
        SD_BUS_SIGNAL_WITH_ARGS("JobChanged", SD_BUS_ARGS("s", id, "s", status, "s", stage), 0),
        SD_BUS_SIGNAL_WITH_ARGS("JobRemoved", SD_BUS_ARGS("s", id, "o", path, "s", result), 0),
        SD_BUS_VTABLE_END,
};

/* --- life ------------------------------------------------------------------------------------------------------------ */

void jobs_bus_reload(JobsBus *jobs_bus) {
        jobd_reload(jobs_bus->jobd);
}

JobsBus *jobs_bus_free(JobsBus *jobs_bus) {
        if (!jobs_bus) {
                return NULL;
        }
        for (size_t i = 0; i < ELEMENTSOF(jobs_bus->slots); i++) {
                (void) sd_bus_slot_unref(jobs_bus->slots[i]);
        }
        (void) polkit_client_free(jobs_bus->polkit);
        if (jobs_bus->port) {
                jobs_people_done(jobs_bus);
                jobs_texts_done(jobs_bus);
        }
        (void) jobs_port_free(jobs_bus->port);
        (void) jobd_free(jobs_bus->jobd);
        job_record_done(&jobs_bus->shown);
        (void) sd_bus_unref(jobs_bus->bus);
        free(jobs_bus);
        return NULL;
}

static int start_jobd(JobsBus *jobs_bus, sd_event *event, const char *config_directory,
                      const char *state_directory) {
        JobdPort port = { .announce = announce };
        int r = jobs_port_new(jobs_bus->bus, jobs_bus, &jobs_bus->port);

        jobs_port_fill(jobs_bus->port, &port);
        r = r < 0 ? r : jobd_new(event, config_directory, state_directory, &port, &jobs_bus->jobd);
        if (r >= 0) {
                jobs_port_attach(jobs_bus->port, jobs_bus->jobd);
        }
        return r;
}

static int export(JobsBus *jobs_bus) {
        int r = sd_bus_add_object_vtable(jobs_bus->bus, &jobs_bus->slots[0], JOBS_OBJECT, JOBS_INTERFACE,
                                         vtable, jobs_bus);

        return r < 0 ? r : jobs_object_export(jobs_bus, &jobs_bus->slots[1], &jobs_bus->slots[2]);
}

int jobs_bus_new(sd_bus *bus, sd_event *event, const char *config_directory, const char *state_directory,
                 JobsBus **ret) {
        _cleanup_(jobs_bus_freep) JobsBus *jobs_bus = calloc(1, sizeof(*jobs_bus));
        int r;

        if (!jobs_bus) {
                return -ENOMEM;
        }
        jobs_bus->bus = sd_bus_ref(bus);
        r = polkit_client_new(&jobs_bus->polkit);
        r = r < 0 ? r : start_jobd(jobs_bus, event, config_directory, state_directory);
        r = r < 0 ? r : export(jobs_bus);
        if (r < 0) {
                return r;
        }
        *ret = TAKE_PTR(jobs_bus);
        return 0;
}
