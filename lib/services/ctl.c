/* Parsing of weirctl's command line, its help, and its errors. Options may stand before or after the verb;
 * `--` ends them. */
#include "services/ctl.h"

#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/parse_util.h"
#include "base/string_util.h"
#include "formats/json_writer.h"
#include "services/config.h"
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

/* Columns, not bytes, are what is filled up. */
static void print_padded(const char *text, size_t width) {
        size_t columns = 0;

        for (const char *c = text; *c; c++) {
                columns += ((unsigned char) *c & 0xC0) != 0x80;
        }
        printf("  %s%*s ", text, (int) (columns < width ? width - columns : 0), "");
}

static void print_options(const CtlOption *options) {
        for (; options && options->name; options++) {
                char left[64];

                const char *argument = options->argument ? options->argument : "";
                bool optional = argument[0] == '[';

                (void) snprintf(left, sizeof left, "%s%c%s --%s%s%s", options->letter ? " -" : "   ",
                                options->letter ? options->letter : ' ', options->letter ? "," : "",
                                options->name,
                                optional  ? "[=" :
                                *argument ? "=" :
                                            "",
                                argument + optional);
                print_padded(left, 26);
                printf("%s\n", options->help);
        }
}

static int print_help(const CtlVerb *verbs) {
        printf("Usage: weirctl VERB [OPTION…] [ARGUMENT…]\n\nAsk and steer weir, which measures Perforce streams and integrates between them.\n\nVerbs:\n");
        for (const CtlVerb *verb = verbs; verb->name; verb++) {
                char left[64];

                (void) snprintf(left, sizeof left, "%s %s", verb->name, verb->synopsis);
                print_padded(left, 34);
                printf("%s\n", verb->summary);
        }
        printf("\nOptions of every verb:\n");
        print_options(common_options);
        printf("\n`weirctl VERB --help` shows a verb's own options; weirctl(1) tells more.\n");
        return 0;
}

static int print_verb_help(const CtlVerb *verb) {
        printf("Usage: weirctl %s [OPTION…]%s%s\n\n%s.\n\nOptions:\n", verb->name,
               *verb->synopsis ? " " : "", verb->synopsis, verb->summary);
        print_options(verb->options);
        print_options(common_options);
        return 0;
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
 * common ones. */
static const char *first_word(int argc, char *argv[]) {
        for (int i = 1; i < argc; i++) {
                size_t at;

                if (argv[i][0] != '-') {
                        return argv[i];
                }
                if (strncmp(argv[i], "--", 2) == 0 && !strchr(argv[i], '=')) {
                        const CtlOption *option = find_option(common_options, argv[i] + 2,
                                                              strlen(argv[i] + 2), 0, &at);
                        i += option && option->argument;
                }
        }
        return NULL;
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

static int remember(Ctl *ctl, const CtlOption *option, size_t at) {
        _cleanup_free_ char *text = NULL;
        bool repeats = option->argument && string_has_suffix(option->argument, "…");
        int r = repeats ? string_format(&text, "%s=%s", option->name, ctl->values[at]) : 0;

        return r < 0 || !repeats ? r : strv_append(&ctl->given, text);
}

/* Before the verb there are the common options only: `weirctl --state=DIR streams --state=ok`. */
static int parse_option(Parsed *parsed, bool has_verb, int argc, char *argv[], int *index) {
        const char *word = argv[*index], *name = word[1] == '-' ? word + 2 : NULL;
        const char *equals = name ? strchr(name, '=') : NULL;
        size_t length = equals ? (size_t) (equals - name) : name ? strlen(name) : 0, at;
        const CtlVerb *verb = has_verb ? parsed->ctl.verb : NULL;
        const CtlOption *option;
        char letter = !name && !word[2] ? word[1] : 0;
        int r;

        option = find_option(verb ? verb->options : NULL, name, length, letter, &at);
        if (option) {
                r = take_value(&parsed->ctl, option, equals ? equals + 1 : NULL, argc, argv, index,
                               &parsed->ctl.values[at]);
                return r < 0 ? r : remember(&parsed->ctl, option, at);
        }
        option = find_option(common_options, name, length, letter, &at);
        if (option) {
                return take_value(&parsed->ctl, option, equals ? equals + 1 : NULL, argc, argv, index,
                                  &parsed->common[at]);
        }
        (void) ctl_fail(&parsed->ctl, 0,
                        verb ? "`weirctl VERB --help` lists a verb's options." :
                               "`weirctl --help` lists them.",
                        "There is no option %s%s%s.", word, verb ? " of " : "", verb ? verb->name : "");
        return -EINVAL;
}

static int parse_words(Parsed *parsed, int argc, char *argv[]) {
        bool has_verb = false, has_ended = false;
        int r;

        for (int i = 1; i < argc; i++) {
                has_ended = has_ended || (parsed->ctl.verb && parsed->ctl.verb->takes_command &&
                                          parsed->ctl.n_arguments >= 2);
                if (!has_ended && strcmp(argv[i], "--") == 0) {
                        has_ended = true;
                } else if (!has_ended && argv[i][0] == '-' && argv[i][1]) {
                        r = parse_option(parsed, has_verb, argc, argv, &i);
                        if (r < 0) {
                                return r;
                        }
                } else if (!has_verb) {
                        has_verb = true;
                } else {
                        r = strv_append(&parsed->ctl.arguments, argv[i]);
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

static int run_verb(Parsed *parsed, const CtlVerb *verbs) {
        Ctl *ctl = &parsed->ctl;

        ctl->json = parsed->common[0] != NULL; /* one that belongs to a command does not count */
        if (parsed->common[3]) {
                return ctl->verb ? print_verb_help(ctl->verb) : print_help(verbs);
        }
        if (parsed->common[4]) {
                printf("weirctl %s\n", WEIR_VERSION);
                return 0;
        }
        if (!ctl->verb) {
                (void) print_help(verbs);
                return CTL_EXIT_USAGE;
        }
        if (ctl->n_arguments < ctl->verb->min_arguments || ctl->n_arguments > ctl->verb->max_arguments) {
                return ctl_fail(ctl, CTL_EXIT_USAGE, NULL, "Usage: weirctl %s [OPTION…] %s", ctl->verb->name,
                                ctl->verb->synopsis);
        }
        ctl->config_directory = parsed->common[1] ? parsed->common[1] : WEIR_CONFIG_DIRECTORY;
        ctl->state_directory = parsed->common[2] ? parsed->common[2] : WEIR_STATE_DIRECTORY;
        return ctl->verb->run(ctl);
}

int ctl_main(const CtlVerb *verbs, int argc, char *argv[]) {
        Parsed parsed = { .ctl.json = wants_json(argc, argv) };
        const char *word = first_word(argc, argv);
        int status = CTL_EXIT_USAGE;

        (void) setlocale(LC_CTYPE, "");
        log_setup("weirctl");
        if (word) {
                parsed.ctl.verb = find_verb(verbs, word);
                if (!parsed.ctl.verb) {
                        return ctl_fail(&parsed.ctl, CTL_EXIT_USAGE, "`weirctl --help` lists the verbs.",
                                        "There is no verb %s.", word);
                }
        }
        if (parse_words(&parsed, argc, argv) >= 0) {
                status = run_verb(&parsed, verbs);
        }
        strv_free(parsed.ctl.given);
        strv_free(parsed.ctl.arguments);
        if (fflush(stdout) != 0 && status == 0) {
                status = 1;
        }
        return status;
}
