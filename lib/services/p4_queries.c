#include "services/p4_queries.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/buffer.h"
#include "base/parse_util.h"
#include "base/string_util.h"
#include "domain/depot_path.h"

/* Runs one command. A negative return of a callback, or of p4_run() itself, is a failure of our own. */
static int ask(const P4Session *session, const char *const *arguments,
               int (*on_record)(const MarshalRecord *, void *), void *userdata, P4Result *ret_result) {
        P4Command command = P4_COMMAND_INIT;
        command.arguments = arguments;
        command.on_record = on_record;
        command.userdata = userdata;
        command.cancel_fd = session->cancel_fd;
        return p4_run(&session->server, &command, ret_result);
}

static int64_t get_number(const MarshalRecord *record, const char *key) {
        const char *text = marshal_record_get(record, key);
        int64_t number = 0;
        return text && parse_int64(text, &number) >= 0 ? number : 0;
}

/* --- the server itself ------------------------------------------------------------------------------ */

/* "2026/11/21 17:59:44 +0000 UTC"; the offset is how far local time is ahead. */
static int64_t parse_server_date(const char *text) {
        struct tm tm = {};
        int zone = 0;
        if (!text || sscanf(text, "%d/%d/%d %d:%d:%d %d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour,
                            &tm.tm_min, &tm.tm_sec, &zone) != 7) {
                return 0;
        }
        tm.tm_year -= 1900;
        tm.tm_mon -= 1;
        return (int64_t) timegm(&tm) - (zone / 100 * 60 + zone % 100) * 60;
}

static int on_info(const MarshalRecord *record, void *userdata) {
        P4Info *info = userdata;
        const char *date = marshal_record_get(record, "serverDate");
        const char *handling = marshal_record_get(record, "caseHandling");
        if (date) {
                info->server_time = parse_server_date(date);
        }
        if (handling) {
                info->ignores_case = string_equal(handling, "insensitive");
        }
        return 0;
}

int p4_query_info(const P4Session *session, P4Info *ret, P4Result *ret_result) {
        static const char *const arguments[] = { "info", "-s", NULL };
        *ret = (P4Info) {};
        return ask(session, arguments, on_info, ret, ret_result);
}

static int on_login(const MarshalRecord *record, void *userdata) {
        int64_t *expires_in = userdata;
        *expires_in = get_number(record, "TicketExpiration");
        return 0;
}

int p4_query_login(const P4Session *session, int64_t *ret_expires_in, P4Result *ret_result) {
        static const char *const arguments[] = { "login", "-s", NULL };
        *ret_expires_in = 0;
        return ask(session, arguments, on_login, ret_expires_in, ret_result);
}

int p4_query_trust(const P4Session *session, const char *fingerprint, P4Result *ret_result) {
        const char *const arguments[] = { "trust", "-f", "-i", fingerprint, NULL };
        int r = ask(session, arguments, NULL, NULL, ret_result);
        /* A key that takes the place of another is complained of, and entered all the same. */
        if (r >= 0 && ret_result->p4_class == P4_TRUST && ret_result->exit_status == 0) {
                ret_result->p4_class = P4_OK;
        }
        return r;
}

/* --- changes ---------------------------------------------------------------------------------------- */

typedef struct ChangesContext {
        int (*on_change)(const P4Change *change, void *userdata);
        void *userdata;
} ChangesContext;

static int on_change_record(const MarshalRecord *record, void *userdata) {
        ChangesContext *context = userdata;
        P4Change change = {
                .change = get_number(record, "change"),
                .time = get_number(record, "time"),
                .path = marshal_record_get(record, "path"),
        };
        return change.change > 0 ? context->on_change(&change, context->userdata) : -EBADMSG;
}

int p4_query_changes(const P4Session *session, int64_t since, unsigned max,
                     int (*on_change)(const P4Change *change, void *userdata), void *userdata,
                     P4Result *ret_result) {
        ChangesContext context = { on_change, userdata };
        char limit[16], from[24];
        (void) snprintf(limit, sizeof(limit), "-m%u", max);
        (void) snprintf(from, sizeof(from), "%lld", (long long) since);
        const char *const all[] = { "changes", "-s", "submitted", limit, NULL };
        const char *const some[] = { "changes", "-s", "submitted", limit, "-e", from, NULL };
        return ask(session, since > 0 ? some : all, on_change_record, &context, ret_result);
}

