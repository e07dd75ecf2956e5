#include "clients/job_wire.h"

#include <string.h>

#include "base/string_util.h"
#include "clients/job_wire_lists.h"
#include "resources/bus_dict.h"

#define FIELD(structure, type, field)                                                                       \
        { #field, type, offsetof(structure, field) }

/* --- a whole dictionary ---------------------------------------------------------------------------------------------- */

static int open_dict(sd_bus_message *message, const BusField *fields, size_t n_fields, const void *source) {
        int r = sd_bus_message_open_container(message, 'a', "{sv}");

        return r < 0 ? r : bus_dict_append_fields(message, fields, n_fields, source);
}

static int close_dict(sd_bus_message *message, int r) {
        return r < 0 ? r : sd_bus_message_close_container(message);
}

/* --- records --------------------------------------------------------------------------------------------------------- */

static const BusField record_fields[] = {
        FIELD(JobRecord, 's', id),          FIELD(JobRecord, 's', kind),
        FIELD(JobRecord, 's', status),      FIELD(JobRecord, 's', stage),
        FIELD(JobRecord, 's', owner),       FIELD(JobRecord, 's', spec),
        FIELD(JobRecord, 's', server),      FIELD(JobRecord, 's', client),
        FIELD(JobRecord, 's', host),        FIELD(JobRecord, 's', unit),
        FIELD(JobRecord, 'b', trial),       FIELD(JobRecord, 't', created_at),
        FIELD(JobRecord, 't', updated_at),  FIELD(JobRecord, 't', started_at),
        FIELD(JobRecord, 't', finished_at), FIELD(JobRecord, 'u', attempt),
        FIELD(JobRecord, 'u', position),    FIELD(JobRecord, 's', blocked_by),
        FIELD(JobRecord, 'x', changelist),  FIELD(JobRecord, 'x', source_changelist),
        FIELD(JobRecord, 'x', shelf),       FIELD(JobRecord, 'u', n_conflicts),
        FIELD(JobRecord, 's', error),       FIELD(JobRecord, 's', reason),
        FIELD(JobRecord, 's', retry_of),    FIELD(JobRecord, 's', cancelled_by),
        FIELD(JobRecord, 's', status_text), FIELD(JobRecord, 'b', needs_login),
};

int job_wire_append_record(sd_bus_message *message, const JobRecord *record, bool is_full) {
        int r = open_dict(message, record_fields, ELEMENTSOF(record_fields), record);

        if (is_full) {
                r = r < 0 ? r : job_wire_append_conflicts_entry(message, &record->conflicts);
                r = r < 0 ? r : job_wire_append_history_entry(message, &record->history);
                r = r < 0 ? r : job_wire_append_pairs_entry(message, "left_behind", &record->left_behind);
        }
        return close_dict(message, r);
}

static int read_record_other(sd_bus_message *message, const char *name, void *target,
                             sd_bus_error *ret_error) {
        JobRecord *record = target;

        if (string_equal(name, "conflicts")) {
                return job_wire_read_conflicts_entry(message, &record->conflicts);
        }
        if (string_equal(name, "history")) {
                return job_wire_read_history_entry(message, &record->history);
        }
        return string_equal(name, "left_behind") ? job_wire_read_pairs_entry(message, &record->left_behind) :
                                                   0;
}

int job_wire_read_record(sd_bus_message *message, JobRecord *ret) {
        static const BusDict dict = { record_fields, ELEMENTSOF(record_fields), true, read_record_other,
                                      NULL };
        _cleanup_(job_record_done) JobRecord record = {};
        int r = bus_dict_read(message, &dict, &record, NULL);

        if (r < 0) {
                return r;
        }
        *ret = record;
        record = (JobRecord) {};
        return 0;
}

int job_wire_append_records(sd_bus_message *message, const JobRecords *records) {
        int r = sd_bus_message_open_container(message, 'a', "a{sv}");

        for (size_t i = 0; r >= 0 && i < records->n_items; i++) {
                r = job_wire_append_record(message, &records->items[i], false);
        }
        return r < 0 ? r : sd_bus_message_close_container(message);
}

int job_wire_read_records(sd_bus_message *message, JobRecords *ret) {
        _cleanup_(job_records_done) JobRecords records = {};
        int r = sd_bus_message_enter_container(message, 'a', "a{sv}");

        while (r >= 0 && (r = sd_bus_message_at_end(message, false)) == 0) {
                _cleanup_(job_record_done) JobRecord record = {};

                r = job_wire_read_record(message, &record);
                r = r < 0 ? r : job_records_take(&records, &record);
        }
        r = r < 0 ? r : sd_bus_message_exit_container(message);
        if (r < 0) {
                return r;
        }
        *ret = records;
        records = (JobRecords) {};
        return 0;
}

/* --- filters and options --------------------------------------------------------------------------------------------- */

static const BusField filter_fields[] = {
        FIELD(JobFilter, 's', status), FIELD(JobFilter, 's', owner), FIELD(JobFilter, 's', server),
        FIELD(JobFilter, 's', before), FIELD(JobFilter, 'u', limit),
};

int job_wire_append_filter(sd_bus_message *message, const JobFilter *filter) {
        return close_dict(message, open_dict(message, filter_fields, ELEMENTSOF(filter_fields), filter));
}

int job_wire_read_filter(sd_bus_message *message, JobFilter *ret, sd_bus_error *ret_error) {
        static const BusDict dict = { .fields = filter_fields,
                                      .n_fields = ELEMENTSOF(filter_fields),
                                      .strict = "filter" };

        return bus_dict_read(message, &dict, ret, ret_error);
}

static const BusField option_fields[] = { FIELD(JobOptions, 's', owner), FIELD(JobOptions, 's', p4user) };

int job_wire_append_options(sd_bus_message *message, const JobOptions *options) {
        int r = open_dict(message, option_fields, ELEMENTSOF(option_fields), options);

        if (options->credential) {
                r = r < 0 ? r : bus_dict_open_entry(message, "credential", "ay");
                r = r < 0 ? r :
                            sd_bus_message_append_array(message, 'y', options->credential,
                                                        options->credential_size);
                r = r < 0 ? r : bus_dict_close_entry(message);
        }
        return close_dict(message, r);
}

static int read_options_other(sd_bus_message *message, const char *name, void *target,
                              sd_bus_error *ret_error) {
        JobOptions *options = target;
        int r;

        if (!string_equal(name, "credential")) {
                return 0;
        }
        r = sd_bus_message_enter_container(message, 'v', "ay");
        r = r < 0 ? r :
                    sd_bus_message_read_array(message, 'y', &options->credential, &options->credential_size);
        r = r < 0 ? r : sd_bus_message_exit_container(message);
        return r < 0 ? r : 1;
}

int job_wire_read_options(sd_bus_message *message, JobOptions *ret, sd_bus_error *ret_error) {
        static const BusDict dict = { option_fields, ELEMENTSOF(option_fields), false, read_options_other,
                                      "option" };

        return bus_dict_read(message, &dict, ret, ret_error);
}

/* --- texts ----------------------------------------------------------------------------------------------------------- */

static const BusField text_fields[] = {
        FIELD(JobText, 's', file),  FIELD(JobText, 's', state),   FIELD(JobText, 's', type),
        FIELD(JobText, 's', error), FIELD(JobText, 'b', is_text), FIELD(JobText, 'b', truncated),
};
static const struct {
        const char *name;
        size_t offset;
} text_contents[] = {
        { "base", offsetof(JobText, base) },
        { "theirs", offsetof(JobText, theirs) },
        { "yours", offsetof(JobText, yours) },
        { "merged", offsetof(JobText, merged) },
};

static int append_content(sd_bus_message *message, const char *name, const JobBytes *bytes) {
        int r;

        if (!bytes->data) {
                return 0;
        }
        r = bus_dict_open_entry(message, name, "ay");
        r = r < 0 ? r : sd_bus_message_append_array(message, 'y', bytes->data, bytes->size);
        return r < 0 ? r : bus_dict_close_entry(message);
}

int job_wire_append_text(sd_bus_message *message, const JobText *text) {
        int r = open_dict(message, text_fields, ELEMENTSOF(text_fields), text);

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(text_contents); i++) {
                r = append_content(message, text_contents[i].name,
                                   (const JobBytes *) ((const char *) text + text_contents[i].offset));
        }
        return close_dict(message, r);
}

