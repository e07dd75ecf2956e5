/* weir-unitd: owns org.weir.Units1, the one door from weir to PID 1, and the only code of weir that runs as root. Started by the bus; see
 * weir-unitd(8). */
#include "services/daemon.h"
#include "services/units_bus.h"

static int start(sd_bus *bus, sd_event *event, void **ret_state) {
        return units_bus_new(bus, (UnitsBus **) ret_state);
}

static void stop(void *state) {
        (void) units_bus_free(state);
}

int main(int argc, char *argv[]) {
        static const Daemon daemon = {
                .program = "weir-unitd",
                .summary = "Start and stop the units of weir's jobs, and keep their credentials",
                .hint = "weir-unitd(8) tells more.",
                .name = "org.weir.Units1",
                .start = start,
                .stop = stop,
        };

        return daemon_main(&daemon, argc, argv);
}
