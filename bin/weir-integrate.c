/* weir-integrate: one attempt of an integration job. The main process of weir-job-ID-ATTEMPT.service; see weir-integrate(8). */
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/fd_util.h"
#include "base/log.h"
#include "base/parse_util.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "domain/job_id.h"
#include "domain/unit_end.h"
#include "resources/journal.h"
#include "services/run_client.h"
#include "services/run_job.h"
#include "services/run_ticket.h"
#include "version.h"

#define PATIENCE (5 * USEC_PER_MINUTE) /* with a weir-jobd that is being restarted */

enum { EXIT_JOB_FAILED = 1, EXIT_USAGE = 64 };

static int help(void) {
        printf("Usage: weir-integrate ID ATTEMPT\n\n"
               "Run one attempt of an integration job, from where the last one was to the end. Started by weir-unitd as\n"
               "the unit weir-job-ID-ATTEMPT.service; what to do comes from weir-jobd.\n\n"
               "Options:\n"
               "  -h, --help           show this text and exit\n"
               "      --version        show the version and exit\n\n"
               "Exit status: 0 done, 1 the job failed, 64 wrong usage, 75 weir-jobd could not be told.\n"
               "weir-integrate(8) tells more.\n");
        return 0;
}

/* 1: nothing more to do. */
static int parse_arguments(int argc, char *argv[], Run *run) {
        static const struct option table[] = {
                { "help", no_argument, NULL, 'h' },
                { "version", no_argument, NULL, 'V' },
                {},
        };
        int option;
        while ((option = getopt_long(argc, argv, "h", table, NULL)) >= 0) {
                if (option == 'V') {
                        printf("weir-integrate %s\n", WEIR_VERSION);
                        return 1;
                }
                return option == 'h' ? (help(), 1) : -EINVAL;
        }
        if (argc - optind != 2 || !job_id_is_valid(argv[optind]) ||
            parse_uint32(argv[optind + 1], &run->attempt) < 0 || run->attempt == 0) {
                return log_error(-EINVAL,
                                 "A job's id and the number of an attempt are expected; see --help");
        }
        run->id = argv[optind];
        return 0;
}

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
        log_setup("weir-integrate");
        int r = parse_arguments(argc, argv, &run);
        if (r != 0) {
                return r > 0 ? EXIT_SUCCESS : EXIT_USAGE;
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
