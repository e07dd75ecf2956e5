/* Sessions of the web: keys that are kept nowhere, ends that come, and logins that fail too often. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/seal.h"
#include "services/config_web.h"
#include "services/token_store.h"

#define MINUTE (60 * INT64_C(1000000))

static char directory[64];
static SessionStore *store;

static int open_store(void **state) {
        strcpy(directory, "/tmp/weir-session-XXXXXX");
        return mkdtemp(directory) ? session_store_open(directory, DB_READ_WRITE, &store) : -1;
}

static int close_store(void **state) {
        char command[128];
        store = session_store_close(store);
        (void) snprintf(command, sizeof command, "rm -rf '%s'", directory);
        return system(command);
}

static bool is_on_disk(const char *text) {
        char command[256];
        (void) snprintf(command, sizeof command, "grep -rqa '%s' %s", text, directory);
        return system(command) == 0;
}

static void test_sessions(void **state) {
        char one[SESSION_KEY_MAX], two[SESSION_KEY_MAX];
        Session session = {};
        assert_int_equal(session_store_add(store, "alice", "demo", NULL, 100, 1000, one), 0);
        assert_int_equal(session_store_add(store, "bob", "demo", NULL, 100, 2000, two), 0);
        assert_int_equal(strlen(one), 64);
        assert_string_not_equal(one, two);
        assert_int_equal(session_store_find(store, one, 999, &session), 0);
        assert_string_equal(session.user, "alice");
        assert_string_equal(session.server, "demo");
        assert_int_equal(session.expires_at, 1000);
        assert_null(session.sealed_ticket);
        session_done(&session);
        assert_int_equal(session_store_find(store, one, 1000, &session), -ENOENT);
        one[5] ^= 1;
        assert_int_equal(session_store_find(store, one, 200, &session), -ENOENT);
        one[5] ^= 1;
        assert_int_equal(session_store_find(store, "", 200, &session), -ENOENT);
        assert_int_equal(session_store_remove(store, two), 0);
        assert_int_equal(session_store_find(store, two, 200, &session), -ENOENT);
        assert_false(is_on_disk(one));
}

/* Only whoever has the key has the ticket, and after the end nobody. */
static void test_tickets(void **state) {
        static const char ticket[] = "5CA1AB1E0DDBA11CAFEF00D5EED5ECDE5CA1AB1E0DDBA11C";
        char key[SESSION_KEY_MAX], other[SESSION_KEY_MAX], *opened = NULL;
        Session session = {};
        assert_int_equal(session_store_add(store, "carol", "demo", ticket, 100, 1000, key), 0);
        assert_int_equal(session_store_add(store, "carol", "demo", ticket, 100, 1000, other), 0);
        assert_int_equal(session_store_find(store, key, 200, &session), 0);
        assert_int_equal(unseal_text(key, session.sealed_ticket, &opened), 0);
        assert_string_equal(opened, ticket);
        wipe_text(&opened);
        assert_int_equal(unseal_text(other, session.sealed_ticket, &opened), 0);
        assert_string_not_equal(opened, ticket);
        wipe_text(&opened);
        assert_int_equal(unseal_text(key, "no hex", &opened), -EBADMSG);
        assert_int_equal(unseal_text(key, "abc", &opened), -EBADMSG);
        assert_false(is_on_disk(ticket));
        assert_true(is_on_disk(session.sealed_ticket));
        assert_int_equal(session_store_remove(store, other), 0);
        assert_int_equal(session_store_remove_expired(store, 1000), 0);
        assert_int_equal(db_execute(session_store_db(store), "PRAGMA wal_checkpoint(TRUNCATE)"), 0);
        assert_false(is_on_disk(session.sealed_ticket));
        session_done(&session);
}

static int count_token(const Token *token, void *userdata) {
        assert_true(token->id > 0);
        (*(int *) userdata)++;
        return 0;
}

static int count_tokens(const char *user) {
        int n = 0;
        assert_int_equal(token_store_each(store, user, "demo", 200, count_token, &n), 0);
        return n;
}

