#include "services/monitor_store.h"

#include <signal.h>
#include <sys/stat.h>
#include <time.h>

#include "base/string_util.h"
#include "base/time_util.h"

struct MonitorStore {
        Db *db;
};

/* Every step is final once released; a change of the schema is a new one. */
static const char *const migrations[] = {
        "CREATE TABLE servers ("
        " id INTEGER PRIMARY KEY AUTOINCREMENT," /* never used again: links to a purged server stay dead */
        " name TEXT NOT NULL,"
        " p4port TEXT NOT NULL UNIQUE,"
        " p4user TEXT NOT NULL,"
        " stream_mask TEXT NOT NULL,"
        " interval_usec INTEGER NOT NULL DEFAULT 0,"
        " parallel INTEGER NOT NULL DEFAULT 0,"
        " timeout_usec INTEGER NOT NULL DEFAULT 0,"
        " trust TEXT,"
        " created_at INTEGER NOT NULL,"
        " retired_at INTEGER,"
        " state TEXT NOT NULL DEFAULT 'never',"
        " state_text TEXT,"
        " checked_at INTEGER,"
        " measured_at INTEGER,"
        " full_at INTEGER,"
        " ticket_expires_at INTEGER,"
        " change INTEGER NOT NULL DEFAULT 0,"
        " change_time INTEGER NOT NULL DEFAULT 0,"
        " ignores_case INTEGER NOT NULL DEFAULT 0) STRICT;"

        "CREATE TABLE streams ("
        " id INTEGER PRIMARY KEY AUTOINCREMENT,"
        " server_id INTEGER NOT NULL REFERENCES servers(id) ON DELETE CASCADE,"
        " path TEXT NOT NULL,"
        " name TEXT NOT NULL,"
        " type TEXT NOT NULL,"
        " parent TEXT,"
        " spec_stamp INTEGER NOT NULL DEFAULT 0,"
        " state TEXT NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'gone')),"
        " missing_listings INTEGER NOT NULL DEFAULT 0,"
        " direct INTEGER NOT NULL DEFAULT 0,"
        " volatile INTEGER NOT NULL DEFAULT 0,"
        " stale INTEGER NOT NULL DEFAULT 0,"
        " size_bytes INTEGER,"
        " file_count INTEGER,"
        " measured_at INTEGER,"
        " change INTEGER,"
        " error_text TEXT,"
        " created_at INTEGER NOT NULL,"
        " gone_at INTEGER,"
        " UNIQUE (server_id, path)) STRICT;"

        "CREATE TABLE stream_paths ("
        " server_id INTEGER NOT NULL,"
        " prefix TEXT NOT NULL,"
        " stream_id INTEGER NOT NULL REFERENCES streams(id) ON DELETE CASCADE,"
        " PRIMARY KEY (server_id, prefix, stream_id)) STRICT, WITHOUT ROWID;"
        "CREATE INDEX stream_paths_stream ON stream_paths(stream_id);"

        "CREATE TABLE samples ("
        " stream_id INTEGER NOT NULL REFERENCES streams(id) ON DELETE CASCADE,"
        " first_at INTEGER NOT NULL,"
        " last_at INTEGER NOT NULL,"
        " size_bytes INTEGER NOT NULL,"
        " file_count INTEGER NOT NULL,"
        " change INTEGER NOT NULL,"
        " PRIMARY KEY (stream_id, first_at)) STRICT, WITHOUT ROWID;"

        "CREATE TABLE runs ("
        " pid INTEGER NOT NULL,"
        " server TEXT NOT NULL,"
        " scope TEXT NOT NULL,"
        " stage TEXT NOT NULL,"
        " current TEXT,"
        " started_at INTEGER NOT NULL,"
        " done INTEGER NOT NULL,"
        " total INTEGER NOT NULL,"
        " PRIMARY KEY (pid, server)) STRICT, WITHOUT ROWID;",

        /* What every page asks for is kept beside the servers, so that asking costs the same with ten streams and
         * with ten thousand. */
        "ALTER TABLE servers ADD COLUMN n_streams INTEGER NOT NULL DEFAULT 0;"
        "ALTER TABLE servers ADD COLUMN stream_measured_at INTEGER;"
        "UPDATE servers SET"
        " n_streams = (SELECT count(*) FROM streams WHERE server_id = servers.id AND state = 'active'),"
        " stream_measured_at = (SELECT max(measured_at) FROM streams WHERE server_id = servers.id);"
        "CREATE TRIGGER stream_inserted AFTER INSERT ON streams WHEN NEW.state = 'active' BEGIN"
        " UPDATE servers SET n_streams = n_streams + 1 WHERE id = NEW.server_id; END;"
        "CREATE TRIGGER stream_deleted AFTER DELETE ON streams WHEN OLD.state = 'active' BEGIN"
        " UPDATE servers SET n_streams = n_streams - 1 WHERE id = OLD.server_id; END;"
        "CREATE TRIGGER stream_came_or_went AFTER UPDATE OF state ON streams WHEN OLD.state <> NEW.state BEGIN"
        " UPDATE servers SET n_streams = n_streams + (CASE NEW.state WHEN 'active' THEN 1 ELSE -1 END)"
        " WHERE id = NEW.server_id; END;"
        "CREATE TRIGGER stream_measured AFTER UPDATE OF measured_at ON streams WHEN NEW.measured_at IS NOT NULL"
        " BEGIN UPDATE servers SET stream_measured_at = NEW.measured_at WHERE id = NEW.server_id"
        " AND coalesce(stream_measured_at, 0) < NEW.measured_at; END;",
        NULL,
};

