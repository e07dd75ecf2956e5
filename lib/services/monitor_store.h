/* monitor.db: servers, their streams, every measurement. This file holds the schema, running measurements
 * and purging; services/server_store.h the servers, services/stream_store.h the streams,
 * services/sample_store.h the measurements. Writers: weir-measure, weir-sync, weir-prune, `weirctl
 * purge`; everybody else opens it read-only. Times are realtime µs, 0 for "never" (NULL in the database). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/macro.h"
#include "resources/db.h"

typedef struct MonitorStore MonitorStore;
/* Opens STATE_DIRECTORY/monitor/monitor.db; DB_READ_WRITE makes the directory and the database. Errors as
 * of db_open(). */
int monitor_store_open(const char *state_directory, DbMode mode, MonitorStore **ret);
MonitorStore *monitor_store_close(MonitorStore *store);
DEFINE_TRIVIAL_CLEANUP_FUNC(MonitorStore *, monitor_store_close);
Db *monitor_store_db(
                MonitorStore *store); /* for the sister modules: transactions, statements, the last error's text */

/* Removes a retired server or a gone stream with all history. -ENOENT no such row, -EBUSY still listed. */
int monitor_store_purge_server(MonitorStore *store, int64_t server_id);
int monitor_store_purge_stream(MonitorStore *store, int64_t stream_id);

/* Runs in progress: one row per running process and server, gone with the process. Rows of dead processes
 * are not listed. */
typedef struct MonitorRun {
        const char *scope;   /* as given to weir-measure */
        const char *server;  /* the server it is busy with */
        const char *stage;   /* "listing", "measuring" */
        const char *current; /* the stream just finished, or NULL */
        pid_t pid;
        int64_t started_at, done, total;
} MonitorRun;
int monitor_store_set_run(MonitorStore *store, const MonitorRun *run);
int monitor_store_remove_runs(MonitorStore *store,
                              pid_t pid); /* this process's, and those of dead processes */
int monitor_store_each_run(MonitorStore *store, int (*function)(const MonitorRun *run, void *userdata),
                           void *userdata);
