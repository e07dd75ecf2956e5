/* Scopes, unit names, intervals: small grammars with a round trip. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/string_util.h"
#include "base/time_util.h"
#include "domain/calendar.h"
#include "domain/scope.h"
#include "formats/unit_name.h"

static void test_scopes(void **state) {
        static const struct {
                const char *text;
                int kind; /* negative: refused */
                const char *server, *path;
                int64_t id;
                bool is_full;
        } cases[] = {
                { "all", SCOPE_ALL, NULL, NULL, 0, false },
                { "demo", SCOPE_SERVER, "demo", NULL, 0, false },
                { "Main Studio", SCOPE_SERVER, "Main Studio", NULL, 0, false },
                { "demo//depot/main", SCOPE_STREAM, "demo", "//depot/main", 0, false },
                { "a b//depot/with blank-_%25'\"", SCOPE_STREAM, "a b", "//depot/with blank-_%25'\"", 0,
                  false },
                { "//depot/main", SCOPE_STREAM, NULL, "//depot/main", 0, false },
                { "demo#17", SCOPE_STREAM_ID, "demo", NULL, 17, false },
                { "list/demo", SCOPE_LIST, "demo", NULL, 0, false },
                { "list", SCOPE_SERVER, "list", NULL, 0, false },
                { "full/all", SCOPE_ALL, NULL, NULL, 0, true },
                { "full/demo", SCOPE_SERVER, "demo", NULL, 0, true },
                { "full/demo//depot/main", SCOPE_STREAM, "demo", "//depot/main", 0, true },
                { "full/demo#3", SCOPE_STREAM_ID, "demo", NULL, 3, true },
                { "", -1, NULL, NULL, 0, false },
                { "demo//", -1, NULL, NULL, 0, false },
                { "//", -1, NULL, NULL, 0, false },
                { "my/server", SCOPE_SERVER, "my-server", NULL, 0, false },
                { "my/server//depot/main", SCOPE_STREAM, "my-server", "//depot/main", 0, false },
                { "list/my/server", SCOPE_LIST, "my-server", NULL, 0, false },
                { "full/my/server", SCOPE_SERVER, "my-server", NULL, 0, true },
                { "/demo", -1, NULL, NULL, 0, false },
                { "demo#", -1, NULL, NULL, 0, false },
                { "demo#0", -1, NULL, NULL, 0, false },
                { "demo#-3", -1, NULL, NULL, 0, false },
                { "demo#x", -1, NULL, NULL, 0, false },
                { "#3", -1, NULL, NULL, 0, false },
                { "list/", -1, NULL, NULL, 0, false },
                { "list/all", -1, NULL, NULL, 0, false },
                { "-demo", -1, NULL, NULL, 0, false },
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(scope_done) Scope scope = {};
                _cleanup_free_ char *text = NULL;
                int r = scope_parse(cases[i].text, &scope);
                if (cases[i].kind < 0) {
                        if (r != -EINVAL) {
                                fail_msg("'%s' was accepted", cases[i].text);
                        }
                        continue;
                }
                if (r < 0) {
                        fail_msg("'%s' was refused", cases[i].text);
                }
                assert_int_equal(scope.kind, cases[i].kind);
                assert_true(string_equal(scope.server, cases[i].server));
                assert_true(string_equal(scope.path, cases[i].path));
                assert_int_equal(scope.id, cases[i].id);
                assert_int_equal(scope.is_full, cases[i].is_full);
                assert_int_equal(scope_format(&scope, &text), 0);
                const char *server = cases[i].server, *slash = strchr(cases[i].text, '/');
                if (server && slash && strncmp(slash, "//", 2) != 0 && strchr(server, '-')) {
                        assert_non_null(strstr(text, server)); /* written as the server is named */
                } else {
                        assert_string_equal(text, cases[i].text);
                }
        }
}

static void test_typed_paths(void **state) {
        assert_true(scope_path_may_mean("//lab/my/stream", "//lab/my-stream"));
        assert_true(scope_path_may_mean("//my/lab/s", "//my-lab/s"));
        assert_true(scope_path_may_mean("//lab/s", "//lab/s"));
        assert_false(scope_path_may_mean("//lab/my-stream", "//lab/my/stream"));
        assert_false(scope_path_may_mean("//lab/my", "//lab/my-stream"));
        assert_false(scope_path_may_mean("//lab/my/stream", "//lab/my"));
        assert_false(scope_path_may_mean("//lab/my/stream", "//lab/my_stream"));
}

