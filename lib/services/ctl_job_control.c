/* `weirctl cancel` and `continue`: what people want of a job that has not ended. */
#include <stdio.h>
#include <string.h>

#include "base/string_util.h"
#include "base/time_util.h"
#include "services/ctl_job.h"
#include "services/ctl_job_login.h"
#include "services/ctl_verbs.h"

const CtlOption ctl_cancel_options[] = {
        { "immediate", 0, NULL, "kill it at once, without letting p4 finish" },
        { "wait", 'w', NULL, "wait until it has ended" },
        {},
};

const CtlOption ctl_continue_options[] = {
        { "user", 'u', "NAME", "your Perforce user, if it is not found" },
        { "wait", 'w', NULL, "wait until it has ended or needs you again" },
        {},
};

/* --- cancel ---------------------------------------------------------------------------------------------------------- */

static int await_cancelled(const Ctl *ctl, JobsClient *client, const char *id) {
        _cleanup_(job_record_done) JobRecord job = {};
        _cleanup_free_ char *message = NULL;
        int r = ctl_job_wait(ctl, client, id, USEC_INFINITY / 2, &job, &message);

        if (r < 0) {
                return ctl_job_fail(ctl, r, "wait for", id, message);
        }
        if (!string_equal(job.status, "cancelled")) { /* it was faster */
                (void) ctl_job_tell_end(ctl, &job);
                return 1;
        }
        if (ctl->json) {
                return ctl_print_job_json(&job);
        }
        printf("%s: cancelled.\n", id);
        return 0;
}

int ctl_cancel(Ctl *ctl) {
        _cleanup_(jobs_client_freep) JobsClient *client = NULL;
        _cleanup_free_ char *message = NULL;
        const char *id = ctl->arguments[0];
        int status = 1, r = ctl_job_open(ctl, &client, &status);

        if (r < 0) {
                return status;
        }
        r = jobs_client_cancel(client, id, ctl_flag(ctl, "immediate"), NULL, &message);
        if (r < 0) {
                return ctl_job_fail(ctl, r, "cancel", id, message);
        }
        return ctl_flag(ctl, "wait") ? await_cancelled(ctl, client, id) :
                                       ctl_job_tell(ctl, id, "is being cancelled.");
}

/* --- continue -------------------------------------------------------------------------------------------------------- */

/* Its ticket has expired while it waited: the caller's own takes its place. */
static int log_in_again(const Ctl *ctl, JobsClient *client, const JobRecord *job, int *ret_status) {
        _cleanup_(ctl_perforce_done) CtlPerforce perforce = {};
        _cleanup_free_ char *message = NULL;
        JobLogin login = {};
        int r = job_login_lend(ctl, job->server, &perforce, &login, ret_status);

        if (r >= 0) {
                const JobOptions options = job_login_options(&login);

                r = jobs_client_renew_login(client, job->id, &options, &message);
                if (r < 0) {
                        *ret_status = ctl_job_fail(ctl, r, "log in again for", job->id, message);
                }
        }
        job_login_done(&login);
        return r;
}

static int go_on(const Ctl *ctl, JobsClient *client, const char *id, int *ret_status) {
        _cleanup_(job_record_done) JobRecord job = {};
        _cleanup_free_ char *message = NULL;
        int r = jobs_client_get(client, id, &job, &message);

        if (r >= 0 && job.needs_login) {
                r = log_in_again(ctl, client, &job, ret_status);
                if (r < 0) {
                        return r;
                }
        }
        r = r < 0 ? r : jobs_client_continue(client, id, &message);
        if (r < 0) {
                *ret_status = ctl_job_fail(ctl, r, "continue", id, message);
        }
        return r;
}

int ctl_continue(Ctl *ctl) {
        _cleanup_(jobs_client_freep) JobsClient *client = NULL;
        const char *id = ctl->arguments[0];
        int status = 1, r = ctl_job_open(ctl, &client, &status);

        r = r < 0 ? r : go_on(ctl, client, id, &status);
        if (r < 0) {
                return status;
        }
        return ctl_flag(ctl, "wait") ? ctl_job_await(ctl, client, id, CTL_JOB_SETTLE_USEC) :
                                       ctl_job_tell(ctl, id, "looks at its conflicts again.");
}
