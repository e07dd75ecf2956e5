#include "services/server_store.h"

#include "base/string_util.h"

void monitor_server_done(MonitorServer *server) {
        server_done(&server->server);
        free(server->state_text);
        *server = (MonitorServer) {};
}

void monitor_servers_free(MonitorServer *servers, size_t n_servers) {
        for (size_t i = 0; i < n_servers; i++) {
                monitor_server_done(&servers[i]);
        }
        free(servers);
}

/* --- reading ---------------------------------------------------------------------------------------- */

#define SERVER_COLUMNS                                                                                       \
        "SELECT id, name, p4port, p4user, stream_mask, trust, interval_usec, timeout_usec, parallel, state," \
        " state_text, created_at, retired_at, checked_at, measured_at, full_at, ticket_expires_at, change,"  \
        " change_time, ignores_case, n_streams, stream_measured_at FROM servers "

static int read_server(DbStatement *s, MonitorServer *ret) {
        MonitorServer row = {
                .id = db_column_int(s, 0),
                .server.interval_usec = (uint64_t) db_column_int(s, 6),
                .server.timeout_usec = (uint64_t) db_column_int(s, 7),
                .server.parallel = (uint64_t) db_column_int(s, 8),
                .state = server_state_from_string(db_column_text(s, 9)),
                .created_at = db_column_int(s, 11),
                .retired_at = db_column_int(s, 12),
                .checked_at = db_column_int(s, 13),
                .measured_at = db_column_int(s, 14),
                .full_at = db_column_int(s, 15),
                .ticket_expires_at = db_column_int(s, 16),
                .change = db_column_int(s, 17),
                .change_time = db_column_int(s, 18),
                .ignores_case = db_column_int(s, 19) != 0,
                .n_streams = db_column_int(s, 20),
                .stream_measured_at = db_column_int(s, 21),
        };
        int r = string_copy(&row.server.name, db_column_text(s, 1));
        r = r < 0 ? r : string_copy(&row.server.p4port, db_column_text(s, 2));
        r = r < 0 ? r : string_copy(&row.server.p4user, db_column_text(s, 3));
        r = r < 0 ? r : string_copy(&row.server.stream_mask, db_column_text(s, 4));
        r = r < 0 ? r : string_copy(&row.server.trust, db_column_text(s, 5));
        r = r < 0 ? r : string_copy(&row.state_text, db_column_text(s, 10));
        if (r < 0) {
                monitor_server_done(&row);
                return r;
        }
        *ret = row;
        return 0;
}

typedef struct ServerRows {
        MonitorServer *rows;
        size_t n_rows;
} ServerRows;

static void server_rows_done(ServerRows *rows) {
        monitor_servers_free(rows->rows, rows->n_rows);
}

static int append_server(ServerRows *rows, DbStatement *s) {
        MonitorServer *grown = reallocarray(rows->rows, rows->n_rows + 1, sizeof(*grown));
        if (!grown) {
                return -ENOMEM;
        }
        rows->rows = grown;
        int r = read_server(s, &grown[rows->n_rows]);
        rows->n_rows += r >= 0;
        return r;
}

int server_store_list(MonitorStore *store, bool with_retired, MonitorServer **ret, size_t *ret_n) {
        _cleanup_(server_rows_done) ServerRows rows = {};
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(monitor_store_db(store),
                           SERVER_COLUMNS
                           "WHERE retired_at IS NULL OR ?1 ORDER BY retired_at IS NOT NULL, name",
                           &s);
        r = r < 0 ? r : db_bind_int(s, 1, with_retired);
        while (r >= 0 && (r = db_step(s)) > 0) {
                r = append_server(&rows, s);
        }
        if (r < 0) {
                return r;
        }
        *ret = rows.rows;
        *ret_n = rows.n_rows;
        rows = (ServerRows) {};
        return 0;
}

int server_store_find(MonitorStore *store, const char *name, MonitorServer *ret) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(monitor_store_db(store),
                           SERVER_COLUMNS
                           "WHERE name = ?1 ORDER BY retired_at IS NOT NULL, retired_at DESC LIMIT 1",
                           &s);
        r = r < 0 ? r : db_bind_text(s, 1, name);
        r = r < 0 ? r : db_step(s);
        return r <= 0 ? (r < 0 ? r : -ENOENT) : read_server(s, ret);
}

