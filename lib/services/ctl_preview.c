/* The client that integrate needs is the one given, or one made for the moment: it shows the target as a job's own would, has nothing in it,
 * and is deleted whatever happens, ^C included. */
#include "services/ctl_preview.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/fd_util.h"
#include "base/parse_util.h"
#include "base/string_util.h"
#include "domain/integrate_args.h"
#include "services/ctl_output.h"
#include "services/ctl_table.h"
#include "services/run_client.h"
#include "services/run_p4.h"
#include "services/run_target.h"

#define CLIENT_NAME_MAX 128

typedef struct PreviewFile {
        char *depot_path, *action, *from, *base;
        char **resolves; /* types: content, branch, delete, move… NULL: none */
} PreviewFile;

typedef struct Preview {
        PreviewFile *files;
        size_t n_files, n_resolves; /* n_resolves: files that have any */
        char **messages;            /* of the server, about what it did not list */
} Preview;

static void preview_done(Preview *preview) {
        for (size_t i = 0; i < preview->n_files; i++) {
                PreviewFile *file = preview->files + i;

                free(file->depot_path);
                free(file->action);
                free(file->from);
                free(file->base);
                strv_free(file->resolves);
        }
        free(preview->files);
        strv_free(preview->messages);
}

/* --- what the server says -------------------------------------------------------------------------------------------- */

/* "//demo/main/a.c#2,#4". The server names the revision before the first one. */
static int format_source(const MarshalRecord *record, char **ret) {
        const char *from = marshal_record_get(record, "fromFile"),
                   *start = marshal_record_get(record, "startFromRev"),
                   *end = marshal_record_get(record, "endFromRev");
        uint64_t before = 0, last = 0;

        if (!from || !end || parse_uint64(end, &last) < 0) {
                return string_copy(ret, from);
        }
        if (start && parse_uint64(start, &before) < 0) {
                before = 0; /* "none" */
        }
        return before + 1 >= last ? string_format(ret, "%s#%" PRIu64, from, last) :
                                    string_format(ret, "%s#%" PRIu64 ",#%" PRIu64, from, before + 1, last);
}

static int format_base(const MarshalRecord *record, char **ret) {
        const char *base = marshal_record_get(record, "baseFile"),
                   *revision = marshal_record_get(record, "baseRev");

        return base && revision ? string_format(ret, "%s#%s", base, revision) : 0;
}

static int add_resolves(PreviewFile *file, const MarshalRecord *record) {
        const char *type;
        int r = 0;

        for (unsigned i = 0; r >= 0 && (type = marshal_record_get_indexed(record, "resolveType", i)); i++) {
                r = strv_append(&file->resolves, type);
        }
        return r;
}

static int on_file(const MarshalRecord *record, void *userdata) {
        Preview *preview = userdata;
        PreviewFile file = {}, *files;
        const char *path = marshal_record_get(record, "depotFile");
        int r;

        if (!path) {
                return 0;
        }
        files = reallocarray(preview->files, preview->n_files + 1, sizeof(*files));
        if (!files) {
                return -ENOMEM;
        }
        preview->files = files;
        r = string_copy(&file.depot_path, path);
        r = r < 0 ? r : string_copy(&file.action, marshal_record_get(record, "action"));
        r = r < 0 ? r : format_source(record, &file.from);
        r = r < 0 ? r : format_base(record, &file.base);
        r = r < 0 ? r : add_resolves(&file, record);
        preview->files[preview->n_files++] = file; /* half-made or not: it is freed with the rest */
        return r;
}

/* "must resolve content from …" below a file's line, where it is not in the record. */
static void on_message(const P4Message *message, void *userdata) {
        static const char head[] = "must resolve ";
        Preview *preview = userdata;
        PreviewFile *file = preview->n_files > 0 ? preview->files + preview->n_files - 1 : NULL;

        if (file && string_has_prefix(message->text, head)) {
                _cleanup_free_ char *type = strdup(message->text + strlen(head));

                if (type && !file->resolves) {
                        type[strcspn(type, " ")] = 0;
                        (void) strv_append(&file->resolves, type);
                }
        } else {
                (void) strv_append(&preview->messages, message->text);
        }
}

