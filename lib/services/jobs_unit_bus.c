#include "services/jobs_unit_bus.h"

#include <pwd.h>
#include <string.h>

#include "base/string_util.h"
#include "clients/job_wire.h"
#include "domain/job_id.h"
#include "resources/bus.h"
#include "services/jobd_unit.h"

#define RUNNER_USER "weir-run"

static bool is_runner(uid_t uid) {
        const struct passwd *user = uid == 0 ? NULL : getpwnam(RUNNER_USER);

        return uid == 0 || (user && user->pw_uid == uid);
}

/* The uid is the bus's own knowledge. Which unit the sender is in nobody but /proc can tell, found by the pid that the bus gave: good enough among
 * processes of one user, which could do each other's work anyway; all others are kept out by the uid. */
static int check_unit(sd_bus_message *message, const char *id, uint32_t attempt, sd_bus_error *ret_error) {
        _cleanup_(sd_bus_creds_unrefp) sd_bus_creds *creds = NULL;
        const char *unit = NULL, *own;
        char name[JOB_UNIT_MAX];
        uid_t uid;
        int r = bus_sender_uid(message, &uid);

        own = job_unit_format(name, id, attempt);
        if (r >= 0 && is_runner(uid)) {
                r = sd_bus_query_sender_creds(message,
                                              SD_BUS_CREDS_PID | SD_BUS_CREDS_UNIT | SD_BUS_CREDS_AUGMENT,
                                              &creds);
                r = r < 0 ? r : sd_bus_creds_get_unit(creds, &unit);
        }
        if (r >= 0 && string_equal(unit, own)) {
                return 0;
        }
        return sd_bus_error_setf(ret_error, JOBS_NAME ".Error.NotAllowed",
                                 "Only %s may speak for attempt %u of job %s", own, attempt, id);
}

int jobs_read_unit(sd_bus_message *message, const char **ret_id, uint32_t *ret_attempt,
                   sd_bus_error *ret_error) {
        int r = sd_bus_message_read(message, "su", ret_id, ret_attempt);

        if (r < 0) {
                return r;
        }
        if (!job_id_is_valid(*ret_id) || *ret_attempt == 0 || *ret_attempt > JOB_ATTEMPT_MAX) {
                return jobs_bus_fail(ret_error, -ENOENT, "of that name", NULL);
        }
        return check_unit(message, *ret_id, *ret_attempt, ret_error);
}

int jobs_method_take(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(job_work_done) JobWork work = {};
        _cleanup_free_ char *text = NULL;
        JobsBus *jobs_bus = userdata;
        uint32_t attempt;
        const char *id;
        int r = jobs_read_unit(message, &id, &attempt, ret_error);

        if (r < 0) {
                return r;
        }
        r = jobd_take(jobs_bus->jobd, id, attempt, &work, &text);
        if (r < 0) {
                return jobs_bus_fail(ret_error, r, id, text);
        }
        r = sd_bus_message_new_method_return(message, &reply);
        r = r < 0 ? r : job_wire_append_work(reply, &work);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

int jobs_method_report(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(job_wire_report_done) JobWireReport wire = {};
        _cleanup_(job_answer_done) JobAnswer answer = {};
        _cleanup_free_ char *text = NULL;
        JobsBus *jobs_bus = userdata;
        uint32_t attempt;
        const char *id;
        int r = jobs_read_unit(message, &id, &attempt, ret_error);

        r = r < 0 ? r : job_wire_read_report(message, &wire, ret_error);
        if (r < 0) {
                return r;
        }
        r = jobd_report(jobs_bus->jobd, id, attempt, &wire.report, &answer, &text);
        if (r < 0) {
                return jobs_bus_fail(ret_error, r, id, text);
        }
        r = sd_bus_message_new_method_return(message, &reply);
        r = r < 0 || !answer.login ? r : sd_bus_message_sensitive(reply);
        r = r < 0 ? r : job_wire_append_answer(reply, &answer);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

int jobs_method_finished(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        _cleanup_(job_wire_result_done) JobWireResult wire = {};
        _cleanup_free_ char *text = NULL;
        JobsBus *jobs_bus = userdata;
        uint32_t attempt;
        const char *id;
        int r = jobs_read_unit(message, &id, &attempt, ret_error);

        r = r < 0 ? r : job_wire_read_result(message, &wire, ret_error);
        if (r < 0) {
                return r;
        }
        r = jobd_finished(jobs_bus->jobd, id, attempt, &wire.result, &text);
        return r < 0 ? jobs_bus_fail(ret_error, r, id, text) : sd_bus_reply_method_return(message, NULL);
}
