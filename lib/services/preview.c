/* The client that integrate needs is the one given, or one made for the moment: it shows the target as a job's own would, has nothing in it,
 * and is deleted whatever happens, ^C included. */
#include "services/preview.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/parse_util.h"
#include "base/string_util.h"
#include "domain/integrate_args.h"
#include "services/run_client.h"
#include "services/run_p4.h"
#include "services/run_target.h"

#define CLIENT_NAME_MAX 128
#define MESSAGES_MAX 100

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

static void file_done(PreviewFile *file) {
        free(file->depot_path);
        free(file->action);
        free(file->from);
        free(file->base);
        strv_free(file->resolves);
        *file = (PreviewFile) {};
}

void preview_done(Preview *preview) {
        for (size_t i = 0; i < preview->n_kept; i++) {
                file_done(preview->files + i);
        }
        file_done(&preview->last);
        free(preview->files);
        strv_free(preview->messages);
        *preview = (Preview) {};
}

static bool is_wanted(const Preview *preview, const PreviewFile *file) {
        return preview->max == 0 || preview->n_kept < preview->max ||
               (file->resolves && preview->n_kept < 2 * preview->max);
}

/* The last file is complete. Servers that list no resolves: what is integrated into an existing file always needs one. */
static int keep_last(Preview *preview) {
        _cleanup_(file_done) PreviewFile file = preview->last;
        PreviewFile *files;
        int r = 0;

        preview->last = (PreviewFile) {};
        if (!file.depot_path) {
                return 0;
        }
        if (!file.resolves && string_equal(file.action, "integrate")) {
                r = strv_append(&file.resolves, "content");
        }
        preview->n_files++;
        preview->n_resolves += file.resolves != NULL;
        if (r < 0 || !is_wanted(preview, &file)) {
                return r;
        }
        files = reallocarray(preview->files, preview->n_kept + 1, sizeof(*files));
        if (!files) {
                return -ENOMEM;
        }
        preview->files = files;
        preview->files[preview->n_kept++] = file;
        file = (PreviewFile) {};
        return 0;
}

static int on_file(const MarshalRecord *record, void *userdata) {
        Preview *preview = userdata;
        PreviewFile *file = &preview->last;
        const char *path = marshal_record_get(record, "depotFile");
        int r = path ? keep_last(preview) : 0;

        if (!path || r < 0) {
                return r;
        }
        r = string_copy(&file->depot_path, path);
        r = r < 0 ? r : string_copy(&file->action, marshal_record_get(record, "action"));
        r = r < 0 ? r : format_source(record, &file->from);
        r = r < 0 ? r : format_base(record, &file->base);
        return r < 0 ? r : add_resolves(file, record);
}

/* "must resolve content from …" below a file's line, where it is not in the record. */
static void on_message(const P4Message *message, void *userdata) {
        static const char head[] = "must resolve ";
        Preview *preview = userdata;
        PreviewFile *file = preview->last.depot_path ? &preview->last : NULL;

        if (file && string_has_prefix(message->text, head)) {
                _cleanup_free_ char *type = strdup(message->text + strlen(head));

                if (type && !file->resolves) {
                        type[strcspn(type, " ")] = 0;
                        (void) strv_append(&file->resolves, type);
                }
        } else if (preview->n_messages++ < MESSAGES_MAX) {
                (void) strv_append(&preview->messages, message->text);
        }
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
        return r < 0 ? r : keep_last(preview);
}

int preview_ask(Run *run, Preview *preview) {
        bool is_made = false;
        int r = 0;

        run->state.source = 1; /* sources are not looked for */
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

/* --- telling --------------------------------------------------------------------------------------------------------- */

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

void preview_write(JsonWriter *writer, const Preview *preview) {
        json_int(writer, "n_files", (int64_t) preview->n_files);
        json_int(writer, "n_resolves", (int64_t) preview->n_resolves);
        json_array_begin(writer, "files");
        for (size_t i = 0; i < preview->n_kept; i++) {
                write_file(writer, preview->files + i);
        }
        json_array_end(writer);
        json_array_begin(writer, "messages");
        for (char **message = preview->messages; message && *message; message++) {
                json_string(writer, NULL, *message);
        }
        json_array_end(writer);
}
