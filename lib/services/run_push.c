/* P4PUSH: the one step that cannot be taken back. What is about to be submitted is committed before, and whatever is heard or not heard
 * after it, the server is asked before anything else is done.
 *
 * Why a submit was refused is not read from its words. Out of date, locked and rejected by a trigger have the same numbers; so the files are
 * opened again and looked at, and when there is nothing the matter with them, somebody rejected it. But a lock may be gone by then: that there
 * was one, only the words say. */
#include "services/run_push.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "services/run_change.h"
#include "services/run_hook.h"
#include "services/run_p4.h"
#include "services/run_resync.h"
#include "services/run_shelve.h"
#include "services/submit_outcome.h"

#define PUSH_TRIES_MAX 5
#define LOCK_WAITS_MAX 6
#define LOCK_PAUSE (5 * USEC_PER_SEC)
#define REASON_MAX 300

typedef struct Push {
        uint64_t submitted;
        bool was_hook, was_locked;
        P4Result result; /* of submit */
} Push;

/* --- the intent ------------------------------------------------------------------------------------- */

static int commit_intent(Run *run) {
        _cleanup_free_ char *text = NULL;
        RunIntent intent = { run->state.change, run->shelf_digest, run->state.n_files };
        int r = run_intent_format(&intent, &text);
        JobReport report = { .intent = text };
        run->has_intent = true; /* also if the answer is lost */
        return r < 0 ? r : run_report(run, &report);
}

static int settle_intent(Run *run) {
        JobReport report = { .intent = "" };
        int r = run_report(run, &report);
        run->has_intent = r < 0;
        return r;
}

static int done(Run *run, const SubmitOutcome *outcome, JobStage *ret_next) {
        free(TAKE_PTR(run->reason)); /* a push hook may fail after it has submitted */
        free(TAKE_PTR(run->error));
        run->has_intent = false; /* settled together with the end */
        run->state.submitted = outcome->submitted;
        run->state.is_consumed = outcome->is_same;
        return run_finish_done(run, ret_next, "Submitted as changelist %" PRIu64 "%s%s", outcome->submitted,
                               run->state.postponed ? "; " : "", run->state.postponed ?: "");
}

/* Asks until it is known; not for ever: then the intent stays open, and whoever comes next asks. */
static int ask_outcome(Run *run, SubmitOutcome *ret) {
        _cleanup_(p4_result_done) P4Result result = {};
        int r = submit_outcome_ask(run, run->state.change, ret, &result);
        return r < 0 || p4_class_is_success(result.p4_class) ? r : run_fail_p4(run, "changes", &result);
}

/* --- submitting ------------------------------------------------------------------------------------- */

/* No file may be open in a changelist whose shelf is submitted. In the job's own workspace nothing needs to be put back. */
static int close_files(Run *run) {
        _cleanup_(p4_result_done) P4Result result = {};
        char number[RUN_NUMBER_MAX];
        if (run->state.is_reverted) {
                return 0;
        }
        int r = run_p4_simple(run, &result,
                              (const char *const[]) { "revert", run->state.is_managed ? "-k" : "-w", "-c",
                                                      run_number(number, run->state.change), "//...",
                                                      NULL });
        if (r >= 0 && !p4_class_is_success(result.p4_class)) {
                r = run_fail_p4(run, "revert", &result);
        }
        run->state.is_reverted = r >= 0;
        return r;
}

static int on_submitted(const MarshalRecord *record, void *userdata) {
        Push *push = userdata;
        uint64_t change = record_number(record, "submittedChange");
        push->submitted = change > 0 ? change : push->submitted;
        return 0;
}

static void on_message(const P4Message *message, void *userdata) {
        Push *push = userdata;
        push->was_locked |= strstr(message->text, " - already locked by ") != NULL;
        (void) printf("%s\n", message->text);
}

static int submit(Run *run, Push *push) {
        char number[RUN_NUMBER_MAX];
        const char *const arguments[] = { "submit", "-e", run_number(number, run->state.change), NULL };
        P4Command command = P4_COMMAND_INIT;
        command.arguments = arguments;
        command.on_record = on_submitted;
        command.on_message = on_message;
        command.userdata = push;
        int r = run_p4_once(run, &command, &push->result); /* never twice */
        (void) fflush(stdout);
        return r;
}

static int push_shelf(Run *run, Push *push) {
        push->was_hook = run_hook_exists(run, JOB_HOOK_PUSH);
        return push->was_hook ? run_hook(run, JOB_HOOK_PUSH, NULL) : submit(run, push);
}

/* --- when it was refused ---------------------------------------------------------------------------- */

