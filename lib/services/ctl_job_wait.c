/* Waiting for a job, for --wait: its stages as they come, until it has ended or needs people. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/string_util.h"
#include "base/time_util.h"
#include "domain/job_stage.h"
#include "services/ctl_job.h"

#define LOOK_USEC (5 * USEC_PER_SEC) /* also without a signal: it may have been lost with a restart */

typedef struct Wait {
        const Ctl *ctl;
        JobsClient *client;
        const char *id;
        uint64_t settled_at; /* monotonic */
        char *told;          /* the last line */
} Wait;

/* A line for each change. On stderr: what is printed on stdout is the end. */
static void tell_progress(Wait *wait, const JobRecord *job) {
        _cleanup_free_ char *line = NULL, *place = NULL;
        bool is_queued = job->position > 0;
        int r = !is_queued ? 0 :
                             string_format(&place, ", place %" PRIu32 "%s%s", job->position,
                                           string_is_empty(job->blocked_by) ? "" : ", waits for ",
                                           job->blocked_by ? job->blocked_by : "");

        r = r < 0 ? r :
                    string_format(&line, "%s: %s%s%s", job->id, job->status, is_queued ? "" : ", ",
                                  is_queued ? place : job->stage);
        if (r < 0 || wait->ctl->json || string_equal(line, wait->told)) {
                return;
        }
        fprintf(stderr, "%s\n", line);
        (void) string_replace(&wait->told, line);
}

static bool is_over(const Wait *wait, const JobRecord *job) {
        JobStatus status = job_status_from_string(job->status);

        return status < 0 || job_status_is_final(status) ||
               (status == JOB_STATUS_NEEDS_RESOLVE && now_monotonic() >= wait->settled_at);
}

static uint64_t patience(const Wait *wait) {
        uint64_t now = now_monotonic();

        return wait->settled_at > now && wait->settled_at - now < LOOK_USEC ? wait->settled_at - now :
                                                                              LOOK_USEC;
}

/* weir-jobd may be restarted meanwhile: that is waited for, too. */
static int look(Wait *wait, JobRecord *ret, char **ret_message) {
        int r = jobs_client_get(wait->client, wait->id, ret, ret_message);

        for (unsigned i = 0; i < 10 && (r == -EHOSTDOWN || r == -ETIMEDOUT); i++) {
                free(TAKE_PTR(*ret_message));
                (void) jobs_client_wait(wait->client, USEC_PER_SEC);
                r = jobs_client_get(wait->client, wait->id, ret, ret_message);
        }
        return r;
}

static int wait_for(Wait *wait, JobRecord *ret, char **ret_message) {
        int r = jobs_client_watch(wait->client, wait->id, JOBS_WATCH_CHANGES);

        while (r >= 0) {
                JobRecord job = {};

                r = look(wait, &job, ret_message);
                if (r < 0) {
                        break;
                }
                tell_progress(wait, &job);
                if (is_over(wait, &job)) {
                        *ret = job;
                        return 0;
                }
                job_record_done(&job);
                r = jobs_client_wait(wait->client, patience(wait));
        }
        return r;
}

/* --- ^C --------------------------------------------------------------------------------------------------------------- */

static char farewell[256]; /* of the one job that is waited for; a handler cannot make it up */

static void say_farewell(int signal_number) {
        ssize_t n = write(STDERR_FILENO, farewell, strlen(farewell));

        (void) n;
        (void) raise(signal_number); /* which ends us as it would have without us: once here it is SIG_DFL */
}

/* Whoever stops waiting is told that the job does not stop with it. */
static void set_farewell(const char *id) {
        const struct sigaction action = { .sa_handler = say_farewell, .sa_flags = (int) SA_RESETHAND };

        (void) snprintf(farewell, sizeof(farewell),
                        "\nweirctl: Waiting was interrupted; %s goes on.\n  Next: `weirctl show %s` says how it stands, `weirctl cancel %s` ends it.\n",
                        id, id, id);
        (void) sigaction(SIGINT, &action, NULL);
}

int ctl_job_wait(const Ctl *ctl, JobsClient *client, const char *id, uint64_t settle_usec, JobRecord *ret,
                 char **ret_message) {
        Wait wait = { .ctl = ctl, .client = client, .id = id, .settled_at = now_monotonic() + settle_usec };
        int r;

        set_farewell(id);
        r = wait_for(&wait, ret, ret_message);
        (void) signal(SIGINT, SIG_DFL);
        free(wait.told);
        return r;
}
