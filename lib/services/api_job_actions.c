#include "services/api_job_actions.h"

#include <string.h>

#include "base/log.h"
#include "base/seal.h"
#include "base/string_util.h"
#include "domain/job_stage.h"
#include "services/api_job_new.h"

#define FILES_MAX 20000
#define PATH_LENGTH_MAX 4096

/* --- all -------------------------------------------------------------------------------------------- */

typedef struct Action {
        JobsClient *client;
        JobRecord job;
        JobStatus status;
} Action;

static void action_done(Action *action) {
        jobs_client_free(action->client);
        job_record_done(&action->job);
}

/* 1: the job is there, one may, and it has not ended. What is refused, here and by the actions themselves, asks nobody. */
static int prepare(Api *api, Action *action) {
        int r = api_job_find_for(api, API_JOB_STEER, &action->job);

        if (r <= 0) {
                return r;
        }
        action->status = job_status_from_string(action->job.status);
        if (job_status_is_final(action->status)) {
                (void) api_fail(api, 409, "job_ended", "job", api->job, NULL);
                return 0;
        }
        return 1;
}

static int answer(Api *api, const char *status, const char *text) {
        _cleanup_free_ char *message = NULL;
        int r = api_message(api, &message, text, "job", api->job, NULL);

        if (r < 0) {
                return r;
        }
        log_notice("%s@%s: %s %s", api->identity.user, api->identity.server, api->job, status);
        api->response.status = api->route->status ? api->route->status : 200;
        api_begin(api);
        json_string(&api->json, "status", status);
        json_string(&api->json, "job_id", api->job);
        json_string(&api->json, "message", message);
        return api_end(api);
}

/* --- cancelling ------------------------------------------------------------------------------------- */

static int cancel(Api *api, Action *action, bool immediate) {
        _cleanup_free_ char *message = NULL;
        int r = api_job_connect(api, &action->client);

        if (r <= 0) {
                return r;
        }
        r = jobs_client_cancel(action->client, api->job, immediate, api->identity.user, &message);
        return r < 0 ? api_job_explain(api, r, message) : 1;
}

/* What was queued has ended with the wish; what runs is being stopped. */
int api_job_cancel(Api *api) {
        _cleanup_(action_done) Action action = {};
        _cleanup_(job_record_done) JobRecord after = {};
        int r = prepare(api, &action);

        r = r <= 0 ? r : cancel(api, &action, api_field_number(api, "mode") == 1);
        r = r <= 0 ? r : api_job_find(api, &after);
        if (r <= 0) {
                return r;
        }
        return string_equal(after.status, "cancelled") ? answer(api, "cancelled", "job_cancelled") :
                                                         answer(api, "cancelling", "job_cancelling");
}

int api_queue_cancel(Api *api) {
        _cleanup_(action_done) Action action = {};
        const char *workspace = api_field_text(api, "workspace");
        int r = prepare(api, &action);

        if (r <= 0) {
                return r;
        }
        if (action.status != JOB_STATUS_QUEUED ||
            (!string_is_empty(workspace) && !string_equal(workspace, action.job.client))) {
                return api_fail(api, 409, "job_not_queued", "job", api->job, NULL);
        }
        r = cancel(api, &action, false);
        return r <= 0 ? r : answer(api, "removed", "job_removed");
}

/* --- conflicts -------------------------------------------------------------------------------------- */

static int refuse_unless_waiting(Api *api, const Action *action) {
        if (action->status == JOB_STATUS_NEEDS_RESOLVE) {
                return 1;
        }
        (void) api_fail(api, 409, "job_not_waiting", "job", api->job, NULL);
        return 0;
}

/* 1: with another ticket than its own, that of this login. */
static int renew_login(Api *api, const Action *action) {
        _cleanup_(wipe_text) char *ticket = NULL;
        _cleanup_free_ char *message = NULL;
        JobOptions options = { .p4user = api->identity.user };
        int r = api_job_ticket(api, &ticket);

        if (r <= 0) {
                return r;
        }
        options.credential = ticket;
        options.credential_size = strlen(ticket);
        r = jobs_client_renew_login(action->client, api->job, &options, &message);
        return r < 0 ? api_job_explain(api, r, message) : 1;
}

/* Whether its ticket has expired while it waited, only weir-jobd knows. */
static int log_in_again(Api *api, const Action *action) {
        _cleanup_(job_record_done) JobRecord job = {};
        _cleanup_free_ char *message = NULL;
        int r = jobs_client_get(action->client, api->job, &job, &message);

        if (r < 0) {
                return api_job_explain(api, r, message);
        }
        return job.needs_login ? renew_login(api, action) : 1;
}