static int read_content(sd_bus_message *message, JobBytes *bytes) {
        const void *data;
        size_t size;
        int r = sd_bus_message_enter_container(message, 'v', "ay");

        r = r < 0 ? r : sd_bus_message_read_array(message, 'y', &data, &size);
        if (r >= 0) {
                job_bytes_done(bytes);
                r = job_bytes_copy(bytes, size > 0 ? data : "", size);
        }
        r = r < 0 ? r : sd_bus_message_exit_container(message);
        return r < 0 ? r : 1;
}

static int read_text_other(sd_bus_message *message, const char *name, void *target,
                           sd_bus_error *ret_error) {
        for (size_t i = 0; i < ELEMENTSOF(text_contents); i++) {
                if (string_equal(text_contents[i].name, name)) {
                        return read_content(message,
                                            (JobBytes *) ((char *) target + text_contents[i].offset));
                }
        }
        return 0;
}

int job_wire_read_text(sd_bus_message *message, JobText *ret, sd_bus_error *ret_error) {
        static const BusDict dict = { text_fields, ELEMENTSOF(text_fields), true, read_text_other, NULL };
        JobText text = {};
        int r = bus_dict_read(message, &dict, &text, ret_error);

        if (r < 0) {
                job_text_done(&text);
                return r;
        }
        *ret = text;
        return 0;
}

