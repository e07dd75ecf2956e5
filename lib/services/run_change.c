#include "services/run_change.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/log.h"
#include "base/string_util.h"
#include "domain/job_spec_text.h"
#include "services/run_p4.h"

#define UNNUMBERED "new" /* in the ledger, while the server is asked for one */

char *run_number(char text[static RUN_NUMBER_MAX], uint64_t number) {
        (void) snprintf(text, RUN_NUMBER_MAX, "%" PRIu64, number);
        return text;
}

/* --- making it -------------------------------------------------------------------------------------- */

static int describe(const Run *run, char **ret) {
        _cleanup_free_ char *tag = NULL, *summary = NULL;
        const char *more = run->spec.description;
        int r = run_tag(run->id, &tag);
        r = r < 0 ? r : job_spec_summary(&run->spec, &summary);
        if (r >= 0 && run->spec.changelist == 0) { /* what "latest" turned out to be */
                char *at = strrchr(summary, '@');
                if (at) {
                        *at = 0;
                }
        }
        if (r < 0) {
                return r;
        }
        char number[RUN_NUMBER_MAX] = "";
        if (run->spec.changelist == 0) {
                (void) run_number(number, run->state.source);
        }
        return string_format(ret, "%s %s%s%s%s%s\n", tag, summary, *number ? "@" : "", number,
                             more ? "\n\n" : "", more ?: "");
}

static int write_form(const Run *run, Buffer *form) {
        _cleanup_free_ char *description = NULL;
        int r = describe(run, &description);
        r = r < 0 ? r : marshal_write_begin(form);
        r = r < 0 ? r : marshal_write_field(form, "Change", "new", 3);
        r = r < 0 ? r : marshal_write_field(form, "Client", run->state.client, strlen(run->state.client));
        r = r < 0 ? r : marshal_write_field(form, "User", run->server.user, strlen(run->server.user));
        r = r < 0 ? r : marshal_write_field(form, "Status", "new", 3);
        r = r < 0 ? r : marshal_write_field(form, "Description", description, strlen(description));
        return r < 0 ? r : marshal_write_end(form);
}

static void on_created(const P4Message *message, void *userdata) {
        uint64_t *change = userdata;
        if (message->severity == P4_SEVERITY_INFO && *change == 0) {
                *change = message_number(message->text);
        }
}

static int create(Run *run, uint64_t *ret) {
        static const char *const arguments[] = { "change", "-i", NULL };
        _cleanup_(p4_result_done) P4Result result = {};
        _cleanup_(buffer_done) Buffer form = {};
        uint64_t change = 0;
        P4Command command = P4_COMMAND_INIT;
        int r = write_form(run, &form);
        if (r < 0) {
                return r;
        }
        command.arguments = arguments;
        command.input = form.data;
        command.input_length = form.length;
        command.on_message = on_created;
        command.userdata = &change;
        r = run_p4_or_fail(run, &command, &result);
        if (r >= 0 && change == 0) {
                r = run_fail(run, "p4 failed", "The server did not say which changelist it made");
        }
        *ret = change;
        return r;
}

static int keep_number(Run *run, uint64_t change) {
        char number[RUN_NUMBER_MAX];
        run->state.change = change;
        int r = run_ledger_add(run, "changelist", run_number(number, change));
        return r < 0 ? r : run_ledger_done(run, "changelist", UNNUMBERED);
}

int run_change_ensure(Run *run) {
        uint64_t change = 0;
        if (run->state.change > 0) {
                return 0;
        }
        int r = run_ledger_add(run, "changelist", UNNUMBERED);
        r = r < 0 ? r : create(run, &change);
        if (r < 0) {
                return r;
        }
        run_log(run, LOG_LEVEL_INFO, "Working in changelist %" PRIu64, change);
        return keep_number(run, change);
}

/* --- finding it again ------------------------------------------------------------------------------- */

typedef struct Search {
        const char *id;
        uint64_t found;
} Search;

static int on_pending(const MarshalRecord *record, void *userdata) {
        Search *search = userdata;
        const char *description = marshal_record_get(record, "desc");
        if (run_tag_matches(search->id, description)) {
                search->found = record_number(record, "change");
        }
        return 0;
}

