/* The way through the stages. The table says which function does a stage; the function says which stage is next. */
#include "services/run_job.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "resources/notify.h"
#include "services/run_boot.h"
#include "services/run_change.h"
#include "services/run_client.h"
#include "services/run_hook.h"
#include "services/run_integrate.h"
#include "services/run_push.h"
#include "services/run_resolve.h"
#include "services/run_shelve.h"
#include "services/run_source.h"
#include "services/run_sync.h"
#include "services/run_ticket.h"
#include "services/run_wait.h"
#include "services/run_workspace_lock.h"

static int (*const stages[_JOB_STAGE_MAX])(Run *run, JobStage *ret_next) = {
        [JOB_INIT] = stage_init,
        [JOB_GET_LATEST_CL] = stage_get_latest_cl,
        [JOB_SYNC] = stage_sync,
        [JOB_UPDATE_COMPONENT] = stage_update_component,
        [JOB_INTEGRATE] = stage_integrate,
        [JOB_RESOLVE_PASS_1] = stage_resolve_pass_1,
        [JOB_RESOLVE_CHECK] = stage_resolve_check,
        [JOB_NEEDS_RESOLVE] = stage_needs_resolve,
        [JOB_PRE_SUBMIT] = stage_pre_submit,
        [JOB_BUILD] = stage_build,
        [JOB_SHELVE] = stage_shelve,
        [JOB_P4PUSH] = stage_p4push,
};

/* Half of an integration cannot be told from a whole one: it is taken back and done again. What people resolved is never taken back. */
static int start_over(Run *run) {
        bool is_resync = run->state.push_tries > 0;
        int r = run_change_revert(run);
        if (r < 0) {
                return r;
        }
        run->stage = is_resync                                                 ? JOB_SYNC :
                     run->spec.hooks[JOB_HOOK_UPDATE_COMPONENT].n_commands > 0 ? JOB_UPDATE_COMPONENT :
                                                                                 JOB_INTEGRATE;
        return 0;
}

static bool has_opened_files(JobStage stage) {
        return stage >= JOB_RESOLVE_CHECK && stage <= JOB_SHELVE;
}

/* Where another attempt goes on. */
static int resume(Run *run) {
        if (run->attempt > 1) {
                run_log(run, LOG_LEVEL_NOTICE, "%s goes on in %s, attempt %u", run->id,
                        job_stage_to_string(run->stage), run->attempt);
        }
        int r = run_change_adopt(run);
        r = r < 0 ? r : run_boot_check(run);
        if (r != 0 || run->attempt <= 1) {
                return r;
        }
        if (has_opened_files(run->stage) && access(run->state.root ?: "", F_OK) < 0) {
                return run_fail(run, "workspace lost", "The workspace %s is gone: %s",
                                run->state.root ?: "of the job", strerror(errno));
        }
        return run->stage >= JOB_UPDATE_COMPONENT && run->stage <= JOB_RESOLVE_PASS_1 ? start_over(run) : 0;
}

static int walk(Run *run) {
        int r = run_ticket_install(run);
        r = r < 0 ? r : run_client_trust(run);
        r = r < 0 ? r : run_workspace_lock(run);
        r = r < 0 ? r : resume(run);
        for (JobStage next = run->stage; r >= 0 && next < JOB_CLEANUP;) {
                r = run_enter(run, next);
                r = r < 0 ? r : stages[run->stage](run, &next);
        }
        return r;
}

/* The end is committed with its reason; then it is weir-finish's turn. */
static int commit_end(Run *run) {
        JobReport report = { .intent = run->has_intent ? NULL : "",
                             .changelist = (int64_t) run->state.submitted };
        int r = run->reason ? string_replace(&run->state.outcome, "failed") : 0;
        r = r < 0 || !run->reason ? r : string_replace(&run->state.reason, run->reason);
        r = r < 0 || !run->error ? r : string_replace(&run->state.error, run->error);
        report.stage = job_stage_to_string(JOB_CLEANUP);
        run->stage = JOB_CLEANUP;
        r = r < 0 ? r : run_report(run, &report);
        notify_status("%s", run->reason ? run->error : run->state.note ?: "done");
        return r;
}

int run_job(Run *run) {
        int r = run->state.outcome ? run_ticket_install(run) :
                                     walk(run); /* weir-finish needs the ticket in any case */
        if (r < 0 && r != -ECANCELED && r != -EREMOTEIO) {
                r = run_fail(run, "internal error", "Failed in %s: %s", job_stage_to_string(run->stage),
                             strerror(-r));
        }
        if (r == -ECANCELED || run_is_cancelled(run)) {
                return -ECANCELED;
        }
        int committed = commit_end(run);
        return committed < 0 ? committed : r;
}
