/* weir-measure: takes the locks, measures the servers of its scope, says how it went. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"
#include "domain/scope.h"

/* Exit statuses. */
#define MEASURE_EXIT_FAILED 1
#define MEASURE_EXIT_PARTIAL 3 /* some streams or servers failed */
#define MEASURE_EXIT_USAGE 64
#define MEASURE_EXIT_BUSY 75 /* somebody else holds the lock */

typedef struct MeasureOptions {
        const char *config_directory, *state_directory;
        Scope scope;
        uint64_t wait_usec; /* for the locks; 0: not at all, USEC_INFINITY: for ever */
        bool is_common_timers; /* started by the common timer: servers with a timer of their own are left to that */
        int cancel_fd;         /* readable: stop */
} MeasureOptions;

/* Reports what happened and returns the exit status. May complete options->scope. */
int measure_run(MeasureOptions *options);
