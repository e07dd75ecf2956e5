#include "services/api_conflict.h"

#include <string.h>

#include "base/string_util.h"
#include "base/time_util.h"
#include "domain/job_stage.h"
#include "services/api_job.h"

/* As long as the reader wants to wait, and weir-jobd, which answers after some seconds whatever comes, says that it is being read. */
static int read_conflict(Api *api, JobsClient *client, JobText *ret, char **ret_message) {
        uint64_t end = now_monotonic() + (uint64_t) api_number(api, "wait") * USEC_PER_SEC;
        int r;

        for (;;) {
                r = jobs_client_read_conflict(client, api->job, api_text(api, "file"), ret, ret_message);
                if (r < 0 || !string_equal(ret->state, "pending") || now_monotonic() >= end) {
                        return r;
                }
                job_text_done(ret);
        }
}

/* JSON has no other texts; what was made of them here would come back as something else. */
static bool is_json_text(const JobBytes *side) {
        return !side->data || (string_is_utf8(side->data, side->size) && !memchr(side->data, 0, side->size));
}

static void write_side(JsonWriter *json, const char *name, const JobBytes *side, bool is_shown) {
        json_string(json, name, is_shown ? side->data : NULL);
}

static int tell(Api *api, const JobText *text) {
        bool is_text = text->is_text && is_json_text(&text->base) && is_json_text(&text->theirs) &&
                       is_json_text(&text->yours) && is_json_text(&text->merged);
        bool is_shown = is_text && string_equal(text->state, "ready");

        api_begin(api);
        json_string(&api->json, "file", text->file ? text->file : api_text(api, "file"));
        json_string(&api->json, "type", text->type);
        json_bool(&api->json, "is_text", is_text);
        write_side(&api->json, "base", &text->base, is_shown);
        write_side(&api->json, "theirs", &text->theirs, is_shown);
        write_side(&api->json, "yours", &text->yours, is_shown);
        write_side(&api->json, "merged", &text->merged, is_shown);
        json_bool(&api->json, "truncated", text->truncated);
        json_string(&api->json, "state", text->state);
        json_string(&api->json, "reason", text->error);
        return api_end(api);
}

int api_job_conflict(Api *api) {
        _cleanup_(jobs_client_freep) JobsClient *client = NULL;
        _cleanup_(job_record_done) JobRecord job = {};
        _cleanup_(job_text_done) JobText text = {};
        _cleanup_free_ char *message = NULL;
        int r = api_job_find_for(api, API_JOB_STEER, &job);

        if (r > 0 && !string_equal(job.status, job_status_to_string(JOB_STATUS_NEEDS_RESOLVE))) {
                return api_fail(api, 409, "job_not_waiting", "job", api->job, NULL);
        }
        r = r <= 0 ? r : api_job_connect(api, &client);
        if (r <= 0) {
                return r;
        }
        r = read_conflict(api, client, &text, &message);
        if (r == -EINVAL) {
                return api_fail(api, 404, "no_such_conflict", "job", api->job, "file", api_text(api, "file"),
                                NULL);
        }
        return r < 0 ? api_job_explain(api, r, message) : tell(api, &text);
}
