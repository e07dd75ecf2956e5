/* Removing what a job made. Only what its ledger names is touched, in the order in which the server lets go of it: opened files, shelf,
 * changelist, client; the folder last. What is gone already counts as removed. Steps go on after a failure that is one step's own; when the
 * server does not answer or does not know us any more, the rest of them are left for another attempt. */
#include "services/finish_clean.h"

#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "base/string_util.h"
#include "services/run_change.h"
#include "services/run_p4.h"
#include "services/workspace.h"

typedef struct Cleaning {
        Run *run;
        JobPairs *removed;
        bool is_deaf;     /* no more p4 commands */
        bool is_left;     /* something stays */
        bool is_vanished; /* something was gone that nobody is known to have removed */
} Cleaning;

static bool is_deafening(const P4Result *result) {
        switch (result->p4_class) {
        case P4_AUTH:
        case P4_TRUST:
        case P4_CONNECT:
        case P4_TIMEOUT:
        case P4_MISSING:
        case P4_CANCELLED:
                return true;
        default:
                return false;
        }
}

/* True: done, or there was nothing to do it with. */
static bool is_done(Cleaning *cleaning, int r, const char *what, const P4Result *result) {
        if (r >= 0 && (p4_class_is_success(result->p4_class) || result->p4_class == P4_UNKNOWN)) {
                cleaning->is_vanished |= result->p4_class == P4_UNKNOWN;
                return true;
        }
        run_log(cleaning->run, LOG_LEVEL_WARNING, "Failed to %s: %s", what,
                r < 0        ? strerror(-r) :
                result->text ?:
                               "");
        cleaning->is_deaf |= r < 0 || is_deafening(result);
        cleaning->is_left = true;
        return false;
}

static void note(Cleaning *cleaning, const char *kind, const char *name) {
        if (job_pairs_append(cleaning->removed, kind, name) < 0) {
                cleaning->is_left = true;
        }
}

/* --- the steps -------------------------------------------------------------------------------------- */

/* In a client of the job's own everything is the job's, and the files on disk go with the folder. */
static bool close_files(Cleaning *cleaning, const char *number) {
        _cleanup_(p4_result_done) P4Result result = {};
        Run *run = cleaning->run;
        int r = run->state.is_managed ?
                                run_p4_simple(run, &result,
                                              (const char *const[]) { "revert", "-k", "//...", NULL }) :
                                run_p4_simple(run, &result,
                                              (const char *const[]) { "revert", "-w", "-c", number, "//...",
                                                                      NULL });
        return is_done(cleaning, r, "revert the files", &result);
}

static bool remove_shelf(Cleaning *cleaning, const char *number) {
        _cleanup_(p4_result_done) P4Result unlocked = {}, result = {};
        int r = 0;
        if (!run_ledger_has(cleaning->run, "shelf", NULL)) {
                return true;
        }
        if (cleaning->run->state.is_reverted) { /* a submit was tried: its locks may be there */
                r = run_p4_simple(cleaning->run, &unlocked,
                                  (const char *const[]) { "unlock", "-s", number, NULL });
        }
        r = r < 0 ? r :
                    run_p4_simple(cleaning->run, &result,
                                  (const char *const[]) { "shelve", "-d", "-c", number, NULL });
        return is_done(cleaning, r, "delete the shelf", &result);
}

static int on_change(const MarshalRecord *record, void *userdata) {
        bool *is_there = userdata;
        *is_there = *is_there || marshal_record_get(record, "Change");
        return 0;
}

static void keep_words(const P4Message *message, void *userdata) {
        (void) string_replace(userdata, message->text);
}

static int ask_delete(Run *run, const char *number, char **words, P4Result *result) {
        const char *const arguments[] = { "change", "-d", number, NULL };
        P4Command command = P4_COMMAND_INIT;
        command.arguments = arguments;
        command.on_message = keep_words;
        command.userdata = words;
        return run_p4(run, &command, result);
}

