/* weir-login: checks one login of the web. Started by weir-login.socket, one process for each; see weir-login(8). */
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "services/login.h"
#include "services/program.h"

static int run(const char *config, const char *state) {
        int r = login_answer(STDIN_FILENO, STDOUT_FILENO, config, state);

        if (r < 0) {
                (void) log_error(r, "Failed to check a login: %s", strerror(-r));
        }
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char *argv[]) {
        static const PlacesProgram program = {
                .name = "weir-login",
                .summary = "Check the Perforce password that standard input brings, for the web pages.",
                .run = run,
        };
        return places_program_main(&program, argc, argv);
}