/* --- work and answers ------------------------------------------------------------------------------------------------ */

static const BusField work_fields[] = {
        FIELD(JobWork, 's', spec),       FIELD(JobWork, 's', owner),
        FIELD(JobWork, 's', status),     FIELD(JobWork, 's', stage),
        FIELD(JobWork, 's', checkpoint), FIELD(JobWork, 's', intent),
        FIELD(JobWork, 'b', cancel),     FIELD(JobWork, 's', cancelled_by),
        FIELD(JobWork, 's', reason),     FIELD(JobWork, 's', client),
        FIELD(JobWork, 'x', changelist), FIELD(JobWork, 'x', source_changelist),
        FIELD(JobWork, 'x', shelf),
};
static const BusField work_server_fields[] = {
        { "p4port", 's', offsetof(JobWork, server.p4port) },
        { "p4user", 's', offsetof(JobWork, server.p4user) },
        { "trust", 's', offsetof(JobWork, server.trust) },
        { "program", 's', offsetof(JobWork, server.program) },
        { "charset", 's', offsetof(JobWork, server.charset) },
        { "timeout_usec", 't', offsetof(JobWork, server.timeout_usec) },
        { "hooks_see_ticket", 'b', offsetof(JobWork, server.hooks_see_ticket) },
};

static int append_work_server(sd_bus_message *message, const JobWork *work) {
        int r = bus_dict_open_entry(message, "server", "a{sv}");

        r = r < 0 ? r :
                    close_dict(message,
                               open_dict(message, work_server_fields, ELEMENTSOF(work_server_fields), work));
        return r < 0 ? r : bus_dict_close_entry(message);
}

static int append_mode(sd_bus_message *message, bool clean) {
        int r = bus_dict_open_entry(message, "mode", "s");

        r = r < 0 ? r : sd_bus_message_append_basic(message, 's', clean ? "clean" : "run");
        return r < 0 ? r : bus_dict_close_entry(message);
}

int job_wire_append_work(sd_bus_message *message, const JobWork *work) {
        int r = open_dict(message, work_fields, ELEMENTSOF(work_fields), work);

        r = r < 0 ? r : append_mode(message, work->clean);
        r = r < 0 ? r : job_wire_append_pairs_entry(message, "resolutions", &work->resolutions);
        r = r < 0 ? r : job_wire_append_pairs_entry(message, "ledger", &work->ledger);
        r = r < 0 ? r : append_work_server(message, work);
        return close_dict(message, r);
}

static int read_work_server(sd_bus_message *message, JobWork *work, sd_bus_error *ret_error) {
        static const BusDict dict = { .fields = work_server_fields,
                                      .n_fields = ELEMENTSOF(work_server_fields),
                                      .copies = true };
        int r = sd_bus_message_enter_container(message, 'v', "a{sv}");

        r = r < 0 ? r : bus_dict_read(message, &dict, work, ret_error);
        r = r < 0 ? r : sd_bus_message_exit_container(message);
        return r < 0 ? r : 1;
}

