#include "services/api_job.h"

#include <string.h>

#include "base/log.h"
#include "base/string_util.h"
#include "domain/job_stage.h"
#include "services/api_job_unit.h"
#include "services/api_jobs.h"

/* --- finding, and who may ---------------------------------------------------------------------------- */

int api_job_find(Api *api, JobRecord *ret) {
        _cleanup_(job_store_closep) JobStore *store = NULL;
        int r = api_jobs_open(&store);

        if (r < 0) {
                return r; /* also -ENOENT: there is no database */
        }
        r = job_list_store_get_brief(store, api->job, ret, NULL);
        if (r == -ENOENT) {
                (void) api_fail(api, 404, "no_such_job", "job", api->job, NULL);
                return 0;
        }
        return r < 0 ? r : 1;
}

bool api_job_may(const Api *api, const JobRecord *job, ApiJobRight right) {
        const ApiIdentity *who = &api->identity;
        bool is_own = string_equal(job->owner, who->user) && string_equal(job->server, who->server);

        return is_own || who->role >= (right == API_JOB_STEER ? API_ACCESS_OPERATOR : API_ACCESS_ADMIN);
}

int api_job_find_for(Api *api, ApiJobRight right, JobRecord *ret) {
        int r = api_job_find(api, ret);

        if (r > 0 && !api_job_may(api, ret, right)) {
                (void) api_fail(api, 403, "not_own_job", "job", api->job, "owner", ret->owner, NULL);
                job_record_done(ret);
                return 0;
        }
        return r;
}

/* --- asking weir-jobd -------------------------------------------------------------------------------- */

int api_job_connect(Api *api, JobsClient **ret) {
        int r = jobs_client_new(ret);

        if (r < 0) {
                (void) log_error(r, "Failed to reach the system bus: %s", strerror(-r));
                (void) api_fail(api, 503, "no_jobd", NULL);
                return 0;
        }
        return 1;
}

int api_job_explain(Api *api, int error, const char *message) {
        static const struct {
                int error, status;
                const char *code;
        } table[] = {
                { -ENOENT, 404, "no_such_job" },    { -EBADMSG, 400, "bad_spec" },
                { -EACCES, 403, "bad_arguments" },  { -EBUSY, 409, "wrong_state" },
                { -ENOBUFS, 503, "too_many_jobs" }, { -ENOKEY, 503, "no_credential" },
                { -EINVAL, 400, "bad_arguments" },  { -EHOSTDOWN, 503, "no_jobd" },
                { -ETIMEDOUT, 503, "no_jobd" },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                if (table[i].error == error) {
                        return api_fail(api, table[i].status, table[i].code, "job", api->job, "detail",
                                        message ? message : "", NULL);
                }
        }
        return log_error(error, "weir-jobd refused: %s", message ? message : strerror(-error));
}

void api_job_write_count(JsonWriter *json, const char *name, int64_t value) {
        if (value == 0) {
                json_null(json, name);
        } else {
                json_int(json, name, value);
        }
}

/* --- parts ------------------------------------------------------------------------------------------ */

typedef struct SpecWriter {
        JsonWriter *json;
        bool is_closed; /* hooks and what they are given are not shown */
        int result;
} SpecWriter;

static int write_spec_member(const char *key, const JsonValue *value, void *userdata) {
        SpecWriter *writer = userdata;
        _cleanup_free_ char *text = NULL;

        if (writer->is_closed && (string_equal(key, "env") || string_equal(key, "hooks"))) {
                return 0;
        }
        writer->result = json_value_format(value, &text);
        if (writer->result >= 0) {
                json_raw(writer->json, key, text);
        }
        return writer->result;
}

/* Hooks and their variables may be anything, so they are for those who may change the job. */
static int write_spec(Api *api, const JobRecord *job) {
        _cleanup_(json_value_freep) JsonValue *spec = NULL;
        _cleanup_free_ char *message = NULL;
        SpecWriter writer = { .json = &api->json, .is_closed = !api_job_may(api, job, API_JOB_STEER) };
        int r = json_read(job->spec, strlen(job->spec), &spec, &message);

        if (r < 0) {
                return r == -EBADMSG ? -EUCLEAN : r;
        }
        json_object_begin(&api->json, "spec");
        (void) json_value_each(spec, write_spec_member, &writer);
        json_object_end(&api->json);
        return writer.result;
}

