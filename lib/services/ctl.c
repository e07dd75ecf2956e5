/* Parsing of weirctl's command line, and its errors. Options may stand before or after the verb; `--` ends them. */
#include "services/ctl.h"

#include <errno.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/fd_util.h"
#include "base/log.h"
#include "base/parse_util.h"
#include "base/string_util.h"
#include "formats/json_writer.h"
#include "services/config.h"
#include "services/ctl_help.h"
#include "services/ctl_table.h"
#include "services/monitor_store.h"
#include "version.h"

static const CtlOption common_options[] = {
        { "json", 0, NULL, "print JSON" },
        { "config", 0, "DIR", "read the configuration from DIR instead of " WEIR_CONFIG_DIRECTORY },
        { "state", 0, "DIR", "use the state in DIR instead of " WEIR_STATE_DIRECTORY },
        { "help", 'h', NULL, "show this text and exit" },
        { "version", 0, NULL, "show the version and exit" },
        {},
};

/* What was given, before the verb is known to own it. */
typedef struct Parsed {
        const char *common[ELEMENTSOF(common_options)];
        Ctl ctl;
} Parsed;

static const CtlOption *find_option(const CtlOption *options, const char *name, size_t length, char letter,
                                    size_t *ret) {
        for (size_t i = 0; options && options[i].name; i++) {
                bool matches = name ? strlen(options[i].name) == length &&
                                                               strncmp(options[i].name, name, length) == 0 :
                                      letter && options[i].letter == letter;
                if (matches) {
                        *ret = i;
                        return options + i;
                }
        }
        return NULL;
}

const char *ctl_option(const Ctl *ctl, const char *name) {
        size_t i;

        return find_option(ctl->verb->options, name, strlen(name), 0, &i) ? ctl->values[i] : NULL;
}

int ctl_option_each(const Ctl *ctl, const char *name, int (*function)(const char *value, void *userdata),
                    void *userdata) {
        size_t length = strlen(name);
        int r = 0;

        for (char **given = ctl->given; r >= 0 && given && *given; given++) {
                if (strncmp(*given, name, length) == 0 && (*given)[length] == '=') {
                        r = function(*given + length + 1, userdata);
                }
        }
        return r;
}

int ctl_option_uint(const Ctl *ctl, const char *name, unsigned long long otherwise, unsigned long long max,
                    unsigned long long *ret) {
        const char *text = ctl_option(ctl, name);
        uint64_t value = otherwise;

        if (text && (parse_uint64(text, &value) < 0 || value > max)) {
                (void) ctl_fail(ctl, CTL_EXIT_USAGE, NULL, "--%s=%s is not a number from 0 to %llu.", name,
                                text, max);
                return -EINVAL;
        }
        *ret = value;
        return 0;
}

static void fail_as_json(const char *text, const char *next) {
        _cleanup_(buffer_done) Buffer buffer = {};
        JsonWriter writer;

        json_start(&writer, &buffer);
        json_object_begin(&writer, NULL);
        json_object_begin(&writer, "error");
        json_string(&writer, "message", text);
        json_string(&writer, "next", next);
        json_object_end(&writer);
        json_object_end(&writer);
        if (json_finish(&writer) >= 0) {
                printf("%s\n", buffer.data);
        }
}

int ctl_fail(const Ctl *ctl, int status, const char *next, const char *format, ...) {
        _cleanup_free_ char *text = NULL, *printable = NULL;
        va_list arguments;
        int r;

        va_start(arguments, format);
        r = string_format_list(&text, format, arguments);
        va_end(arguments);
        if (r < 0) {
                (void) log_error(r, "Failed to say what failed: out of memory");
                return status;
        }
        if (ctl && ctl->json) {
                fail_as_json(text, next);
                return status;
        }
        (void) fflush(stdout);
        fprintf(stderr, "weirctl: %s\n", ctl_printable(&printable, text, 8192) < 0 ? text : printable);
        if (next) {
                fprintf(stderr, "  Next: %s\n", next);
        }
        return status;
}

int ctl_open_store(const Ctl *ctl, DbMode mode, MonitorStore **ret, int *ret_status) {
        int r = monitor_store_open(ctl->state_directory, mode, ret);

        switch (r < 0 ? r : 0) {
        case 0:
                return 0;
        case -ENOENT:
                *ret_status = ctl_fail(ctl, 1, "List your servers in servers.yaml, then run `weirctl sync`.",
                                       "There is no history below %s yet: no configuration was ever read.",
                                       ctl->state_directory);
                return r;
        case -EACCES:
        case -EROFS:
                *ret_status = ctl_fail(ctl, CTL_EXIT_NO_PERMISSION,
                                       mode == DB_READ_WRITE ? "Run it as root." :
                                                               "Run it as root, or join the group `weir`.",
                                       "You may not %s the history below %s.",
                                       mode == DB_READ_WRITE ? "change" : "read", ctl->state_directory);
                return r;
        case -EPROTONOSUPPORT:
                *ret_status = ctl_fail(ctl, 1, "Install the newer weir again.",
                                       "The history below %s was written by a newer weir.",
                                       ctl->state_directory);
                return r;
        default:
                *ret_status = ctl_fail(ctl, 1, "See `weirctl doctor`.",
                                       "Failed to open the history below %s: %s.", ctl->state_directory,
                                       strerror(-r));
                return r;
        }
}

