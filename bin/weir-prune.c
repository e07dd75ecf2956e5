/* weir-prune: daily care of the database. Started by weir-prune.timer; see weir-prune(8). */
#include <getopt.h>
#include <stdio.h>

#include "base/log.h"
#include "services/config.h"
#include "services/prune.h"
#include "version.h"

#define EXIT_USAGE 64

enum { OPTION_CONFIG = 256, OPTION_STATE, OPTION_VERSION };

static int help(void) {
        printf("Usage: weir-prune [OPTION…]\n\n"
               "Back up the database of measurements and drop samples that are too old.\n\n"
               "Options:\n"
               "      --config DIR  read the configuration from DIR instead of " WEIR_CONFIG_DIRECTORY "\n"
               "      --state DIR   use the state in DIR instead of " WEIR_STATE_DIRECTORY "\n"
               "  -h, --help        show this text and exit\n"
               "      --version     show the version and exit\n\n"
               "weir-prune(8) tells more.\n");
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
        PruneOptions options = {
                .config_directory = WEIR_CONFIG_DIRECTORY,
                .state_directory = WEIR_STATE_DIRECTORY,
        };
        int option;

        log_setup("weir-prune");
        while ((option = getopt_long(argc, argv, "h", table, NULL)) >= 0) {
                switch (option) {
                case OPTION_CONFIG:
                        options.config_directory = optarg;
                        break;
                case OPTION_STATE:
                        options.state_directory = optarg;
                        break;
                case 'h':
                        return help();
                case OPTION_VERSION:
                        printf("weir-prune %s\n", WEIR_VERSION);
                        return EXIT_SUCCESS;
                default:
                        return EXIT_USAGE;
                }
        }
        if (optind < argc) {
                (void) log_error(0, "No arguments are expected, see --help");
                return EXIT_USAGE;
        }
        return prune_run(&options);
}
