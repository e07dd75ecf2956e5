/* weir-finish: the end of an attempt of an integration job. ExecStopPost= of weir-job-ID-ATTEMPT.service; see weir-finish(8). It always exits
 * with 0: a failing ExecStopPost= would make a failure of whatever the unit's end was. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/parse_util.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "domain/job_id.h"
#include "resources/journal.h"
#include "resources/notify.h"
#include "resources/own_cgroup.h"
#include "services/finish.h"
#include "version.h"

#define NEEDED_TIME (1 * USEC_PER_MINUTE) /* for now; more is asked for when there is more to do */
#define PATIENCE (15 * USEC_PER_SEC)      /* weir-jobd finds out by itself, later, if it cannot be told */

static int help(void) {
        printf("Usage: weir-finish ID ATTEMPT\n\n"
               "Clean up after an attempt of an integration job and tell weir-jobd how it ended. Started by systemd when the\n"
               "unit weir-job-ID-ATTEMPT.service has ended, in whatever way.\n\n"
               "Options:\n"
               "  -h, --help           show this text and exit\n"
               "      --version        show the version and exit\n\n"
               "Exit status: 0, always.\n"
               "weir-finish(8) tells more.\n");
        return 0;
}

static int parse_arguments(int argc, char *argv[], Run *run) {
        static const struct option table[] = {
                { "help", no_argument, NULL, 'h' },
                { "version", no_argument, NULL, 'V' },
                {},
        };
        int option;
        while ((option = getopt_long(argc, argv, "h", table, NULL)) >= 0) {
                if (option == 'V') {
                        printf("weir-finish %s\n", WEIR_VERSION);
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

/* systemd waits for the runner only; what a hook left behind may still be at work in the workspace that is about to be cleaned. */
static void end_others(const Run *run) {
        char unit[JOB_UNIT_MAX];
        int r = own_cgroup_kill_others(job_unit_format(unit, run->id, run->attempt));
        if (r < 0 && r != -ESRCH) {
                (void) log_warning(r, "Failed to end all processes of %s: %s", unit, strerror(-r));
        }
}

int main(int argc, char *argv[]) {
        Run run = { .cancel_fd = -EBADF, .is_finishing = true };
        FinishEnd end = {
                .service_result = getenv("SERVICE_RESULT"),
                .exit_code = getenv("EXIT_CODE"),
                .exit_status = getenv("EXIT_STATUS"),
        };
        log_setup("weir-finish");
        if (parse_arguments(argc, argv, &run) != 0) {
                return EXIT_SUCCESS;
        }
        journal_set_context("WEIR_JOB", run.id);
        journal_set_context("WEIR_STAGE", "CLEANUP");
        notify_need_time(NEEDED_TIME);
        end_others(&run);
        int r = run_open(&run, PATIENCE);
        if (r >= 0) {
                (void) finish_attempt(&run, &end);
        }
        run_done(&run);
        return EXIT_SUCCESS;
}