static const CtlVerb *find_verb(const CtlVerb *verbs, const char *name) {
        for (; verbs->name; verbs++) {
                if (strcmp(verbs->name, name) == 0) {
                        return verbs;
                }
        }
        return NULL;
}

/* The verb is the first argument that is no option and no option's value; options before it are only the
 * common ones. Returns its place, or argc. */
static int next_word(int argc, char *argv[], int i) {
        for (; i < argc; i++) {
                size_t at;

                if (argv[i][0] != '-') {
                        break;
                }
                if (strncmp(argv[i], "--", 2) == 0 && !strchr(argv[i], '=')) {
                        const CtlOption *option = find_option(common_options, argv[i] + 2,
                                                              strlen(argv[i] + 2), 0, &at);
                        i += option && option->argument;
                }
        }
        return i < argc ? i : argc;
}

static int take_value(const Ctl *ctl, const CtlOption *option, const char *attached, int argc, char *argv[],
                      int *index, const char **ret) {
        if (!option->argument) {
                if (attached) {
                        (void) ctl_fail(ctl, 0, NULL, "--%s takes no value.", option->name);
                        return -EINVAL;
                }
                *ret = "";
                return 0;
        }
        if (option->argument[0] == '[') { /* only an attached word is its value, the next one is not */
                *ret = attached ? attached : "";
                return 0;
        }
        if (!attached && *index + 1 >= argc) {
                (void) ctl_fail(ctl, 0, NULL, "--%s needs a value: --%s=%s.", option->name, option->name,
                                option->argument);
                return -EINVAL;
        }
        *ret = attached ? attached : argv[++*index];
        return 0;
}

static int remember(Ctl *ctl, const CtlOption *option, const char *value) {
        _cleanup_free_ char *text = NULL;
        bool repeats = option->argument && string_has_suffix(option->argument, "…");
        int r = repeats ? string_format(&text, "%s=%s", option->name, value) : 0;

        return r < 0 || !repeats ? r : strv_append(&ctl->given, text);
}

/* Where the words are that an option may take its value from. */
typedef struct Words {
        int argc, index;
        char **argv;
        const CtlVerb *verb; /* NULL before it: `weirctl --state=DIR streams --state=ok` */
} Words;

/* By its name or its letter: the verb's own option, or one of every verb, and where its value goes. */
static const CtlOption *look_up(Parsed *parsed, const CtlVerb *verb, const char *name, size_t length,
                                char letter, const char ***ret_value) {
        size_t at;
        const CtlOption *option = find_option(verb ? verb->options : NULL, name, length, letter, &at);

        if (option) {
                *ret_value = parsed->ctl.values + at;
                return option;
        }
        option = find_option(common_options, name, length, letter, &at);
        if (option) {
                *ret_value = parsed->common + at;
        }
        return option;
}

static int refuse_option(const Parsed *parsed, const Words *words) {
        _cleanup_free_ char *next = NULL;
        const char *name = words->verb ? words->verb->name : "";

        (void) string_format(&next, "`weirctl %s%s--help` lists them.", name, *name ? " " : "");
        (void) ctl_fail(&parsed->ctl, 0, next, "There is no option %s%s%s.", words->argv[words->index],
                        *name ? " of " : "", name);
        return -EINVAL;
}

static int accept_option(Parsed *parsed, const CtlOption *option, const char *attached, Words *words,
                         const char **value) {
        int r = take_value(&parsed->ctl, option, attached, words->argc, words->argv, &words->index, value);

        return r < 0 ? r : remember(&parsed->ctl, option, *value);
}

/* --name, --name=VALUE, --name VALUE. */
static int parse_name(Parsed *parsed, const char *name, Words *words) {
        const char *equals = strchr(name, '='), **value;
        const CtlOption *option = look_up(parsed, words->verb, name,
                                          equals ? (size_t) (equals - name) : strlen(name), 0, &value);

        return option ? accept_option(parsed, option, equals ? equals + 1 : NULL, words, value) :
                        refuse_option(parsed, words);
}

/* -f, -n VALUE, -nVALUE, -fnVALUE. */
static int parse_letters(Parsed *parsed, const char *letters, Words *words) {
        for (const char *letter = letters; *letter; letter++) {
                const char **value;
                const CtlOption *option = look_up(parsed, words->verb, NULL, 0, *letter, &value);
                bool takes = option && option->argument && option->argument[0] != '[';
                int r;

                if (!option) {
                        return refuse_option(parsed, words);
                }
                r = accept_option(parsed, option, takes && letter[1] ? letter + 1 : NULL, words, value);
                if (r < 0 || takes) {
                        return r;
                }
        }
        return 0;
}