static void write_conflict(JsonWriter *json, size_t n, const JobConflict *conflict) {
        json_object_begin(json, NULL);
        json_int(json, "n", (int64_t) n);
        json_string(json, "type", conflict->type ? conflict->type : "");
        json_string(json, "depot_path", conflict->depot_path ? conflict->depot_path : "");
        json_string(json, "local_path", conflict->local_path);
        json_string(json, "base", conflict->base);
        json_string(json, "theirs", conflict->theirs);
        json_string(json, "yours", conflict->yours);
        json_bool(json, "is_text", conflict->is_text);
        json_int(json, "chunks_yours", conflict->chunks_yours);
        json_int(json, "chunks_theirs", conflict->chunks_theirs);
        json_int(json, "chunks_both", conflict->chunks_both);
        json_int(json, "chunks_conflicting", conflict->chunks_conflicting);
        json_string(json, "state", conflict->state ? conflict->state : "open");
        json_object_end(json);
}

static void write_lists(JsonWriter *json, const JobRecord *job) {
        json_array_begin(json, "conflicts");
        for (size_t i = 0; i < job->conflicts.n_items; i++) {
                write_conflict(json, i + 1, &job->conflicts.items[i]);
        }
        json_array_end(json);
        json_array_begin(json, "history");
        for (size_t i = 0; i < job->history.n_items; i++) {
                json_object_begin(json, NULL);
                json_string(json, "from", job->history.items[i].from);
                json_string(json, "to", job->history.items[i].to);
                json_time(json, "time", (int64_t) job->history.items[i].at);
                json_object_end(json);
        }
        json_array_end(json);
        json_array_begin(json, "left_behind");
        for (size_t i = 0; i < job->left_behind.n_items; i++) {
                json_object_begin(json, NULL);
                json_string(json, "kind", job->left_behind.items[i].first);
                json_string(json, "name", job->left_behind.items[i].second);
                json_object_end(json);
        }
        json_array_end(json);
}

static void write_can(Api *api, const JobRecord *job) {
        JobStatus status = job_status_from_string(job->status);
        bool may_steer = api_job_may(api, job, API_JOB_STEER), is_final = job_status_is_final(status);
        bool waits = status == JOB_STATUS_NEEDS_RESOLVE;

        json_object_begin(&api->json, "can");
        json_bool(&api->json, "cancel", may_steer && !is_final);
        json_bool(&api->json, "continue", may_steer && waits);
        json_bool(&api->json, "retry", is_final && api_job_may(api, job, API_JOB_OWN));
        json_bool(&api->json, "resolve", may_steer && waits);
        json_object_end(&api->json);
}

/* --- the whole job ---------------------------------------------------------------------------------- */

static int write_job(Api *api, const JobRecord *job) {
        bool is_active = job_status_is_active(job_status_from_string(job->status));
        ApiRows rows = { .api = api };
        int r;

        api_begin(api);
        r = api_jobs_write_summary(&rows, job);
        r = r < 0 ? r : write_spec(api, job);
        if (r < 0) {
                return r;
        }
        json_string(&api->json, "agent_id", string_or_null(is_active ? job->host : NULL));
        write_lists(&api->json, job);
        api_job_unit_write_pids(api, job);
        api_job_write_count(&api->json, "shelf", job->shelf);
        json_string(&api->json, "unit", string_or_null(job->unit));
        json_string(&api->json, "blocked_by", string_or_null(job->blocked_by));
        json_string(&api->json, "cancelled_by", string_or_null(job->cancelled_by));
        json_bool(&api->json, "needs_login", job->needs_login);
        write_can(api, job);
        return api_end(api);
}

int api_job(Api *api) {
        _cleanup_(jobs_client_freep) JobsClient *client = NULL;
        _cleanup_(job_record_done) JobRecord job = {};
        _cleanup_free_ char *message = NULL;
        int r = api_job_connect(api, &client);

        if (r <= 0) {
                return r;
        }
        r = jobs_client_get(client, api->job, &job, &message);
        return r < 0 ? api_job_explain(api, r, message) : write_job(api, &job);
}
