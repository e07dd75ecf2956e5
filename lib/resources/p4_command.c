/* Building the call of p4. The environment is exactly what is here: nothing a person or a unit has set
 * changes what p4 does, no P4CONFIG or P4ENVIRO file is read, no editor, pager or merge tool can start and
 * hang, and no secret is in it. */
#include "resources/p4_command.h"

#include <string.h>

#include "base/log.h"
#include "base/string_util.h"

#define COMMAND_TEXT_MAX ((size_t) 1024)
#define NO_CLIENT "weir-no-client" /* never created; p4 would use the host's name, which may exist */

static int add_option(char ***argv, const char *option, const char *value) {
        int r = value ? strv_append(argv, option) : 0;

        return r < 0 || !value ? r : strv_append(argv, value);
}

static int make_argv(const P4Server *server, const P4Command *command, char ***argv) {
        _cleanup_free_ char *program_option = NULL;
        int r = string_format(&program_option, "-zprog=%s", log_program_name());

        if (r < 0) {
                return r;
        }
        r = strv_append(argv, server->program ? server->program : "p4");
        r = r < 0 ? r : strv_append(argv, "-G");
        r = r < 0 ? r : strv_append(argv, program_option); /* our name in the server's log */
        r = r < 0 ? r : add_option(argv, "-p", server->port);
        r = r < 0 ? r : add_option(argv, "-u", server->user);
        r = r < 0 ? r : add_option(argv, "-c", server->client ? server->client : NO_CLIENT);
        r = r < 0 ? r : add_option(argv, "-C", server->charset);
        r = r < 0 ? r : add_option(argv, "-x", command->batch ? "-" : NULL);
        for (size_t i = 0; r >= 0 && command->arguments[i]; i++) {
                r = strv_append(argv, command->arguments[i]);
        }
        return r;
}

static const char *const fixed_environment[] = {
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LC_ALL=C.UTF-8",
        "P4CONFIG=/dev/null",  /* looked for in each directory upwards; absolute it is itself: empty */
        "P4ENVIRO=/dev/null",  /* or ~/.p4enviro could set any of these */
        "P4ALIASES=/dev/null", /* or ~/.p4aliases could rename commands */
        "P4LANGUAGE=en",
        "P4EDITOR=/bin/false", /* the default would be vi; pager, diff and merge tools have no default */
};

static int add_variable(char ***environment, const char *name, const char *value) {
        _cleanup_free_ char *text = NULL;
        int r = value ? string_format(&text, "%s=%s", name, value) : 0;

        return r < 0 || !value ? r : strv_append(environment, text);
}

static int make_environment(const P4Server *server, char ***environment) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(fixed_environment); i++) {
                r = strv_append(environment, fixed_environment[i]);
        }
        r = r < 0 ? r : add_variable(environment, "HOME", server->home ? server->home : "/nonexistent");
        r = r < 0 ? r : add_variable(environment, "P4TICKETS", server->tickets);
        r = r < 0 ? r : add_variable(environment, "P4TRUST", server->trust);
        return r;
}

static int make_batch(const char *const *arguments, Buffer *batch) {
        int r = 0;

        for (size_t i = 0; r >= 0 && arguments && arguments[i]; i++) {
                if (!*arguments[i] || strpbrk(arguments[i], "\r\n")) {
                        return -EINVAL;
                }
                r = buffer_append_format(batch, "%s\n", arguments[i]);
        }
        return r;
}

/* An argument as a shell would need it, so that the logged line can be typed again. */
static int append_typed(Buffer *text, const char *argument) {
        int r = text->length > 0 ? buffer_append_string(text, " ") : 0;

        if (r >= 0 && *argument && !strpbrk(argument, " \t\r\n'\"\\$`*?[]{}()<>|&;#~!")) {
                return buffer_append_string(text, argument);
        }
        r = r < 0 ? r : buffer_append_string(text, "'");
        for (const char *p = argument; r >= 0 && *p; p++) {
                r = *p == '\'' ? buffer_append_string(text, "'\\''") : buffer_append(text, p, 1);
        }
        return r < 0 ? r : buffer_append_string(text, "'");
}

static int append_all_typed(Buffer *text, const char *const *arguments) {
        int r = 0;

        for (size_t i = 0; r >= 0 && arguments && arguments[i] && text->length <= COMMAND_TEXT_MAX; i++) {
                r = append_typed(text, arguments[i]);
        }
        return r;
}

static int make_text(const P4Command *command, char **ret) {
        Buffer text = {};
        int r = append_all_typed(&text, command->arguments);

        if (r >= 0) {
                r = append_all_typed(&text, command->batch);
        }
        if (r >= 0) {
                r = string_printable(ret, text.data, COMMAND_TEXT_MAX);
        }
        buffer_done(&text);
        return r;
}

static bool is_valid(const P4Server *server, const P4Command *command) {
        return command->arguments && !string_is_empty(command->arguments[0]) &&
               !string_is_empty(server->port) && !string_is_empty(server->user) &&
               !(command->batch && (command->input || !command->batch[0]));
}

int p4_command_line_make(const P4Server *server, const P4Command *command, P4CommandLine *ret) {
        _cleanup_(p4_command_line_done) P4CommandLine line = {};
        int r;

        if (!is_valid(server, command)) {
                return -EINVAL;
        }
        r = make_batch(command->batch, &line.batch);
        r = r < 0 ? r : make_argv(server, command, &line.argv);
        r = r < 0 ? r : make_environment(server, &line.environment);
        r = r < 0 ? r : make_text(command, &line.text);
        if (r < 0) {
                return r;
        }
        *ret = line;
        line = (P4CommandLine) {};
        return 0;
}

void p4_command_line_done(P4CommandLine *line) {
        strv_free(line->argv);
        strv_free(line->environment);
        buffer_done(&line->batch);
        free(line->text);
        *line = (P4CommandLine) {};
}
