/* RESOLVE_PASS_1 and RESOLVE_CHECK: what can be resolved by itself is, what is left is listed for people. Whether anything is left is never
 * read from the automatic pass, which says "skipped" in words, but asked. */
#include "services/run_resolve.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/string_util.h"
#include "resources/journal.h"
#include "resources/notify.h"
#include "services/run_boot.h"
#include "services/run_change.h"
#include "services/run_edit.h"
#include "services/run_hook.h"
#include "services/run_p4.h"

#define UNSETTLED_MAX 20 /* of an answer that changed nothing: named in the log */

/* --- the automatic pass ----------------------------------------------------------------------------- */

static const char *const policies[] = {
        [JOB_RESOLVE_MERGE] = "-am", [JOB_RESOLVE_SAFE] = "-as", [JOB_RESOLVE_THEIRS] = "-at",
        [JOB_RESOLVE_YOURS] = "-ay", [JOB_RESOLVE_NONE] = NULL,
};

typedef struct Pass {
        Run *run;
        char *path; /* of the file whose chunks are counted next */
        int error;
} Pass;

static int on_header(const MarshalRecord *record, void *userdata) {
        Pass *pass = userdata;
        const char *file = marshal_record_get(record, "clientFile"),
                   *how = marshal_record_get(record, "how");
        if (how) { /* the result, which some releases tell as text */
                printf("%s - %s %s\n", marshal_record_get(record, "toFile") ?: "", how,
                       marshal_record_get(record, "fromFile") ?: "");
                return 0;
        }
        if (!file) {
                return 0;
        }
        free(TAKE_PTR(pass->path));
        printf("%s - resolving %s %s\n", file, marshal_record_get(record, "resolveType") ?: "content",
               marshal_record_get(record, "fromFile") ?: "");
        return conflict_local_path(file, pass->run->state.client, pass->run->state.root, &pass->path);
}

/* The client's own lines have its generic; only conflicting files are worth remembering. */
static void on_result(const P4Message *message, void *userdata) {
        Pass *pass = userdata;
        ChunkCount count;
        printf("%s\n", message->text);
        if (message->severity == P4_SEVERITY_INFO && message->generic == P4_GENERIC_CLIENT && pass->path &&
            chunk_count_parse(message->text, &count) >= 0 && count.conflicting > 0) {
                int r = chunk_counts_set(&pass->run->state.chunks, pass->path, &count);
                pass->error = pass->error < 0 ? pass->error : r;
        }
}

static int resolve_pass(Run *run, const char *policy, P4Result *result) {
        char number[RUN_NUMBER_MAX];
        const char *const arguments[] = { "resolve", policy, "-c", run_number(number, run->state.change),
                                          NULL };
        Pass pass = { .run = run };
        P4Command command = P4_COMMAND_INIT;
        command.arguments = arguments;
        command.on_record = on_header;
        command.on_message = on_result;
        command.userdata = &pass;
        int r = run_p4_or_fail(run, &command, result);
        (void) fflush(stdout);
        free(pass.path);
        return r < 0 ? r : pass.error;
}

int stage_resolve_pass_1(Run *run, JobStage *ret_next) {
        _cleanup_(p4_result_done) P4Result result = {};
        const char *policy = policies[run->spec.resolve];
        *ret_next = JOB_RESOLVE_CHECK;
        if (!policy) {
                return 0;
        }
        int r = resolve_pass(run, policy, &result);
        if (r < 0) {
                return r;
        }
        run->is_all_resolved = result.p4_class == P4_EMPTY && result.n_records == 0;
        return 0;
}

/* --- what is left ----------------------------------------------------------------------------------- */

static int on_conflict(const MarshalRecord *record, void *userdata) {
        Run *run = userdata;
        int r = conflicts_add_resolve(&run->conflicts, record, run->state.client, run->state.root);
        run->n_conflicts += r > 0;
        return r < 0 ? r : 0;
}

int run_conflicts_ask(Run *run, P4Result *ret) {
        char number[RUN_NUMBER_MAX];
        const char *const arguments[] = { "resolve", "-n", "-o", "-c", run_number(number, run->state.change),
                                          NULL };
        P4Command command = P4_COMMAND_INIT;
        command.arguments = arguments;
        command.on_record = on_conflict;
        command.userdata = run;
        job_conflicts_done(&run->conflicts);
        run->n_conflicts = 0;
        return run_p4(run, &command, ret);
}

static int on_unresolved(const MarshalRecord *record, void *userdata) {
        Run *run = userdata;
        return conflicts_add_fstat(&run->conflicts, record, run->state.client, run->state.root);
}