int api_job_continue(Api *api) {
        _cleanup_(action_done) Action action = {};
        _cleanup_free_ char *message = NULL;
        int r = prepare(api, &action);

        r = r <= 0 ? r : refuse_unless_waiting(api, &action);
        r = r <= 0 ? r : api_job_connect(api, &action.client);
        r = r <= 0 ? r : log_in_again(api, &action);
        if (r <= 0) {
                return r;
        }
        r = jobs_client_continue(action.client, api->job, &message);
        return r < 0 ? api_job_explain(api, r, message) : answer(api, "continued", "job_continued");
}

static int check_member(const char *key, const JsonValue *value, void *userdata) {
        static const char *const known[] = { "file", "accept", "text" };

        for (size_t i = 0; i < ELEMENTSOF(known); i++) {
                if (string_equal(known[i], key)) {
                        return 0;
                }
        }
        *(const char **) userdata = key;
        return 1;
}

static bool is_way(const char *accept) {
        static const char *const ways[] = { "theirs", "yours", "merged", "edit" };

        for (size_t i = 0; i < ELEMENTSOF(ways); i++) {
                if (string_equal(ways[i], accept)) {
                        return true;
                }
        }
        return false;
}

/* What the request wants: files with a way, and files with the text they shall have, in the editor of the pages. */
typedef struct Wishes {
        JobPairs files, texts; /* file and way; file and text */
} Wishes;

static void wishes_done(Wishes *wishes) {
        job_pairs_done(&wishes->files);
        job_pairs_done(&wishes->texts);
}

static int refuse(Api *api, int status, const char *code, const char *name, const char *value) {
        (void) api_fail(api, status, code, name, value, NULL);
        return 1;
}

/* 0: it is in order. 1: it is not, and the answer says so. */
static int read_file(Api *api, const JsonValue *item, Wishes *wishes) {
        const char *file = json_value_string(json_value_get(item, "file")), *unknown = NULL;
        const char *accept = json_value_string(json_value_get(item, "accept"));
        const JsonValue *given = json_value_get(item, "text");
        const char *text = json_value_string(given);

        if (json_value_each(item, check_member, &unknown) != 0) {
                return refuse(api, 400, "unknown_field", "field", unknown);
        }
        if (string_is_empty(file) || strlen(file) > PATH_LENGTH_MAX || !accept || !is_way(accept)) {
                return refuse(api, 400, "bad_resolution", NULL, NULL);
        }
        if (json_value_kind(given) == JSON_NULL) {
                return job_pairs_append(&wishes->files, file, accept);
        }
        if (!text || !string_equal(accept, "edit")) {
                return refuse(api, 400, "bad_resolution", NULL, NULL);
        }
        if (strlen(text) > JOB_CONTENT_MAX) {
                return refuse(api, 413, "text_too_large", "file", file);
        }
        return job_pairs_append(&wishes->texts, file, text);
}

static int read_files(Api *api, Wishes *wishes) {
        const JsonValue *list = api_field_value(api, "files");
        size_t n = json_value_length(list);
        int r = 0;

        if (n == 0 || n > FILES_MAX) {
                return refuse(api, 400, "bad_field", "field", "files");
        }
        for (size_t i = 0; i < n && r == 0; i++) {
                r = read_file(api, json_value_at(list, i), wishes);
        }
        return r;
}

static int carry_out(Api *api, JobsClient *client, const Wishes *wishes, char **ret_message) {
        int r = wishes->files.n_items > 0 ?
                                jobs_client_resolve(client, api->job, &wishes->files, ret_message) :
                                0;

        for (size_t i = 0; i < wishes->texts.n_items && r >= 0; i++) {
                const JobPair *pair = &wishes->texts.items[i];
                const JobBytes text = { pair->second, strlen(pair->second) };

                r = jobs_client_resolve_with_text(client, api->job, pair->first, &text, ret_message);
        }
        return r;
}

int api_job_resolve(Api *api) {
        _cleanup_(action_done) Action action = {};
        _cleanup_(wishes_done) Wishes wishes = {};
        _cleanup_free_ char *message = NULL;
        int r = prepare(api, &action);

        r = r <= 0 ? r : refuse_unless_waiting(api, &action);
        if (r <= 0) {
                return r;
        }
        r = read_files(api, &wishes);
        if (r != 0) {
                return r < 0 ? r : 0;
        }
        r = api_job_connect(api, &action.client);
        if (r <= 0) {
                return r;
        }
        r = carry_out(api, action.client, &wishes, &message);
        return r < 0 ? api_job_explain(api, r, message) : answer(api, "resolving", "job_resolving");
}
