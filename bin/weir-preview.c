/* weir-preview: says what a job would integrate, for the web. Started by weir-preview.socket, one process for each; see weir-preview(8). */
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "services/preview_answer.h"
#include "services/program.h"

static int run(const char *config, const char *state) {
        int r = preview_answer(STDIN_FILENO, STDOUT_FILENO, config, state);

        if (r < 0) {
                (void) log_error(r, "Failed to make a preview: %s", strerror(-r));
        }
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char *argv[]) {
        static const PlacesProgram program = {
                .name = "weir-preview",
                .summary = "Say what the job that standard input brings would integrate, for the web pages.",
                .run = run,
        };
        return places_program_main(&program, argc, argv);
}
