/* SQLite, opened one way only. Owns the connection and its prepared statements; stores
 * (services/NAME_store.c) own the SQL. A connection is used by one thread at a time: whoever shares it
 * between threads holds a mutex around it. Invariant: a statement is in use from db_prepare() to
 * db_release(), and only then has bindings. */
#include "resources/db.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/time_util.h"

#define DB_BUSY_DEFAULT (5 * USEC_PER_SEC)
#define DB_BUSY_RETRY (10 * USEC_PER_MSEC)
#define DB_ERROR_MAX 512

struct DbStatement {
        Db *db;
        const char *sql; /* the cache's key: by address */
        sqlite3_stmt *handle;
        bool in_use;
        DbStatement *next;
};

struct Db {
        sqlite3 *handle;
        DbStatement *statements;
        char error[DB_ERROR_MAX];
};

static const struct {
        int code;
        int error;
} error_table[] = {
        { SQLITE_BUSY, -EBUSY },      { SQLITE_LOCKED, -EBUSY },    { SQLITE_CORRUPT, -EUCLEAN },
        { SQLITE_NOTADB, -EUCLEAN },  { SQLITE_FORMAT, -EUCLEAN },  { SQLITE_CONSTRAINT, -EEXIST },
        { SQLITE_READONLY, -EROFS },  { SQLITE_FULL, -ENOSPC },     { SQLITE_IOERR, -EIO },
        { SQLITE_NOMEM, -ENOMEM },    { SQLITE_PERM, -EACCES },     { SQLITE_AUTH, -EACCES },
        { SQLITE_TOOBIG, -E2BIG },    { SQLITE_INTERRUPT, -EINTR }, { SQLITE_PROTOCOL, -EBUSY },
        { SQLITE_MISMATCH, -EEXIST },
};

const char *db_strerror(int error) {
        switch (error) {
        case -EPROTONOSUPPORT:
                return "it was written by a newer weir";
        case -ESTALE:
                return "it was written by an older weir and is not brought up to date yet";
        case -EUCLEAN:
                return "it is damaged";
        case -EROFS:
                return "it may not be written";
        default:
                return strerror(-error);
        }
}

static _Thread_local char last_error[DB_ERROR_MAX];

const char *db_last_error(void) {
        return last_error;
}

void db_forget_error(void) {
        *last_error = '\0';
}

static int error_of(sqlite3 *handle, int code) {
        int system_error;

        if (code == SQLITE_OK || code == SQLITE_DONE) {
                return 0;
        }
        if ((code & 0xff) == SQLITE_CANTOPEN) {
                system_error = handle ? sqlite3_system_errno(handle) : 0;
                return system_error > 0 ? -system_error : -EACCES;
        }
        system_error = handle && (code & 0xff) == SQLITE_IOERR ? sqlite3_system_errno(handle) : 0;
        if (system_error == ENOSPC || system_error == EDQUOT || system_error == EROFS) {
                return system_error == EDQUOT ? -ENOSPC : -system_error;
        }
        for (size_t i = 0; i < ELEMENTSOF(error_table); i++) {
                if (error_table[i].code == (code & 0xff)) {
                        return error_table[i].error;
                }
        }
        return -EINVAL; /* wrong SQL, misuse: a mistake of ours */
}

/* Keeps the text too: the next call on the connection, even a clean-up, would overwrite SQLite's own. */
static int db_result(Db *db, int code) {
        int r = error_of(db->handle, code);

        if (r < 0) {
                (void) snprintf(db->error, sizeof(db->error), "%s", sqlite3_errmsg(db->handle));
                (void) snprintf(last_error, sizeof(last_error), "%s", db->error);
        }
        return r;
}

const char *db_error(const Db *db) {
        return db->error;
}

int db_execute(Db *db, const char *sql) {
        return db_result(db, sqlite3_exec(db->handle, sql, NULL, NULL, NULL));
}

int db_begin(Db *db) {
        return db_execute(db, "BEGIN IMMEDIATE");
}

int db_commit(Db *db) {
        return db_execute(db, "COMMIT");
}