int server_store_get(MonitorStore *store, int64_t server_id, MonitorServer *ret) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(monitor_store_db(store), SERVER_COLUMNS "WHERE id = ?1", &s);
        r = r < 0 ? r : db_bind_int(s, 1, server_id);
        r = r < 0 ? r : db_step(s);
        return r <= 0 ? (r < 0 ? r : -ENOENT) : read_server(s, ret);
}

/* --- putting servers.yaml into force ---------------------------------------------------------------- */

static int bind_server(DbStatement *s, const Server *server, int64_t now) {
        int r = db_bind_text(s, 1, server->p4port);
        r = r < 0 ? r : db_bind_text(s, 2, server->name);
        r = r < 0 ? r : db_bind_text(s, 3, server->p4user);
        r = r < 0 ? r : db_bind_text(s, 4, server->stream_mask);
        r = r < 0 ? r : db_bind_text(s, 5, server->trust);
        r = r < 0 ? r : db_bind_int(s, 6, (int64_t) server->interval_usec);
        r = r < 0 ? r : db_bind_int(s, 7, (int64_t) server->timeout_usec);
        r = r < 0 ? r : db_bind_int(s, 8, (int64_t) server->parallel);
        return r < 0 ? r : db_bind_int(s, 9, now);
}

/* Another user may see other files, so what was measured as the old one says nothing: everything again. */
static int update_server(Db *db, const Server *server, int64_t now) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(
                        db,
                        "UPDATE servers SET name = ?2, p4user = ?3, stream_mask = ?4, trust = ?5, interval_usec = ?6,"
                        " timeout_usec = ?7, parallel = ?8, retired_at = NULL,"
                        " full_at = CASE WHEN p4user = ?3 THEN full_at END"
                        " WHERE p4port = ?1 AND ?9 AND (retired_at IS NOT NULL OR"
                        " (name, p4user, stream_mask, interval_usec, timeout_usec, parallel) IS NOT"
                        " (?2, ?3, ?4, ?6, ?7, ?8) OR trust IS NOT ?5)",
                        &s);
        r = r < 0 ? r : bind_server(s, server, now);
        return r < 0 ? r : db_run(s);
}

static int insert_server(Db *db, const Server *server, int64_t now) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(
                        db,
                        "INSERT INTO servers (p4port, name, p4user, stream_mask, trust, interval_usec, timeout_usec,"
                        " parallel, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                        &s);
        r = r < 0 ? r : bind_server(s, server, now);
        return r < 0 ? r : db_run(s);
}

/* 1 and whether it is retired, or 0 when the port is new. */
static int find_port(Db *db, const char *p4port, bool *ret_retired) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(db, "SELECT retired_at IS NOT NULL FROM servers WHERE p4port = ?1", &s);
        r = r < 0 ? r : db_bind_text(s, 1, p4port);
        r = r < 0 ? r : db_step(s);
        if (r > 0) {
                *ret_retired = db_column_int(s, 0) != 0;
        }
        return r;
}

static int sync_one(Db *db, const Server *server, int64_t now, MonitorSync *sync) {
        bool was_retired = false;
        int r = find_port(db, server->p4port, &was_retired);
        if (r == 0) {
                sync->added++;
                return insert_server(db, server, now);
        }
        r = r < 0 ? r : update_server(db, server, now);
        if (r < 0) {
                return r;
        }
        unsigned *counter = db_changes(db) == 0 ? &sync->unchanged :
                                                  (was_retired ? &sync->returned : &sync->updated);
        (*counter)++;
        return 0;
}

static bool is_listed(const Server *servers, size_t n_servers, const char *p4port) {
        for (size_t i = 0; i < n_servers; i++) {
                if (string_equal(servers[i].p4port, p4port)) {
                        return true;
                }
        }
        return false;
}

static int retire(Db *db, int64_t id, int64_t now) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(db, "UPDATE servers SET retired_at = ?2 WHERE id = ?1", &s);
        r = r < 0 ? r : db_bind_int(s, 1, id);
        r = r < 0 ? r : db_bind_int(s, 2, now);
        return r < 0 ? r : db_run(s);
}

