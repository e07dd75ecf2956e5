/* SHELVE: the result becomes a shelf, and the site's name check has its say. A trial ends here. */
#include "services/run_shelve.h"

#include <inttypes.h>
#include <string.h>

#include "base/buffer.h"
#include "base/log.h"
#include "base/string_util.h"
#include "services/run_change.h"
#include "services/run_hook.h"
#include "services/run_p4.h"
#include "services/submit_outcome.h"

#define NAME_CHECK_PASSES 5
#define REPORT_MAX ((size_t) 16 * 1024 * 1024) /* of a name check */

/* --- the shelf -------------------------------------------------------------------------------------- */

static int add_file(RunShelf *shelf, const char *file, const char *action) {
        shelf->digest = run_digest_add(shelf->digest, file, action ?: "");
        shelf->n_files++;
        return shelf->list ? buffer_append_format(shelf->list, "%s\n", file) : 0;
}

static int on_shelved(const MarshalRecord *record, void *userdata) {
        const char *file = marshal_record_get(record, "depotFile");
        return file ? add_file(userdata, file, marshal_record_get(record, "action")) : 0;
}

static int on_described(const MarshalRecord *record, void *userdata) {
        const char *file;
        int r = 0;
        for (unsigned i = 0; r >= 0 && (file = marshal_record_get_indexed(record, "depotFile", i)); i++) {
                r = add_file(userdata, file, marshal_record_get_indexed(record, "action", i));
        }
        return r;
}

static void restart(RunShelf *shelf) {
        *shelf = (RunShelf) { .digest = RUN_DIGEST_INIT, .list = shelf->list };
        if (shelf->list) {
                buffer_clear(shelf->list);
        }
}

int run_shelf_read(Run *run, RunShelf *shelf) {
        _cleanup_(p4_result_done) P4Result result = {};
        char number[RUN_NUMBER_MAX];
        const char *const arguments[] = { "describe", "-s", "-S", run_number(number, run->state.change),
                                          NULL };
        P4Command command = P4_COMMAND_INIT;
        restart(shelf);
        command.arguments = arguments;
        command.on_record = on_described;
        command.userdata = shelf;
        int r = run_p4(run, &command, &result);
        if (r >= 0 && !p4_class_is_success(result.p4_class) && result.p4_class != P4_UNKNOWN) {
                r = run_fail_p4(run, "describe", &result);
        }
        return r;
}

/* -f overwrites file by file, and makes a first shelf; only -r takes out what is no longer opened. */
int run_shelf_put(Run *run, RunShelf *shelf) {
        _cleanup_(p4_result_done) P4Result result = {};
        char number[RUN_NUMBER_MAX];
        const char *const arguments[] = { "shelve", run->state.n_files > 0 ? "-r" : "-f", "-c",
                                          run_number(number, run->state.change), NULL };
        P4Command command = P4_COMMAND_INIT;
        restart(shelf);
        command.arguments = arguments;
        command.on_record = on_shelved;
        command.userdata = shelf;
        int r = run_p4_or_fail(run, &command, &result);
        /* Some releases list the files as text: then the shelf itself is asked. */
        if (r >= 0 && shelf->n_files == 0 && result.p4_class == P4_OK) {
                r = run_shelf_read(run, shelf);
        }
        if (r >= 0) {
                run->state.n_files = shelf->n_files;
        }
        return r;
}

/* --- the name check --------------------------------------------------------------------------------- */

static int on_report(const void *data, size_t length, void *userdata) {
        return buffer_append(userdata, data, length);
}

/* Its standard output names the files to be taken out, one per line. */
static int read_report(Buffer *report, char ***ret) {
        _cleanup_(strv_freep) char **files = NULL;
        char *rest = report->data, *line;
        int r = 0;
        while (r >= 0 && rest && (line = strsep(&rest, "\n"))) {
                line[strcspn(line, "\r")] = 0;
                r = *line ? strv_append(&files, line) : 0;
        }
        if (r < 0) {
                return r;
        }
        *ret = TAKE_PTR(files);
        return 0;
}

