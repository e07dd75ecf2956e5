/* Server settings: what is refused, and how values are spelled. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/string_util.h"
#include "domain/server.h"

typedef const char *(*Check)(const char *value);

static void test_problems(void **state) {
        static const struct {
                Check check;
                const char *value;
                bool is_good;
        } cases[] = {
                { server_port_problem, "perforce:1666", true },
                { server_port_problem, "p4.example.com:1666", true },
                { server_port_problem, "ssl:p4.example.com:1667", true },
                { server_port_problem, "SSL:p4:1667", true },
                { server_port_problem, "ssl6:[2001:db8::1]:1666", true },
                { server_port_problem, "tcp:10.0.0.1:1", true },
                { server_port_problem, "[::1]:65535", true },
                { server_port_problem, "", false },
                { server_port_problem, "1666", false },
                { server_port_problem, "perforce", false },
                { server_port_problem, "perforce:", false },
                { server_port_problem, ":1666", false },
                { server_port_problem, "ssl::1666", false },
                { server_port_problem, "perforce:0", false },
                { server_port_problem, "perforce:65536", false },
                { server_port_problem, "perforce:1666x", false },
                { server_port_problem, "perforce:+166", false },
                { server_port_problem, "per force:1666", false },
                { server_port_problem, "perforce:1666\n", false },
                { server_port_problem, "rsh:/bin/sh:1666", false },
                { server_port_problem, "rsh:p4d -r /x", false },
                { server_port_problem, "$(id):1666", false },
                { server_port_problem, "-x:1666", false },
                { server_port_problem, "2001:db8::1:1666", false },
                { server_port_problem, "[]:1666", false },
                { server_name_problem, "demo", true },
                { server_name_problem, "Main Studio", true },
                { server_name_problem, "50% of 'x' \"y\"_-", true },
                { server_name_problem, "\xd0\xa1\xd1\x82\xd1\x83\xd0\xb4\xd0\xb8\xd1\x8f", true },
                { server_name_problem, "ALL", true },
                { server_name_problem, "", false },
                { server_name_problem, "all", false },
                { server_name_problem, "a/b", false },
                { server_name_problem, "a#b", false },
                { server_name_problem, "-a", false },
                { server_name_problem, ".a", false },
                { server_name_problem, " a", false },
                { server_name_problem, "a ", false },
                { server_name_problem, "a\tb", false },
                { server_name_problem, "a\x7f", false },
                { server_name_problem, "\xff\xfe", false },
                { server_user_problem, "p4monitor", true },
                { server_user_problem, "DOMAIN\\user", true },
                { server_user_problem, "", false },
                { server_user_problem, "two words", false },
                { server_user_problem, "-u", false },
                { server_user_problem, "a@b", false },
                { server_mask_problem, "*role*", true },
                { server_mask_problem, "*", true },
                { server_mask_problem, "a|b&c=d 'x'", true },
                { server_mask_problem, "", false },
                { server_mask_problem, "a\nb", false },
                { server_trust_problem, "B6:3D:0C:8F:22:11:43:9A:6E:F0:51:77:0B:CD:9E:24:3A:C1:88:05",
                  true },
                { server_trust_problem, "b6:3d:0c:8f:22:11:43:9a:6e:f0:51:77:0b:cd:9e:24:3a:c1:88:05",
                  true },
                { server_trust_problem, "B6:3D", false },
                { server_trust_problem, "B6-3D-0C-8F-22-11-43-9A-6E-F0-51-77-0B-CD-9E-24-3A-C1-88-05",
                  false },
                { server_trust_problem, "G6:3D:0C:8F:22:11:43:9A:6E:F0:51:77:0B:CD:9E:24:3A:C1:88:05",
                  false },
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const char *problem = cases[i].check(cases[i].value);
                if ((problem == NULL) != cases[i].is_good) {
                        fail_msg("'%s': %s", cases[i].value, problem ?: "accepted");
                }
        }
}

static void test_long_names(void **state) {
        char name[SERVER_NAME_MAX + 2];
        memset(name, 'a', sizeof(name));
        name[SERVER_NAME_MAX + 1] = 0;
        assert_non_null(server_name_problem(name));
        name[SERVER_NAME_MAX] = 0;
        assert_null(server_name_problem(name));
        memset(name, '%', SERVER_NAME_MAX); /* four bytes each in a unit name */
        assert_non_null(server_name_problem(name));
        name[SERVER_NAME_ESCAPED_MAX / 4] = 0;
        assert_null(server_name_problem(name));
}

static void test_normalise(void **state) {
        _cleanup_(server_done) Server server = { .name = strdup("Demo"),
                                                 .p4port = strdup("SSL:P4.Example:1666"),
                                                 .p4user = strdup("Monitor"),
                                                 .stream_mask = strdup("*Role*"),
                                                 .trust = strdup("ab:0c") };
        _cleanup_(server_done) Server copy = {};
        server_normalise(&server);
        assert_string_equal(server.p4port, "ssl:p4.example:1666");
        assert_string_equal(server.trust, "AB:0C");
        assert_string_equal(server.name, "Demo");
        assert_string_equal(server.p4user, "Monitor");
        assert_true(server_is_ssl(server.p4port));
        assert_false(server_is_ssl("sslhost:1666"));
        assert_int_equal(server_copy(&copy, &server), 0);
        assert_string_equal(copy.stream_mask, "*Role*");
}

static void test_same_port(void **state) {
        static const char *const cases[][2] = {
                { "Perforce:1666", "perforce:1666" },
                { "tcp:perforce:1666", "perforce:1666" },
                { "TCP:perforce:01666", "perforce:1666" },
                { "tcp4:perforce:1666", "tcp4:perforce:1666" },
                { "tcp6:[::1]:1666", "tcp6:[::1]:1666" },
                { "tcp:[::1]:1666", "[::1]:1666" },
                { "ssl:perforce:01666", "ssl:perforce:1666" },
                { "tcp.example:1666", "tcp.example:1666" },
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(server_done) Server server = { .p4port = strdup(cases[i][0]) };
                assert_null(server_port_problem(server.p4port));
                server_normalise(&server);
                assert_string_equal(server.p4port, cases[i][1]);
        }
}

static void test_states(void **state) {
        for (int i = 0; i < _SERVER_STATE_MAX; i++) {
                assert_non_null(server_state_to_string((ServerState) i));
                assert_int_equal(server_state_from_string(server_state_to_string((ServerState) i)), i);
        }
        assert_int_equal(server_state_from_string("nonsense"), _SERVER_STATE_INVALID);
        assert_null(server_state_to_string(_SERVER_STATE_MAX));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_problems),  cmocka_unit_test(test_long_names),
                cmocka_unit_test(test_normalise), cmocka_unit_test(test_same_port),
                cmocka_unit_test(test_states),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
