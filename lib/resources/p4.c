/* Running p4 and reading what it says. Called by domain and services from worker threads; all state is in
 * one P4Run per call.
 *
 * Three sources tell how a command went, and the worst of them decides: error records in the stream; plain
 * text on stderr or before the first record, where no format applies yet (connecting, trust, options); and
 * the way the process ended. One event may appear in two of them ("Partner exited unexpectedly." does), so
 * equal texts are kept once. A non-zero exit status alone is never a success, and a record cut in half never
 * a clean end. */
#include "resources/p4.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/log.h"
#include "base/parse_util.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "resources/journal.h"
#include "resources/p4_command.h"
#include "resources/process.h"

#define TEXT_MAX ((size_t) 4096)   /* of what is kept for people */
#define NOISE_MAX ((size_t) 65536) /* of what p4 prints before its first record */
#define RECORD_START "{s\4\0\0\0code"

typedef struct P4Run {
        const P4Server *server;
        const P4Command *command;
        MarshalParser *parser;
        P4Result result;
        Buffer errors; /* stderr, its first TEXT_MAX bytes */
        Buffer noise;  /* stdout before the first record, as far as it is no record */
        bool in_records;
        bool has_error; /* of severity 3 or above; some mean "nothing to do", but explain the exit status */
        int callback_error;
} P4Run;

void p4_result_done(P4Result *result) {
        free(result->text);
        *result = (P4Result) {};
}

/* --- what goes into the result
 * ----------------------------------------------------------------------------------- */

/* The deciding text comes first, others behind it, each once, TEXT_MAX bytes in all. */
static int result_add_text(P4Result *result, const char *text, bool decides) {
        const char *first = decides ? text : result->text, *second = decides ? result->text : text;
        char *joined;
        int r;

        if (string_is_empty(text) || (!decides && result->text && strstr(result->text, text))) {
                return 0;
        }
        if (!first || !second || strstr(first, second)) {
                r = string_format(&joined, "%.*s", (int) TEXT_MAX + 1, first ? first : second);
        } else {
                r = string_format(&joined, "%.*s\n%.*s", (int) TEXT_MAX + 1, first, (int) TEXT_MAX, second);
        }
        if (r < 0) {
                return r;
        }
        if (strlen(joined) > TEXT_MAX) {
                size_t end = TEXT_MAX;

                while (end > 0 && ((unsigned char) joined[end] & 0xc0) == 0x80) {
                        end--; /* not in the middle of a character */
                }
                joined[end] = 0;
        }
        free(result->text);
        result->text = joined;
        return 0;
}

static int result_add(P4Result *result, const P4Message *message) {
        bool worse = p4_class_is_worse(message->p4_class, result->p4_class);

        if (message->p4_class == P4_OK) {
                return 0;
        }
        if (worse && p4_class_is_success(result->p4_class)) {
                free(TAKE_PTR(result->text)); /* warnings say nothing about a failure */
        }
        if (worse) {
                result->p4_class = message->p4_class;
                result->severity = message->severity;
                result->generic = message->generic;
        }
        if (p4_class_is_success(message->p4_class) && !p4_class_is_success(result->p4_class)) {
                return 0;
        }
        return result_add_text(result, message->text, worse);
}

static const char *run_where(const P4Run *run) {
        return run->server->name ? run->server->name : run->server->port;
}

/* A failure that we see, not the server: "p4 sizes on demo: WHAT". */
static int _printf_(3, 4) run_fail(P4Run *run, P4Class p4_class, const char *format, ...) {
        _cleanup_free_ char *what = NULL, *text = NULL;
        P4Message message = { P4_SEVERITY_FATAL, P4_GENERIC_CLIENT, p4_class, NULL };
        va_list arguments;
        int r;

        va_start(arguments, format);
        r = string_format_list(&what, format, arguments);
        va_end(arguments);
        if (r >= 0) {
                r = string_format(&text, "p4 %s on %s %s", run->command->arguments[0], run_where(run), what);
        }
        if (r < 0) {
                return r;
        }
        message.text = text;
        return result_add(&run->result, &message);
}

/* --- records
 * ------------------------------------------------------------------------------------------------------ */

static int number_of(const MarshalRecord *record, const char *key, int otherwise) {
        const char *text = marshal_record_get(record, key);
        uint32_t value;

        return text && parse_uint32(text, &value) >= 0 ? (int) value : otherwise;
}