/* "depotFile0", not "depotFile" nor another key that begins so. */
static bool is_depot_file(const MarshalField *field) {
        static const char prefix[] = "depotFile";
        return string_has_prefix(field->key, prefix) && field->key[sizeof(prefix) - 1] >= '0' &&
               field->key[sizeof(prefix) - 1] <= '9';
}

static int on_described(const MarshalRecord *record, void *userdata) {
        const P4DescribeCallbacks *callbacks = userdata;
        P4Described described = {
                .change = get_number(record, "change"),
                .path = marshal_record_get(record, "path"),
                .stream = marshal_record_get(record, "stream"),
        };
        for (size_t i = 0; i < record->n_fields; i++) {
                described.n_files += is_depot_file(&record->fields[i]);
        }
        int r = callbacks->on_change(&described, callbacks->userdata);
        for (size_t i = 0; i < record->n_fields && r >= 0; i++) {
                if (is_depot_file(&record->fields[i])) {
                        r = callbacks->on_file(record->fields[i].value, callbacks->userdata);
                }
        }
        return r;
}

int p4_query_describe(const P4Session *session, const int64_t *changes, size_t n_changes, unsigned max_files,
                      const P4DescribeCallbacks *callbacks, P4Result *ret_result) {
        _cleanup_(strv_freep) char **arguments = NULL;
        char number[24];
        (void) snprintf(number, sizeof(number), "-m%u", max_files);
        int r = strv_append(&arguments, "describe");
        r = r < 0 ? r : strv_append(&arguments, "-s");
        r = r < 0 ? r : strv_append(&arguments, number);
        for (size_t i = 0; i < n_changes && r >= 0; i++) {
                (void) snprintf(number, sizeof(number), "%lld", (long long) changes[i]);
                r = strv_append(&arguments, number);
        }
        return r < 0 ? r :
                       ask(session, (const char *const *) arguments, on_described, (void *) callbacks,
                           ret_result);
}

/* --- streams ---------------------------------------------------------------------------------------- */

typedef struct StreamsContext {
        int (*on_stream)(const StreamSpec *spec, void *userdata);
        void *userdata;
} StreamsContext;

static int on_stream_record(const MarshalRecord *record, void *userdata) {
        StreamsContext *context = userdata;
        StreamSpec spec = {
                .path = marshal_record_get(record, "Stream"),
                .name = marshal_record_get(record, "Name"),
                .type = marshal_record_get(record, "Type"),
                .parent = marshal_record_get(record, "Parent"),
                .options = marshal_record_get(record, "Options"),
                .parent_view = marshal_record_get(record, "ParentView"),
                .update = get_number(record, "Update"),
        };
        return spec.path ? context->on_stream(&spec, context->userdata) : -EBADMSG;
}

int p4_query_streams(const P4Session *session, int (*on_stream)(const StreamSpec *spec, void *userdata),
                     void *userdata, P4Result *ret_result) {
        static const char *const arguments[] = { "streams", NULL };
        StreamsContext context = { on_stream, userdata };
        return ask(session, arguments, on_stream_record, &context, ret_result);
}

typedef struct ViewContext {
        StreamView view;
        const char *path;
        bool exists; /* the form of a stream that was never saved has no times in it */
} ViewContext;

static bool is_numbered(const MarshalField *field, const char *prefix) {
        size_t length = strlen(prefix);
        return strncmp(field->key, prefix, length) == 0 && field->key[length] >= '0' &&
               field->key[length] <= '9';
}

static int on_view_record(const MarshalRecord *record, void *userdata) {
        ViewContext *context = userdata;
        int r = 0;
        for (size_t i = 0; i < record->n_fields && r >= 0; i++) {
                const MarshalField *field = &record->fields[i];
                context->exists |= string_equal(field->key, "Update");
                if (is_numbered(field, "View")) {
                        r = stream_view_add_line(&context->view, context->path, field->value);
                } else if (is_numbered(field, "Paths")) {
                        r = stream_view_add_path(&context->view, field->value);
                } else if (is_numbered(field, "ChangeView")) {
                        r = stream_view_add_change_view(&context->view, field->value);
                } else if (is_numbered(field, "Components")) {
                        r = stream_view_add_component(&context->view, field->value);
                }
        }
        return r;
}