static void test_slash_at_the_end(void **state) {
        _cleanup_(scope_done) Scope scope = {};
        assert_int_equal(scope_parse("demo//depot/main/", &scope), 0);
        assert_string_equal(scope.path, "//depot/main");
}

static void test_unit_names(void **state) {
        static const struct {
                const char *text, *escaped;
        } cases[] = {
                { "demo", "demo" },
                { "demo//depot/main", "demo--depot-main" },
                { "a-b", "a\\x2db" },
                { ".a.b", "\\x2ea.b" },
                { "a b%\"'_:", "a\\x20b\\x25\\x22\\x27_:" },
                { "\xd1\x80", "\\xd1\\x80" },
                { "", "" },
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *escaped = NULL, *back = NULL;
                assert_int_equal(unit_name_escape(cases[i].text, &escaped), 0);
                assert_string_equal(escaped, cases[i].escaped);
                assert_int_equal(unit_name_unescape(escaped, &back), 0);
                assert_string_equal(back, cases[i].text);
        }
        static const char *const broken[] = { "\\", "\\x", "\\x2", "\\xzz", "\\x00", "\\y20" };
        for (size_t i = 0; i < ELEMENTSOF(broken); i++) {
                _cleanup_free_ char *back = NULL;
                assert_int_equal(unit_name_unescape(broken[i], &back), -EINVAL);
                assert_null(back);
        }
}

static void test_unit_instances(void **state) {
        _cleanup_free_ char *name = NULL, *other = NULL;
        char instance[300];
        assert_int_equal(unit_name_instance("weir-measure", "a-b", ".timer", &name), 0);
        assert_string_equal(name, "weir-measure@a\\x2db.timer");
        memset(instance, 'x', sizeof(instance));
        instance[UNIT_NAME_MAX - strlen("weir-measure@.timer") + 1] = 0;
        assert_int_equal(unit_name_instance("weir-measure", instance, ".timer", &other), -ENAMETOOLONG);
        instance[UNIT_NAME_MAX - strlen("weir-measure@.timer")] = 0;
        assert_int_equal(unit_name_instance("weir-measure", instance, ".timer", &other), 0);
        assert_int_equal(strlen(other), UNIT_NAME_MAX);
}

static void test_intervals(void **state) {
        static const struct {
                uint64_t usec;
                const char *settings;
        } cases[] = {
                { USEC_PER_MINUTE, "OnCalendar=*-*-* *:00/1:00\n" },
                { 15 * USEC_PER_MINUTE, "OnCalendar=*-*-* *:00/15:00\n" },
                { USEC_PER_HOUR, "OnCalendar=*-*-* 00/1:00:00\n" },
                { 6 * USEC_PER_HOUR, "OnCalendar=*-*-* 00/6:00:00\n" },
                { USEC_PER_DAY, "OnCalendar=*-*-* 00:00:00\n" },
                { 7 * USEC_PER_DAY, "OnCalendar=Mon *-*-* 00:00:00\n" },
                { 45 * USEC_PER_MINUTE, "OnBootSec=5min\nOnUnitActiveSec=2700s\n" },
                { 5 * USEC_PER_HOUR, "OnBootSec=5min\nOnUnitActiveSec=18000s\n" },
                { 90 * USEC_PER_SEC, "OnBootSec=5min\nOnUnitActiveSec=90s\n" },
                { 90 * USEC_PER_MINUTE, "OnBootSec=5min\nOnUnitActiveSec=5400s\n" },
                { 2 * USEC_PER_DAY, "OnBootSec=5min\nOnUnitActiveSec=172800s\n" },
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *settings = NULL;
                assert_int_equal(calendar_from_interval(cases[i].usec, &settings), 0);
                assert_string_equal(settings, cases[i].settings);
        }
        _cleanup_free_ char *settings = NULL;
        assert_int_equal(calendar_from_interval(USEC_PER_MINUTE - 1, &settings), -ERANGE);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_scopes),           cmocka_unit_test(test_typed_paths),
                cmocka_unit_test(test_slash_at_the_end), cmocka_unit_test(test_unit_names),
                cmocka_unit_test(test_unit_instances),   cmocka_unit_test(test_intervals),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
