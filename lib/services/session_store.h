/* sessions.db: who is logged in on the web, the tokens of programs (services/token_store.h), and logins that failed lately. Kept by the
 * programs of the web alone, in a folder that nobody else reads. A session's key is known to the browser only; here is its hash. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "resources/db.h"

typedef struct SessionStore SessionStore;
int session_store_open(const char *directory, DbMode mode, SessionStore **ret);
SessionStore *session_store_close(SessionStore *store);
DEFINE_TRIVIAL_CLEANUP_FUNC(SessionStore *, session_store_close);

#define SESSION_KEY_MAX 65 /* 64 hexadecimal digits */
typedef struct Session {
        char *user, *server;
        int64_t expires_at;
        char *sealed_ticket; /* base/seal.h, with the key; NULL: none */
} Session;
void session_done(Session *session);
/* A new one: key is what the browser gets. The Perforce ticket, which may be NULL, is kept so that this key alone opens it. */
int session_store_add(SessionStore *store, const char *user, const char *server, const char *ticket,
                      int64_t now, int64_t expires_at, char key[static SESSION_KEY_MAX]);
/* -ENOENT: there is none, or it is over. Owned by the caller. */
int session_store_find(SessionStore *store, const char *key, int64_t now, Session *ret);
int session_store_remove(SessionStore *store, const char *key);
/* Sessions and tokens that are over, with their tickets. */
int session_store_remove_expired(SessionStore *store, int64_t now);

Db *session_store_db(SessionStore *store); /* for services/token_store.h */
/* 64 random hexadecimal digits. */
int session_make_key(char key[static SESSION_KEY_MAX]);

#define SESSION_FAILURES_MAX                                                                                \
        5 /* of one user or one address within SESSION_FAILURES_USEC; then none of its logins is tried */
#define SESSION_FAILURES_USEC (5 * 60 * INT64_C(1000000))
/* Counts an attempt against a name ("user@server", an address) before it is made. -EAGAIN: too many failed lately, do not try it. */
int session_store_attempt(SessionStore *store, const char *const *names, int64_t now);
/* It succeeded: nothing is held against these any more. */
int session_store_succeeded(SessionStore *store, const char *const *names);