static int add_details(Run *run) {
        _cleanup_(p4_result_done) P4Result result = {};
        char number[RUN_NUMBER_MAX];
        const char *const arguments[] = { "fstat", "-Ru", "-e", run_number(number, run->state.change),
                                          "//...", NULL };
        P4Command command = P4_COMMAND_INIT;
        command.arguments = arguments;
        command.on_record = on_unresolved;
        command.userdata = run;
        int r = run->conflicts.n_items > 0 ? run_p4_or_fail(run, &command, &result) : 0;
        if (r >= 0) {
                conflicts_add_chunks(&run->conflicts, &run->state.chunks);
        }
        return r;
}

int run_conflicts_tell(Run *run) {
        _cleanup_free_ char *status = NULL;
        uint64_t stamp = conflicts_stamp(&run->conflicts);
        bool is_new = stamp != run->conflicts_stamp || run->n_conflicts != run->n_conflicts_told;
        bool is_asked = run->resolutions.n_items > 0 || run->tried.n_items > 0 || run->texts;
        int r = is_new || is_asked ? add_details(run) : 0;
        if (r < 0 || !is_new) {
                return r;
        }
        r = run->n_conflicts == 0 ? 0 :
                                    string_format(&status, "%zu file%s to resolve", run->n_conflicts,
                                                  run->n_conflicts == 1 ? "" : "s");
        if (r >= 0) {
                const JournalField fields[] = { { "MESSAGE_ID", WEIR_MESSAGE_JOB_CONFLICTS } };
                run->conflicts_stamp = stamp;
                run->n_conflicts_told = run->n_conflicts;
                run_boot_secure(run, stamp);
                journal_send(LOG_LEVEL_NOTICE, fields, ELEMENTSOF(fields), "%s: %s", run->id,
                             status ?: "everything is resolved");
                notify_status("%s: %s", job_stage_to_string(JOB_NEEDS_RESOLVE),
                              status ?: "everything is resolved");
        }
        JobReport report = { .conflicts = &run->conflicts,
                             .n_conflicts = (uint32_t) run->n_conflicts,
                             .status_text = status ?: "" };
        return r < 0 ? r : run_report(run, &report);
}

static JobStage stage_after_resolving(const Run *run) {
        return run_hook_exists(run, JOB_HOOK_PRE_SUBMIT) ? JOB_PRE_SUBMIT :
               run_hook_exists(run, JOB_HOOK_BUILD)      ? JOB_BUILD :
                                                           JOB_SHELVE;
}

int stage_resolve_check(Run *run, JobStage *ret_next) {
        _cleanup_(p4_result_done) P4Result result = {};
        *ret_next = stage_after_resolving(run);
        if (run->is_all_resolved) {
                run->is_all_resolved = false;
                return 0;
        }
        int r = run_conflicts_ask(run, &result);
        if (r >= 0 && !p4_class_is_success(result.p4_class)) {
                r = run_fail_p4(run, "resolve", &result);
        }
        if (r < 0) {
                return r;
        }
        if (run->n_conflicts > 0) {
                *ret_next = JOB_NEEDS_RESOLVE;
        }
        /* A list that was told before, also by an attempt that is no more, is taken back. */
        bool must_tell = run->n_conflicts > 0 || run->conflicts_stamp != 0 || run->attempt > 1;
        return must_tell ? run_conflicts_tell(run) : 0;
}

/* --- what people decided ---------------------------------------------------------------------------- */

/* The depot paths of what is meant; NULL for all. */
static int named_files(const Run *run, const char *file, char ***ret) {
        _cleanup_(strv_freep) char **files = NULL;
        int r = 0;
        for (size_t i = 0; r >= 0 && i < run->conflicts.n_items; i++) {
                const JobConflict *conflict = run->conflicts.items + i;
                size_t n = strv_length(files);
                bool is_known = n > 0 && string_equal(files[n - 1], conflict->depot_path);
                if (conflict->depot_path && !is_known && conflict_is_named(conflict, file)) {
                        r = strv_append(&files, conflict->depot_path);
                }
        }
        if (r < 0) {
                return r;
        }
        *ret = TAKE_PTR(files);
        return 0;
}