static int parse_words(Parsed *parsed, int argc, char *argv[]) {
        Words words = { .argc = argc, .argv = argv };
        bool has_ended = false;
        int r;

        for (words.index = 1; words.index < argc; words.index++) {
                const char *word = argv[words.index];

                has_ended = has_ended || (parsed->ctl.verb && parsed->ctl.verb->takes_command &&
                                          parsed->ctl.n_arguments >= 2);
                if (!has_ended && strcmp(word, "--") == 0) {
                        has_ended = true;
                } else if (!has_ended && word[0] == '-' && word[1]) {
                        r = word[1] == '-' ? parse_name(parsed, word + 2, &words) :
                                             parse_letters(parsed, word + 1, &words);
                        if (r < 0) {
                                return r;
                        }
                } else if (!words.verb) {
                        words.verb = parsed->ctl.verb;
                } else {
                        r = strv_append(&parsed->ctl.arguments, argv[words.index]);
                        if (r < 0) {
                                return r;
                        }
                        parsed->ctl.n_arguments++;
                }
        }
        return 0;
}

/* --json counts from the first complaint on, wherever it stands. */
static bool wants_json(int argc, char *argv[]) {
        for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
                if (strcmp(argv[i], "--json") == 0) {
                        return true;
                }
        }
        return false;
}

static int refuse_arguments(const Ctl *ctl) {
        const CtlVerb *verb = ctl->verb;
        _cleanup_free_ char *next = NULL;

        (void) string_format(&next, "`weirctl %s --help` tells more.", verb->name);
        return ctl_fail(ctl, CTL_EXIT_USAGE, next, "%s %s. Usage: weirctl %s [OPTION…]%s%s", verb->name,
                        ctl->n_arguments < verb->min_arguments ? "needs more arguments" :
                        verb->max_arguments == 0               ? "takes no arguments" :
                                                                 "takes fewer arguments",
                        verb->name, *verb->synopsis ? " " : "", verb->synopsis);
}

static int run_verb(Parsed *parsed, const CtlVerb *verbs) {
        Ctl *ctl = &parsed->ctl;

        ctl->json = parsed->common[0] != NULL; /* one that belongs to a command does not count */
        if (parsed->common[3]) {
                ctl_help(verbs, ctl->verb, common_options);
                return 0;
        }
        if (parsed->common[4]) {
                printf("weirctl %s\n", WEIR_VERSION);
                return 0;
        }
        if (!ctl->verb && !ctl->json) {
                ctl_help(verbs, NULL, common_options);
                return CTL_EXIT_USAGE;
        }
        if (!ctl->verb) {
                return ctl_fail(ctl, CTL_EXIT_USAGE, "`weirctl --help` lists the verbs.",
                                "There is no verb: weirctl VERB is expected.");
        }
        if (ctl->n_arguments < ctl->verb->min_arguments || ctl->n_arguments > ctl->verb->max_arguments) {
                return refuse_arguments(ctl);
        }
        ctl->config_directory = parsed->common[1] ? parsed->common[1] : WEIR_CONFIG_DIRECTORY;
        ctl->state_directory = parsed->common[2] ? parsed->common[2] : WEIR_STATE_DIRECTORY;
        return ctl->verb->run(ctl);
}

static int run_words(Parsed *parsed, const CtlVerb *verbs, int argc, char *argv[]) {
        int at = next_word(argc, argv, 1);
        bool wants_help = at < argc && strcmp(argv[at], "help") == 0;

        at = wants_help ? next_word(argc, argv, at + 1) : at;
        if (at < argc) {
                parsed->ctl.verb = find_verb(verbs, argv[at]);
                if (!parsed->ctl.verb) {
                        return ctl_fail(&parsed->ctl, CTL_EXIT_USAGE, "`weirctl --help` lists the verbs.",
                                        "There is no verb %s.", argv[at]);
                }
        }
        if (wants_help) { /* as `p4 help` */
                ctl_help(verbs, parsed->ctl.verb, common_options);
                return 0;
        }
        return parse_words(parsed, argc, argv) < 0 ? CTL_EXIT_USAGE : run_verb(parsed, verbs);
}

/* An answer of which a part is missing is none: that is told, and no success. */
static int finish_output(int status) {
        bool was_lost = ferror(stdout) != 0; /* some time ago: errno is another one's by now */

        errno = 0;
        if (fflush(stdout) == 0 && !was_lost) {
                return status;
        }
        fprintf(stderr, "weirctl: Failed to write the answer%s%s.\n", errno ? ": " : "",
                errno ? strerror(errno) : "");
        return status != 0 ? status : 1;
}

int ctl_main(const CtlVerb *verbs, int argc, char *argv[]) {
        Parsed parsed = { .ctl.json = wants_json(argc, argv) };
        int status;

        fd_fill_standard();
        (void) setlocale(LC_CTYPE, "");
        log_setup("weirctl");
        status = run_words(&parsed, verbs, argc, argv);
        strv_free(parsed.ctl.given);
        strv_free(parsed.ctl.arguments);
        return finish_output(status);
}
