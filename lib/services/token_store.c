#include "services/token_store.h"

#include <stdio.h>
#include <string.h>

#include "base/seal.h"
#include "base/sha256.h"
#include "base/string_util.h"

#define COLUMNS "id, name, user, server, role, created_at, expires_at, ticket"

void token_done(Token *token) {
        free(token->name);
        free(token->user);
        free(token->server);
        free(token->role);
        free(token->sealed_ticket);
        *token = (Token) {};
}

static int read_token(DbStatement *s, Token *ret) {
        _cleanup_(token_done) Token token = { .id = db_column_int(s, 0),
                                              .created_at = db_column_int(s, 5),
                                              .expires_at = db_column_int(s, 6) };
        const struct {
                char **field;
                int column;
        } texts[] = {
                { &token.name, 1 }, { &token.user, 2 },          { &token.server, 3 },
                { &token.role, 4 }, { &token.sealed_ticket, 7 },
        };
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(texts) && r >= 0; i++) {
                r = string_copy(texts[i].field, db_column_text(s, texts[i].column));
        }
        if (r < 0) {
                return r;
        }
        *ret = token;
        token = (Token) {};
        return 0;
}

/* --- making ----------------------------------------------------------------------------------------- */

static int check_room(Db *db, const Token *token) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(db, "SELECT count(*) FROM tokens WHERE user = ?1 AND server = ?2", &s);

        r = r < 0 ? r : db_bind_text(s, 1, token->user);
        r = r < 0 ? r : db_bind_text(s, 2, token->server);
        r = r < 0 ? r : db_step(s);
        return r < 0 ? r : db_column_int(s, 0) >= TOKENS_MAX ? -ENOBUFS : 0;
}

static int insert(Db *db, const Token *token, const char *hash, const char *sealed) {
        const char *const texts[] = { hash, token->name, token->user, token->server, token->role, sealed };
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(db,
                           "INSERT INTO tokens (hash, name, user, server, role, ticket, created_at,"
                           " expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                           &s);

        for (int i = 0; i < (int) ELEMENTSOF(texts) && r >= 0; i++) {
                r = db_bind_text(s, i + 1, texts[i]);
        }
        r = r < 0 ? r : db_bind_int(s, 7, token->created_at);
        r = r < 0 ? r : db_bind_int(s, 8, token->expires_at);
        return r < 0 ? r : db_run(s);
}

int token_store_add(SessionStore *store, const Token *token, const char *ticket, int64_t *ret_id,
                    char text[static TOKEN_MAX]) {
        Db *db = session_store_db(store);
        _cleanup_free_ char *sealed = NULL;
        char key[SESSION_KEY_MAX], hash[SHA256_TEXT_MAX];
        int r = session_make_key(key);

        (void) snprintf(text, TOKEN_MAX, TOKEN_PREFIX "%s", key);
        explicit_bzero(key, sizeof key);
        r = r < 0 || !ticket ? r : seal_text(text, ticket, &sealed);
        r = r < 0 ? r : db_begin(db);
        if (r < 0) {
                return r;
        }
        r = check_room(db, token);
        r = r < 0 ? r : insert(db, token, sha256_text(hash, text, strlen(text)), sealed);
        if (r >= 0) {
                *ret_id = db_last_id(db);
        }
        r = r < 0 ? r : db_commit(db);
        db_rollback(db);
        return r;
}

/* --- finding ---------------------------------------------------------------------------------------- */

int token_store_find(SessionStore *store, const char *text, int64_t now, Token *ret) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        char hash[SHA256_TEXT_MAX];
        int r;

        if (!string_has_prefix(text, TOKEN_PREFIX) || strlen(text) != TOKEN_MAX - 1) {
                return -ENOENT;
        }
        r = db_prepare(session_store_db(store),
                       "SELECT " COLUMNS " FROM tokens WHERE hash = ?1 AND expires_at > ?2", &s);
        r = r < 0 ? r : db_bind_text(s, 1, sha256_text(hash, text, strlen(text)));
        r = r < 0 ? r : db_bind_int(s, 2, now);
        r = r < 0 ? r : db_step(s);
        return r < 0 ? r : r == 0 ? -ENOENT : read_token(s, ret);
}

int token_store_each(SessionStore *store, const char *user, const char *server, int64_t now,
                     int (*function)(const Token *token, void *userdata), void *userdata) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(session_store_db(store),
                           "SELECT " COLUMNS " FROM tokens WHERE expires_at > ?1"
                           " AND (?2 IS NULL OR (user = ?2 AND server = ?3)) ORDER BY id DESC",
                           &s);

        r = r < 0 ? r : db_bind_int(s, 1, now);
        r = r < 0 ? r : db_bind_text(s, 2, user);
        r = r < 0 ? r : db_bind_text(s, 3, server);
        while (r >= 0 && (r = db_step(s)) > 0) {
                _cleanup_(token_done) Token token = {};
                r = read_token(s, &token);
                r = r < 0 ? r : function(&token, userdata);
        }
        return r;
}

int token_store_remove(SessionStore *store, int64_t id, const char *user, const char *server) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(
                        session_store_db(store),
                        "DELETE FROM tokens WHERE id = ?1 AND (?2 IS NULL OR (user = ?2 AND server = ?3))",
                        &s);

        r = r < 0 ? r : db_bind_int(s, 1, id);
        r = r < 0 ? r : db_bind_text(s, 2, user);
        r = r < 0 ? r : db_bind_text(s, 3, server);
        r = r < 0 ? r : db_run(s);
        return r < 0 ? r : db_changes(session_store_db(store)) > 0 ? 0 : -ENOENT;
}
