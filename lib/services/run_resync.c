#include "services/run_resync.h"

#include <string.h>

#include "base/log.h"
#include "base/string_util.h"
#include "services/run_change.h"
#include "services/run_integrate.h"
#include "services/run_p4.h"

void run_file_state_done(RunFileState *state) {
        strv_free(state->stale);
        strv_free(state->redone);
        free(state->locked);
        *state = (RunFileState) {};
}

/* An edit can take a newer revision by a resolve. What adds or deletes a whole file cannot: whether that is still right is for
 * `integrate` to say. */
static bool can_be_synced(const char *action, const char *head_action) {
        bool is_edit = string_equal(action, "edit") || string_equal(action, "integrate");
        return is_edit && !strstr(head_action, "delete");
}

static int add_stale(RunFileState *state, const MarshalRecord *record, const char *file) {
        const char *action = marshal_record_get(record, "action"),
                   *head = marshal_record_get(record, "headAction");
        uint64_t have = record_number(record, "haveRev"), head_rev = record_number(record, "headRev");
        bool is_new = string_equal(action, "add") || string_equal(action, "branch") ||
                      string_equal(action, "move/add"); /* then a deleted head is no obstacle */
        if (!head || (is_new && strstr(head, "delete")) || (head_rev <= have && !strstr(head, "delete"))) {
                return 0;
        }
        return strv_append(can_be_synced(action ?: "", head) ? &state->stale : &state->redone, file);
}

static int on_file(const MarshalRecord *record, void *userdata) {
        RunFileState *state = userdata;
        const char *file = marshal_record_get(record, "depotFile");
        const char *locker = marshal_record_get(record, "otherLock0");
        if (!file) {
                return 0;
        }
        state->n_opened++;
        state->n_unresolved += marshal_record_get(record, "unresolved") != NULL;
        int r = add_stale(state, record, file);
        if (r >= 0 && !state->locked && (locker || marshal_record_get(record, "otherLock"))) {
                r = string_format(&state->locked, "%s, locked by %s", file, locker ?: "somebody else");
        }
        return r;
}

int run_file_state_ask(Run *run, RunFileState *ret) {
        _cleanup_(p4_result_done) P4Result result = {};
        _cleanup_(run_file_state_done) RunFileState state = {};
        char number[RUN_NUMBER_MAX];
        const char *const arguments[] = { "fstat", "-Ro", "-e", run_number(number, run->state.change),
                                          "//...", NULL };
        P4Command command = P4_COMMAND_INIT;
        command.arguments = arguments;
        command.on_record = on_file;
        command.userdata = &state;
        int r = run_p4_or_fail(run, &command, &result);
        if (r < 0) {
                return r;
        }
        *ret = state;
        state = (RunFileState) {};
        return 0;
}

/* -f: what reverting with -k left in the job's own workspace is in the way, and is nobody's. */
int run_unshelve(Run *run) {
        _cleanup_(p4_result_done) P4Result result = {};
        char number[RUN_NUMBER_MAX];
        if (!run->state.is_reverted) {
                return 0;
        }
        (void) run_number(number, run->state.change);
        int r = run_p4_simple(run, &result,
                              (const char *const[]) { "unshelve", "-s", number, "-c", number,
                                                      run->state.is_managed ? "-f" : NULL, NULL });
        if (r >= 0 && result.p4_class != P4_OK) {
                r = run_fail_p4(run, "unshelve", &result);
        }
        if (r >= 0) {
                run->state.is_reverted = false;
        }
        return r;
}

static int run_on_files(Run *run, const char *const *arguments, char *const *files) {
        _cleanup_(p4_result_done) P4Result result = {};
        P4Command command = P4_COMMAND_INIT;
        if (!files) {
                return 0;
        }
        command.arguments = arguments;
        command.batch = (const char *const *) files;
        return run_p4_or_fail(run, &command, &result);
}

/* What was deleted meanwhile cannot even be unshelved for edit: then fewer files are open than were shelved. */
static int redo(Run *run, char *const *files, bool is_short) {
        char number[RUN_NUMBER_MAX];
        const char *const revert[] = { "revert", "-w", "-c", run_number(number, run->state.change), NULL };
        int r = files ? run_on_files(run, revert, files) : 0;
        return r < 0 || (!files && !is_short) ? r : run_integrate_again(run);
}

int run_resync(Run *run) {
        static const char *const sync[] = { "sync", "-q", NULL };
        _cleanup_(run_file_state_done) RunFileState state = {};
        int r = run_unshelve(run);
        r = r < 0 ? r : run_file_state_ask(run, &state);
        r = r < 0 ? r : run_on_files(run, sync, state.stale);
        r = r < 0 ? r : redo(run, state.redone, state.n_opened < run->state.n_files);
        if (r >= 0) {
                run_log(run, LOG_LEVEL_INFO, "%zu files were submitted by others meanwhile",
                        strv_length(state.stale) + strv_length(state.redone));
        }
        return r;
}
