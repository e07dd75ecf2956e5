/* monitor.db: servers, their streams, every measurement. This file holds the schema, the servers, running measurements and purging;
 * services/stream_store.h the streams, services/sample_store.h the measurements. Writers: weir-measure, weir-sync, weir-prune, `weirctl purge`;
 * everybody else opens it read-only. Times are realtime µs, 0 for "never" (NULL in the database). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/macro.h"
#include "domain/server.h"
#include "resources/db.h"

typedef struct MonitorStore MonitorStore;
/* Opens STATE_DIRECTORY/monitor/monitor.db; DB_READ_WRITE makes the directory and the database. Errors as of db_open(). */
int monitor_store_open(const char *state_directory, DbMode mode, MonitorStore **ret);
MonitorStore *monitor_store_close(MonitorStore *store);
DEFINE_TRIVIAL_CLEANUP_FUNC(MonitorStore *, monitor_store_close);
Db *monitor_store_db(MonitorStore *store); /* for the sister modules: transactions, statements, the last error's text */

typedef struct MonitorServer {
        int64_t id;
        Server server;
        ServerState state;
        char *state_text;    /* the server's own words, or NULL */
        int64_t created_at, retired_at;
        int64_t checked_at;  /* last attempt */
        int64_t measured_at; /* last run that came to its end */
        int64_t full_at;     /* last run that measured everything */
        int64_t ticket_expires_at; /* as the server said at checked_at; 0: unknown, or it does not expire */
        int64_t change;      /* newest submitted change all streams are known up to */
        int64_t change_time; /* when that one was submitted (the server's seconds): tells a replaced server */
        bool ignores_case;
        int64_t n_streams;   /* active ones */
} MonitorServer;
void monitor_server_done(MonitorServer *server);
void monitor_servers_free(MonitorServer *servers, size_t n_servers);

/* By name; retired ones last. */
int monitor_store_list_servers(MonitorStore *store, bool with_retired, MonitorServer **ret, size_t *ret_n);
/* By name, an active one before a retired one. -ENOENT. */
int monitor_store_find_server(MonitorStore *store, const char *name, MonitorServer *ret);

/* Puts a checked list of servers into force, in one transaction: new ones appear, known ones (by p4port) change, missing ones retire,
 * retired ones that are listed again return with their history. */
typedef struct MonitorSync {
        unsigned added, updated, unchanged, retired, returned;
} MonitorSync;
int monitor_store_sync_servers(MonitorStore *store, const Server *servers, size_t n_servers, int64_t now, MonitorSync *ret);

/* The outcome of an attempt. state_text may be NULL. */
int monitor_store_set_server_state(MonitorStore *store, int64_t server_id, ServerState state, const char *state_text, int64_t now);
int monitor_store_set_ticket(MonitorStore *store, int64_t server_id, int64_t ticket_expires_at);
/* A run came to its end: all streams are known up to change (or are marked stale). */
int monitor_store_finish_server(MonitorStore *store, int64_t server_id, int64_t change, int64_t change_time, bool was_full, int64_t now);
/* Forgets every view prefix when the server's case handling is another one than known. Returns 1 if so. */
int monitor_store_set_ignores_case(MonitorStore *store, int64_t server_id, bool ignores_case);

/* Removes a retired server or a gone stream with all history. -ENOENT no such row, -EBUSY still listed. */
int monitor_store_purge_server(MonitorStore *store, int64_t server_id);
int monitor_store_purge_stream(MonitorStore *store, int64_t stream_id);

/* Runs in progress: one row per running process and server, gone with the process. Rows of dead processes are not listed. */
typedef struct MonitorRun {
        const char *scope;  /* as given to weir-measure */
        const char *server; /* the server it is busy with */
        const char *stage;  /* "listing", "measuring" */
        const char *current; /* the stream just finished, or NULL */
        pid_t pid;
        int64_t started_at, done, total;
} MonitorRun;
int monitor_store_set_run(MonitorStore *store, const MonitorRun *run);
int monitor_store_remove_runs(MonitorStore *store, pid_t pid); /* this process's, and those of dead processes */
int monitor_store_each_run(MonitorStore *store, int (*function)(const MonitorRun *run, void *userdata), void *userdata);