static int run_message(P4Run *run, int severity, int generic, const char *data) {
        _cleanup_free_ char *text = NULL;
        P4Message message = { .severity = severity, .generic = generic };
        int r = string_copy(&text, data ? data : "");

        if (r < 0) {
                return r;
        }
        for (size_t n = strlen(text); n > 0 && text[n - 1] == '\n'; n--) {
                text[n - 1] = 0;
        }
        message.text = text;
        message.p4_class = p4_classify(severity, generic, text);
        run->has_error = run->has_error || severity >= P4_SEVERITY_FAILED;
        if (run->command->on_message) {
                run->command->on_message(&message, run->command->userdata);
        }
        return result_add(&run->result, &message);
}

static int take_stat(P4Run *run, const MarshalRecord *record) {
        run->result.n_records++;
        run->result.connected = true;
        return run->command->on_record ? run->command->on_record(record, run->command->userdata) : 0;
}

static int take_info(P4Run *run, const MarshalRecord *record) {
        run->result.connected = true;
        return run_message(run, P4_SEVERITY_INFO, number_of(record, "level", P4_GENERIC_NONE),
                           marshal_record_get(record, "data"));
}

static int take_error(P4Run *run, const MarshalRecord *record) {
        int generic = number_of(record, "generic", P4_GENERIC_FAULT);

        run->result.connected = run->result.connected || generic != P4_GENERIC_COMM;
        return run_message(run, number_of(record, "severity", P4_SEVERITY_FAILED), generic,
                           marshal_record_get(record, "data"));
}

static int take_text(P4Run *run, const MarshalRecord *record) {
        const MarshalField *data = marshal_record_find(record, "data");

        run->result.connected = true;
        if (!data || !run->command->on_text) {
                return 0;
        }
        return run->command->on_text(data->value, data->value_length, run->command->userdata);
}

static const struct {
        const char *code;
        int (*take)(P4Run *run, const MarshalRecord *record);
} record_kinds[] = {
        { "stat", take_stat }, { "info", take_info },   { "error", take_error },
        { "text", take_text }, { "binary", take_text },
};

static int run_take(P4Run *run, const MarshalRecord *record) {
        const char *code = marshal_record_get(record, "code");

        for (size_t i = 0; code && i < ELEMENTSOF(record_kinds); i++) {
                if (string_equal(code, record_kinds[i].code)) {
                        run->callback_error = record_kinds[i].take(run, record);
                        return run->callback_error;
                }
        }
        return -EBADMSG;
}

/* --- the streams of the child
 * -------------------------------------------------------------------------------------- */

/* -EBADMSG and -EMSGSIZE of the parser are p4's fault and become a class; what a callback returns is the
 * caller's. */
static int run_parse(P4Run *run, const void *data, size_t length) {
        MarshalRecord record;
        int r = marshal_parser_feed(run->parser, data, length);

        if (r < 0) {
                return r;
        }
        while ((r = marshal_parser_next(run->parser, &record)) > 0) {
                r = run_take(run, &record);
                if (r < 0) {
                        break;
                }
        }
        if (run->callback_error < 0) {
                return run->callback_error;
        }
        if (r == -EMSGSIZE) {
                (void) run_fail(run, P4_PROTOCOL, "sent a record larger than %zu MiB",
                                MARSHAL_RECORD_MAX / (1024 * 1024));
        } else if (r == -EBADMSG) {
                (void) run_fail(run, P4_PROTOCOL, "printed what is not -G output, at byte %llu",
                                (unsigned long long) marshal_parser_offset(run->parser));
        }
        return r;
}

/* Commands that p4 answers itself, in plain text whatever the format, and those that prompt. */
static bool may_print_plain(const P4Command *command) {
        static const char *const names[] = {
                "trust", "tickets", "set", "help", "login", "login2", "passwd",
        };

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                if (string_equal(command->arguments[0], names[i])) {
                        return true;
                }
        }
        return command->input_is_secret;
}

/* Plain text before the first record is kept aside until a record starts or p4 ends: then its exit status
 * tells whether it was a prompt, the output of a local command, or an error from before the format applied.
 * */
