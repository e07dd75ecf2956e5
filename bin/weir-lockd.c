/* weir-lockd: owns org.weir.Locks1, the locks of weir. Started by the bus, or with weir.target; see
 * weir-lockd(8). */
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "base/log.h"
#include "resources/bus.h"
#include "services/lock_bus.h"
#include "version.h"

static int help(void) {
        printf("Usage: weir-lockd [OPTION…]\n\n"
               "Hold the locks of weir for whoever asks on the system bus.\n\n"
               "Options:\n"
               "  -h, --help       show this text and exit\n"
               "      --version    show the version and exit\n\n"
               "weir-lockd(8) tells more; `weirctl locks` lists the locks.\n");
        return 0;
}

/* Signals are blocked before they become event sources: a signal between the two would end us otherwise. */
static int stop_on_signals(sd_event *event) {
        static const int signals[] = { SIGTERM, SIGINT };
        sigset_t set;
        int r = 0;

        (void) sigemptyset(&set);
        for (size_t i = 0; i < ELEMENTSOF(signals); i++) {
                (void) sigaddset(&set, signals[i]);
        }
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0) {
                return -errno;
        }
        for (size_t i = 0; i < ELEMENTSOF(signals) && r >= 0; i++) {
                r = sd_event_add_signal(event, NULL, signals[i], NULL, NULL);
        }
        return r;
}

static int run(void) {
        _cleanup_(sd_event_unrefp) sd_event *event = NULL;
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(lock_bus_freep) LockBus *lock_bus = NULL;
        int r = sd_event_default(&event);

        if (r >= 0) {
                r = stop_on_signals(event);
        }
        if (r < 0) {
                return log_error(r, "Failed to set up the event loop: %s", strerror(-r));
        }
        r = bus_open_system(0, &bus);
        if (r >= 0) {
                r = sd_bus_set_exit_on_disconnect(bus, true);
        }
        if (r >= 0) {
                r = sd_bus_attach_event(bus, event, SD_EVENT_PRIORITY_NORMAL);
        }
        if (r < 0) {
                return log_error(r, "Failed to connect to the system bus: %s", strerror(-r));
        }
        /* Locks first, name last: nobody may ask before we know who holds what. */
        r = lock_bus_new(bus, event, &lock_bus);
        if (r >= 0) {
                r = sd_bus_request_name(bus, "org.weir.Locks1", 0);
        }
        if (r < 0) {
                return log_error(r, "Failed to take the name org.weir.Locks1: %s", strerror(-r));
        }
        (void) sd_event_set_watchdog(event, true);
        (void) sd_notify(false, "READY=1");
        r = sd_event_loop(event);
        (void) sd_notify(false, "STOPPING=1");
        return r < 0 ? log_error(r, "The event loop failed: %s", strerror(-r)) : r;
}

int main(int argc, char *argv[]) {
        static const struct option options[] = {
                { "help", no_argument, NULL, 'h' },
                { "version", no_argument, NULL, 'v' },
                {},
        };

        log_setup("weir-lockd");
        switch (getopt_long(argc, argv, "h", options, NULL)) {
        case -1:
                break;
        case 'h':
                return help();
        case 'v':
                printf("weir-lockd %s\n", WEIR_VERSION);
                return 0;
        default:
                return 64;
        }
        if (optind < argc) {
                (void) log_error(0, "No arguments are expected, see --help");
                return 64;
        }
        return run() < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