int run_change_adopt(Run *run) {
        _cleanup_(p4_result_done) P4Result result = {};
        Search search = { .id = run->id };
        const char *const arguments[] = {
                "changes", "-l", "-s", "pending", "-u", run->server.user, "-c", run->state.client, NULL
        };
        P4Command command = P4_COMMAND_INIT;
        if (!run_ledger_has(run, "changelist", UNNUMBERED) || !run->state.client) {
                return 0;
        }
        command.arguments = arguments;
        command.on_record = on_pending;
        command.userdata = &search;
        int r = run_p4_or_fail(run, &command, &result);
        if (r < 0) {
                return r;
        }
        return search.found > 0 ? keep_number(run, search.found) :
                                  run_ledger_done(run, "changelist", UNNUMBERED);
}

/* --- what is open in it ----------------------------------------------------------------------------- */

typedef struct Opened {
        RunOpenedFile on_file;
        void *userdata;
} Opened;

static int on_opened(const MarshalRecord *record, void *userdata) {
        const Opened *opened = userdata;
        const char *file = marshal_record_get(record, "depotFile"),
                   *action = marshal_record_get(record, "action");
        return file ? opened->on_file(file, action ?: "", record_number(record, "change"),
                                      opened->userdata) :
                      0;
}

int run_change_opened(Run *run, RunOpenedFile on_file, void *userdata) {
        static const char *const arguments[] = { "opened", NULL };
        _cleanup_(p4_result_done) P4Result result = {};
        Opened opened = { on_file, userdata };
        P4Command command = P4_COMMAND_INIT;
        command.arguments = arguments;
        command.on_record = on_opened;
        command.userdata = &opened;
        return run_p4_or_fail(run, &command, &result);
}

int run_change_revert(Run *run) {
        _cleanup_(p4_result_done) P4Result result = {};
        char number[RUN_NUMBER_MAX];
        if (run->state.change == 0) {
                return 0;
        }
        int r = run_p4_simple(run, &result,
                              (const char *const[]) { "revert", "-w", "-c",
                                                      run_number(number, run->state.change), "//...",
                                                      NULL });
        return r < 0 || p4_class_is_success(result.p4_class) ? r : run_fail_p4(run, "revert", &result);
}

/* --- what hooks opened ------------------------------------------------------------------------------ */

#define OTHERS_MAX ((size_t) 128 * 1024) /* of the checkpoint's 256 KiB */

static int note_other(const char *depot_file, const char *action, uint64_t change, void *userdata) {
        return change > 0 ? 0 : buffer_append_format(userdata, "%s\n", depot_file);
}

int run_change_note_others(Run *run) {
        _cleanup_(buffer_done) Buffer others = { .max = OTHERS_MAX };
        JobReport report = {};
        if (run->state.is_managed || run->state.others) {
                return 0; /* all is the job's, or an attempt before this one has noted it */
        }
        int r = run_change_opened(run, note_other, &others);
        if (r == -ENOBUFS) {
                return run_fail(run, "too many open files",
                                "So many files are open in the default changelist of client %s that they cannot be told from "
                                "what a hook opens; move them to a changelist of their own with p4 reopen -c",
                                run->state.client);
        }
        r = r < 0 ? r : string_replace(&run->state.others, others.data ?: "");
        return r < 0 ? r : run_report(run, &report);
}

static int note_new(const char *depot_file, const char *action, uint64_t change, void *userdata) {
        const Run *run = ((void **) userdata)[0];
        char ***files = ((void **) userdata)[1];
        return change > 0 || string_has_word(run->state.others, depot_file, "\n") ?
                               0 :
                               strv_append(files, depot_file);
}

int run_change_collect(Run *run) {
        _cleanup_(p4_result_done) P4Result result = {};
        _cleanup_(strv_freep) char **files = NULL;
        char number[RUN_NUMBER_MAX];
        const char *const arguments[] = { "reopen", "-c", run_number(number, run->state.change), NULL };
        P4Command command = P4_COMMAND_INIT;
        int r = run_change_opened(run, note_new, (void *[]) { run, &files });
        command.arguments = arguments;
        command.batch = (const char *const *) files;
        r = r < 0 || !files ? r : run_p4_or_fail(run, &command, &result);
        free(TAKE_PTR(run->state.others));
        return r;
}
