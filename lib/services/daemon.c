#include "services/daemon.h"

#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "base/log.h"
#include "version.h"

static int help(const Daemon *daemon) {
        printf("Usage: %s [OPTION…]\n\n%s.\n\n"
               "Options:\n"
               "  -h, --help       show this text and exit\n"
               "      --version    show the version and exit\n\n"
               "%s\n",
               daemon->program, daemon->summary, daemon->hint);
        return 0;
}

static int connect_bus(sd_event **ret_event, sd_bus **ret_bus) {
        int r = sd_event_default(ret_event);

        (void) signal(SIGPIPE, SIG_IGN); /* who goes away while it is written to says so by an error */
        r = r < 0 ? r : sd_event_set_signal_exit(*ret_event, true);
        r = r < 0 ? r : bus_open_system(0, ret_bus);
        r = r < 0 ? r : sd_bus_set_exit_on_disconnect(*ret_bus, true);
        return r < 0 ? r : sd_bus_attach_event(*ret_bus, *ret_event, SD_EVENT_PRIORITY_NORMAL);
}

static int serve(const Daemon *daemon, sd_bus *bus, sd_event *event) {
        void *state = NULL;
        int r = daemon->start(bus, event, &state);

        r = r < 0 ? r : sd_bus_request_name(bus, daemon->name, 0);
        if (r < 0) {
                (void) log_error(r, "Failed to take the name %s: %s", daemon->name, strerror(-r));
        } else {
                (void) sd_event_set_watchdog(event, true);
                (void) sd_notify(false, "READY=1");
                r = sd_event_loop(event);
                (void) sd_notify(false, "STOPPING=1");
                r = r < 0 ? log_error(r, "The event loop failed: %s", strerror(-r)) : r;
        }
        daemon->stop(state);
        return r;
}

static int run(const Daemon *daemon) {
        _cleanup_(sd_event_unrefp) sd_event *event = NULL;
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        int r = connect_bus(&event, &bus);

        return r < 0 ? log_error(r, "Failed to connect to the system bus: %s", strerror(-r)) :
                       serve(daemon, bus, event);
}

int daemon_main(const Daemon *daemon, int argc, char *argv[]) {
        static const struct option options[] = {
                { "help", no_argument, NULL, 'h' },
                { "version", no_argument, NULL, 'v' },
                {},
        };

        log_setup(daemon->program);
        switch (getopt_long(argc, argv, "h", options, NULL)) {
        case -1:
                break;
        case 'h':
                return help(daemon);
        case 'v':
                printf("%s %s\n", daemon->program, WEIR_VERSION);
                return 0;
        default:
                return 64;
        }
        if (optind < argc) {
                (void) log_error(0, "No arguments are expected, see --help");
                return 64;
        }
        return run(daemon) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
