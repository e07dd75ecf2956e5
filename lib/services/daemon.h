/* What weir's daemons do alike: their command line, the event loop and what ends it, the bus, their name on it, the watchdog. */
#pragma once

#include "base/macro.h"
#include "resources/bus.h"

typedef struct Daemon {
        const char *program; /* "weir-lockd" */
        const char *summary; /* what it does, for --help */
        const char *hint;    /* where to look next, for --help */
        const char *name;    /* on the bus */
        /* Exports its objects. The name is taken afterwards: nobody may ask before there is an answer. Its errors are logged here. */
        int (*start)(sd_bus *bus, sd_event *event, void **ret_state);
        void (*stop)(void *state); /* also when start() failed: state is NULL then */
} Daemon;

/* main() of a daemon. Returns when SIGTERM or SIGINT came, or the bus went away. */
int daemon_main(const Daemon *daemon, int argc, char *argv[]);
