#include "services/api_job_new.h"

#include <string.h>

#include "base/log.h"
#include "base/seal.h"
#include "base/string_util.h"
#include "domain/job_stage.h"
#include "resources/p4_login.h"
#include "services/api_access.h"

/* --- what it works with ------------------------------------------------------------------------------ */

int api_job_ticket(Api *api, char **ret) {
        const char *given = api_field_text(api, "ticket");
        int r;

        if (string_is_empty(given)) {
                r = api_access_ticket(api, ret);
        } else if (!p4_ticket_is_valid(given)) {
                (void) api_fail(api, 400, "bad_ticket", NULL);
                return 0;
        } else {
                r = string_copy(ret, given);
        }
        if (r == -ENOENT) {
                (void) api_fail(api, 409, "no_ticket", NULL);
                return 0;
        }
        return r < 0 ? r : 1;
}

/* A name and a ticket are of one server: nobody works on another one with them. */
static int check_server(Api *api, const char *server) {
        if (string_equal(server, api->identity.server)) {
                return 1;
        }
        (void) api_fail(api, 403, "other_server", "server", api->identity.server, "wanted", server, NULL);
        return 0;
}

int api_job_read_spec(Api *api, JobSpec *ret, char **ret_json) {
        _cleanup_(job_spec_done) JobSpec spec = {};
        _cleanup_free_ char *json = NULL, *message = NULL;
        int r = json_value_format(api_field_value(api, "spec"), &json);

        r = r < 0 ? r : job_spec_parse(json, &spec, &message);
        if (r == -EBADMSG) {
                (void) api_fail(api, 400, "bad_spec", "detail", message ? message : "", NULL);
                return 0;
        }
        r = r < 0 ? r : check_server(api, spec.server);
        if (r > 0) {
                *ret = spec;
                spec = (JobSpec) {};
                *ret_json = TAKE_PTR(json);
        }
        return r;
}

/* --- making ----------------------------------------------------------------------------------------- */

static int tell_new(Api *api, const char *id, const char *original, const char *owner) {
        _cleanup_free_ char *location = NULL;
        int r = string_format(&location, "/api/jobs/%s", id);

        r = r < 0 ? r : http_response_header(&api->response, "Location", location);
        if (r < 0) {
                return r;
        }
        api->response.status = api->route->status;
        api_begin(api);
        json_string(&api->json, "job_id", id);
        if (original) {
                json_string(&api->json, "new_job_id", id);
                json_string(&api->json, "original_job_id", original);
        }
        json_string(&api->json, "status", "queued");
        json_string(&api->json, "owner", owner);
        json_string(&api->json, "location", location);
        return api_end(api);
}

/* spec NULL: once more what api->job did. */
static int make(Api *api, const char *spec, const char *ticket, const char *owner) {
        _cleanup_(jobs_client_freep) JobsClient *client = NULL;
        _cleanup_free_ char *id = NULL, *message = NULL;
        const JobOptions options = { .credential = ticket,
                                     .credential_size = strlen(ticket),
                                     .owner = owner,
                                     .p4user = api->identity.user };
        int r = api_job_connect(api, &client);

        if (r <= 0) {
                return r;
        }
        r = spec ? jobs_client_create(client, spec, &options, &id, &message) :
                   jobs_client_retry(client, api->job, &options, &id, &message);
        if (r < 0) {
                return api_job_explain(api, r, message);
        }
        log_notice("%s@%s created %s", api->identity.user, api->identity.server, id);
        return tell_new(api, id, spec ? NULL : api->job, owner);
}

int api_job_new(Api *api) {
        _cleanup_(job_spec_done) JobSpec spec = {};
        _cleanup_free_ char *json = NULL;
        const char *owner = api_field_text(api, "owner");
        char *ticket = NULL;
        int r;

        owner = string_is_empty(owner) ? api->identity.user : owner;
        if (!string_equal(owner, api->identity.user) && api->identity.role < API_ACCESS_ADMIN) {
                return api_fail(api, 403, "not_allowed", "role", api_access_to_string(API_ACCESS_ADMIN),
                                NULL);
        }
        r = api_job_read_spec(api, &spec, &json);
        r = r <= 0 ? r : api_job_ticket(api, &ticket);
        r = r <= 0 ? r : make(api, json, ticket, owner);
        wipe_text(&ticket);
        return r;
}

/* Whoever repeats a job owns the new one: it works in that name. */
int api_job_retry(Api *api) {
        _cleanup_(job_record_done) JobRecord job = {};
        char *ticket = NULL;
        int r = api_job_find_for(api, API_JOB_OWN, &job);

        if (r > 0 && !job_status_is_final(job_status_from_string(job.status))) {
                return api_fail(api, 409, "job_not_ended", "job", api->job, NULL);
        }
        r = r <= 0 ? r : check_server(api, job.server);
        r = r <= 0 ? r : api_job_ticket(api, &ticket);
        r = r <= 0 ? r : make(api, NULL, ticket, api->identity.user);
        wipe_text(&ticket);
        return r;
}
