/* weir-finish: the end of an attempt of an integration job. ExecStopPost= of weir-job-ID-ATTEMPT.service; see weir-finish(8). It always exits
 * with 0: a failing ExecStopPost= would make a failure of whatever the unit's end was. */
#include <string.h>

#include "base/log.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "domain/job_id.h"
#include "resources/journal.h"
#include "resources/notify.h"
#include "resources/own_cgroup.h"
#include "services/finish.h"
#include "services/program.h"

#define NEEDED_TIME (1 * USEC_PER_MINUTE) /* for now; more is asked for when there is more to do */
#define PATIENCE (15 * USEC_PER_SEC)      /* weir-jobd finds out by itself, later, if it cannot be told */

static const JobProgram program = {
        .name = "weir-finish",
        .summary = "Clean up after an attempt of an integration job and tell weir-jobd how it ended. Started by systemd when the\n"
                   "unit weir-job-ID-ATTEMPT.service has ended, in whatever way.",
        .exits = "0, always.",
};

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
        log_setup(program.name);
        if (job_program_read(&program, argc, argv, &run.id, &run.attempt) != 0) {
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
