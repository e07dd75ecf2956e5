/* weir-preview: says what a job would integrate, for the web. Started by weir-preview.socket, one process for each; see weir-preview(8). */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "services/config.h"
#include "services/preview_answer.h"
#include "version.h"

#define EXIT_USAGE 64

enum { OPTION_CONFIG = 256, OPTION_STATE, OPTION_VERSION };

static int help(void) {
        printf("Usage: weir-preview [OPTION…]\n\n"
               "Say what the job that standard input brings would integrate, for the web pages.\n\n"
               "Options:\n"
               "      --config DIR  read the configuration from DIR instead of " WEIR_CONFIG_DIRECTORY "\n"
               "      --state DIR   use the state in DIR instead of " WEIR_STATE_DIRECTORY "\n"
               "  -h, --help        show this text and exit\n"
               "      --version     show the version and exit\n\n"
               "weir-preview(8) tells more.\n");
        return 0;
}

int main(int argc, char *argv[]) {
        static const struct option table[] = {
                { "config", required_argument, NULL, OPTION_CONFIG },
                { "state", required_argument, NULL, OPTION_STATE },
                { "help", no_argument, NULL, 'h' },
                { "version", no_argument, NULL, OPTION_VERSION },
                {},
        };
        const char *config = WEIR_CONFIG_DIRECTORY, *state = WEIR_STATE_DIRECTORY;
        int option, r;

        log_setup("weir-preview");
        while ((option = getopt_long(argc, argv, "h", table, NULL)) >= 0) {
                switch (option) {
                case OPTION_CONFIG:
                        config = optarg;
                        break;
                case OPTION_STATE:
                        state = optarg;
                        break;
                case 'h':
                        return help();
                case OPTION_VERSION:
                        printf("weir-preview %s\n", WEIR_VERSION);
                        return EXIT_SUCCESS;
                default:
                        return EXIT_USAGE;
                }
        }
        r = optind < argc ? -EINVAL : preview_answer(STDIN_FILENO, STDOUT_FILENO, config, state);
        if (r < 0) {
                (void) log_error(r, "Failed to make a preview: %s", strerror(-r));
        }
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
