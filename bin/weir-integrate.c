/* weir-integrate: one attempt of an integration job. The main process of weir-job-ID-ATTEMPT.service; see weir-integrate(8). */
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/fd_util.h"
#include "base/log.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "domain/unit_end.h"
#include "resources/journal.h"
#include "services/program.h"
#include "services/run_client.h"
#include "services/run_job.h"
#include "services/run_ticket.h"

#define PATIENCE (5 * USEC_PER_MINUTE) /* with a weir-jobd that is being restarted */

#define EXIT_JOB_FAILED 1

static const JobProgram program = {
        .name = "weir-integrate",
        .summary = "Run one attempt of an integration job, from where the last one was to the end. Started by weir-unitd as\n"
                   "the unit weir-job-ID-ATTEMPT.service; what to do comes from weir-jobd.",
        .exits = "0 done, 1 the job failed, 64 wrong usage, 75 weir-jobd could not be told.",
};

/* TERM waits in a descriptor that p4 commands and hooks watch. It stays there: what ends us in the end is the signal itself. */
static int watch_term(void) {
        sigset_t set;
        (void) sigemptyset(&set);
        (void) sigaddset(&set, SIGTERM);
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0) {
                return -errno;
        }
        return RET_NERRNO(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

/* So that systemd sees what happened: ended by TERM, as asked. */
static int end_by_term(void) {
        sigset_t set;
        (void) sigemptyset(&set);
        (void) sigaddset(&set, SIGTERM);
        (void) fflush(stdout);
        (void) raise(SIGTERM);
        (void) sigprocmask(SIG_UNBLOCK, &set, NULL);
        return 128 + SIGTERM;
}

/* An attempt that only cleans up leaves that to weir-finish, which may not be let into the credentials. */
static int work(Run *run) {
        if (run->work.clean) {
                return run_ticket_install(run);
        }
        return run->work.cancel ? -ECANCELED : run_job(run);
}

int main(int argc, char *argv[]) {
        Run run = { .cancel_fd = -EBADF };
        log_setup(program.name);
        int r = job_program_read(&program, argc, argv, &run.id, &run.attempt);
        if (r != 0) {
                return r > 0 ? EXIT_SUCCESS : PROGRAM_EXIT_USAGE;
        }
        _cleanup_close_ int term_fd = watch_term();
        if (term_fd < 0) {
                return log_error(term_fd, "Failed to watch for signals: %s", strerror(-term_fd)),
                       EXIT_FAILURE;
        }
        run.cancel_fd = term_fd;
        (void) mallopt(M_TRIM_THRESHOLD, 64 * 1024);
        (void) mallopt(M_MMAP_THRESHOLD, 64 * 1024);
        (void) setvbuf(stdout, NULL, _IOLBF, 0);
        journal_set_context("WEIR_JOB", run.id);
        r = run_open(&run, PATIENCE);
        r = r < 0 ? r : work(&run);
        bool has_failed = run.reason != NULL;
        if (r == -ECANCELED) {
                return end_by_term();
        }
        run_done(&run);
        return r >= 0 ? EXIT_SUCCESS : has_failed && r == -EREMOTEIO ? EXIT_JOB_FAILED : UNIT_EXIT_TEMPORARY;
}