int monitor_store_open(const char *state_directory, DbMode mode, MonitorStore **ret) {
        _cleanup_free_ char *directory = NULL, *path = NULL;
        int r = string_format(&directory, "%s/monitor", state_directory);
        r = r < 0 ? r : string_format(&path, "%s/monitor.db", directory);
        if (r < 0) {
                return r;
        }
        /* Normally made by systemd-tmpfiles, set-group-id so that readers of the group may open what the
         * writer makes. Not asked for here: with RestrictSUIDSGID= such a mkdir() is refused even where
         * the folder is there. */
        if (mode == DB_READ_WRITE && mkdir(directory, 0750) < 0 && errno != EEXIST) {
                return -errno;
        }
        _cleanup_(monitor_store_closep) MonitorStore *store = calloc(1, sizeof(*store));
        if (!store) {
                return -ENOMEM;
        }
        r = db_open(path, mode, migrations, 0, &store->db);
        if (r < 0) {
                return r;
        }
        *ret = TAKE_PTR(store);
        return 0;
}

MonitorStore *monitor_store_close(MonitorStore *store) {
        if (store) {
                (void) db_close(store->db);
                free(store);
        }
        return NULL;
}

Db *monitor_store_db(MonitorStore *store) {
        return store->db;
}

/* --- running measurements --------------------------------------------------------------------------- */

int monitor_store_set_run(MonitorStore *store, const MonitorRun *run) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(store->db,
                           "INSERT INTO runs (pid, server, scope, stage, current, started_at, done, total)"
                           " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (pid, server) DO UPDATE SET"
                           " scope = ?3, stage = ?4, current = ?5, started_at = ?6, done = ?7, total = ?8",
                           &s);
        r = r < 0 ? r : db_bind_int(s, 1, run->pid);
        r = r < 0 ? r : db_bind_text(s, 2, run->server);
        r = r < 0 ? r : db_bind_text(s, 3, run->scope);
        r = r < 0 ? r : db_bind_text(s, 4, run->stage);
        r = r < 0 ? r : db_bind_text(s, 5, run->current);
        r = r < 0 ? r : db_bind_int(s, 6, run->started_at);
        r = r < 0 ? r : db_bind_int(s, 7, run->done);
        r = r < 0 ? r : db_bind_int(s, 8, run->total);
        return r < 0 ? r : db_run(s);
}

/* Alive, and started since this machine was: a process number from before a reboot says nothing. */
static bool is_run_alive(pid_t pid, int64_t started_at) {
        struct timespec up;
        if (clock_gettime(CLOCK_BOOTTIME, &up) == 0) {
                int64_t booted_at = now_realtime() - (int64_t) up.tv_sec * 1000000;
                if (started_at < booted_at - 60 * 1000000) {
                        return false;
                }
        }
        return kill(pid, 0) == 0 || errno == EPERM;
}

static int remove_run(MonitorStore *store, pid_t pid) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(store->db, "DELETE FROM runs WHERE pid = ?1", &s);
        r = r < 0 ? r : db_bind_int(s, 1, pid);
        return r < 0 ? r : db_run(s);
}

int monitor_store_remove_runs(MonitorStore *store, pid_t pid) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(store->db, "SELECT DISTINCT pid, started_at FROM runs", &s);
        while (r >= 0 && (r = db_step(s)) > 0) {
                pid_t other = (pid_t) db_column_int(s, 0);
                if (other == pid || !is_run_alive(other, db_column_int(s, 1))) {
                        r = remove_run(store, other);
                }
        }
        return r;
}

int monitor_store_each_run(MonitorStore *store, int (*function)(const MonitorRun *run, void *userdata),
                           void *userdata) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(store->db,
                           "SELECT pid, server, scope, stage, current, started_at, done, total FROM runs"
                           " ORDER BY started_at, server",
                           &s);
        while (r >= 0 && (r = db_step(s)) > 0) {
                MonitorRun run = {
                        .pid = (pid_t) db_column_int(s, 0),
                        .server = db_column_text(s, 1),
                        .scope = db_column_text(s, 2),
                        .stage = db_column_text(s, 3),
                        .current = db_column_text(s, 4),
                        .started_at = db_column_int(s, 5),
                        .done = db_column_int(s, 6),
                        .total = db_column_int(s, 7),
                };
                r = is_run_alive(run.pid, run.started_at) ? function(&run, userdata) : 0;
                if (r != 0) {
                        return r;
                }
        }
        return r;
}

/* --- purging ---------------------------------------------------------------------------------------- */

/* Deletes the row if allowed; tells "still listed" from "no such row". */
static int purge(MonitorStore *store, const char *delete_sql, const char *exists_sql, int64_t id) {
        _cleanup_(db_releasep) DbStatement *s = NULL, *e = NULL;
        int r = db_prepare(store->db, delete_sql, &s);
        r = r < 0 ? r : db_bind_int(s, 1, id);
        r = r < 0 ? r : db_run(s);
        if (r < 0 || db_changes(store->db) > 0) {
                return r;
        }
        r = db_prepare(store->db, exists_sql, &e);
        r = r < 0 ? r : db_bind_int(e, 1, id);
        r = r < 0 ? r : db_step(e);
        return r < 0 ? r : (r > 0 ? -EBUSY : -ENOENT);
}

int monitor_store_purge_server(MonitorStore *store, int64_t server_id) {
        return purge(store, "DELETE FROM servers WHERE id = ?1 AND retired_at IS NOT NULL",
                     "SELECT 1 FROM servers WHERE id = ?1", server_id);
}

int monitor_store_purge_stream(MonitorStore *store, int64_t stream_id) {
        return purge(store,
                     "DELETE FROM streams WHERE id = ?1 AND (state = 'gone' OR server_id IN"
                     " (SELECT id FROM servers WHERE retired_at IS NOT NULL))",
                     "SELECT 1 FROM streams WHERE id = ?1", stream_id);
}
