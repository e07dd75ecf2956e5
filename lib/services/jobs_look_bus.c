#include "services/jobs_look_bus.h"

#include <string.h>

#include "base/string_util.h"
#include "clients/job_wire.h"
#include "domain/job_id.h"
#include "domain/job_spec_text.h"
#include "domain/job_stage.h"
#include "services/job_list_store.h"
#include "services/jobs_people_bus.h"

/* --- who may see what ------------------------------------------------------------------------------------------------ */

/* Nothing of it is for everybody's eyes. */
static bool is_private(const JobRecord *record, const char *name) {
        return job_spec_has_private(record->spec) && !string_equal(record->owner, name);
}

static int hide_private(JobRecord *records, size_t n_records, const char *name) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < n_records; i++) {
                char *spec = NULL;

                if (is_private(&records[i], name)) {
                        r = job_spec_format_public(records[i].spec, &spec);
                        free(records[i].spec);
                        records[i].spec = spec;
                }
        }
        return r;
}

static bool has_private(const JobRecord *records, size_t n_records, const char *name) {
        for (size_t i = 0; i < n_records; i++) {
                if (is_private(&records[i], name)) {
                        return true;
                }
        }
        return false;
}

/* Takes away what the sender may not see; polkit is asked when that matters, and never a person. 1; 0: it was asked, the handler runs
 * again. */
static int hide(JobsBus *jobs_bus, sd_bus_message *message, JobRecord *records, size_t n_records) {
        char name[JOBS_USER_NAME_MAX];
        uid_t uid;
        int r = jobs_sender_name(message, &uid, name);

        if (r < 0) {
                return r;
        }
        if (jobs_speaks_for_others(uid) || (!has_private(records, n_records, name) &&
                                            !polkit_client_was_asked(jobs_bus->polkit, message))) {
                return 1;
        }
        r = polkit_client_check(jobs_bus->polkit, message, "org.weir.jobs.manage");
        if (r != -EACCES) {
                return r;
        }
        r = hide_private(records, n_records, name);
        return r < 0 ? r : 1;
}

/* --- the methods ----------------------------------------------------------------------------------------------------- */

static int reply_records(sd_bus_message *message, const JobRecords *records) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r = sd_bus_message_new_method_return(message, &reply);

        r = r < 0 ? r : job_wire_append_records(reply, records);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int check_filter(const JobFilter *filter, sd_bus_error *ret_error) {
        if (!string_is_empty(filter->status) && job_status_from_string(filter->status) < 0) {
                return sd_bus_error_setf(
                                ret_error, SD_BUS_ERROR_INVALID_ARGS,
                                "status: queued, running, needs_resolve, cancelling, done, failed or cancelled is expected, not %s",
                                filter->status);
        }
        if (filter->limit > JOB_LIST_MAX) {
                return sd_bus_error_setf(ret_error, SD_BUS_ERROR_INVALID_ARGS, "limit: at most %d",
                                         JOB_LIST_MAX);
        }
        return 0;
}

int jobs_method_list(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        _cleanup_(job_records_done) JobRecords records = {};
        JobsBus *jobs_bus = userdata;
        JobFilter filter = {};
        int r = job_wire_read_filter(message, &filter, ret_error);

        r = r < 0 ? r : check_filter(&filter, ret_error);
        if (r < 0) {
                return r;
        }
        r = jobd_list(jobs_bus->jobd, &filter, &records);
        if (r < 0) {
                return jobs_bus_fail(ret_error, r, filter.before, NULL);
        }
        r = hide(jobs_bus, message, records.items, records.n_items);
        return r <= 0 ? (r < 0 ? r : 1) : reply_records(message, &records);
}

int jobs_method_list_queue(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        _cleanup_(job_records_done) JobRecords records = {};
        JobsBus *jobs_bus = userdata;
        int r = jobd_list_queue(jobs_bus->jobd, &records);

        return r < 0 ? r : reply_records(message, &records);
}

int jobs_method_get(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(job_record_done) JobRecord record = {};
        JobsBus *jobs_bus = userdata;
        const char *id;
        int r = sd_bus_message_read(message, "s", &id);

        if (r < 0) {
                return r;
        }
        r = job_id_is_valid(id) ? jobd_get(jobs_bus->jobd, id, &record) : -ENOENT;
        if (r < 0) {
                return jobs_bus_fail(ret_error, r, id, NULL);
        }
        r = hide(jobs_bus, message, &record, 1);
        if (r <= 0) {
                return r < 0 ? r : 1;
        }
        r = sd_bus_message_new_method_return(message, &reply);
        r = r < 0 ? r : job_wire_append_record(reply, &record, true);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}