static int retire_unlisted(MonitorStore *store, const Server *servers, size_t n_servers, int64_t now,
                           MonitorSync *sync) {
        _cleanup_(server_rows_done) ServerRows rows = {};
        int r = server_store_list(store, false, &rows.rows, &rows.n_rows);
        for (size_t i = 0; i < rows.n_rows && r >= 0; i++) {
                if (!is_listed(servers, n_servers, rows.rows[i].server.p4port)) {
                        r = retire(monitor_store_db(store), rows.rows[i].id, now);
                        sync->retired++;
                }
        }
        return r;
}

int server_store_sync(MonitorStore *store, const Server *servers, size_t n_servers, int64_t now,
                      MonitorSync *ret) {
        Db *db = monitor_store_db(store);
        MonitorSync sync = {};
        int r = db_begin(db);
        if (r < 0) {
                return r;
        }
        r = retire_unlisted(store, servers, n_servers, now, &sync);
        for (size_t i = 0; i < n_servers && r >= 0; i++) {
                r = sync_one(db, &servers[i], now, &sync);
        }
        r = r < 0 ? r : db_commit(db);
        if (r < 0) {
                db_rollback(db);
                return r;
        }
        *ret = sync;
        return 0;
}

/* --- what measuring finds --------------------------------------------------------------------------- */

int server_store_set_state(MonitorStore *store, int64_t server_id, ServerState state, const char *state_text,
                           int64_t now) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(monitor_store_db(store),
                           "UPDATE servers SET state = ?2, state_text = ?3, checked_at = ?4 WHERE id = ?1",
                           &s);
        r = r < 0 ? r : db_bind_int(s, 1, server_id);
        r = r < 0 ? r : db_bind_text(s, 2, server_state_to_string(state));
        r = r < 0 ? r : db_bind_text(s, 3, state_text);
        r = r < 0 ? r : db_bind_int(s, 4, now);
        return r < 0 ? r : db_run(s);
}

int server_store_set_ticket(MonitorStore *store, int64_t server_id, int64_t ticket_expires_at) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(monitor_store_db(store),
                           "UPDATE servers SET ticket_expires_at = nullif(?2, 0) WHERE id = ?1", &s);
        r = r < 0 ? r : db_bind_int(s, 1, server_id);
        r = r < 0 ? r : db_bind_int(s, 2, ticket_expires_at);
        return r < 0 ? r : db_run(s);
}

int server_store_finish(MonitorStore *store, int64_t server_id, int64_t change, int64_t change_time,
                        bool was_full, int64_t now) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(monitor_store_db(store),
                           "UPDATE servers SET change = ?2, change_time = ?3, measured_at = ?5,"
                           " full_at = CASE WHEN ?4 THEN ?5 ELSE full_at END WHERE id = ?1",
                           &s);
        r = r < 0 ? r : db_bind_int(s, 1, server_id);
        r = r < 0 ? r : db_bind_int(s, 2, change);
        r = r < 0 ? r : db_bind_int(s, 3, change_time);
        r = r < 0 ? r : db_bind_int(s, 4, was_full);
        r = r < 0 ? r : db_bind_int(s, 5, now);
        return r < 0 ? r : db_run(s);
}

/* The prefixes are kept folded or not, so another case handling makes them worthless: the views are asked
 * for again. */
int server_store_set_ignores_case(MonitorStore *store, int64_t server_id, bool ignores_case) {
        _cleanup_(db_releasep) DbStatement *s = NULL, *t = NULL;
        Db *db = monitor_store_db(store);
        int r = db_prepare(db, "UPDATE servers SET ignores_case = ?2 WHERE id = ?1 AND ignores_case <> ?2",
                           &s);
        r = r < 0 ? r : db_bind_int(s, 1, server_id);
        r = r < 0 ? r : db_bind_int(s, 2, ignores_case);
        r = r < 0 ? r : db_run(s);
        if (r < 0 || db_changes(db) == 0) {
                return r;
        }
        r = db_prepare(db, "UPDATE streams SET spec_stamp = 0 WHERE server_id = ?1", &t);
        r = r < 0 ? r : db_bind_int(t, 1, server_id);
        r = r < 0 ? r : db_run(t);
        return r < 0 ? r : 1;
}
