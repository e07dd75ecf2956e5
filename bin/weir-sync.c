/* weir-sync: puts servers.yaml and weir.yaml into force. Started by weir-sync.path when one of them is
 * saved; see weir-sync(8). */
#include <getopt.h>
#include <stdio.h>

#include "base/log.h"
#include "base/parse_util.h"
#include "base/time_util.h"
#include "services/config.h"
#include "services/sync.h"
#include "version.h"

#define EXIT_USAGE 64

enum { OPTION_CONFIG = 256, OPTION_STATE, OPTION_WAIT, OPTION_CHECK, OPTION_VERSION };

static int help(void) {
        printf("Usage: weir-sync [OPTION…]\n\n"
               "Read servers.yaml and weir.yaml and put them into force.\n\n"
               "Options:\n"
               "      --check        only say whether the files are good\n"
               "      --wait[=TIME]  wait until nothing is being measured, at most TIME (5min)\n"
               "      --config DIR   read the files in DIR instead of " WEIR_CONFIG_DIRECTORY "\n"
               "      --state DIR    use the state in DIR instead of " WEIR_STATE_DIRECTORY "\n"
               "  -h, --help         show this text and exit\n"
               "      --version      show the version and exit\n\n"
               "weir-sync(8) tells more.\n");
        return 0;
}

/* 0 to go on, 1 to end with success, negative for a mistake (told). */
static int parse_option(int option, SyncOptions *options) {
        switch (option) {
        case OPTION_CHECK:
                options->check_only = true;
                return 0;
        case OPTION_WAIT:
                options->wait_usec = USEC_INFINITY;
                if (optarg && parse_span(optarg, &options->wait_usec) < 0) {
                        return log_error(-EINVAL, "--wait=%s is no time span", optarg);
                }
                return 0;
        case OPTION_CONFIG:
                options->config_directory = optarg;
                return 0;
        case OPTION_STATE:
                options->state_directory = optarg;
                return 0;
        case 'h':
                (void) help();
                return 1;
        case OPTION_VERSION:
                printf("weir-sync %s\n", WEIR_VERSION);
                return 1;
        default:
                return -EINVAL;
        }
}

int main(int argc, char *argv[]) {
        static const struct option table[] = {
                { "check", no_argument, NULL, OPTION_CHECK },
                { "wait", optional_argument, NULL, OPTION_WAIT },
                { "config", required_argument, NULL, OPTION_CONFIG },
                { "state", required_argument, NULL, OPTION_STATE },
                { "help", no_argument, NULL, 'h' },
                { "version", no_argument, NULL, OPTION_VERSION },
                {},
        };
        SyncOptions options = {
                .config_directory = WEIR_CONFIG_DIRECTORY,
                .state_directory = WEIR_STATE_DIRECTORY,
        };
        int option, r;

        log_setup("weir-sync");
        while ((option = getopt_long(argc, argv, "h", table, NULL)) >= 0) {
                r = parse_option(option, &options);
                if (r != 0) {
                        return r > 0 ? EXIT_SUCCESS : EXIT_USAGE;
                }
        }
        if (optind < argc) {
                (void) log_error(0, "No arguments are expected, see --help");
                return EXIT_USAGE;
        }
        return sync_run(&options);
}