static int revert_files(Run *run, char *const *files) {
        _cleanup_(p4_result_done) P4Result result = {};
        char number[RUN_NUMBER_MAX];
        const char *const arguments[] = { "revert", "-w", "-c", run_number(number, run->state.change),
                                          NULL };
        P4Command command = P4_COMMAND_INIT;
        for (size_t i = 0; files[i]; i++) {
                run_log(run, LOG_LEVEL_WARNING, "The name check takes out %s", files[i]);
        }
        command.arguments = arguments;
        command.batch = (const char *const *) files;
        return run_p4_or_fail(run, &command, &result);
}

/* 1: something was taken out, so there is another pass. */
static int check_names_once(Run *run, RunShelf *shelf) {
        _cleanup_(buffer_done) Buffer report = { .max = REPORT_MAX };
        _cleanup_(strv_freep) char **files = NULL;
        RunHookIo io = {
                .input = shelf->list->data ?: "",
                .input_length = shelf->list->length,
                .on_stdout = on_report,
                .userdata = &report,
        };
        int r = run_hook(run, JOB_HOOK_NAME_CHECK, &io);
        r = r < 0 ? r : read_report(&report, &files);
        if (r < 0 || !files) {
                return r;
        }
        r = revert_files(run, files);
        r = r < 0 ? r : run_shelf_put(run, shelf);
        return r < 0 ? r : 1;
}

static int check_names(Run *run, RunShelf *shelf) {
        int r = 1;
        for (unsigned pass = 0; pass < NAME_CHECK_PASSES && r > 0 && shelf->n_files > 0; pass++) {
                r = check_names_once(run, shelf);
        }
        if (r > 0 && shelf->n_files > 0) {
                r = check_names_once(run, shelf); /* the last word must be that all is well */
        }
        return r <= 0 || shelf->n_files == 0 ? r :
                                               run_fail(run, "hook name_check still reports files",
                                                        "The name check still reports files after %d passes",
                                                        NAME_CHECK_PASSES);
}

/* --- the stage -------------------------------------------------------------------------------------- */

int run_submitted_by_hand(Run *run, JobStage *ret_next) {
        _cleanup_(p4_result_done) P4Result result = {};
        SubmitOutcome outcome = {};
        int r = submit_outcome_ask(run, run->state.change, &outcome, &result);
        if (r < 0 || outcome.submitted == 0) {
                return r < 0 ? r : 0;
        }
        run->state.submitted = outcome.submitted;
        run->state.is_consumed = outcome.is_same;
        r = run_finish_done(run, ret_next, "Submitted by hand as changelist %" PRIu64, outcome.submitted);
        return r < 0 ? r : 1;
}

static int nothing_to_shelve(Run *run, JobStage *ret_next) {
        int r = run_submitted_by_hand(run, ret_next);
        return r != 0 ? r : run_finish_done(run, ret_next, "Nothing was left to submit");
}

static int end_trial(Run *run, JobStage *ret_next) {
        run->state.is_handed_over = true;
        return run_finish_done(run, ret_next,
                               "Trial: %" PRIu64 " file%s shelved in changelist %" PRIu64
                               " of client %s; nothing was submitted%s%s",
                               run->state.n_files, run->state.n_files == 1 ? " is" : "s are",
                               run->state.change, run->state.client, run->state.postponed ? "; " : "",
                               run->state.postponed ?: "");
}

int stage_shelve(Run *run, JobStage *ret_next) {
        _cleanup_(buffer_done) Buffer list = {};
        char number[RUN_NUMBER_MAX];
        RunShelf shelf = { .list = run_hook_exists(run, JOB_HOOK_NAME_CHECK) ? &list : NULL };
        int r = run_ledger_add(run, "shelf", run_number(number, run->state.change));
        r = r < 0 ? r : run_shelf_put(run, &shelf);
        r = r < 0 || !shelf.list ? r : check_names(run, &shelf);
        if (r < 0) {
                return r;
        }
        if (shelf.n_files == 0) {
                return nothing_to_shelve(run, ret_next);
        }
        run->shelf_digest = shelf.digest;
        JobReport report = { .shelf = (int64_t) run->state.change };
        r = run_report(run, &report);
        if (r < 0 || run->spec.trial) {
                return r < 0 ? r : end_trial(run, ret_next);
        }
        *ret_next = JOB_P4PUSH;
        return 0;
}
