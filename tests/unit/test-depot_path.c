/* Depot paths: directories, parents, folding; and where changes lie. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/macro.h"
#include "domain/depot_path.h"
#include "domain/moved.h"

static void test_directories(void **state) {
        static const struct {
                const char *path, *directory;
        } cases[] = {
                { "//depot/main/...", "//depot/main" },
                { "//depot/main/file.c", "//depot/main" },
                { "//depot/m*", "//depot" },
                { "//depot/main/%%1/x", "//depot/main" },
                { "//depot/main/src...", "//depot/main" },
                { "//depot/a.b/c..d/e", "//depot/a.b/c..d" },
                { "//depot/100%25/x", "//depot/100%25" },
                { "//depot/a%2Ab/...", "//depot/a%2Ab" },
                { "//depot/...", "//depot" },
                { "//dep...", "/" },
                { "//...", "/" },
                { "//*/x", "/" },
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *directory = NULL;
                assert_int_equal(depot_path_directory(cases[i].path, &directory), 0);
                assert_string_equal(directory, cases[i].directory);
        }
}

static void test_parents(void **state) {
        char path[] = "//depot/a/b";
        assert_true(depot_path_to_parent(path));
        assert_string_equal(path, "//depot/a");
        assert_true(depot_path_to_parent(path));
        assert_string_equal(path, "//depot");
        assert_true(depot_path_to_parent(path));
        assert_string_equal(path, "/");
        assert_false(depot_path_to_parent(path));
        assert_string_equal(path, "/");
}

static void test_folding(void **state) {
        static const struct {
                const char *path, *folded;
        } cases[] = {
                { "//Depot/MAIN_1", "//depot/main_1" },
                { "//\xd0\x9c\xd0\xb8\xd1\x80/\xd0\xaf\xd0\x81",
                  "//\xd0\xbc\xd0\xb8\xd1\x80/\xd1\x8f\xd1\x91" },
                { "//\xc3\x84\xc3\x96\xc3\x9f\xc3\x97", "//\xc3\xa4\xc3\xb6\xc3\x9f\xc3\x97" },
                { "//\xce\x91\xce\xa9", "//\xce\xb1\xcf\x89" },
                { "//\xc4\x8c\xc5\xbd\xc5\xbe", "//\xc4\x8d\xc5\xbe\xc5\xbe" },
                { "//A\xffZ\xd0", "//a\xffz\xd0" }, /* no UTF-8: bytes stay */
                { "//\xe2\x82\xac", "//\xe2\x82\xac" },
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *path = strdup(cases[i].path);
                depot_path_fold(path);
                assert_string_equal(path, cases[i].folded);
        }
        assert_true(depot_path_equal("//A/b", "//a/B", true));
        assert_false(depot_path_equal("//A/b", "//a/B", false));
}

static void test_moved_paths(void **state) {
        static const struct {
                const char *path, *directory;
                bool is_subtree, ignore_case;
        } cases[] = {
                { "//stream/main/*", "//stream/main", false, false },
                { "//stream/main/...", "//stream/main", true, false },
                { "//stream/main/p4cmd...", "//stream/main", true, false },
                { "//stream/main/p4*", "//stream/main", true, false },
                { "//stream/main/file", "//stream/main", false, false },
                { "//stream/ma...", "//stream", true, false },
                { "//Stream/Main/...", "//stream/main", true, true },
                { "//...", "/", true, false },
                { "", "/", true, false },
                { NULL, "/", true, false },
                { "//a/*/b", "//a", true, false },
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(moved_path_done) MovedPath moved = {};
                assert_int_equal(moved_path_parse(cases[i].path, cases[i].ignore_case, &moved), 0);
                assert_string_equal(moved.directory, cases[i].directory);
                assert_int_equal(moved.is_subtree, cases[i].is_subtree);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_directories),
                cmocka_unit_test(test_parents),
                cmocka_unit_test(test_folding),
                cmocka_unit_test(test_moved_paths),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
