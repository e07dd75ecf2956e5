/* The workers of one server: they measure the targets the plan chose, a bounded number of p4 commands at
 * once, and write each result as it comes. */
#pragma once

#include "services/measure_targets.h"

typedef struct MeasurePool {
        MeasureContext *context;
        const MonitorServer *server;
        MeasureTargets *targets;
        int64_t change; /* the newest when the run began: what is measured is known at least up to it */
        unsigned parallel;
} MeasurePool;

typedef struct MeasureTally {
        unsigned n_measured, n_failed;
        bool is_stopped;  /* cancelled, or the server failed: not every target was tried */
        P4Class p4_class; /* if stopped: why */
        char *text;       /* in the server's words, owned */
} MeasureTally;

/* Returns when all is done or stopped. A negative errno is a failure of our own (the database, memory). */
int measure_pool_run(const MeasurePool *pool, MeasureTally *ret);
