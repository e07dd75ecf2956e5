#include "services/session_store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/seal.h"
#include "base/sha256.h"
#include "base/string_util.h"

#define BUSY_USEC UINT64_C(2000000)

struct SessionStore {
        Db *db;
};

static const char *const migrations[] = {
        "CREATE TABLE sessions ("
        " hash TEXT PRIMARY KEY,"
        " user TEXT NOT NULL,"
        " server TEXT NOT NULL,"
        " created_at INTEGER NOT NULL,"
        " expires_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
        "CREATE TABLE attempts ("
        " name TEXT NOT NULL,"
        " at INTEGER NOT NULL) STRICT;"
        "CREATE INDEX attempts_name ON attempts(name, at);",

        "ALTER TABLE sessions ADD COLUMN ticket TEXT;" /* sealed */
        "CREATE TABLE tokens ("
        " id INTEGER PRIMARY KEY AUTOINCREMENT,"
        " hash TEXT NOT NULL UNIQUE,"
        " name TEXT NOT NULL,"
        " user TEXT NOT NULL,"
        " server TEXT NOT NULL,"
        " role TEXT NOT NULL,"
        " created_at INTEGER NOT NULL,"
        " expires_at INTEGER NOT NULL,"
        " ticket TEXT) STRICT;"
        "CREATE INDEX tokens_user ON tokens(user, server);",
        NULL,
};

int session_store_open(const char *directory, DbMode mode, SessionStore **ret) {
        _cleanup_(session_store_closep) SessionStore *store = calloc(1, sizeof *store);
        _cleanup_free_ char *path = NULL;
        int r = store ? string_format(&path, "%s/sessions.db", directory) : -ENOMEM;

        r = r < 0 ? r : db_open(path, mode, migrations, BUSY_USEC, &store->db);
        r = r < 0 ? r : db_execute(store->db, "PRAGMA secure_delete = ON"); /* what is removed is gone */
        if (r < 0) {
                return r;
        }
        *ret = TAKE_PTR(store);
        return 0;
}

SessionStore *session_store_close(SessionStore *store) {
        if (store) {
                (void) db_close(store->db);
                free(store);
        }
        return NULL;
}

/* --- sessions --------------------------------------------------------------------------------------- */

Db *session_store_db(SessionStore *store) {
        return store->db;
}

void session_done(Session *session) {
        free(session->user);
        free(session->server);
        free(session->sealed_ticket);
        *session = (Session) {};
}

int session_make_key(char key[static SESSION_KEY_MAX]) {
        unsigned char random[32];

        if (getrandom(random, sizeof random, 0) != sizeof random) {
                return -EIO;
        }
        for (size_t i = 0; i < sizeof random; i++) {
                (void) snprintf(key + 2 * i, 3, "%02x", random[i]);
        }
        return 0;
}

int session_store_remove_expired(SessionStore *store, int64_t now) {
        static const char *const sql[] = { "DELETE FROM sessions WHERE expires_at <= ?1",
                                           "DELETE FROM tokens WHERE expires_at <= ?1" };
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(sql) && r >= 0; i++) {
                _cleanup_(db_releasep) DbStatement *s = NULL;
                r = db_prepare(store->db, sql[i], &s);
                r = r < 0 ? r : db_bind_int(s, 1, now);
                r = r < 0 ? r : db_run(s);
        }
        return r;
}

int session_store_add(SessionStore *store, const char *user, const char *server, const char *ticket,
                      int64_t now, int64_t expires_at, char key[static SESSION_KEY_MAX]) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        _cleanup_free_ char *sealed = NULL;
        char hash[SHA256_TEXT_MAX];
        int r = session_make_key(key);

        r = r < 0 || !ticket ? r : seal_text(key, ticket, &sealed);
        r = r < 0 ? r :
                    db_prepare(store->db,
                               "INSERT INTO sessions (hash, user, server, created_at, expires_at, ticket)"
                               " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                               &s);
        r = r < 0 ? r : db_bind_text(s, 1, sha256_text(hash, key, strlen(key)));
        r = r < 0 ? r : db_bind_text(s, 2, user);
        r = r < 0 ? r : db_bind_text(s, 3, server);
        r = r < 0 ? r : db_bind_int(s, 4, now);
        r = r < 0 ? r : db_bind_int(s, 5, expires_at);
        r = r < 0 ? r : db_bind_text(s, 6, sealed);
        return r < 0 ? r : db_run(s);
}

