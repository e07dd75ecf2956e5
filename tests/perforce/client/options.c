/*
 * See options.h.
 */
#include "options.h"

#include <errno.h>
#include <limits.h>

const char options_global[] = "?b:c:C:d:eE:F:GRhH:M:p:P:l:L:qQ:r#sIu:v:Vx:z:Z:";

static const struct {
        const char *name;
        char letter;
        char kind; /* as in the flags: 0, ':' or '#', and '?' for a value only behind '=' */
        bool long_only;
} long_options[] = {
        { "client", 'c', ':', false },
        { "batchsize", 'b', '#', false },
        { "user", 'u', ':', false },
        { "host", 'H', ':', false },
        { "charset", 'C', ':', false },
        { "help", 'h', 0, false },
        { "port", 'p', ':', false },
        { "password", 'P', ':', false },
        { "command-charset", 'Q', ':', false },
        { "retries", 'r', '#', false },
        { "quiet", 'q', 0, false },
        { "progress", 'I', '?', false },
        { "message-type", 's', 0, false },
        { "directory", 'd', ':', false },
        { "variable", 'v', ':', false },
        { "xargs", 'x', ':', false },
        { "aliases", 'A', ':', true },
        { "field", OPTION_FIELD, ':', true },
        { "color", 'c', 0, true },
        { "no-script", 'n', 0, true },
};

static int fail(Message *message, const MessageId *id, const char *option) {
        message_add(message, id, "option", option);
        message_add(message, &MSG_USAGE);
        return -EINVAL;
}

static bool is_number(const char *text) {
        return text[0] && text[strspn(text, "0123456789")] == 0 && str_number(str_from(text)) <= LONG_MAX;
}

static int add(Options *options, char letter, bool long_only, const char *value, Message *message) {
        if (options->n_given == OPTIONS_MAX) {
                message_add(message, &MSG_TOO_MANY_OPTIONS);
                return -E2BIG;
        }
        options->given[options->n_given++] = (Option) { letter, long_only, value };
        return 0;
}

/* The value behind an option: the rest of its argument, or the next argument, which is then consumed. */
static int take_value(const char *rest, char kind, const char *name, int *argc, char ***argv,
                      const char **ret_value, Message *message) {
        if (!rest) {
                if (*argc < 2) {
                        return fail(message, &MSG_OPTION_NEEDS_ARGUMENT, name);
                }
                (*argc)--;
                rest = *++*argv;
        }
        if (kind == '#' && !is_number(rest)) {
                return fail(message, &MSG_OPTION_NEEDS_NUMBER, name);
        }
        *ret_value = rest;
        return 0;
}

static int parse_long(Options *options, int *argc, char ***argv, Message *message) {
        const char *text = **argv + 2, *equals = strchr(text, '='), *value = "";
        Str name = { .data = text, .length = equals ? (size_t) (equals - text) : strlen(text) };
        _cleanup_(buffer_done) Buffer shown = {};
        int r = 0;

        buffer_append_char(&shown, '-');
        buffer_append_str(&shown, name);
        for (size_t i = 0; i < ELEMENTSOF(long_options); i++) {
                char kind = long_options[i].kind;

                if (!str_is(name, long_options[i].name)) {
                        continue;
                }
                if (kind == 0 && equals) {
                        return fail(message, &MSG_EXTRA_ARGUMENT, shown.data);
                }
                if (kind == '?') {
                        value = equals ? equals + 1 : "";
                } else if (kind != 0) {
                        r = take_value(equals ? equals + 1 : NULL, kind, shown.data, argc, argv, &value,
                                       message);
                }
                return r < 0 ? r :
                               add(options, long_options[i].letter, long_options[i].long_only, value,
                                   message);
        }
        return fail(message, &MSG_INVALID_OPTION, shown.data);
}

/* One argument of short options: any number without value, then perhaps one with. */
static int parse_short(Options *options, int *argc, char ***argv, const char *flags, Message *message) {
        for (const char *at = **argv + 1; *at; at++) {
                const char *flag = *at == ':' || *at == '#' ? NULL : strchr(flags, *at), *value = "";
                char letter[] = { *at, 0 };
                bool takes = flag && (flag[1] == ':' || flag[1] == '#');
                int r = 0;

                if (!flag) {
                        return fail(message, &MSG_INVALID_OPTION, at);
                }
                if (takes) {
                        r = take_value(at[1] ? at + 1 : NULL, flag[1], letter, argc, argv, &value, message);
                }
                if (r == 0) {
                        r = add(options, *at, false, value, message);
                }
                if (r < 0 || takes) {
                        return r;
                }
        }
        return 0;
}

int options_parse(Options *options, int *argc, char ***argv, const char *flags, Message *message) {
        for (; *argc > 0; (*argc)--, (*argv)++) {
                const char *argument = **argv;
                int r;

                if (argument[0] != '-' || !argument[1]) {
                        break;
                }
                r = argument[1] == '-' ? parse_long(options, argc, argv, message) :
                                         parse_short(options, argc, argv, flags, message);
                if (r < 0) {
                        return r;
                }
        }
        return 0;
}

const char *options_get_nth(const Options *options, char letter, size_t n) {
        for (size_t i = 0; i < options->n_given; i++) {
                const Option *o = &options->given[i];

                if (o->letter == letter && !o->long_only && n-- == 0) {
                        return o->value;
                }
        }
        return NULL;
}

const char *options_get(const Options *options, char letter) {
        return options_get_nth(options, letter, 0);
}

const char **options_list(const Options *options, char letter, bool long_only) {
        const char **list = memory_alloc((options->n_given + 1) * sizeof(*list));
        size_t n = 0;

        for (size_t i = 0; i < options->n_given; i++) {
                if (options->given[i].letter == letter && options->given[i].long_only == long_only) {
                        list[n++] = options->given[i].value;
                }
        }
        list[n] = NULL;
        return list;
}