/* Servers that list no resolves: what is integrated into an existing file always needs one. */
static int finish(Preview *preview) {
        int r = 0;

        for (size_t i = 0; i < preview->n_files && r >= 0; i++) {
                PreviewFile *file = preview->files + i;

                if (!file->resolves && string_equal(file->action, "integrate")) {
                        r = strv_append(&file->resolves, "content");
                }
                preview->n_resolves += file->resolves != NULL;
        }
        return r;
}

/* --- asking ---------------------------------------------------------------------------------------------------------- */

static int make_client(Run *run, bool *ret_is_made) {
        static const char *const arguments[] = { "client", "-i", NULL };
        _cleanup_(p4_result_done) P4Result result = {};
        _cleanup_(run_target_done) RunTarget target = {};
        _cleanup_(buffer_done) Buffer form = {};
        P4Command command = P4_COMMAND_INIT;
        char host[64] = "localhost", name[CLIENT_NAME_MAX];
        int r = run_target_find(run, true, &target);

        (void) gethostname(host, sizeof(host) - 1);
        (void) snprintf(name, sizeof(name), "weir-preview-%s-%d", host, getpid());
        r = r < 0 ? r : string_copy(&run->state.client, name);
        r = r < 0 ? r : string_copy(&run->state.root, run->server.home);
        r = r < 0 ? r : run_client_form(run, &target, &form);
        if (r < 0) {
                return r;
        }
        command.arguments = arguments;
        command.input = form.data;
        command.input_length = form.length;
        *ret_is_made = true; /* also when it is not sure */
        run->server.client = run->state.client;
        return run_p4_or_fail(run, &command, &result);
}

static void delete_client(Run *run) {
        const char *const arguments[] = { "client", "-d", run->state.client, NULL };
        _cleanup_(p4_result_done) P4Result result = {};
        P4Command command = P4_COMMAND_INIT;

        command.arguments = arguments;
        (void) p4_run(&run->server, &command, &result);
}

static int integrate(Run *run, Preview *preview) {
        const IntegrateOptions options = { .source_changelist = run->spec.changelist, .preview = true };
        _cleanup_(p4_result_done) P4Result result = {};
        _cleanup_(strv_freep) char **arguments = NULL;
        P4Command command = P4_COMMAND_INIT;
        int r = integrate_args_make(&run->spec, &options, &arguments);

        command.arguments = (const char *const *) arguments;
        command.on_record = on_file;
        command.on_message = on_message;
        command.userdata = preview;
        r = r < 0 ? r : run_p4_or_fail(run, &command, &result);
        return r < 0 ? r : finish(preview);
}

static int ask(Run *run, Preview *preview) {
        bool is_made = false;
        int r = 0;

        if (run->spec.client) {
                run->server.client = run->spec.client;
        } else {
                r = make_client(run, &is_made);
        }
        r = r < 0 ? r : integrate(run, preview);
        if (is_made) {
                delete_client(run);
        }
        return r;
}

/* --- showing --------------------------------------------------------------------------------------------------------- */

static void write_file(JsonWriter *writer, const PreviewFile *file) {
        json_object_begin(writer, NULL);
        json_string(writer, "depot_path", file->depot_path);
        json_string(writer, "action", file->action);
        json_string(writer, "from", file->from);
        json_string(writer, "base", file->base);
        json_array_begin(writer, "resolves");
        for (char **type = file->resolves; type && *type; type++) {
                json_string(writer, NULL, *type);
        }
        json_array_end(writer);
        json_object_end(writer);
}

