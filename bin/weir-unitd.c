/* weir-unitd: owns org.weir.Units1, the one door from weir to PID 1, and the only code of weir that runs as root. Started by the bus; see
 * weir-unitd(8). */
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/log.h"
#include "resources/bus.h"
#include "services/units_bus.h"
#include "version.h"

static int help(void) {
        printf("Usage: weir-unitd [OPTION…]\n\n"
               "Start and stop the units of weir's jobs, and keep their credentials.\n\n"
               "Options:\n"
               "  -h, --help       show this text and exit\n"
               "      --version    show the version and exit\n\n"
               "weir-unitd(8) tells more.\n");
        return 0;
}

/* The programs that units run are installed beside this one. */
static int find_programs(char path[static PATH_MAX], const char **ret) {
        ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);

        if (n < 0) {
                return -errno;
        }
        path[n] = 0;
        *ret = dirname(path);
        return 0;
}

static int set_up(sd_event **ret_event, sd_bus **ret_bus) {
        int r = sd_event_default(ret_event);

        if (r >= 0) {
                r = sd_event_set_signal_exit(*ret_event, true);
        }
        if (r >= 0) {
                r = bus_open_system(0, ret_bus);
        }
        if (r >= 0) {
                r = sd_bus_set_exit_on_disconnect(*ret_bus, true);
        }
        return r < 0 ? r : sd_bus_attach_event(*ret_bus, *ret_event, SD_EVENT_PRIORITY_NORMAL);
}

static int run(void) {
        _cleanup_(sd_event_unrefp) sd_event *event = NULL;
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(units_bus_freep) UnitsBus *units_bus = NULL;
        char path[PATH_MAX];
        const char *programs = NULL;
        int r = set_up(&event, &bus);

        if (r < 0) {
                return log_error(r, "Failed to connect to the system bus: %s", strerror(-r));
        }
        r = find_programs(path, &programs);
        if (r >= 0) {
                r = units_bus_new(bus, programs, &units_bus);
        }
        if (r >= 0) {
                r = sd_bus_request_name(bus, "org.weir.Units1", 0);
        }
        if (r < 0) {
                return log_error(r, "Failed to take the name org.weir.Units1: %s", strerror(-r));
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

        log_setup("weir-unitd");
        switch (getopt_long(argc, argv, "h", options, NULL)) {
        case -1:
                break;
        case 'h':
                return help();
        case 'v':
                printf("weir-unitd %s\n", WEIR_VERSION);
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
