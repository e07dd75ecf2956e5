/* weir-generator: a systemd generator, see systemd.generator(7) and weir-generator(8). Runs before
 * anything else does: no bus, no journal of its own, perhaps no /var. Its messages go where systemd's go. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "services/generator.h"

int main(int argc, char *argv[]) {
        log_setup("weir-generator");
        if (argc > 1 && argv[1][0] == '-') {
                printf("Usage: weir-generator NORMAL-DIR [EARLY-DIR LATE-DIR]\n\n"
                       "Write the timers of weir into NORMAL-DIR. Called by systemd.\n\n"
                       "Options:\n"
                       "      --help        show this text and exit\n\n"
                       "weir-generator(8) tells more.\n");
                return strcmp(argv[1], "--help") == 0 ? EXIT_SUCCESS : 64;
        }
        if (argc != 2 && argc != 4) {
                (void) log_error(0, "One or three folders are expected");
                return 64;
        }
        return generator_run(WEIR_CONFIG_DIRECTORY, WEIR_STATE_DIRECTORY, argv[1]);
}