static int accept_files(Run *run, ConflictAccept accept, char *const *files, bool is_all) {
        _cleanup_(p4_result_done) P4Result result = {};
        char number[RUN_NUMBER_MAX];
        const char *const arguments[] = { "resolve", conflict_accept_option(accept), "-c",
                                          run_number(number, run->state.change), NULL };
        P4Command command = P4_COMMAND_INIT;
        command.arguments = arguments;
        command.batch = is_all ? NULL : (const char *const *) files;
        int r = run_p4(run, &command, &result);
        if (r >= 0 && !p4_class_is_success(result.p4_class)) {
                run_log(run, LOG_LEVEL_WARNING, "Failed to resolve: %s", result.text ?: "");
        }
        return r;
}

static int edit_files(Run *run, char *const *files, const JobBytes *text) {
        int r = 0;
        for (size_t i = 0; r >= 0 && files && files[i]; i++) {
                for (size_t n = 0; r >= 0 && n < run->conflicts.n_items; n++) {
                        const JobConflict *conflict = run->conflicts.items + n;
                        if (string_equal(conflict->depot_path, files[i])) {
                                r = run_edit_accept(run, conflict, text);
                                break;
                        }
                }
        }
        return r;
}

/* What a person wrote instead: it is fetched when it is needed, and becomes the file. */
static int write_text(Run *run, const char *file, char *const *files) {
        _cleanup_(job_bytes_done) JobBytes text = {};
        _cleanup_free_ char *message = NULL;
        int r = jobs_client_take_text(run->jobs, run->id, run->attempt, file, &text, &message);
        if (r == -EBUSY) { /* decided otherwise meanwhile */
                return 0;
        }
        return r < 0 ? log_error(r, "Failed to take the text of %s: %s", file, message ?: strerror(-r)) :
                       edit_files(run, files, &text);
}

static int do_resolution(Run *run, const JobPair *resolution) {
        _cleanup_(strv_freep) char **files = NULL;
        ConflictAccept accept = conflict_accept_from_string(resolution->second);
        bool is_all = string_equal(resolution->first, "*");
        int r = named_files(run, resolution->first, &files);
        if (r < 0) {
                return r;
        }
        if (accept < 0 || (!files && !is_all)) {
                run_log(run, LOG_LEVEL_WARNING, "%s is no conflict of this job", resolution->first);
                return 0;
        }
        run_log(run, LOG_LEVEL_INFO, "Resolving %s: %s", resolution->first, resolution->second);
        return accept == CONFLICT_TEXT ? write_text(run, resolution->first, files) :
               accept == CONFLICT_EDIT ? edit_files(run, files, NULL) :
                                         accept_files(run, accept, files, is_all);
}

int run_resolutions_do(Run *run) {
        _cleanup_(strv_freep) char **resolved = NULL;
        JobPairs *todo = &run->tried;
        int r = 0;
        job_pairs_done(todo);
        *todo = run->resolutions;
        run->resolutions = (JobPairs) {};
        for (size_t i = 0; r >= 0 && i < todo->n_items; i++) {
                r = do_resolution(run, todo->items + i);
                r = r < 0 ? r : strv_append(&resolved, todo->items[i].first);
        }
        JobReport report = { .resolved = resolved };
        return r < 0 || !resolved ? r : run_report(run, &report);
}

static const char *const hints[_CONFLICT_ACCEPT_MAX] = {
        [CONFLICT_MERGED] =
                        "changes conflict, or there is nothing to merge: accept theirs, yours, or an edited file",
        [CONFLICT_EDIT] = "there is no file that could be taken: accept theirs or yours",
};

/* p4 passes over what it cannot do as it is told, with exit status 0 and often without a word. */
static void say_unsettled(const Run *run, const JobPair *tried) {
        ConflictAccept accept = conflict_accept_from_string(tried->second);
        const char *hint = accept >= 0 ? hints[accept] : NULL;
        size_t n = 0;
        for (size_t i = 0; i < run->conflicts.n_items; i++) {
                const JobConflict *conflict = run->conflicts.items + i;
                if (conflict_is_named(conflict, tried->first) && n++ < UNSETTLED_MAX) {
                        run_log(run, LOG_LEVEL_WARNING,
                                "%s is still to be resolved (%s), %s did not settle it%s%s",
                                conflict->depot_path ?: conflict->local_path, conflict->type, tried->second,
                                hint ? ": " : "", hint ?: "");
                }
        }
        if (n > UNSETTLED_MAX) {
                run_log(run, LOG_LEVEL_WARNING, "and %zu more", n - UNSETTLED_MAX);
        }
}

void run_resolutions_judge(Run *run) {
        for (size_t i = 0; i < run->tried.n_items; i++) {
                say_unsettled(run, run->tried.items + i);
        }
        job_pairs_done(&run->tried);
        run->tried = (JobPairs) {};
}