/* An aborted submit leaves its shelf locked; that it was not is no news. */
static int unlock_shelf(Run *run) {
        _cleanup_(p4_result_done) P4Result result = {};
        char number[RUN_NUMBER_MAX];
        return run_p4_simple(run, &result,
                             (const char *const[]) { "unlock", "-s", run_number(number, run->state.change),
                                                     NULL });
}

/* Nothing is wrong with the files; a moment later it may go through. */
static int try_again_later(Run *run, const char *reason, const char *why, JobStage *ret_next) {
        if (run->state.lock_waits >= LOCK_WAITS_MAX) {
                return run_fail(run, reason, "Cannot be submitted: %s", why);
        }
        run->state.lock_waits++;
        run_log(run, LOG_LEVEL_WARNING, "Waiting: %s", why);
        *ret_next = JOB_P4PUSH;
        return run_sleep(run, LOCK_PAUSE);
}

static int sync_again(Run *run, const P4Result *result, JobStage *ret_next) {
        if (run->state.push_tries >= PUSH_TRIES_MAX) {
                return run_fail(run, "out of date", "Others submitted to the same files %d times: %s",
                                PUSH_TRIES_MAX, result->text ?: "");
        }
        run->state.push_tries++;
        *ret_next = JOB_SYNC;
        return 0;
}

static int rejected(Run *run, const P4Result *result) {
        _cleanup_free_ char *text = NULL, *reason = NULL;
        int r = string_printable(&text, result->text ?: "no reason was given", REASON_MAX);
        r = r < 0 ? r : string_format(&reason, "submit rejected: %s", text);
        return r < 0 ? r : run_fail(run, reason, "The submit was rejected: %s", result->text ?: "");
}

static int look_at_files(Run *run, const Push *push, JobStage *ret_next) {
        _cleanup_(run_file_state_done) RunFileState state = {};
        int r = unlock_shelf(run);
        r = r < 0 ? r : run_unshelve(run);
        r = r < 0 ? r : run_file_state_ask(run, &state);
        if (r < 0) {
                return r;
        }
        if (state.stale || state.redone || state.n_unresolved > 0 || state.n_opened < run->state.n_files) {
                return sync_again(run, &push->result, ret_next);
        }
        if (state.locked || push->was_locked) {
                return try_again_later(run, "file locked", state.locked ?: "a file was locked just now",
                                       ret_next);
        }
        return rejected(run, &push->result);
}

static int refused(Run *run, const Push *push, JobStage *ret_next) {
        if (run->reason) {
                return -EREMOTEIO; /* the hook's own failure */
        }
        if (push->was_hook) {
                run->state.is_handed_over = true;
                return run_finish_done(run, ret_next,
                                       "The push hook has taken over changelist %" PRIu64
                                       "; it is not submitted yet",
                                       run->state.change);
        }
        switch (push->result.p4_class) {
        case P4_NOT_YET:
        case P4_FAULT:
                return look_at_files(run, push, ret_next);
        case P4_CONNECT: /* lost, and the server, asked since, did not submit it */
                return try_again_later(run, "server unreachable", push->result.text ?: "", ret_next);
        default:
                return run_fail_p4(run, "submit", &push->result);
        }
}

/* --- the stage -------------------------------------------------------------------------------------- */

static int judge(Run *run, int r, const Push *push, JobStage *ret_next) {
        SubmitOutcome outcome = { push->submitted, true };
        if (r < 0 && r != -EREMOTEIO) {
                return r;
        }
        if (push->submitted > 0) {
                return done(run, &outcome, ret_next);
        }
        r = ask_outcome(run, &outcome);
        if (r < 0) {
                return r;
        }
        if (outcome.submitted > 0) {
                return done(run, &outcome, ret_next);
        }
        r = settle_intent(run);
        return r < 0 ? r : refused(run, push, ret_next);
}

/* Another attempt was here: nothing is believed of what it may have seen. */
static int check_shelf(Run *run) {
        RunShelf shelf = {};
        int r = run_shelf_read(run, &shelf);
        if (r >= 0 && shelf.n_files == 0) {
                r = run_fail(run, "shelf lost", "The shelf %" PRIu64 " is gone", run->state.change);
        }
        run->shelf_digest = shelf.digest;
        run->state.n_files = shelf.n_files;
        return r;
}

int stage_p4push(Run *run, JobStage *ret_next) {
        Push push = {};
        int r = run->shelf_digest == 0 ? check_shelf(run) : 0;
        r = r < 0 ? r : close_files(run);
        r = r < 0 ? r : commit_intent(run);
        if (r >= 0) {
                r = push_shelf(run, &push);
                r = judge(run, r, &push, ret_next);
        }
        p4_result_done(&push.result);
        return r;
}
