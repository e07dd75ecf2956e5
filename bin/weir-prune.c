/* weir-prune: daily care of the database. Started by weir-prune.timer; see weir-prune(8). */
#include "services/program.h"
#include "services/prune.h"

static int run(const char *config, const char *state) {
        return prune_run(&(const PruneOptions) { .config_directory = config, .state_directory = state });
}

int main(int argc, char *argv[]) {
        static const PlacesProgram program = {
                .name = "weir-prune",
                .summary = "Back up the database of measurements and drop samples that are too old.",
                .run = run,
        };
        return places_program_main(&program, argc, argv);
}