static int print_json(const Preview *preview) {
        CtlJson json;

        ctl_json_begin(&json);
        json_object_begin(&json.writer, NULL);
        json_bool(&json.writer, "preview", true);
        json_int(&json.writer, "n_files", (int64_t) preview->n_files);
        json_int(&json.writer, "n_resolves", (int64_t) preview->n_resolves);
        json_array_begin(&json.writer, "files");
        for (size_t i = 0; i < preview->n_files; i++) {
                write_file(&json.writer, preview->files + i);
        }
        json_array_end(&json.writer);
        json_array_begin(&json.writer, "messages");
        for (char **message = preview->messages; message && *message; message++) {
                json_string(&json.writer, NULL, *message);
        }
        json_array_end(&json.writer);
        json_object_end(&json.writer);
        return ctl_json_print(&json);
}

static int print_files(const Preview *preview) {
        static const CtlColumn columns[] = {
                { .title = "ACTION" },
                { .title = "FILE", .may_shrink = true },
                { .title = "FROM", .may_shrink = true },
                { .title = "RESOLVE" },
        };
        _cleanup_(ctl_table_freep) CtlTable *table = NULL;
        int r = ctl_table_new(columns, ELEMENTSOF(columns), &table);

        for (size_t i = 0; r >= 0 && i < preview->n_files; i++) {
                const PreviewFile *file = preview->files + i;
                _cleanup_free_ char *types = NULL;

                r = file->resolves ? string_join(&types, file->resolves, ", ") : 0;
                r = r < 0 ? r :
                            ctl_table_add(table, (const char *const[]) { file->action, file->depot_path,
                                                                         file->from, types });
        }
        return r < 0 ? r : ctl_table_print(table);
}

static int print_text(const Preview *preview) {
        int r = preview->n_files > 0 ? print_files(preview) : 0;

        for (char **message = preview->messages; message && *message; message++) {
                _cleanup_free_ char *printable = NULL;

                if (ctl_printable(&printable, *message, 8192) >= 0) {
                        printf("%s\n", printable);
                }
        }
        printf("%s%zu file%s would be opened, %zu of them to be resolved. Nothing was changed.\n",
               preview->n_files > 0 || preview->messages ? "\n" : "", preview->n_files,
               preview->n_files == 1 ? "" : "s", preview->n_resolves);
        return r < 0;
}

/* --- all ------------------------------------------------------------------------------------------------------------- */

/* Readable when somebody wants us to end. */
static int catch_signals(sigset_t *ret_before) {
        sigset_t set;

        (void) sigemptyset(&set);
        (void) sigaddset(&set, SIGINT);
        (void) sigaddset(&set, SIGTERM);
        (void) sigaddset(&set, SIGHUP);
        (void) sigprocmask(SIG_BLOCK, &set, ret_before);
        return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int explain(const Ctl *ctl, const Run *run, int error) {
        if (error == -ECANCELED) {
                return ctl_fail(ctl, 130, NULL, "Interrupted.");
        }
        return ctl_fail(ctl, 1, NULL, "Failed to preview it: %s.",
                        run->error ? run->error : strerror(-error));
}

int ctl_preview(const Ctl *ctl, const JobSpec *spec, const JobLogin *login) {
        _cleanup_(preview_done) Preview preview = {};
        sigset_t before;
        _cleanup_close_ int signals = catch_signals(&before);
        /* An attempt without a job: what asks the server about source and target is the runner's. */
        Run run = { .id = "preview",
                    .spec = *spec,
                    .server = login->server,
                    .cancel_fd = signals,
                    .lock_fd = -EBADF };
        int r, status;

        run.state.source = 1; /* sources are not looked for */
        r = ask(&run, &preview);
        if (r < 0) {
                status = explain(ctl, &run, r);
        } else {
                status = ctl->json ? print_json(&preview) : print_text(&preview);
        }
        run.spec = (JobSpec) {}; /* the caller's */
        run_done(&run);
        (void) sigprocmask(SIG_SETMASK, &before, NULL);
        return status;
}
