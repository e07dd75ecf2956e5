#include "services/jobd_create.h"

#include <ctype.h>
#include <string.h>

#include "base/log.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "domain/job_spec_text.h"
#include "services/job_list_store.h"
#include "services/job_parts_store.h"
#include "services/jobd_job.h"

#define OWNER_MAX 255

struct JobdDraft {
        Jobd *jobd;
        char id[JOB_ID_MAX];
        char *owner, *spec, *server, *client, *key, *p4user, *retry_of, *summary;
        bool is_trial, has_credential, is_committed;
};

JobdDraft *jobd_draft_free(JobdDraft *draft) {
        if (!draft) {
                return NULL;
        }
        if (draft->has_credential && !draft->is_committed && *draft->id) {
                (void) credential_store_release_name(draft->jobd->store, draft->id);
                jobd_drop_credentials(draft->jobd);
        }
        draft->jobd->n_drafts--;
        free(draft->owner);
        free(draft->spec);
        free(draft->server);
        free(draft->client);
        free(draft->key);
        free(draft->p4user);
        free(draft->retry_of);
        free(draft->summary);
        free(draft);
        return NULL;
}

const char *jobd_draft_id(const JobdDraft *draft) {
        return draft->id;
}

bool jobd_draft_has_credential(const JobdDraft *draft) {
        return draft->has_credential;
}

static int complain(int error, char **ret_message, const char *text) {
        (void) string_copy(ret_message, text);
        return error;
}

/* --- checks ---------------------------------------------------------------------------------------------------------- */

static int check_bounds(const Jobd *jobd, const JobdRequest *request, char **ret_message) {
        const JobOptions *options = &request->options;

        if (!string_equal(request->kind, "integrate")) {
                return complain(-EINVAL, ret_message, "There is one kind of jobs, \"integrate\"");
        }
        if (strlen(request->spec_json) > JOBD_SPEC_MAX) {
                return complain(-EBADMSG, ret_message, "spec: larger than 65536 bytes");
        }
        if (options->credential &&
            (options->credential_size == 0 || options->credential_size > JOBD_CREDENTIAL_MAX)) {
                return complain(-EINVAL, ret_message, "The credential is empty or larger than 4096 bytes");
        }
        if (string_is_empty(options->owner) || strlen(options->owner) > OWNER_MAX ||
            string_has_control(options->owner)) {
                return complain(-EINVAL, ret_message,
                                "The owner has no name, or one that is too long or no text");
        }
        if (jobd->n_live + jobd->n_drafts >= JOBD_QUEUE_MAX) {
                return complain(-ENOBUFS, ret_message, "There are 10000 jobs already that have not ended");
        }
        return jobd->n_drafts < JOBD_DRAFTS_MAX ?
                               0 :
                               complain(-ENOBUFS, ret_message, "Too many jobs are being created, try again");
}

static int check_server(Jobd *jobd, const JobSpec *spec, Server *ret, bool *ret_ignores_case,
                        char **ret_message) {
        int r = jobd_find_server(jobd, spec->server, false, ret, ret_ignores_case);

        if (r == -ENOENT) {
                (void) string_format(ret_message, "spec.server: there is no server %s in servers.yaml",
                                     spec->server);
                return -EBADMSG;
        }
        return r;
}

static int check_host(const Jobd *jobd, const JobSpec *spec, char **ret_message) {
        if (!spec->host || string_equal(spec->host, jobd->host)) {
                return 0;
        }
        (void) string_format(ret_message, "spec.host: jobs run on this host, %s", jobd->host);
        return -EBADMSG;
}

static int check_user(const JobOptions *options, char **ret_message) {
        const char *problem = string_is_empty(options->p4user) ? NULL : server_user_problem(options->p4user);

        if (!problem) {
                return 0;
        }
        (void) string_format(ret_message, "p4user %s", problem);
        return -EINVAL;
}

/* --- filling --------------------------------------------------------------------------------------------------------- */

/* HOST/SERVER/CLIENT. Where the server does not tell letters' cases apart, neither do its clients' names. */
static int make_key(const Jobd *jobd, const JobSpec *spec, bool ignores_case, char **ret) {
        int r = spec->client ? string_format(ret, "%s/%s/%s", jobd->host, spec->server, spec->client) : 0;

        for (char *c = r >= 0 && spec->client && ignores_case ? *ret : NULL; c && *c; c++) {
                *c = (char) tolower((unsigned char) *c);
        }
        return r;
}