void db_rollback(Db *db) {
        if (!sqlite3_get_autocommit(db->handle)) {
                (void) sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
        }
}

/* --- opening
 * ------------------------------------------------------------------------------------------------ */

static const struct {
        int option, value;
} hardening[] = {
        { SQLITE_DBCONFIG_DEFENSIVE, 1 },   { SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
        { SQLITE_DBCONFIG_ENABLE_FKEY, 1 }, { SQLITE_DBCONFIG_DQS_DML, 0 },
        { SQLITE_DBCONFIG_DQS_DDL, 0 },     { SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 },
};

static int db_configure(Db *db, uint64_t busy_usec) {
        int r = SQLITE_OK;

        for (size_t i = 0; i < ELEMENTSOF(hardening) && r == SQLITE_OK; i++) {
                r = sqlite3_db_config(db->handle, hardening[i].option, hardening[i].value, NULL);
        }
        if (r == SQLITE_OK) {
                r = sqlite3_busy_timeout(db->handle, (int) (busy_usec / USEC_PER_MSEC));
        }
        return db_result(db, r);
}

/* Readers must find -wal and -shm also when no writer lives, so the files stay after the last close.
 * Switching to WAL needs the file alone and does not always wait for it by itself. */
static int db_enable_wal(Db *db, uint64_t busy_usec) {
        uint64_t start = now_monotonic();
        int r, persist = 1;

        for (;;) {
                r = db_execute(db, "PRAGMA journal_mode = WAL");
                if (r != -EBUSY || now_monotonic() - start > busy_usec) {
                        break;
                }
                (void) usleep(DB_BUSY_RETRY);
        }
        if (r < 0) {
                return r;
        }
        return db_result(db, sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_PERSIST_WAL, &persist));
}

static int db_user_version(Db *db, int64_t *ret) {
        _cleanup_(db_releasep) DbStatement *statement = NULL;
        int r = db_prepare(db, "PRAGMA user_version", &statement);

        if (r >= 0) {
                r = db_step(statement);
        }
        if (r <= 0) {
                return r < 0 ? r : -EUCLEAN;
        }
        *ret = db_column_int(statement, 0);
        return 0;
}

/* Inside the transaction the version is read again: another process may just have done this step. */
static int db_migrate_step(Db *db, int64_t version, const char *script) {
        char pragma[64];
        int64_t current;
        int r = db_begin(db);

        if (r < 0) {
                return r;
        }
        r = db_user_version(db, &current);
        if (r >= 0 && current == version) {
                r = db_execute(db, script);
                if (r >= 0) {
                        (void) snprintf(pragma, sizeof(pragma), "PRAGMA user_version = %d",
                                        (int) version + 1);
                        r = db_execute(db, pragma);
                }
        }
        if (r >= 0) {
                r = db_commit(db);
        }
        db_rollback(db);
        return r;
}

static int db_check_version(Db *db, DbMode mode, const char *const *migrations) {
        int64_t version, wanted = 0;
        int r = db_user_version(db, &version);

        if (r < 0) {
                return r;
        }
        while (migrations && migrations[wanted]) {
                wanted++;
        }
        if (version > wanted) {
                return -EPROTONOSUPPORT;
        }
        if (version < wanted && mode == DB_READ_ONLY) {
                return -ESTALE;
        }
        for (; version < wanted; version++) {
                r = db_migrate_step(db, version, migrations[version]);
                if (r < 0) {
                        return r;
                }
        }
        return 0;
}

