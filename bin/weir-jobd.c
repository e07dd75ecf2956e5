/* weir-jobd: owns org.weir.Jobs1, the queue of integration jobs and what becomes of them. Started by the bus, or with weir.target; see
 * weir-jobd(8). */
#include <signal.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "base/log.h"
#include "services/config.h"
#include "services/daemon.h"
#include "services/jobs_guard_bus.h"

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        jobs_guard_reload(userdata);
        return 0;
}

/* Blocked before it becomes a source: between the two it would end us. */
static int reload_on_hangup(sd_event *event, JobsGuard *guard) {
        sigset_t set;

        (void) sigemptyset(&set);
        (void) sigaddset(&set, SIGHUP);
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0) {
                return -errno;
        }
        return sd_event_add_signal(event, NULL, SIGHUP, on_hangup, guard);
}

static int start(sd_bus *bus, sd_event *event, void **ret_state) {
        _cleanup_(jobs_guard_freep) JobsGuard *guard = NULL;
        int r = jobs_guard_new(bus, event, WEIR_CONFIG_DIRECTORY, WEIR_STATE_DIRECTORY, &guard);

        r = r < 0 ? r : reload_on_hangup(event, guard);
        if (r < 0) {
                return log_error(r, "Failed to begin: %s", strerror(-r));
        }
        *ret_state = TAKE_PTR(guard);
        return 0;
}

static void stop(void *state) {
        (void) jobs_guard_free(state);
}

int main(int argc, char *argv[]) {
        static const Daemon daemon = {
                .program = "weir-jobd",
                .summary = "Queue integration jobs, start their units and keep what becomes of them",
                .hint = "weir-jobd(8) tells more; `weirctl jobs` lists them.",
                .name = "org.weir.Jobs1",
                .start = start,
                .stop = stop,
        };

        return daemon_main(&daemon, argc, argv);
}