static int fill(JobdDraft *draft, const JobdRequest *request, const JobSpec *spec, const Server *server,
                bool ignores_case) {
        const char *p4user = request->options.p4user;
        int r = string_copy(&draft->owner, request->options.owner);

        draft->is_trial = spec->trial;
        draft->has_credential = request->options.credential;
        r = r < 0 ? r : string_copy(&draft->server, spec->server);
        r = r < 0 ? r : string_copy(&draft->client, spec->client);
        r = r < 0 ? r : string_copy(&draft->p4user, string_is_empty(p4user) ? server->p4user : p4user);
        r = r < 0 ? r : string_copy(&draft->retry_of, request->retry_of);
        r = r < 0 ? r : job_spec_format(spec, &draft->spec);
        r = r < 0 ? r : job_spec_summary(spec, &draft->summary);
        return r < 0 ? r : make_key(draft->jobd, spec, ignores_case, &draft->key);
}

static int take_id(JobdDraft *draft) {
        uint32_t day = job_id_day(now_realtime()), number;
        int r = job_store_reserve(draft->jobd->store, day, draft->has_credential, &number);

        if (r >= 0) {
                (void) job_id_format(draft->id, day, number);
        }
        return r;
}

int jobd_prepare(Jobd *jobd, const JobdRequest *request, JobdDraft **ret, char **ret_message) {
        _cleanup_(jobd_draft_freep) JobdDraft *draft = NULL;
        _cleanup_(job_spec_done) JobSpec spec = {};
        _cleanup_(server_done) Server server = {};
        bool ignores_case = false;
        int r = check_bounds(jobd, request, ret_message);

        r = r < 0 ? r : job_spec_parse(request->spec_json, &spec, ret_message);
        r = r < 0 ? r : check_server(jobd, &spec, &server, &ignores_case, ret_message);
        r = r < 0 ? r : check_host(jobd, &spec, ret_message);
        r = r < 0 ? r : check_user(&request->options, ret_message);
        if (r < 0) {
                return r;
        }
        draft = calloc(1, sizeof(*draft));
        if (!draft) {
                return -ENOMEM;
        }
        draft->jobd = jobd;
        jobd->n_drafts++;
        r = fill(draft, request, &spec, &server, ignores_case);
        r = r < 0 ? r : take_id(draft);
        if (r < 0) {
                return r;
        }
        *ret = TAKE_PTR(draft);
        return 0;
}

int jobd_prepare_retry(Jobd *jobd, const char *id, const JobOptions *options, JobdDraft **ret,
                       char **ret_message) {
        _cleanup_(job_record_done) JobRecord record = {};
        JobdRequest request = { .options = *options };
        int r = job_list_store_get_brief(jobd->store, id, &record, NULL);

        if (r < 0) {
                return r;
        }
        if (record.finished_at == 0) {
                (void) string_format(ret_message, "Job %s is %s; it can be repeated once it has ended", id,
                                     record.status);
                return -EBUSY;
        }
        request.kind = record.kind;
        request.spec_json = record.spec;
        request.retry_of = id;
        return jobd_prepare(jobd, &request, ret, ret_message);
}

int jobd_commit(JobdDraft *draft) {
        Jobd *jobd = draft->jobd;
        const JobNewRow row = { .id = draft->id,
                                .kind = "integrate",
                                .owner = draft->owner,
                                .spec = draft->spec,
                                .server = draft->server,
                                .client = draft->client,
                                .host = jobd->host,
                                .retry_of = draft->retry_of,
                                .p4user = draft->p4user,
                                .key = draft->key,
                                .trial = draft->is_trial,
                                .has_credential = draft->has_credential,
                                .now = now_realtime() };
        JobLiveRow live = { .id = draft->id,
                            .owner = draft->owner,
                            .server = draft->server,
                            .key = draft->key,
                            .has_credential = draft->has_credential,
                            .state = { .status = JOB_STATUS_QUEUED, .pending = JOB_STATUS_FAILED } };
        Job *job;
        int r = job_store_insert(jobd->store, &row, &live.seq);

        if (r < 0) {
                return log_error(r, "Failed to save job %s: %s", draft->id,
                                 db_error(job_store_db(jobd->store)));
        }
        draft->is_committed = true;
        job = jobd_add(jobd, &live);
        if (!job) {
                return -ENOMEM; /* it is in the database, and found there at the next start */
        }
        job_log(job, LOG_LEVEL_INFO, WEIR_MESSAGE_JOB_QUEUED, "queued for %s on %s: %s", draft->owner,
                draft->server, draft->summary);
        jobd_announce(jobd, job, JOBD_EVENT_NEW);
        jobd_settle_soon(jobd);
        return 0;
}