static void test_tokens(void **state) {
        Token wish = { .name = (char *) "nightly",
                       .user = (char *) "alice",
                       .server = (char *) "demo",
                       .role = (char *) "operator",
                       .created_at = 100,
                       .expires_at = 1000 };
        char text[TOKEN_MAX], *opened = NULL;
        Token token = {};
        int64_t id = 0, another = 0;
        assert_int_equal(token_store_add(store, &wish, "0123456789ABCDEF", &id, text), 0);
        assert_int_equal(strlen(text), TOKEN_MAX - 1);
        assert_int_equal(token_store_find(store, text, 999, &token), 0);
        assert_int_equal(token.id, id);
        assert_string_equal(token.role, "operator");
        assert_int_equal(unseal_text(text, token.sealed_ticket, &opened), 0);
        assert_string_equal(opened, "0123456789ABCDEF");
        wipe_text(&opened);
        token_done(&token);
        assert_false(is_on_disk(text));
        assert_int_equal(token_store_find(store, text, 1000, &token), -ENOENT);
        assert_int_equal(token_store_find(store, text + 1, 200, &token), -ENOENT);
        assert_int_equal(token_store_find(store, "weir_", 200, &token), -ENOENT);
        wish.user = (char *) "bob";
        assert_int_equal(token_store_add(store, &wish, NULL, &another, text), 0);
        assert_int_equal(count_tokens("alice"), 1);
        assert_int_equal(count_tokens(NULL), 2);
        assert_int_equal(token_store_remove(store, id, "bob", "demo"), -ENOENT); /* not bob's */
        assert_int_equal(token_store_remove(store, another, "bob", "demo"), 0);
        assert_int_equal(token_store_find(store, text, 200, &token), -ENOENT);
        for (int i = 0; i < TOKENS_MAX; i++) {
                assert_int_equal(token_store_add(store, &wish, NULL, &another, text), 0);
        }
        assert_int_equal(token_store_add(store, &wish, NULL, &another, text), -ENOBUFS);
        assert_int_equal(token_store_remove(store, id, NULL, NULL), 0);
        assert_int_equal(session_store_remove_expired(store, 1000), 0);
        assert_int_equal(count_tokens(NULL), 0);
}

static int attempt(const char *account, const char *address, int64_t now) {
        const char *const names[] = { account, address, NULL };
        return session_store_attempt(store, names, now);
}

static void test_attempts(void **state) {
        char account[32];
        for (int i = 0; i < SESSION_FAILURES_MAX; i++) {
                assert_int_equal(attempt("a@demo", i % 2 ? "from 1" : "from 2", MINUTE), 0);
        }
        assert_int_equal(attempt("a@demo", "from 3", 2 * MINUTE), -EAGAIN); /* many passwords for one user */
        assert_int_equal(attempt("b@demo", "from 3", 2 * MINUTE), 0);
        for (int i = 0; i < SESSION_FAILURES_MAX - 1; i++) {
                (void) snprintf(account, sizeof account, "u%d@demo", i);
                assert_int_equal(attempt(account, "from 3", 2 * MINUTE), 0);
        }
        assert_int_equal(attempt("new@demo", "from 3", 2 * MINUTE),
                         -EAGAIN); /* one password for many users */
        assert_int_equal(attempt("new@demo", "from 4", 2 * MINUTE), 0);
        assert_int_equal(attempt("a@demo", "from 5", MINUTE + SESSION_FAILURES_USEC), 0); /* forgotten */
        const char *const good[] = { "new@demo", "from 4", NULL };
        assert_int_equal(session_store_succeeded(store, good), 0);
        for (int i = 0; i < SESSION_FAILURES_MAX; i++) {
                assert_int_equal(attempt("new@demo", "from 4", 3 * MINUTE), 0);
        }
        assert_int_equal(attempt("new@demo", "from 4", 3 * MINUTE), -EAGAIN);
}

static void test_names(void **state) {
        char *const some[] = { (char *) "alice", (char *) "bob@demo", (char *) "@x", NULL }, *const all[] = {
                (char *) "*", NULL
        };
        static const struct {
                const char *user, *server;
                bool is_named;
        } cases[] = {
                { "alice", "demo", true },  { "alice", "other", true },  { "bob", "demo", true },
                { "bob", "other", false },  { "bob", "demo2", false },   { "bo", "demo", false },
                { "bobby", "demo", false }, { "alice2", "demo", false }, { "bob@demo", "demo", true },
        };
        for (size_t i = 0; i < ELEMENTSOF(cases) - 1; i++) {
                assert_int_equal(web_config_names(some, cases[i].user, cases[i].server), cases[i].is_named);
                assert_true(web_config_names(all, cases[i].user, cases[i].server));
        }
        assert_false(web_config_names(NULL, "alice", "demo"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_sessions, open_store, close_store),
                cmocka_unit_test_setup_teardown(test_tickets, open_store, close_store),
                cmocka_unit_test_setup_teardown(test_tokens, open_store, close_store),
                cmocka_unit_test_setup_teardown(test_attempts, open_store, close_store),
                cmocka_unit_test(test_names),
        };
        return cmocka_run_group_tests_name("session_store", tests, NULL, NULL);
}
