#include "services/api_jobs.h"

#include <stdio.h>
#include <string.h>

#include "base/string_util.h"
#include "domain/job_spec.h"

int api_jobs_open(JobStore **ret) {
        return job_store_open(api_state(), DB_READ_ONLY, ret);
}

/* --- one job ---------------------------------------------------------------------------------------- */

/* What it does, in the reader's language. */
static int make_title(Api *api, const JobSpec *spec, char **ret) {
        static const struct {
                const char *straight, *reversed;
        } texts[] = {
                [JOB_KIND_STREAM] = { "job_stream", "job_stream_reversed" },
                [JOB_KIND_BRANCH] = { "job_branch", "job_branch_reversed" },
                [JOB_KIND_PATHS] = { "job_paths", "job_paths" },
                [JOB_KIND_PATH] = { "job_path", "job_path" },
        };
        const char *const what[] = {
                [JOB_KIND_STREAM] = spec->stream,
                [JOB_KIND_BRANCH] = spec->branch_spec,
                [JOB_KIND_PATHS] = spec->source,
                [JOB_KIND_PATH] = spec->path,
        };
        char at[32] = "@latest";

        if (spec->changelist) {
                (void) snprintf(at, sizeof at, "@%llu", (unsigned long long) spec->changelist);
        }
        return api_message(api, ret, spec->reverse ? texts[spec->kind].reversed : texts[spec->kind].straight,
                           "what", what[spec->kind], "target", spec->target ? spec->target : "", "at", at,
                           NULL);
}

static void write_state(ApiRows *rows, const JobRecord *record) {
        api_row_string(rows, "id", record->id);
        api_row_string(rows, "status", record->status);
        api_row_string(rows, "stage", record->stage);
        api_row_string(rows, "owner", record->owner);
        api_row_string(rows, "kind", record->kind);
        api_row_string(rows, "server", record->server);
        api_row_string(rows, "client", string_or_null(record->client));
        api_row_string(rows, "host", string_or_null(record->host));
        api_row_bool(rows, "trial", record->trial);
        api_row_time(rows, "created_at", (int64_t) record->created_at);
        api_row_time(rows, "updated_at", (int64_t) record->updated_at);
        api_row_time(rows, "started_at", (int64_t) record->started_at);
        api_row_time(rows, "finished_at", (int64_t) record->finished_at);
        api_row_count(rows, "changelist", record->changelist);
        api_row_count(rows, "source_changelist", record->source_changelist);
        api_row_int(rows, "n_conflicts", record->n_conflicts);
        api_row_count(rows, "position", record->position);
        api_row_string(rows, "error", string_or_null(record->error));
        api_row_string(rows, "reason", string_or_null(record->reason));
        api_row_int(rows, "attempt", record->attempt);
        api_row_string(rows, "retry_of", string_or_null(record->retry_of));
        api_row_string(rows, "status_text", string_or_null(record->status_text));
        api_row_string(rows, "workspace", string_or_null(record->client));
}

/* A specification that an older weir wrote, and that is none any more, has no title. */
int api_jobs_write_summary(ApiRows *rows, const JobRecord *record) {
        _cleanup_(job_spec_done) JobSpec spec = {};
        _cleanup_free_ char *title = NULL, *message = NULL;
        int r = job_spec_parse(record->spec ? record->spec : "", &spec, &message);

        if (r >= 0) {
                r = make_title(rows->api, &spec, &title);
        } else if (r == -EBADMSG) {
                r = 0;
        }
        write_state(rows, record);
        api_row_string(rows, "branch_spec", spec.branch_spec);
        api_row_string(rows, "stream", spec.stream);
        api_row_string(rows, "title", title ? title : record->id);
        return r;
}

/* --- the list --------------------------------------------------------------------------------------- */

/* Whose jobs are asked for; NULL: everybody's. */
static const char *wanted_owner(const Api *api) {
        const char *owner = string_or_null(api_text(api, "owner"));

        return owner ? owner : api_choice_is_yes(api, "all") ? NULL : api->identity.user;
}

static int write_job(ApiRows *rows, JobStore *store, JobRecord *record) {
        int64_t position = 0;
        int r = string_equal(record->status, "queued") ?
                                job_list_store_position(store, record->id, &position) :
                                0;

        record->position = (uint32_t) position;
        r = r < 0 ? r : api_row_begin(rows);
        r = r < 0 ? r : api_jobs_write_summary(rows, record);
        return r < 0 ? r : api_row_end(rows);
}

static int write_counts(ApiRows *rows, JobStore *store) {
        int64_t counts[_JOB_STATUS_MAX];
        JsonWriter *json = &rows->api->json;
        int r = job_list_store_count(store, wanted_owner(rows->api), counts);

        if (r < 0) {
                return r;
        }
        json_object_begin(json, "counts");
        for (JobStatus status = 0; status < _JOB_STATUS_MAX; status++) {
                json_int(json, job_status_to_string(status), counts[status]);
        }
        json_object_end(json);
        return 0;
}

static int write_list(Api *api, JobStore *store, const JobRecords *records, bool is_full) {
        ApiRows rows;
        int r = api_rows_begin(&rows, api, "jobs", "jobs");

        for (size_t i = 0; i < records->n_items && r >= 0; i++) {
                r = write_job(&rows, store, &records->items[i]);
        }
        api_rows_end(&rows);
        if (r >= 0 && !rows.is_csv) {
                json_int(&api->json, "count", (int64_t) records->n_items);
                r = write_counts(&rows, store);
                json_string(&api->json, "next_before",
                            is_full ? records->items[records->n_items - 1].id : NULL);
        }
        if (r < 0) {
                api_rows_done(&rows);
                return r;
        }
        return api_rows_finish(&rows);
}

/* A page is full when it has as many as asked for, or all that one answer has room for. */
static int list(Api *api, JobStore *store, const JobFilter *filter) {
        _cleanup_(job_records_done) JobRecords records = {};
        size_t bytes = 0;
        int r = job_list_store_list(store, filter, &records);

        if (r == -ENOENT) {
                return api_fail(api, 404, "no_such_job", "job", filter->before, NULL);
        }
        for (size_t i = 0; i < records.n_items; i++) {
                bytes += strlen(records.items[i].spec) + strlen(records.items[i].error);
        }
        bool is_full = records.n_items > 0 &&
                       (records.n_items >= filter->limit || bytes >= JOB_LIST_BYTES_MAX);
        return r < 0 ? r : write_list(api, store, &records, is_full);
}

int api_jobs(Api *api) {
        _cleanup_(job_store_closep) JobStore *store = NULL;
        int64_t status = api_number(api, "status");
        const JobFilter filter = {
                .owner = wanted_owner(api),
                .status = status > 0 ? job_status_to_string((JobStatus) (status - 1)) : NULL,
                .server = api_text(api, "server"),
                .before = api_text(api, "before"),
                .text = api_text(api, "q"),
                .limit = (uint32_t) api_number(api, "limit"),
        };
        int r;

        if (!string_is_empty(filter.before) && !job_id_is_valid(filter.before)) {
                return api_fail(api, 400, "bad_parameter", "field", "before", NULL);
        }
        r = api_jobs_open(&store);
        r = r < 0 ? r :
                    db_execute(job_store_db(store), "BEGIN"); /* the page and its counts are of one state */
        return r < 0 ? r : list(api, store, &filter);
}