static int run_noise(P4Run *run, const void *data, size_t length) {
        const char *start;
        size_t skipped;
        int r = buffer_append(&run->noise, data, length);

        if (r == -ENOBUFS) {
                (void) run_fail(run, P4_PROTOCOL, "printed what is not -G output");
        }
        if (r < 0) {
                return r;
        }
        start = memmem(run->noise.data, run->noise.length, RECORD_START, sizeof(RECORD_START) - 1);
        if (!start) {
                return 0;
        }
        if (!may_print_plain(run->command)) {
                (void) run_fail(run, P4_PROTOCOL, "printed text before its -G output");
                return -EBADMSG;
        }
        run->in_records = true;
        skipped = (size_t) (start - run->noise.data);
        r = run_parse(run, start, run->noise.length - skipped);
        buffer_clear(&run->noise);
        return r;
}

static int run_on_stdout(const void *data, size_t length, void *userdata) {
        P4Run *run = userdata;

        if (!run->in_records && run->noise.length == 0 && *(const char *) data == '{') {
                run->in_records = true;
        }
        return run->in_records ? run_parse(run, data, length) : run_noise(run, data, length);
}

static int run_on_stderr(const void *data, size_t length, void *userdata) {
        P4Run *run = userdata;
        size_t room = TEXT_MAX - run->errors.length;

        return buffer_append(&run->errors, data, length < room ? length : room);
}

/* --- the end
 * ---------------------------------------------------------------------------------------------------------
 * */

/* "Perforce client error:\n\tA.\n\tB.\n" -> "A.\nB.", in place. */
static const char *plain_text(char *text) {
        static const char head[] = "Perforce client error:";
        char *to;

        if (string_has_prefix(text, head)) {
                text += sizeof(head) - 1;
        }
        text += strspn(text, "\r\n\t ");
        to = text;
        for (const char *from = text; *from; from++) {
                if (*from != '\t' && *from != '\r') {
                        *to++ = *from;
                }
        }
        while (to > text && to[-1] == '\n') {
                to--;
        }
        *to = 0;
        return text;
}

static int add_plain_failure(P4Run *run, Buffer *buffer) {
        P4Message message = { .severity = P4_SEVERITY_FAILED, .generic = P4_GENERIC_CLIENT };

        if (buffer->length == 0) {
                return 0;
        }
        message.p4_class = p4_classify_stderr(buffer->data);
        if (message.p4_class == P4_PROTOCOL && !p4_class_is_success(run->result.p4_class)) {
                return 0; /* some noise beside an error that has numbers */
        }
        if (message.p4_class == P4_CONNECT || message.p4_class == P4_TRUST) {
                message.generic = P4_GENERIC_COMM;
        }
        message.text = plain_text(buffer->data);
        if (run->command->on_message && !(run->result.text && strstr(run->result.text, message.text))) {
                run->command->on_message(&message, run->command->userdata);
        }
        return result_add(&run->result, &message);
}

/* The output of a command that prints plain text, line by line. */
static int add_plain_output(P4Run *run) {
        char *rest = run->noise.data, *line;
        int r = 0;

        if (run->noise.length == 0) {
                return 0;
        }
        if (!may_print_plain(run->command)) {
                return run_fail(run, P4_PROTOCOL, "printed what is not -G output");
        }
        while (r >= 0 && (line = strsep(&rest, "\n"))) {
                if (*line) {
                        r = run_message(run, P4_SEVERITY_INFO, P4_GENERIC_NONE, line);
                }
        }
        return r;
}

static uint64_t run_timeout(const P4Run *run) {
        return run->server->timeout_usec > 0 ? run->server->timeout_usec : P4_TIMEOUT_DEFAULT_USEC;
}

static int judge_exit(P4Run *run, const ProcessResult *process) {
        char span[TIME_TEXT_MAX];
        int r = 0;

        if (process->timed_out) {
                return run_fail(run, P4_TIMEOUT, "was ended after its time limit of %s",
                                time_format_span(span, run_timeout(run)));
        }
        if (process->cancelled) {
                return run_fail(run, P4_CANCELLED, "was cancelled");
        }
        if (process->signal != 0) {
                return run_fail(run, P4_PROTOCOL, "died of signal %d", process->signal);
        }
        if (process->exit_status == 0) {
                r = add_plain_output(run);
        } else {
                r = add_plain_failure(run, &run->errors);
                r = r < 0 ? r : add_plain_failure(run, &run->noise);
        }
        if (r < 0 || !p4_class_is_success(run->result.p4_class)) {
                return r;
        }
        if (!marshal_parser_is_idle(run->parser)) {
                return run_fail(run, P4_PROTOCOL, "ended in the middle of a record");
        }
        if (process->exit_status != 0 && !run->has_error) {
                return run_fail(run, P4_PROTOCOL, "exited with status %d and no error",
                                process->exit_status);
        }
        return 0;
}

