/* What all parts of one measuring process share. Made by services/measure.c, passed around by pointer. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"
#include "services/config.h"
#include "services/monitor_store.h"
#include "services/p4_queries.h"
#include "services/run_locks.h"
#include "services/server_store.h"

typedef struct MeasureContext {
        WeirConfig config;
        MonitorStore *store;
        pthread_mutex_t store_mutex; /* a database connection is one thread's at a time */
        RunLocks *locks;
        int cancel_fd;      /* readable: stop */
        const char *scope;  /* as text, for progress */
        int64_t started_at; /* realtime µs */
        char *host;         /* for client and lock names */
        char *home, *tickets, *trust;
} MeasureContext;

int measure_context_init(MeasureContext *context, const char *config_directory, const char *state_directory,
                         int cancel_fd);
void measure_context_done(MeasureContext *context);

void measure_lock_store(MeasureContext *context);
void measure_unlock_store(MeasureContext *context);
bool measure_is_cancelled(const MeasureContext *context);

/* How a server is reached; the session borrows from both. */
P4Session measure_session(const MeasureContext *context, const Server *server);
/* The same with the patience one has for a question that every server answers at once. */
P4Session measure_probe_session(const MeasureContext *context, const Server *server);
