/* weir-lockd: owns org.weir.Locks1, the locks of weir. Started by the bus, or with weir.target; see
 * weir-lockd(8). */
#include "services/daemon.h"
#include "services/lock_bus.h"

/* Locks first, name last: nobody may ask before we know who holds what. */
static int start(sd_bus *bus, sd_event *event, void **ret_state) {
        return lock_bus_new(bus, event, (LockBus **) ret_state);
}

static void stop(void *state) {
        (void) lock_bus_free(state);
}

int main(int argc, char *argv[]) {
        static const Daemon daemon = {
                .program = "weir-lockd",
                .summary = "Hold the locks of weir for whoever asks on the system bus",
                .hint = "weir-lockd(8) tells more; `weirctl locks` lists the locks.",
                .name = "org.weir.Locks1",
                .start = start,
                .stop = stop,
        };

        return daemon_main(&daemon, argc, argv);
}
