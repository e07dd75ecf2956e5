/* Tokens of programs, in sessions.db: like a session without a browser, with a name, an end far away and a role of its own. What a program
 * sends is "weir_" and a key; here is the key's hash. See services/session_store.h. */
#pragma once

#include "services/session_store.h"

#define TOKEN_PREFIX "weir_"
#define TOKEN_MAX (sizeof(TOKEN_PREFIX) - 1 + SESSION_KEY_MAX)
#define TOKENS_MAX 50 /* of one user */

typedef struct Token {
        int64_t id;
        char *name, *user, *server, *role;
        int64_t created_at, expires_at;
        char *sealed_ticket; /* as in Session, with the whole token; NULL: none */
} Token;
void token_done(Token *token);

/* token: without its id; *ret_id and text are the new one's. -ENOBUFS: that user has TOKENS_MAX already. */
int token_store_add(SessionStore *store, const Token *token, const char *ticket, int64_t *ret_id,
                    char text[static TOKEN_MAX]);
/* -ENOENT: there is none, or it is over. */
int token_store_find(SessionStore *store, const char *text, int64_t now, Token *ret);
/* Those of one user, or all (user NULL), the newest first. */
int token_store_each(SessionStore *store, const char *user, const char *server, int64_t now,
                     int (*function)(const Token *token, void *userdata), void *userdata);
/* user NULL: whosever it is. -ENOENT. */
int token_store_remove(SessionStore *store, int64_t id, const char *user, const char *server);
