/* `weirctl integrate` and `retry`: a job from options, with the caller's own login lent to it. */
#include <stdio.h>
#include <string.h>

#include "base/string_util.h"
#include "services/ctl_job.h"
#include "services/ctl_job_login.h"
#include "services/ctl_output.h"
#include "services/ctl_preview.h"
#include "services/ctl_spec.h"
#include "services/ctl_verbs.h"

const CtlOption ctl_integrate_options[] = {
        { "server", 's', "NAME", "the Perforce server" },
        { "stream", 0, "PATH", "a stream: its changes go to its parent" },
        { "branch", 'b', "SPEC", "a branch spec" },
        { "from", 0, "PATH", "from these files" },
        { "to", 0, "PATH", "to these files" },
        { "path", 0, "PATH", "a part of a stream: its parent's changes come into it" },
        { "reverse", 'r', NULL, "the other way round, of a stream or a branch spec" },
        { "changelist", 'c', "N", "what was submitted up to this changelist (latest)" },
        { "client", 0, "NAME", "work in this client; otherwise in one made for the job" },
        { "host", 0, "NAME", "run it on this host (here)" },
        { "description", 'd', "TEXT", "of the changelist" },
        { "hook", 0, "NAME=COMMAND…",
          "a hook: update_component, pre_submit, build, name_check, sync, push" },
        { "env", 0, "NAME=VALUE…", "a variable for hooks" },
        { "limit", 0, "NAME=VALUE…", "MemoryMax, CPUWeight, IOWeight, TasksMax, timeout, stop_timeout" },
        { "resolve", 0, "POLICY", "how to resolve by itself: merge, safe, theirs, yours, none" },
        { "clean-workspace", 0, NULL, "revert what others have opened in the client" },
        { "trial", 't', NULL, "end after shelving, submit nothing" },
        { "preview", 'n', NULL, "only show what would be integrated" },
        { "user", 'u', "NAME", "your Perforce user, if it is not found" },
        { "wait", 'w', NULL, "wait until it has ended or needs you" },
        {},
};

const CtlOption ctl_retry_options[] = {
        { "user", 'u', "NAME", "your Perforce user, if it is not found" },
        { "wait", 'w', NULL, "wait until it has ended or needs you" },
        {},
};

/* --- creating -------------------------------------------------------------------------------------------------------- */

static int tell_new(const Ctl *ctl, const char *id) {
        CtlJson json;

        if (!ctl->json) {
                printf("%s: queued.\n", id);
                return 0;
        }
        ctl_json_begin(&json);
        json_object_begin(&json.writer, NULL);
        json_string(&json.writer, "id", id);
        json_object_end(&json.writer);
        return ctl_json_print(&json);
}

static int created(const Ctl *ctl, JobsClient *client, const char *id) {
        return ctl_flag(ctl, "wait") ? ctl_job_await(ctl, client, id, 0) : tell_new(ctl, id);
}

static int create(const Ctl *ctl, const char *json, const JobLogin *login) {
        _cleanup_(jobs_client_freep) JobsClient *client = NULL;
        _cleanup_free_ char *id = NULL, *message = NULL;
        const JobOptions options = job_login_options(login);
        int status = 1, r = ctl_job_connect(ctl, &client, &status);

        if (r < 0) {
                return status;
        }
        r = jobs_client_create(client, json, &options, &id, &message);
        return r < 0 ? ctl_job_explain(ctl, r, "create the job", message) : created(ctl, client, id);
}

static int integrate(const Ctl *ctl, const JobSpec *spec, const char *json) {
        _cleanup_(ctl_perforce_done) CtlPerforce perforce = {};
        JobLogin login = {};
        int status = 1, r = job_login_lend(ctl, spec->server, &perforce, &login, &status);

        if (r >= 0) {
                status = ctl_flag(ctl, "preview") ? ctl_preview(ctl, spec, &login) :
                                                    create(ctl, json, &login);
        }
        job_login_done(&login);
        return status;
}

int ctl_integrate(Ctl *ctl) {
        _cleanup_(job_spec_done) JobSpec spec = {};
        _cleanup_free_ char *json = NULL;
        int status = 1, r = ctl_spec_read(ctl, &spec, &json, &status);

        return r < 0 ? status : integrate(ctl, &spec, json);
}

/* --- once more ------------------------------------------------------------------------------------------------------- */

static int retry(const Ctl *ctl, JobsClient *client, const JobRecord *job) {
        _cleanup_(ctl_perforce_done) CtlPerforce perforce = {};
        _cleanup_free_ char *id = NULL, *message = NULL, *what = NULL;
        JobLogin login = {};
        int status = 1, r = job_login_lend(ctl, job->server, &perforce, &login, &status);

        if (r >= 0) {
                const JobOptions options = job_login_options(&login);

                r = jobs_client_retry(client, job->id, &options, &id, &message);
                (void) string_format(&what, "repeat %s", job->id);
                status = r < 0 ? ctl_job_explain(ctl, r, what ? what : "repeat", message) :
                                 created(ctl, client, id);
        }
        job_login_done(&login);
        return status;
}

int ctl_retry(Ctl *ctl) {
        _cleanup_(jobs_client_freep) JobsClient *client = NULL;
        _cleanup_(job_record_done) JobRecord job = {};
        _cleanup_free_ char *message = NULL;
        int status = 1, r = ctl_job_open(ctl, &client, &status);

        if (r < 0) {
                return status;
        }
        r = jobs_client_get(client, ctl->arguments[0], &job, &message);
        if (r >= 0 && job.finished_at == 0) { /* before a password is asked for */
                return ctl_fail(ctl, 1, NULL, "%s has not ended: it is %s.", job.id, job.status);
        }
        if (r < 0) {
                return ctl_job_fail(ctl, r, "repeat", ctl->arguments[0], message);
        }
        return retry(ctl, client, &job);
}
