#include "services/program.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>

#include "base/log.h"
#include "base/parse_util.h"
#include "domain/job_id.h"
#include "services/config.h"
#include "version.h"

enum { OPTION_CONFIG = 256, OPTION_STATE, OPTION_VERSION };

static int version(const char *name) {
        printf("%s %s\n", name, WEIR_VERSION);
        return 1;
}

static int places_help(const PlacesProgram *program) {
        printf("Usage: %s [OPTION…]\n\n%s\n\n"
               "Options:\n"
               "      --config DIR  read the configuration from DIR instead of " WEIR_CONFIG_DIRECTORY "\n"
               "      --state DIR   use the state in DIR instead of " WEIR_STATE_DIRECTORY "\n"
               "  -h, --help        show this text and exit\n"
               "      --version     show the version and exit\n\n"
               "%s(8) tells more.\n",
               program->name, program->summary, program->name);
        return 1;
}

/* As job_program_read(). */
static int places_read(const PlacesProgram *program, int argc, char *argv[], const char **config,
                       const char **state) {
        static const struct option table[] = {
                { "config", required_argument, NULL, OPTION_CONFIG },
                { "state", required_argument, NULL, OPTION_STATE },
                { "help", no_argument, NULL, 'h' },
                { "version", no_argument, NULL, OPTION_VERSION },
                {},
        };
        int option;

        while ((option = getopt_long(argc, argv, "h", table, NULL)) >= 0) {
                switch (option) {
                case OPTION_CONFIG:
                        *config = optarg;
                        break;
                case OPTION_STATE:
                        *state = optarg;
                        break;
                case 'h':
                        return places_help(program);
                case OPTION_VERSION:
                        return version(program->name);
                default:
                        return -EINVAL;
                }
        }
        return optind < argc ? log_error(-EINVAL, "No arguments are expected, see --help") : 0;
}

int places_program_main(const PlacesProgram *program, int argc, char *argv[]) {
        const char *config = WEIR_CONFIG_DIRECTORY, *state = WEIR_STATE_DIRECTORY;

        log_setup(program->name);
        int r = places_read(program, argc, argv, &config, &state);
        if (r != 0) {
                return r > 0 ? EXIT_SUCCESS : PROGRAM_EXIT_USAGE;
        }
        return program->run(config, state);
}

static int job_help(const JobProgram *program) {
        printf("Usage: %s ID ATTEMPT\n\n%s\n\n"
               "Options:\n"
               "  -h, --help           show this text and exit\n"
               "      --version        show the version and exit\n\n"
               "Exit status: %s\n"
               "%s(8) tells more.\n",
               program->name, program->summary, program->exits, program->name);
        return 1;
}

int job_program_read(const JobProgram *program, int argc, char *argv[], const char **ret_id,
                     uint32_t *ret_attempt) {
        static const struct option table[] = {
                { "help", no_argument, NULL, 'h' },
                { "version", no_argument, NULL, OPTION_VERSION },
                {},
        };
        uint32_t attempt;
        int option;

        while ((option = getopt_long(argc, argv, "h", table, NULL)) >= 0) {
                return option == 'h'            ? job_help(program) :
                       option == OPTION_VERSION ? version(program->name) :
                                                  -EINVAL;
        }
        if (argc - optind != 2 || !job_id_is_valid(argv[optind]) ||
            parse_uint32(argv[optind + 1], &attempt) < 0 || attempt == 0) {
                return log_error(-EINVAL,
                                 "A job's id and the number of an attempt are expected; see --help");
        }
        *ret_id = argv[optind];
        *ret_attempt = attempt;
        return 0;
}
