/* `weirctl cancel` and `continue`: what people want of a job that has not ended. */
#include <stdio.h>
#include <string.h>

#include "base/string_util.h"
#include "base/time_util.h"
#include "services/ctl_job.h"
#include "services/ctl_verbs.h"

const CtlOption ctl_cancel_options[] = {
        { "immediate", 0, NULL, "kill it at once, without letting p4 finish" },
        { "wait", 'w', NULL, "wait until it has ended" },
        {},
};

const CtlOption ctl_continue_options[] = {
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

int ctl_continue(Ctl *ctl) {
        _cleanup_(jobs_client_freep) JobsClient *client = NULL;
        _cleanup_free_ char *message = NULL;
        const char *id = ctl->arguments[0];
        int status = 1, r = ctl_job_open(ctl, &client, &status);

        if (r < 0) {
                return status;
        }
        r = jobs_client_continue(client, id, &message);
        if (r < 0) {
                return ctl_job_fail(ctl, r, "continue", id, message);
        }
        return ctl_flag(ctl, "wait") ? ctl_job_await(ctl, client, id, CTL_JOB_SETTLE_USEC) :
                                       ctl_job_tell(ctl, id, "looks at its conflicts again.");
}