void db_single_threaded(void) {
        (void) sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
        (void) sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

int db_open(const char *path, DbMode mode, const char *const *migrations, uint64_t busy_usec, Db **ret) {
        _cleanup_(db_closep) Db *db = calloc(1, sizeof(Db));
        int r, flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;

        if (!db) {
                return -ENOMEM;
        }
        busy_usec = busy_usec > 0 ? busy_usec : DB_BUSY_DEFAULT;
        flags |= mode == DB_READ_ONLY ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
        r = sqlite3_open_v2(path, &db->handle, flags, NULL);
        if (r != SQLITE_OK) {
                return db_result(db, r);
        }
        r = db_configure(db, busy_usec);
        if (r >= 0 && mode == DB_READ_WRITE) {
                r = db_enable_wal(db, busy_usec);
        }
        if (r >= 0) {
                r = db_check_version(db, mode, migrations);
        }
        if (r < 0) {
                log_debug("%s: %s", path, *db->error ? db->error : strerror(-r)); /* gone with db */
                return r;
        }
        *ret = TAKE_PTR(db);
        return 0;
}

Db *db_close(Db *db) {
        if (!db) {
                return NULL;
        }
        while (db->statements) {
                DbStatement *statement = db->statements;

                db->statements = statement->next;
                (void) sqlite3_finalize(statement->handle);
                free(statement);
        }
        (void) sqlite3_close(db->handle);
        free(db);
        return NULL;
}

/* --- statements
 * --------------------------------------------------------------------------------------------- */

int db_prepare(Db *db, const char *sql, DbStatement **ret) {
        DbStatement *statement;
        int r;

        for (statement = db->statements; statement; statement = statement->next) {
                if (statement->sql == sql && !statement->in_use) {
                        statement->in_use = true;
                        *ret = statement;
                        return 0;
                }
        }
        statement = calloc(1, sizeof(DbStatement));
        if (!statement) {
                return -ENOMEM;
        }
        r = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement->handle, NULL);
        if (r != SQLITE_OK || !statement->handle) {
                free(statement);
                return r == SQLITE_OK ? -EINVAL : db_result(db, r);
        }
        statement->db = db;
        statement->sql = sql;
        statement->in_use = true;
        statement->next = db->statements;
        db->statements = statement;
        *ret = statement;
        return 0;
}

void db_release(DbStatement *statement) {
        if (statement) {
                (void) sqlite3_reset(statement->handle);
                (void) sqlite3_clear_bindings(statement->handle);
                statement->in_use = false;
        }
}

int db_bind_int(DbStatement *statement, int index, int64_t value) {
        return db_result(statement->db, sqlite3_bind_int64(statement->handle, index, value));
}

int db_bind_text(DbStatement *statement, int index, const char *value) {
        int code = sqlite3_bind_text(statement->handle, index, value, -1, SQLITE_TRANSIENT);

        return db_result(statement->db, code);
}

/* A NULL pointer would bind NULL, but an empty blob is a value. */
int db_bind_blob(DbStatement *statement, int index, const void *value, size_t length) {
        const void *data = value ? value : "";
        int code = sqlite3_bind_blob64(statement->handle, index, data, length, SQLITE_TRANSIENT);

        return db_result(statement->db, code);
}

int db_bind_null(DbStatement *statement, int index) {
        return db_result(statement->db, sqlite3_bind_null(statement->handle, index));
}

int db_step(DbStatement *statement) {
        int code = sqlite3_step(statement->handle);

        return code == SQLITE_ROW ? 1 : db_result(statement->db, code);
}

int db_run(DbStatement *statement) {
        int r;

        do {
                r = db_step(statement);
        } while (r > 0);
        (void) sqlite3_reset(statement->handle);
        return r;
}

int64_t db_column_int(DbStatement *statement, int column) {
        return sqlite3_column_int64(statement->handle, column);
}

const char *db_column_text(DbStatement *statement, int column) {
        return (const char *) sqlite3_column_text(statement->handle, column);
}

const void *db_column_blob(DbStatement *statement, int column, size_t *ret_length) {
        const void *data = sqlite3_column_blob(statement->handle, column);

        *ret_length = (size_t) sqlite3_column_bytes(statement->handle, column);
        return data || db_column_is_null(statement, column) ? data : "";
}

bool db_column_is_null(DbStatement *statement, int column) {
        return sqlite3_column_type(statement->handle, column) == SQLITE_NULL;
}

int64_t db_last_id(const Db *db) {
        return sqlite3_last_insert_rowid(db->handle);
}

int64_t db_changes(const Db *db) {
        return sqlite3_changes64(db->handle);
}
