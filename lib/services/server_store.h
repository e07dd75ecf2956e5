/* The servers of monitor.db: what is configured, what has been found. See services/monitor_store.h. */
#pragma once

#include "domain/server.h"
#include "services/monitor_store.h"

typedef struct MonitorServer {
        int64_t id;
        Server server;
        ServerState state;
        char *state_text; /* the server's own words, or NULL */
        int64_t created_at, retired_at;
        int64_t checked_at;        /* last attempt */
        int64_t measured_at;       /* last run that came to its end */
        int64_t full_at;           /* last run that measured everything */
        int64_t ticket_expires_at; /* as the server said at checked_at; 0: unknown, or it does not expire */
        int64_t change;            /* newest submitted change all streams are known up to */
        int64_t change_time; /* when that one was submitted (the server's seconds): tells a replaced server */
        bool ignores_case;
        int64_t n_streams;          /* active ones */
        int64_t stream_measured_at; /* the newest measurement of any of its streams */
} MonitorServer;
void monitor_server_done(MonitorServer *server);
void monitor_servers_free(MonitorServer *servers, size_t n_servers);

/* By name; retired ones last. */
int server_store_list(MonitorStore *store, bool with_retired, MonitorServer **ret, size_t *ret_n);
/* By name, an active one before a retired one. -ENOENT. */
int server_store_find(MonitorStore *store, const char *name, MonitorServer *ret);
/* Also a retired one. -ENOENT. */
int server_store_get(MonitorStore *store, int64_t server_id, MonitorServer *ret);

/* Puts a checked list of servers into force, in one transaction: new ones appear, known ones (by p4port)
 * change, missing ones retire, retired ones that are listed again return with their history. */
typedef struct MonitorSync {
        unsigned added, updated, unchanged, retired, returned;
} MonitorSync;
int server_store_sync(MonitorStore *store, const Server *servers, size_t n_servers, int64_t now,
                      MonitorSync *ret);

/* The outcome of an attempt. state_text may be NULL. */
int server_store_set_state(MonitorStore *store, int64_t server_id, ServerState state, const char *state_text,
                           int64_t now);
int server_store_set_ticket(MonitorStore *store, int64_t server_id, int64_t ticket_expires_at);
/* A run came to its end: all streams are known up to change (or are marked stale). */
int server_store_finish(MonitorStore *store, int64_t server_id, int64_t change, int64_t change_time,
                        bool was_full, int64_t now);
/* Forgets every view prefix when the server's case handling is another one than known. Returns 1 if so. */
int server_store_set_ignores_case(MonitorStore *store, int64_t server_id, bool ignores_case);