static int read_work_other(sd_bus_message *message, const char *name, void *target,
                           sd_bus_error *ret_error) {
        JobWork *work = target;
        const char *mode;
        int r;

        if (string_equal(name, "mode")) {
                r = sd_bus_message_read(message, "v", "s", &mode);
                if (r >= 0) {
                        work->clean = string_equal(mode, "clean");
                }
                return r < 0 ? r : 1;
        }
        if (string_equal(name, "resolutions")) {
                return job_wire_read_pairs_entry(message, &work->resolutions);
        }
        if (string_equal(name, "ledger")) {
                return job_wire_read_pairs_entry(message, &work->ledger);
        }
        return string_equal(name, "server") ? read_work_server(message, work, ret_error) : 0;
}

int job_wire_read_work(sd_bus_message *message, JobWork *ret) {
        static const BusDict dict = { work_fields, ELEMENTSOF(work_fields), true, read_work_other, NULL };
        _cleanup_(job_work_done) JobWork work = {};
        int r = bus_dict_read(message, &dict, &work, NULL);

        if (r < 0) {
                return r;
        }
        *ret = work;
        work = (JobWork) {};
        return 0;
}

static const BusField answer_fields[] = {
        FIELD(JobAnswer, 'b', cancel),
        { "continue", 'b', offsetof(JobAnswer, go_on) },
        FIELD(JobAnswer, 's', login),
};

int job_wire_append_answer(sd_bus_message *message, const JobAnswer *answer) {
        int r = open_dict(message, answer_fields, ELEMENTSOF(answer_fields), answer);

        r = r < 0 ? r : job_wire_append_pairs_entry(message, "resolutions", &answer->resolutions);
        r = r < 0 ? r : job_wire_append_strings_entry(message, "texts", answer->texts);
        return close_dict(message, r);
}

static int read_answer_other(sd_bus_message *message, const char *name, void *target,
                             sd_bus_error *ret_error) {
        JobAnswer *answer = target;

        if (string_equal(name, "resolutions")) {
                return job_wire_read_pairs_entry(message, &answer->resolutions);
        }
        return string_equal(name, "texts") ? job_wire_read_strings_entry(message, &answer->texts) : 0;
}

int job_wire_read_answer(sd_bus_message *message, JobAnswer *ret) {
        static const BusDict dict = { answer_fields, ELEMENTSOF(answer_fields), true, read_answer_other,
                                      NULL };
        _cleanup_(job_answer_done) JobAnswer answer = {};
        int r = bus_dict_read(message, &dict, &answer, NULL);

        if (r < 0) {
                return r;
        }
        *ret = answer;
        answer = (JobAnswer) {};
        return 0;
}

/* --- reports and results --------------------------------------------------------------------------------------------- */

/* intent is not among them: its empty text has a meaning. */
static const BusField report_fields[] = {
        FIELD(JobReport, 's', stage),       FIELD(JobReport, 's', checkpoint),
        FIELD(JobReport, 's', status_text), FIELD(JobReport, 's', client),
        FIELD(JobReport, 'x', changelist),  FIELD(JobReport, 'x', source_changelist),
        FIELD(JobReport, 'x', shelf),       FIELD(JobReport, 'u', n_conflicts),
        FIELD(JobReport, 'b', needs_login),
};

static int append_intent_entry(sd_bus_message *message, const char *intent) {
        int r;

        if (!intent) {
                return 0;
        }
        r = bus_dict_open_entry(message, "intent", "s");
        r = r < 0 ? r : bus_append_text(message, intent);
        return r < 0 ? r : bus_dict_close_entry(message);
}

static int append_text_entry(sd_bus_message *message, const JobText *text) {
        int r = bus_dict_open_entry(message, "text", "a{sv}");

        r = r < 0 ? r : job_wire_append_text(message, text);
        return r < 0 ? r : bus_dict_close_entry(message);
}

