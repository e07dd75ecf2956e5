/* weir-measure: measures Perforce streams. Runs as weir-measure.service and weir-measure@SCOPE.service;
 * see weir-measure(8). */
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>

#include "base/fd_util.h"
#include "base/log.h"
#include "base/parse_util.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "services/config.h"
#include "services/measure.h"
#include "version.h"

enum { OPTION_WAIT = 256, OPTION_CONFIG, OPTION_STATE, OPTION_LIST, OPTION_FULL, OPTION_VERSION };

/* The command line, before it is a scope. */
typedef struct Arguments {
        MeasureOptions options;
        const char *scope, *server, *stream;
        bool is_all, is_list_only, is_full;
} Arguments;

static int help(void) {
        printf("Usage: weir-measure [OPTION…] --all | --server NAME | --stream PATH | SCOPE\n\n"
               "Measure Perforce streams and remember their sizes.\n\n"
               "Options:\n"
               "  -a, --all            every server\n"
               "  -s, --server NAME    the streams of this server\n"
               "      --stream PATH    only this stream, //depot/stream\n"
               "      --list-only      bring the list of streams up to date, measure nothing\n"
               "      --full           measure also what did not move\n"
               "      --wait[=TIME]    wait for locks, at most TIME (5min), instead of giving up at once\n"
               "      --config DIR     read the configuration from DIR instead of " WEIR_CONFIG_DIRECTORY
               "\n"
               "      --state DIR      use the state in DIR instead of " WEIR_STATE_DIRECTORY "\n"
               "  -h, --help           show this text and exit\n"
               "      --version        show the version and exit\n\n"
               "SCOPE is all, NAME, NAME//depot/stream, NAME#ID, list/NAME or full/ and one of the first four.\n"
               "Exit status: 0 measured, 3 in part, 1 failed, 64 wrong usage, 75 busy.\n"
               "weir-measure(8) tells more.\n");
        return 0;
}

static int usage(const char *mistake) {
        (void) log_error(0, "%s; see --help", mistake);
        return -EINVAL;
}

static int parse_wait(const char *text, uint64_t *ret) {
        if (!text) {
                *ret = USEC_INFINITY;
                return 0;
        }
        return parse_span(text, ret) < 0 ? usage("--wait= needs a time span") : 0;
}

/* 0 to go on, 1 to end with success, negative for a mistake (told). */
static int parse_option(int option, Arguments *arguments) {
        switch (option) {
        case 'a':
                arguments->is_all = true;
                return 0;
        case 's':
                arguments->server = optarg;
                return 0;
        case 'S':
                arguments->stream = optarg;
                return 0;
        case OPTION_LIST:
                arguments->is_list_only = true;
                return 0;
        case OPTION_FULL:
                arguments->is_full = true;
                return 0;
        case OPTION_WAIT:
                return parse_wait(optarg, &arguments->options.wait_usec);
        case OPTION_CONFIG:
                arguments->options.config_directory = optarg;
                return 0;
        case OPTION_STATE:
                arguments->options.state_directory = optarg;
                return 0;
        case 'h':
                (void) help();
                return 1;
        case OPTION_VERSION:
                printf("weir-measure %s\n", WEIR_VERSION);
                return 1;
        default:
                return -EINVAL;
        }
}

static int parse_options(int argc, char *argv[], Arguments *arguments) {
        static const struct option table[] = {
                { "all", no_argument, NULL, 'a' },
                { "server", required_argument, NULL, 's' },
                { "stream", required_argument, NULL, 'S' },
                { "list-only", no_argument, NULL, OPTION_LIST },
                { "full", no_argument, NULL, OPTION_FULL },
                { "wait", optional_argument, NULL, OPTION_WAIT },
                { "config", required_argument, NULL, OPTION_CONFIG },
                { "state", required_argument, NULL, OPTION_STATE },
                { "help", no_argument, NULL, 'h' },
                { "version", no_argument, NULL, OPTION_VERSION },
                {},
        };
        int option, r = 0;
        while (r == 0 && (option = getopt_long(argc, argv, "as:h", table, NULL)) >= 0) {
                r = parse_option(option, arguments);
        }
        if (r == 0 && optind < argc) {
                arguments->scope = argv[optind++];
        }
        return r == 0 && optind < argc ? usage("Only one scope is expected") : r;
}

/* The options say the same as a scope does, so they are put together to one. */
static int scope_text(const Arguments *arguments, char **ret) {
        if (!!arguments->scope + arguments->is_all + (arguments->server || arguments->stream) != 1) {
                return usage("Say once what to measure");
        }
        if (arguments->stream && !string_has_prefix(arguments->stream, "//")) {
                return usage("--stream needs a depot path, //depot/stream");
        }
        if (arguments->scope || arguments->is_all) {
                return string_copy(ret, arguments->scope ?: "all");
        }
        return string_format(ret, "%s%s", arguments->server ?: "", arguments->stream ?: "");
}

static int make_scope(const Arguments *arguments, Scope *ret) {
        _cleanup_free_ char *text = NULL;
        int r = scope_text(arguments, &text);
        if (r < 0) {
                return r;
        }
        if (scope_parse(text, ret) < 0) {
                return usage("That is no scope");
        }
        if (arguments->is_list_only) {
                if (ret->kind != SCOPE_SERVER && ret->kind != SCOPE_LIST) {
                        return usage("--list-only is for one server");
                }
                ret->kind = SCOPE_LIST;
        }
        ret->is_full |= arguments->is_full;
        return 0;
}

/* Blocked in all threads to come, the signals wait in a descriptor that every p4 command watches; nobody
 * ever reads it. */
static int watch_signals(void) {
        sigset_t set;
        (void) sigemptyset(&set);
        (void) sigaddset(&set, SIGTERM);
        (void) sigaddset(&set, SIGINT);
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0) {
                return -errno;
        }
        return RET_NERRNO(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

/* One arena for all threads, and what is freed goes back: memory stays what the largest answer needs. */
static void save_memory(void) {
        (void) mallopt(M_ARENA_MAX, 1);
        (void) mallopt(M_TRIM_THRESHOLD, 256 * 1024);
        (void) mallopt(M_MMAP_THRESHOLD, 256 * 1024);
}

int main(int argc, char *argv[]) {
        Arguments arguments = {
                .options.config_directory = WEIR_CONFIG_DIRECTORY,
                .options.state_directory = WEIR_STATE_DIRECTORY,
                .options.cancel_fd = -EBADF,
        };
        log_setup("weir-measure");
        save_memory();
        int r = parse_options(argc, argv, &arguments);
        if (r != 0) {
                return r > 0 ? EXIT_SUCCESS : MEASURE_EXIT_USAGE;
        }
        _cleanup_(scope_done) Scope scope = {};
        if (make_scope(&arguments, &scope) < 0) {
                return MEASURE_EXIT_USAGE;
        }
        _cleanup_close_ int signal_fd = watch_signals();
        if (signal_fd < 0) {
                (void) log_error(signal_fd, "Failed to watch for signals: %s", strerror(-signal_fd));
                return MEASURE_EXIT_FAILED;
        }
        arguments.options.scope = scope;
        arguments.options.cancel_fd = signal_fd;
        /* Set by the service manager; a start by hand measures all servers. */
        arguments.options.is_common_timers = string_equal(getenv("TRIGGER_UNIT"), "weir-measure.timer");
        int status = measure_run(&arguments.options);
        scope = arguments.options.scope;
        return status;
}
