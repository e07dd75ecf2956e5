/* `weirctl cancel`, `continue`, `resolve`: what people want of a job that has not ended. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/string_util.h"
#include "base/time_util.h"
#include "services/ctl_job.h"
#include "services/ctl_output.h"
#include "services/ctl_verbs.h"

#define SETTLE_USEC                                                                                         \
        (10 *                                                                                               \
         USEC_PER_SEC) /* in this time a job that was told to go on has looked, and says what it found */

const CtlOption ctl_cancel_options[] = {
        { "immediate", 0, NULL, "kill it at once, without letting p4 finish" },
        { "wait", 'w', NULL, "wait until it has ended" },
        {},
};

const CtlOption ctl_continue_options[] = {
        { "wait", 'w', NULL, "wait until it has ended or needs you again" },
        {},
};

const CtlOption ctl_resolve_options[] = {
        { "accept", 0, "HOW", "theirs, yours, merged, or edit: the file as it is in the workspace" },
        { "all", 'a', NULL, "every conflict there is" },
        { "wait", 'w', NULL, "wait until it has ended or needs you again" },
        {},
};

static int fail(const Ctl *ctl, int error, const char *what, const char *id, const char *message) {
        _cleanup_free_ char *text = NULL;

        (void) string_format(&text, "%s %s", what, id);
        return ctl_job_explain(ctl, error, text ? text : what, message);
}

/* Without --wait: that it is on its way. */
static int tell(const Ctl *ctl, const char *id, const char *sentence) {
        CtlJson json;

        if (!ctl->json) {
                printf("%s: %s\n", id, sentence);
                return 0;
        }
        ctl_json_begin(&json);
        json_object_begin(&json.writer, NULL);
        json_string(&json.writer, "id", id);
        json_object_end(&json.writer);
        return ctl_json_print(&json);
}

/* --- cancel ---------------------------------------------------------------------------------------------------------- */

static int await_cancelled(const Ctl *ctl, JobsClient *client, const char *id) {
        _cleanup_(job_record_done) JobRecord job = {};
        _cleanup_free_ char *message = NULL;
        int r = ctl_job_wait(ctl, client, id, USEC_INFINITY / 2, &job, &message);

        if (r < 0) {
                return fail(ctl, r, "wait for", id, message);
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
        int status = 1, r = ctl_job_connect(ctl, &client, &status);

        if (r < 0) {
                return status;
        }
        r = jobs_client_cancel(client, id, ctl_flag(ctl, "immediate"), NULL, &message);
        if (r < 0) {
                return fail(ctl, r, "cancel", id, message);
        }
        return ctl_flag(ctl, "wait") ? await_cancelled(ctl, client, id) :
                                       tell(ctl, id, "is being cancelled.");
}

/* --- continue -------------------------------------------------------------------------------------------------------- */

int ctl_continue(Ctl *ctl) {
        _cleanup_(jobs_client_freep) JobsClient *client = NULL;
        _cleanup_free_ char *message = NULL;
        const char *id = ctl->arguments[0];
        int status = 1, r = ctl_job_connect(ctl, &client, &status);

        if (r < 0) {
                return status;
        }
        r = jobs_client_continue(client, id, &message);
        if (r < 0) {
                return fail(ctl, r, "continue", id, message);
        }
        return ctl_flag(ctl, "wait") ? ctl_job_await(ctl, client, id, SETTLE_USEC) :
                                       tell(ctl, id, "looks at its conflicts again.");
}

/* --- resolve --------------------------------------------------------------------------------------------------------- */

/* A depot path or "*" stays as it is; a path on this machine becomes the one that p4 knows it by. */
static int add_file(JobPairs *files, const char *file, const char *accept) {
        _cleanup_free_ char *path = NULL, *here = NULL;
        int r;

        if (*file == '/' || string_equal(file, "*")) {
                return job_pairs_append(files, file, accept);
        }
        here = getcwd(NULL, 0);
        r = here ? string_format(&path, "%s/%s", here, string_has_prefix(file, "./") ? file + 2 : file) :
                   -errno;
        return r < 0 ? r : job_pairs_append(files, path, accept);
}

static int read_files(const Ctl *ctl, const char *accept, JobPairs *files) {
        int r = ctl_flag(ctl, "all") ? job_pairs_append(files, "*", accept) : 0;

        for (char **file = ctl->arguments + 1; r >= 0 && *file; file++) {
                r = add_file(files, *file, accept);
        }
        return r;
}

int ctl_resolve(Ctl *ctl) {
        _cleanup_(jobs_client_freep) JobsClient *client = NULL;
        _cleanup_(job_pairs_done) JobPairs files = {};
        _cleanup_free_ char *message = NULL;
        const char *id = ctl->arguments[0], *accept = ctl_option(ctl, "accept");
        int status = 1, r;

        if (!accept || ctl_flag(ctl, "all") == (ctl->n_arguments > 1)) {
                return ctl_fail(ctl, CTL_EXIT_USAGE, NULL,
                                "Say which files, or --all, and how: --accept=theirs, yours, merged or edit.");
        }
        r = read_files(ctl, accept, &files);
        if (r < 0) {
                return ctl_fail(ctl, 1, NULL, "Failed to read the names: %s.", strerror(-r));
        }
        if (ctl_job_connect(ctl, &client, &status) < 0) {
                return status;
        }
        r = jobs_client_resolve(client, id, &files, &message);
        if (r < 0) {
                return fail(ctl, r, "resolve files of", id, message);
        }
        return ctl_flag(ctl, "wait") ? ctl_job_await(ctl, client, id, SETTLE_USEC) :
                                       tell(ctl, id, "will resolve that.");
}