int job_wire_append_report(sd_bus_message *message, const JobReport *report) {
        int r = open_dict(message, report_fields, ELEMENTSOF(report_fields), report);

        r = r < 0 ? r : append_intent_entry(message, report->intent);
        if (report->conflicts) {
                r = r < 0 ? r : job_wire_append_conflicts_entry(message, report->conflicts);
        }
        r = r < 0 ? r : job_wire_append_pairs_entry(message, "ledger_add", report->ledger_add);
        r = r < 0 ? r : job_wire_append_pairs_entry(message, "ledger_done", report->ledger_done);
        r = r < 0 ? r : job_wire_append_strings_entry(message, "resolved", report->resolved);
        r = r < 0 || !report->text ? r : append_text_entry(message, report->text);
        return close_dict(message, r);
}

void job_wire_report_done(JobWireReport *report) {
        job_conflicts_done(&report->conflicts);
        job_pairs_done(&report->ledger_add);
        job_pairs_done(&report->ledger_done);
        strv_free(report->resolved);
        job_text_done(&report->text);
        *report = (JobWireReport) {};
}

static int read_text_entry(sd_bus_message *message, JobWireReport *wire, sd_bus_error *ret_error) {
        int r = sd_bus_message_enter_container(message, 'v', "a{sv}");

        job_text_done(&wire->text);
        r = r < 0 ? r : job_wire_read_text(message, &wire->text, ret_error);
        r = r < 0 ? r : sd_bus_message_exit_container(message);
        wire->report.text = r < 0 ? NULL : &wire->text;
        return r < 0 ? r : 1;
}

static int read_report_other(sd_bus_message *message, const char *name, void *target,
                             sd_bus_error *ret_error) {
        JobWireReport *wire = target;
        int r;

        if (string_equal(name, "intent")) {
                r = sd_bus_message_read(message, "v", "s", &wire->report.intent);
                return r < 0 ? r : 1;
        }
        if (string_equal(name, "conflicts")) {
                r = job_wire_read_conflicts_entry(message, &wire->conflicts);
                wire->report.conflicts = r < 0 ? NULL : &wire->conflicts;
                return r;
        }
        if (string_equal(name, "text")) {
                return read_text_entry(message, wire, ret_error);
        }
        if (string_equal(name, "ledger_add")) {
                return job_wire_read_pairs_entry(message, &wire->ledger_add);
        }
        if (string_equal(name, "ledger_done")) {
                return job_wire_read_pairs_entry(message, &wire->ledger_done);
        }
        return string_equal(name, "resolved") ? job_wire_read_strings_entry(message, &wire->resolved) : 0;
}

/* JobReport stands first in JobWireReport, so its fields are found at the same offsets. */
int job_wire_read_report(sd_bus_message *message, JobWireReport *ret, sd_bus_error *ret_error) {
        static const BusDict dict = { report_fields, ELEMENTSOF(report_fields), false, read_report_other,
                                      "change" };
        int r = bus_dict_read(message, &dict, ret, ret_error);

        ret->report.ledger_add = &ret->ledger_add;
        ret->report.ledger_done = &ret->ledger_done;
        ret->report.resolved = ret->resolved;
        return r;
}

static const BusField result_fields[] = {
        FIELD(JobResult, 's', outcome), FIELD(JobResult, 's', reason),     FIELD(JobResult, 's', error),
        FIELD(JobResult, 's', note),    FIELD(JobResult, 'x', changelist), FIELD(JobResult, 'b', clean),
};

int job_wire_append_result(sd_bus_message *message, const JobResult *result) {
        int r = open_dict(message, result_fields, ELEMENTSOF(result_fields), result);

        r = r < 0 ? r : job_wire_append_pairs_entry(message, "ledger_done", result->ledger_done);
        return close_dict(message, r);
}

void job_wire_result_done(JobWireResult *result) {
        job_pairs_done(&result->ledger_done);
        *result = (JobWireResult) {};
}

static int read_result_other(sd_bus_message *message, const char *name, void *target,
                             sd_bus_error *ret_error) {
        JobWireResult *wire = target;

        return string_equal(name, "ledger_done") ? job_wire_read_pairs_entry(message, &wire->ledger_done) :
                                                   0;
}

int job_wire_read_result(sd_bus_message *message, JobWireResult *ret, sd_bus_error *ret_error) {
        static const BusDict dict = { result_fields, ELEMENTSOF(result_fields), false, read_result_other,
                                      "result" };
        int r = bus_dict_read(message, &dict, ret, ret_error);

        ret->result.ledger_done = &ret->ledger_done;
        return r;
}
