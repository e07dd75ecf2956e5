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

#include "services/config_web.h"
#include "services/session_store.h"

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

static void test_sessions(void **state) {
        char one[SESSION_KEY_MAX], two[SESSION_KEY_MAX], command[256];
        char *user = NULL, *server = NULL;
        int64_t expires_at = 0;
        assert_int_equal(session_store_add(store, "alice", "demo", 100, 1000, one), 0);
        assert_int_equal(session_store_add(store, "bob", "demo", 100, 2000, two), 0);
        assert_int_equal(strlen(one), 64);
        assert_string_not_equal(one, two);
        assert_int_equal(session_store_find(store, one, 999, &user, &server, &expires_at), 0);
        assert_string_equal(user, "alice");
        assert_string_equal(server, "demo");
        assert_int_equal(expires_at, 1000);
        free(user);
        free(server);
        assert_int_equal(session_store_find(store, one, 1000, &user, &server, &expires_at), -ENOENT);
        one[5] ^= 1;
        assert_int_equal(session_store_find(store, one, 200, &user, &server, &expires_at), -ENOENT);
        one[5] ^= 1;
        assert_int_equal(session_store_find(store, "", 200, &user, &server, &expires_at), -ENOENT);
        assert_int_equal(session_store_remove(store, two), 0);
        assert_int_equal(session_store_find(store, two, 200, &user, &server, &expires_at), -ENOENT);
        (void) snprintf(command, sizeof command, "grep -rqa %s %s", one, directory);
        assert_int_not_equal(system(command), 0);
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
                cmocka_unit_test_setup_teardown(test_attempts, open_store, close_store),
                cmocka_unit_test(test_names),
        };
        return cmocka_run_group_tests_name("session_store", tests, NULL, NULL);
}
