/* Names of locks: which are names, what their one spelling is, and what is above what. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/string_util.h"
#include "domain/lock_resource.h"

static void test_names(void **state) {
        static const struct {
                const char *text, *canonical; /* NULL: refused */
        } cases[] = {
                { "/", "/" },
                { "config", "config" },
                { "server", "server" },
                { "server/demo", "server/demo" },
                { "server/demo-1_a%", "server/demo-1_a%" },
                { "server/\xd1\x81\xd0\xb5\xd1\x80\xd0\xb2\xd0\xb5\xd1\x80",
                  "server/\xd1\x81\xd0\xb5\xd1\x80\xd0\xb2\xd0\xb5\xd1\x80" },
                { "server/demo/stream///depot/main", "server/demo/stream///depot/main" },
                { "server/demo/stream//depot/main", "server/demo/stream///depot/main" },
                { "server/demo/stream///depot/a/b/c", "server/demo/stream///depot/a/b/c" },
                { "server/demo/stream///depot/50%25 of 'x' \"y\"",
                  "server/demo/stream///depot/50%25 of 'x' \"y\"" },
                { "server/stream/stream///depot/stream", "server/stream/stream///depot/stream" },
                { "workspace", "workspace" },
                { "workspace/host", "workspace/host" },
                { "workspace/host/weir-measure-host-0", "workspace/host/weir-measure-host-0" },
                { "", NULL },
                { "//", NULL },
                { "/config", NULL },
                { "config/", NULL },
                { "config/x", NULL },
                { "Server", NULL },
                { "servers", NULL },
                { "server/", NULL },
                { "server//", NULL },
                { "server/.", NULL },
                { "server/..", NULL },
                { "server/demo/", NULL },
                { "server/demo/stream", NULL },
                { "server/demo/stream/", NULL },
                { "server/demo/stream//", NULL },
                { "server/demo/stream///", NULL },
                { "server/demo/stream/depot/main", NULL },
                { "server/demo/stream/////depot/main", NULL },
                { "server/demo/stream////depot/main", NULL },
                { "server/demo/stream///depot", NULL },
                { "server/demo/stream///depot/", NULL },
                { "server/demo/stream///depot/main/", NULL },
                { "server/demo/stream///depot//main", NULL },
                { "server/demo/stream///depot/main/...", NULL },
                { "server/demo/stream///depot/*", NULL },
                { "server/demo/stream///depot/main@1", NULL },
                { "server/demo/stream///depot/main#1", NULL },
                { "server/demo/client/x", NULL },
                { "server/demo\n", NULL },
                { "server/de\x7fmo", NULL },
                { "server/\xff", NULL },
                { "server/demo/stream///depot/\xe9", NULL },
                { "workspace/", NULL },
                { "workspace//client", NULL },
                { "workspace/host/", NULL },
                { "workspace/host/client/more", NULL },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *name = NULL;
                const char *problem = NULL;
                int r = lock_resource_parse(cases[i].text, &name, &problem);

                if (cases[i].canonical) {
                        _cleanup_free_ char *again = NULL;

                        assert_int_equal(r, 0);
                        assert_string_equal(name, cases[i].canonical);
                        assert_int_equal(lock_resource_parse(name, &again, NULL), 0);
                        assert_string_equal(again, name);
                } else {
                        if (r != -EINVAL) {
                                print_message("# accepted: \"%s\"\n", cases[i].text);
                        }
                        assert_int_equal(r, -EINVAL);
                        assert_null(name);
                        assert_non_null(problem);
                }
        }
}

static int parse_length(const char *prefix, size_t more) {
        _cleanup_free_ char *text = calloc(1, strlen(prefix) + more + 1), *name = NULL;

        assert_non_null(text);
        strcpy(text, prefix);
        memset(text + strlen(prefix), 'x', more);
        return lock_resource_parse(text, &name, NULL);
}

static void test_bounds(void **state) {
        assert_int_equal(parse_length("server/", LOCK_COMPONENT_MAX), 0);
        assert_int_equal(parse_length("server/", LOCK_COMPONENT_MAX + 1), -EINVAL);
        assert_int_equal(parse_length("workspace/h/", LOCK_COMPONENT_MAX), 0);
        assert_int_equal(parse_length("workspace/h/", LOCK_COMPONENT_MAX + 1), -EINVAL);
        assert_int_equal(parse_length("server/s/stream///d/", LOCK_STREAM_PATH_MAX - 4), 0);
        assert_int_equal(parse_length("server/s/stream///d/", LOCK_STREAM_PATH_MAX - 3), -EINVAL);
        assert_int_equal(parse_length("server/s/stream///d/", 100000), -EINVAL);
}

static void test_tree(void **state) {
        /* Every resource with the chain above it; all other pairs are unrelated. */
        static const char *const all[] = { "/",
                                           "config",
                                           "server",
                                           "server/a",
                                           "server/ab",
                                           "server/a/stream///d/s",
                                           "server/a/stream///d/s/t",
                                           "server/a/stream///d/st",
                                           "server/stream",
                                           "workspace",
                                           "workspace/h",
                                           "workspace/h/c",
                                           "workspace/stream",
                                           "workspace/stream/c" };
        static const char *const chains[][5] = {
                { "/" }, /* of config, and so on in the order above */
                { "/" },
                { "/", "server" },
                { "/", "server" },
                { "/", "server", "server/a" },
                { "/", "server", "server/a" },
                { "/", "server", "server/a" },
                { "/", "server" },
                { "/" },
                { "/", "workspace" },
                { "/", "workspace", "workspace/h" },
                { "/", "workspace" },
                { "/", "workspace", "workspace/stream" },
        };

        for (size_t below = 0; below < ELEMENTSOF(all); below++) {
                for (size_t above = 0; above < ELEMENTSOF(all); above++) {
                        bool expected = false;

                        for (size_t i = 0; below > 0 && i < 5 && chains[below - 1][i]; i++) {
                                expected = expected || string_equal(chains[below - 1][i], all[above]);
                        }
                        if (lock_resource_is_above(all[above], all[below]) != expected) {
                                print_message("# %s above %s\n", all[above], all[below]);
                        }
                        assert_int_equal(lock_resource_is_above(all[above], all[below]), expected);
                }
        }
}

static void test_stream_names(void **state) {
        static const struct {
                const char *path, *name;
        } cases[] = {
                { "//depot/main", "server/demo/stream///depot/main" },
                { "//depot/\xd0\xb0-%40_'\"", "server/demo/stream///depot/\xd0\xb0-%40_'\"" },
                { "//depot/caf\xe9", "server/demo/stream///depot/caf%E9" },
                { "//depot/\xff\xc3\xa9\xf0\x9f", "server/demo/stream///depot/%FF\xc3\xa9%F0%9F" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *name = NULL, *parsed = NULL;

                assert_int_equal(lock_resource_for_stream("demo", cases[i].path, &name), 0);
                assert_string_equal(name, cases[i].name);
                assert_int_equal(lock_resource_parse(name, &parsed, NULL), 0);
                assert_string_equal(parsed, name);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_bounds),
                cmocka_unit_test(test_tree),
                cmocka_unit_test(test_stream_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