int p4_query_view(const P4Session *session, const char *path, const char *type, bool ignore_case,
                  StreamView *ret, P4Result *ret_result) {
        const char *const arguments[] = { "stream", "-o", "-v", path, NULL };
        ViewContext context = { .path = path };
        P4Result result = {};
        int r = ask(session, arguments, on_view_record, &context, &result);
        r = r < 0 ? r : stream_view_finish(&context.view, type, ignore_case);
        if (r >= 0 && p4_class_is_success(result.p4_class) && !context.exists) {
                r = -ENOENT;
        }
        if (r < 0 || !p4_class_is_success(result.p4_class)) {
                stream_view_done(&context.view);
        }
        if (r < 0) {
                p4_result_done(&result);
                return r;
        }
        *ret = context.view;
        *ret_result = result;
        return 0;
}

/* --- sizes ------------------------------------------------------------------------------------------ */

typedef struct SizesContext {
        const char *const *paths;
        size_t n_paths;
        P4Size *sizes;
        size_t next; /* answers come in the order of the questions, those without files left out */
} SizesContext;

static int read_size(const MarshalRecord *record, P4Size *ret) {
        const char *bytes = marshal_record_get(record, "fileSize"),
                   *files = marshal_record_get(record, "fileCount");
        P4Size size = { .is_known = true };
        if (!bytes || !files || parse_int64(bytes, &size.size_bytes) < 0 ||
            parse_int64(files, &size.file_count) < 0) {
                return -EBADMSG;
        }
        *ret = size;
        return 0;
}

static int on_size(const MarshalRecord *record, void *userdata) {
        SizesContext *context = userdata;
        const char *path = marshal_record_get(record, "path");
        if (context->n_paths == 1) {
                return read_size(record, &context->sizes[0]); /* whatever spelling the path comes back in */
        }
        for (size_t i = context->next; path && i < context->n_paths; i++) {
                if (depot_path_equal(path, context->paths[i], true)) {
                        context->next = i + 1;
                        return read_size(record, &context->sizes[i]);
                }
        }
        return 0;
}

int p4_query_sizes(const P4Session *session, const char *const *paths, size_t n_paths, P4Size *sizes,
                   P4Result *ret_result) {
        _cleanup_(strv_freep) char **arguments = NULL;
        SizesContext context = { .paths = paths, .n_paths = n_paths, .sizes = sizes };
        int r = strv_append(&arguments, "sizes");
        r = r < 0 ? r : strv_append(&arguments, "-s");
        for (size_t i = 0; i < n_paths && r >= 0; i++) {
                sizes[i] = (P4Size) {};
                r = strv_append(&arguments, paths[i]);
        }
        return r < 0 ? r : ask(session, (const char *const *) arguments, on_size, &context, ret_result);
}

/* --- clients ---------------------------------------------------------------------------------------- */

/* The form of the client: nothing is ever synced into it, so its root need not exist. */
static int make_client(const P4Session *session, const char *stream, P4Result *ret_result) {
        static const char *const arguments[] = { "client", "-i", NULL };
        const char *const fields[][2] = {
                { "Client", session->server.client },
                { "Owner", session->server.user },
                { "Description", "Made by weir to measure streams; nothing is ever synced into it.\n" },
                { "Root", "/nonexistent/weir" },
                { "Options", "noallwrite noclobber nocompress unlocked nomodtime normdir" },
                { "SubmitOptions", "submitunchanged" },
                { "LineEnd", "local" },
                { "Stream", stream },
        };
        _cleanup_(buffer_done) Buffer form = {};
        int r = marshal_write_begin(&form);
        for (size_t i = 0; i < ELEMENTSOF(fields) && r >= 0; i++) {
                r = marshal_write_field(&form, fields[i][0], fields[i][1], strlen(fields[i][1]));
        }
        r = r < 0 ? r : marshal_write_end(&form);
        if (r < 0) {
                return r;
        }
        P4Command command = P4_COMMAND_INIT;
        command.arguments = arguments;
        command.input = form.data;
        command.input_length = form.length;
        command.cancel_fd = session->cancel_fd;
        return p4_run(&session->server, &command, ret_result);
}

int p4_query_show_stream(const P4Session *session, const char *stream, P4Result *ret_result) {
        const char *const arguments[] = { "client", "-s", "-S", stream, NULL };
        P4Result result = {};
        int r = ask(session, arguments, NULL, NULL, &result);
        if (r >= 0 && result.p4_class == P4_UNKNOWN) {
                p4_result_done(&result);
                result = (P4Result) {};
                r = make_client(session, stream, &result);
        }
        if (r < 0) {
                return r;
        }
        *ret_result = result;
        return 0;
}