static int on_fix(const MarshalRecord *record, void *userdata) {
        const char *name = marshal_record_get(record, "Job");
        return name ? strv_append(userdata, name) : 0;
}

/* Jobs of the server that somebody attached to a changelist hold it. They stay as they are, only the tie goes. */
static int detach_jobs(Run *run, const char *number) {
        _cleanup_(p4_result_done) P4Result found = {}, result = {};
        _cleanup_(strv_freep) char **names = NULL;
        const char *const look[] = { "fixes", "-c", number, NULL }, *const detach[] = { "fix", "-d", "-c",
                                                                                        number, NULL };
        P4Command command = P4_COMMAND_INIT;
        command.arguments = look;
        command.on_record = on_fix;
        command.userdata = &names;
        int r = run_p4(run, &command, &found);
        if (r < 0 || !names) {
                return r;
        }
        command = P4_COMMAND_INIT;
        command.arguments = detach;
        command.batch = (const char *const *) names;
        run_log(run, LOG_LEVEL_NOTICE, "Taking %zu job%s of the server off changelist %s",
                strv_length(names), strv_length(names) == 1 ? "" : "s", number);
        return run_p4(run, &command, &result);
}

/* ret_words: what the server said last. */
static int delete_change(Run *run, const char *number, char **ret_words, P4Result *ret) {
        int r = ask_delete(run, number, ret_words, ret);
        if (r < 0 || !*ret_words || !strstr(*ret_words, "fixes associated")) {
                return r;
        }
        p4_result_done(ret);
        r = detach_jobs(run, number);
        return r < 0 ? r : ask_delete(run, number, ret_words, ret);
}

/* Refusing to delete a changelist is mere information to p4, as deleting it is; so it is looked for. */
static bool remove_change(Cleaning *cleaning, const char *number) {
        _cleanup_free_ char *words = NULL;
        _cleanup_(p4_result_done) P4Result result = {}, found = {};
        const char *const look[] = { "change", "-o", number, NULL };
        bool is_there = false;
        P4Command command = P4_COMMAND_INIT;
        int r = delete_change(cleaning->run, number, &words, &result);
        if (!is_done(cleaning, r, "delete the changelist", &result)) {
                return false;
        }
        if (cleaning->run->state.is_managed) {
                return true; /* its client is only deleted when it has none */
        }
        command.arguments = look;
        command.on_record = on_change;
        command.userdata = &is_there;
        r = run_p4(cleaning->run, &command, &found);
        if (r >= 0 && is_there) {
                run_log(cleaning->run, LOG_LEVEL_WARNING, "Changelist %s could not be deleted: %s", number,
                        words ?: "the server does not say why");
                cleaning->is_left = true;
        }
        return r >= 0 && !is_there;
}

static void clean_changelist(Cleaning *cleaning) {
        Run *run = cleaning->run;
        char number[RUN_NUMBER_MAX];
        (void) run_number(number, run->state.change);
        if (run->state.change == 0 && !run->state.is_managed) {
                return;
        }
        bool is_gone = run->state.is_consumed || close_files(cleaning, number);
        if (run->state.change == 0) {
                return;
        }
        if (!run->state.is_consumed && !run->state.is_handed_over) {
                is_gone = is_gone && !cleaning->is_deaf && remove_shelf(cleaning, number);
                is_gone = is_gone && !cleaning->is_deaf && remove_change(cleaning, number);
        }
        if (is_gone) {
                note(cleaning, "shelf", number);
                note(cleaning, "changelist", number);
        }
}

/* --- what others put into a client of the job's own ------------------------------------------------- */

typedef struct Sweep {
        char **changes;
} Sweep;

static int on_pending(const MarshalRecord *record, void *userdata) {
        Sweep *sweep = userdata;
        const char *change = marshal_record_get(record, "change");
        return change ? strv_append(&sweep->changes, change) : 0;
}