int session_store_find(SessionStore *store, const char *key, int64_t now, Session *ret) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        _cleanup_(session_done) Session session = {};
        char hash[SHA256_TEXT_MAX];
        int r = db_prepare(store->db,
                           "SELECT user, server, expires_at, ticket FROM sessions"
                           " WHERE hash = ?1 AND expires_at > ?2",
                           &s);

        r = r < 0 ? r : db_bind_text(s, 1, sha256_text(hash, key, strlen(key)));
        r = r < 0 ? r : db_bind_int(s, 2, now);
        r = r < 0 ? r : db_step(s);
        if (r <= 0) {
                return r < 0 ? r : -ENOENT;
        }
        r = string_copy(&session.user, db_column_text(s, 0));
        r = r < 0 ? r : string_copy(&session.server, db_column_text(s, 1));
        session.expires_at = db_column_int(s, 2);
        r = r < 0 ? r : string_copy(&session.sealed_ticket, db_column_text(s, 3));
        if (r < 0) {
                return r;
        }
        *ret = session;
        session = (Session) {};
        return 0;
}

int session_store_remove(SessionStore *store, const char *key) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        char hash[SHA256_TEXT_MAX];
        int r = db_prepare(store->db, "DELETE FROM sessions WHERE hash = ?1", &s);

        r = r < 0 ? r : db_bind_text(s, 1, sha256_text(hash, key, strlen(key)));
        return r < 0 ? r : db_run(s);
}

/* --- attempts --------------------------------------------------------------------------------------- */

static int forget_attempts(Db *db, int64_t before) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(db, "DELETE FROM attempts WHERE at <= ?1", &s);

        r = r < 0 ? r : db_bind_int(s, 1, before);
        return r < 0 ? r : db_run(s);
}

static int count_attempts(Db *db, const char *name, int64_t *ret) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(db, "SELECT count(*) FROM attempts WHERE name = ?1", &s);

        r = r < 0 ? r : db_bind_text(s, 1, name);
        r = r < 0 ? r : db_step(s);
        if (r > 0) {
                *ret = db_column_int(s, 0);
        }
        return r < 0 ? r : 0;
}

static int add_attempt(Db *db, const char *name, int64_t now) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(db, "INSERT INTO attempts (name, at) VALUES (?1, ?2)", &s);

        r = r < 0 ? r : db_bind_text(s, 1, name);
        r = r < 0 ? r : db_bind_int(s, 2, now);
        return r < 0 ? r : db_run(s);
}

/* Counted before the password is tried, in one transaction: many at once do not slip through together. */
static int attempt(Db *db, const char *const *names, int64_t now) {
        int r = forget_attempts(db, now - SESSION_FAILURES_USEC);

        for (size_t i = 0; names[i] && r >= 0; i++) {
                int64_t n = 0;
                r = count_attempts(db, names[i], &n);
                r = r >= 0 && n >= SESSION_FAILURES_MAX ? -EAGAIN : r;
        }
        for (size_t i = 0; names[i] && r >= 0; i++) {
                r = add_attempt(db, names[i], now);
        }
        return r;
}

int session_store_attempt(SessionStore *store, const char *const *names, int64_t now) {
        int r = db_begin(store->db);

        if (r < 0) {
                return r;
        }
        r = attempt(store->db, names, now);
        r = r < 0 ? r : db_commit(store->db);
        db_rollback(store->db);
        return r;
}

int session_store_succeeded(SessionStore *store, const char *const *names) {
        int r = 0;

        for (size_t i = 0; names[i] && r >= 0; i++) {
                _cleanup_(db_releasep) DbStatement *s = NULL;
                r = db_prepare(store->db, "DELETE FROM attempts WHERE name = ?1", &s);
                r = r < 0 ? r : db_bind_text(s, 1, names[i]);
                r = r < 0 ? r : db_run(s);
        }
        return r;
}