/* What process_run() could not do. A program that is not there is a result, not a failure of ours. */
static int judge_no_run(P4Run *run, int error) {
        const char *home = run->server->home, *directory = run->server->directory;

        if (run->callback_error < 0) {
                return run->callback_error;
        }
        if (run->result.p4_class == P4_PROTOCOL) {
                return 0;
        }
        if ((home && access(home, X_OK) < 0) || (directory && access(directory, X_OK) < 0)) {
                return -errno;
        }
        if (error == -ENOENT || error == -EACCES || error == -ENOEXEC) {
                return run_fail(run, P4_MISSING, "cannot run: %s: %s",
                                run->server->program ? run->server->program : "p4", strerror(-error));
        }
        return error;
}

static void run_log(const P4Run *run, const char *command_line) {
        char exit_text[16], duration[24], rows[24], span[TIME_TEXT_MAX];
        const P4Result *result = &run->result;
        const char *p4_class = p4_class_to_string(result->p4_class);
        bool failed = !p4_class_is_success(result->p4_class);
        const JournalField fields[] = {
                { "MESSAGE_ID", WEIR_MESSAGE_P4_COMMAND },
                { "WEIR_SERVER", run->server->name },
                { "WEIR_COMMAND", command_line },
                { "WEIR_EXIT", exit_text },
                { "WEIR_DURATION_USEC", duration },
                { "WEIR_ROWS", rows },
                { "WEIR_CLASS", p4_class },
        };

        (void) snprintf(exit_text, sizeof(exit_text), "%d", result->exit_status);
        (void) snprintf(duration, sizeof(duration), "%llu", (unsigned long long) result->duration_usec);
        (void) snprintf(rows, sizeof(rows), "%llu", (unsigned long long) result->n_records);
        (void) time_format_span(span, result->duration_usec);
        journal_send(failed ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG, fields, ELEMENTSOF(fields),
                     "%s: p4 %s: %s (%s rows in %s)%s%s", run_where(run), command_line, p4_class, rows, span,
                     failed && result->text ? ": " : "", failed && result->text ? result->text : "");
}

static int run_process(P4Run *run, const P4CommandLine *line) {
        uint64_t start = now_monotonic();
        ProcessSpec spec = PROCESS_SPEC_INIT;
        ProcessResult process = {};
        int r;

        spec.argv = (const char *const *) line->argv;
        spec.environment = (const char *const *) line->environment;
        spec.directory = run->server->directory ? run->server->directory : run->server->home;
        spec.input = run->command->batch ? line->batch.data : run->command->input;
        spec.input_length = run->command->batch ? line->batch.length : run->command->input_length;
        spec.uid = run->command->uid;
        spec.gid = run->command->gid;
        spec.set_ids = run->command->set_ids;
        spec.timeout_usec = run_timeout(run);
        spec.cancel_fd = run->command->cancel_fd;
        spec.on_stdout = run_on_stdout;
        spec.on_stderr = run_on_stderr;
        spec.userdata = run;
        r = process_run(&spec, &process);
        run->result.exit_status = r < 0 || process.signal != 0 ? -1 : process.exit_status;
        run->result.duration_usec = now_monotonic() - start;
        return r < 0 ? judge_no_run(run, r) : judge_exit(run, &process);
}

int p4_run(const P4Server *server, const P4Command *command, P4Result *ret) {
        _cleanup_(p4_command_line_done) P4CommandLine line = {};
        P4Run run = { .server = server, .command = command, .errors.max = TEXT_MAX, .noise.max = NOISE_MAX };
        int r = p4_command_line_make(server, command, &line);

        if (r < 0) {
                return r;
        }
        r = marshal_parser_new(&run.parser, 0);
        if (r >= 0) {
                r = run_process(&run, &line);
        }
        if (r >= 0) {
                run_log(&run, line.text);
                *ret = run.result;
        } else {
                p4_result_done(&run.result);
        }
        (void) marshal_parser_free(run.parser);
        buffer_done(&run.errors);
        buffer_done(&run.noise);
        return r;
}