/* Hooks, and people who resolve, may have opened files and made changelists there. They go with the client. */
static int sweep_client(Run *run) {
        _cleanup_(p4_result_done) P4Result result = {}, reverted = {};
        const char *const arguments[] = { "changes", "-s", "pending", "-c", run->state.client, NULL };
        Sweep sweep = {};
        P4Command command = P4_COMMAND_INIT;
        command.arguments = arguments;
        command.on_record = on_pending;
        command.userdata = &sweep;
        int r = run_p4_simple(run, &reverted, (const char *const[]) { "revert", "-k", "//...", NULL });
        r = r < 0 ? r : run_p4(run, &command, &result);
        for (char **change = sweep.changes; r >= 0 && change && *change; change++) {
                _cleanup_(p4_result_done) P4Result shelf = {}, deleted = {};
                _cleanup_free_ char *words = NULL;
                run_log(run, LOG_LEVEL_NOTICE, "Removing changelist %s of client %s", *change,
                        run->state.client);
                r = run_p4_simple(run, &shelf,
                                  (const char *const[]) { "shelve", "-d", "-c", *change, NULL });
                r = r < 0 ? r : delete_change(run, *change, &words, &deleted);
        }
        strv_free(sweep.changes);
        return r;
}

static bool delete_client(Cleaning *cleaning) {
        _cleanup_(p4_result_done) P4Result result = {}, again = {};
        Run *run = cleaning->run;
        int r = run_p4_simple(run, &result,
                              (const char *const[]) { "client", "-d", run->state.client, NULL });
        if (r < 0 || result.p4_class != P4_NOT_YET) {
                return is_done(cleaning, r, "delete the client", &result);
        }
        r = sweep_client(run);
        r = r < 0 ? r :
                    run_p4_simple(run, &again,
                                  (const char *const[]) { "client", "-d", run->state.client, NULL });
        return is_done(cleaning, r, "delete the client", &again);
}

static void clean_client(Cleaning *cleaning) {
        Run *run = cleaning->run;
        if (!run_ledger_has(run, "client", NULL)) {
                return;
        }
        if (cleaning->is_deaf) {
                cleaning->is_left = true;
                return;
        }
        if (run->state.is_handed_over || delete_client(cleaning)) {
                note(cleaning, "client", run->state.client);
        }
}

static void clean_workspace(Cleaning *cleaning) {
        Run *run = cleaning->run;
        if (!run->state.is_managed || !run_ledger_has(run, "workspace", NULL)) {
                return;
        }
        int r = workspace_remove(run->state_directory, run->id);
        if (r < 0) {
                run_log(run, LOG_LEVEL_WARNING, "Failed to remove %s: %s", run->state.root ?: "",
                        strerror(-r));
                cleaning->is_left = true;
                return;
        }
        note(cleaning, "workspace", run->state.root);
}

/* A client whose name was written down before it was made may not be in the checkpoint yet. */
static int remember_client(Run *run) {
        for (size_t i = 0; i < run->work.ledger.n_items; i++) {
                const JobPair *pair = run->work.ledger.items + i;
                bool is_client = string_equal(pair->first, "client");
                if (is_client || string_equal(pair->first, "workspace")) {
                        run->state.is_managed = true;
                        int r = string_replace(is_client ? &run->state.client : &run->state.root,
                                               pair->second);
                        if (r < 0) {
                                return r;
                        }
                }
        }
        run->server.client = run->state.client;
        return 0;
}

int finish_clean(Run *run, JobPairs *removed, bool *ret_vanished) {
        Cleaning cleaning = { .run = run, .removed = removed };
        int r = remember_client(run);
        if (r < 0) {
                return r;
        }
        if (run->state.client) {
                r = run_change_adopt(run);
                cleaning.is_deaf = cleaning.is_left = r < 0;
        }
        if (!cleaning.is_deaf) {
                clean_changelist(&cleaning);
        }
        clean_client(&cleaning);
        clean_workspace(&cleaning);
        *ret_vanished = cleaning.is_vanished;
        return !cleaning.is_left;
}
