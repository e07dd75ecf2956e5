#include "services/finish.h"

#include <string.h>

#include "base/log.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "clients/systemd_client.h"
#include "domain/job_id.h"
#include "domain/unit_end.h"
#include "resources/journal.h"
#include "resources/notify.h"
#include "resources/own_cgroup.h"
#include "services/finish_clean.h"
#include "services/finish_monitor.h"
#include "services/run_boot.h"
#include "services/run_change.h"
#include "services/run_client.h"
#include "services/run_ticket.h"
#include "services/submit_outcome.h"

#define NEEDED_TIME (5 * USEC_PER_MINUTE) /* reverting twenty thousand files takes a while */

/* A machine that goes down stops every unit in the same way as an administrator stops one. */
static bool machine_goes_down(void) {
        _cleanup_(systemd_client_freep) SystemdClient *systemd = NULL;
        _cleanup_free_ char *state = NULL;
        return systemd_client_new(&systemd) >= 0 && systemd_client_get_state(systemd, &state) >= 0 &&
               string_equal(state, "stopping");
}

/* A program that dies for want of memory, or cannot start another one, mostly knows no better than to fail: the limit is the reason then. */
static const char *limit_reached(const Run *run, const FinishEnd *end, const char *reason) {
        char unit[JOB_UNIT_MAX];
        bool is_vague = !reason || string_has_prefix(reason, "hook ") || string_equal(reason, "exit") ||
                        string_equal(reason, "signal") || string_equal(reason, "internal error");
        (void) job_unit_format(unit, run->id, run->attempt);
        if (string_equal(end->service_result, "oom-kill") ||
            (is_vague && own_cgroup_count(unit, "memory.events", "oom_kill") > 0)) {
                return "oom";
        }
        return is_vague && own_cgroup_count(unit, "pids.events", "max") > 0 ? "tasks limit" : reason;
}

/* What the attempt itself committed comes first; then what systemd saw. A wish to end is weir-jobd's to weigh. */
static UnitEnd judge(const Run *run, const FinishEnd *end) {
        if (string_equal(run->state.outcome, "done")) {
                return (UnitEnd) { JOB_OUTCOME_DONE, NULL };
        }
        if (run->state.outcome) {
                return (UnitEnd) { JOB_OUTCOME_FAILED, limit_reached(run, end, run->state.reason) };
        }
        if (run->work.clean) {
                return (UnitEnd) { JOB_OUTCOME_INTERRUPTED, NULL };
        }
        UnitEnd seen = unit_end_judge(end->service_result, end->exit_code, end->exit_status);
        if (run->work.cancel) {
                return (UnitEnd) { JOB_OUTCOME_CANCELLED, run->work.reason };
        }
        if (seen.outcome == JOB_OUTCOME_CANCELLED && machine_goes_down()) {
                return (UnitEnd) { JOB_OUTCOME_INTERRUPTED, NULL };
        }
        if (seen.outcome == JOB_OUTCOME_FAILED) {
                seen.reason = limit_reached(run, end, seen.reason);
        }
        return seen;
}

/* Before anything is removed: a submit whose answer nobody heard. 1: it was submitted. 0: not. -EREMOTEIO: it cannot be known now. */
static int ask(Run *run, uint64_t change) {
        _cleanup_(p4_result_done) P4Result result = {};
        SubmitOutcome outcome = {};
        int r = submit_outcome_ask(run, change, &outcome, &result);
        if (r < 0 || !p4_class_is_success(result.p4_class)) {
                return r < 0 ? r : run_fail_p4(run, "changes", &result);
        }
        run->state.submitted = outcome.submitted;
        run->state.is_consumed = outcome.is_same;
        return outcome.submitted > 0;
}

static int settle(Run *run) {
        RunIntent intent = {};
        if (string_is_empty(run->work.intent) || run_intent_parse(run->work.intent, &intent) < 0) {
                return 0;
        }
        return ask(run, intent.change);
}

/* A server goes on with a submit whose p4 was killed. It was not over when it was asked for, but it was when its changelist should be removed. */
static int settle_late(Run *run, bool is_vanished) {
        return is_vanished && run->state.change > 0 && run->state.submitted == 0 ?
                               ask(run, run->state.change) :
                               0;
}

static const char *const outcome_names[] = {
        [JOB_OUTCOME_DONE] = "done",
        [JOB_OUTCOME_FAILED] = "failed",
        [JOB_OUTCOME_CANCELLED] = "cancelled",
        [JOB_OUTCOME_INTERRUPTED] = "interrupted",
};

static int tell(Run *run, const UnitEnd *end, const JobPairs *removed, bool is_clean) {
        _cleanup_free_ char *message = NULL;
        JobResult result = {
                .outcome = outcome_names[end->outcome],
                .reason = end->reason,
                .error = run->state.error,
                .note = run->state.note,
                .changelist = (int64_t) run->state.submitted,
                .ledger_done = removed,
                .clean = is_clean,
        };
        const JournalField fields[] = { { "MESSAGE_ID", WEIR_MESSAGE_JOB_CLEANED } };
        journal_send(LOG_LEVEL_INFO, fields, ELEMENTSOF(fields), "%s: attempt %u: %s%s%s, %s", run->id,
                     run->attempt, result.outcome, end->reason ? ": " : "", end->reason ?: "",
                     is_clean ? "nothing is left of it" : "not all is removed");
        int r = jobs_client_finished(run->jobs, run->id, run->attempt, &result, &message);
        return r < 0 ? log_error(r, "Failed to tell the end of %s: %s", run->id, message ?: strerror(-r)) :
                       0;
}

/* One that another attempt can go on with keeps all it has. An open intent never is: what it led to decides how the job ended. */
static bool keeps_all(const Run *run, const UnitEnd *end) {
        return end->outcome == JOB_OUTCOME_INTERRUPTED && !run->work.clean &&
               string_is_empty(run->work.intent);
}

int finish_attempt(Run *run, const FinishEnd *end) {
        _cleanup_(job_pairs_done) JobPairs removed = {};
        UnitEnd seen = judge(run, end);
        if (keeps_all(run, &seen)) {
                if (machine_goes_down()) {
                        (void) run_boot_keep(run);
                }
                return tell(run, &seen, NULL, false);
        }
        notify_need_time(NEEDED_TIME);
        int r = run_ticket_install(run);
        r = r < 0 ? r : run_client_trust(run);
        if (r >= 0 && !run->state.outcome && run->state.client) {
                r = finish_monitor_terminate(
                                run); /* it was broken off, perhaps in the middle of a command */
        }
        r = r < 0 ? r : settle(run);
        if (r > 0) {
                seen = (UnitEnd) { JOB_OUTCOME_DONE, NULL };
        }
        /* While it is not known whether it was submitted, nothing of it is touched. */
        bool is_vanished = false;
        int clean = r < 0 ? 0 : finish_clean(run, &removed, &is_vanished);
        if (settle_late(run, is_vanished) > 0) {
                seen = (UnitEnd) { JOB_OUTCOME_DONE, NULL };
        }
        return tell(run, &seen, &removed, clean > 0);
}
