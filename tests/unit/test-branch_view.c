/* Branch views, streams of paths, and the command lines of integrate. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/macro.h"
#include "base/string_util.h"
#include "domain/branch_view.h"
#include "domain/integrate_args.h"

static void assert_words(char *const *words, const char *expected) {
        _cleanup_free_ char *text = NULL;
        assert_int_equal(string_join(&text, words, " | "), 0);
        assert_string_equal(text ? text : "", expected);
}

static void test_lines(void **state) {
        static const struct {
                const char *line, *source, *target; /* source NULL: refused */
                bool reverse;
        } rows[] = {
                { "//d/main/... //d/rel/...", "//d/main/...", "//d/rel/...", false },
                { "//d/main/... //d/rel/...", "//d/rel/...", "//d/main/...", true },
                { "\"//d/ma in/...\" \"//d/rel/...\"", "//d/ma in/...", "//d/rel/...", false },
                { "\"//d/ma in/...\" //d/rel/...", "//d/ma in/...", "//d/rel/...", false },
                { "+//d/a/... //d/b/...", "//d/a/...", "//d/b/...", false },
                { "\"+//d/a/...\" //d/b/...", "//d/a/...", "//d/b/...", false },
                { "&//d/a/... //d/b/...", "//d/a/...", "//d/b/...", false },
                { "-//d/a/obj/... //d/b/obj/...", "", "", false },
                { "\"-//d/a b/...\" \"//d/b b/...\"", "", "", false },
                { "//d/%%1/x%%2.c //d/%%2/%%1.c", "//d/*/x*.c", "//d/%%2/%%1.c", false },
                { "//d/a%40b/... //d/c/...", "//d/a%40b/...", "//d/c/...", false },
                { "see https://example.net/x for more", NULL, NULL, false },
                { "//d/a/...", NULL, NULL, false },
                { "", NULL, NULL, false },
                { "-", NULL, NULL, false },
                { "\"//d/a/... //d/b/...", NULL, NULL, false },
                { "//d/a/... //d/b/... //d/c/...", NULL, NULL, false },
                { "d/a/... //d/b/...", NULL, NULL, false },
        };
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(branch_view_done) BranchView view = {};
                int r = branch_view_add_line(&view, rows[i].line, rows[i].reverse);
                assert_int_equal(r, rows[i].source ? 0 : -EINVAL);
                assert_words(view.sources, rows[i].source ? rows[i].source : "");
                assert_words(view.targets, rows[i].target ? rows[i].target : "");
        }
}

static void test_once(void **state) {
        _cleanup_(branch_view_done) BranchView view = {};
        assert_int_equal(branch_view_add_line(&view, "//d/a/... //d/b/...", false), 0);
        assert_int_equal(branch_view_add_line(&view, "//d/a/... //d/c/...", false), 0);
        assert_int_equal(branch_view_add_line(&view, "//d/x/... //d/c/...", false), 0);
        assert_words(view.sources, "//d/a/... | //d/x/...");
        assert_words(view.targets, "//d/b/... | //d/c/...");
}

static void test_client_lines(void **state) {
        _cleanup_free_ char *line = NULL;
        assert_int_equal(client_view_line("ws", "//d/to here/%%1/...", &line), 0);
        assert_string_equal(line, "\"//d/to here/%%1/...\" \"//ws/d/to here/%%1/...\"");
}

static void test_streams(void **state) {
        static const struct {
                const char *path;
                unsigned depth;
                const char *stream;
        } rows[] = {
                { "//demo/main/...", 1, "//demo/main" },
                { "//demo/main", 1, "//demo/main" },
                { "//demo/a/b/src/...", 2, "//demo/a/b" },
                { "//demo/...", 1, NULL },
                { "//demo/m*/x", 1, NULL },
                { "//demo", 1, NULL },
                { "//demo/", 1, NULL },
                { "//demo/a", 2, NULL },
                { "/demo/main", 1, NULL },
                { "//demo/%%1/x", 1, NULL },
        };
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_free_ char *stream = NULL;
                assert_int_equal(depot_path_stream(rows[i].path, rows[i].depth, &stream),
                                 rows[i].stream ? 0 : -EINVAL);
                if (rows[i].stream) {
                        assert_string_equal(stream, rows[i].stream);
                }
        }
}

static void test_arguments(void **state) {
        static const struct {
                const char *spec;
                IntegrateOptions options;
                const char *words;
        } rows[] = {
                { "{\"server\":\"s\",\"stream\":\"//d/dev\"}",
                  { 40, 12, false },
                  "integrate | -c | 12 | -S | //d/dev | //...@40" },
                { "{\"server\":\"s\",\"stream\":\"//d/dev\",\"reverse\":true}",
                  { 40, 12, false },
                  "integrate | -c | 12 | -S | //d/dev | -r | //...@40" },
                { "{\"server\":\"s\",\"stream\":\"//d/dev\"}",
                  { 0, 0, true },
                  "integrate | -n | -Obr | -S | //d/dev" },
                { "{\"server\":\"s\",\"branch_spec\":\"rel\"}",
                  { 7, 8, false },
                  "integrate | -c | 8 | -b | rel | //...@7" },
                { "{\"server\":\"s\",\"branch_spec\":\"rel\",\"reverse\":true}",
                  { 0, 8, false },
                  "integrate | -c | 8 | -b | rel | -r" },
                { "{\"server\":\"s\",\"source\":\"//d/a b/...\",\"target\":\"//d/c/...\"}",
                  { 7, 8, false },
                  "integrate | -c | 8 | //d/a b/...@7 | //d/c/..." },
                { "{\"server\":\"s\",\"source\":\"//d/a/...\",\"target\":\"//d/c/...\"}",
                  { 0, 0, true },
                  "integrate | -n | -Obr | //d/a/... | //d/c/..." },
                { "{\"server\":\"s\",\"path\":\"//d/dev/src/...\"}",
                  { 7, 8, false },
                  "integrate | -c | 8 | -S | //d/dev | -r | //d/dev/src/...@7" },
                { "{\"server\":\"s\",\"path\":\"//d/dev/src/...\"}",
                  { 0, 8, false },
                  "integrate | -c | 8 | -S | //d/dev | -r | //d/dev/src/..." },
        };
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(job_spec_done) JobSpec spec = {};
                _cleanup_(strv_freep) char **words = NULL;
                _cleanup_free_ char *message = NULL;
                assert_int_equal(job_spec_parse(rows[i].spec, &spec, &message), 0);
                assert_int_equal(integrate_args_make(&spec, &rows[i].options, &words), 0);
                assert_words(words, rows[i].words);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_lines),        cmocka_unit_test(test_once),
                cmocka_unit_test(test_client_lines), cmocka_unit_test(test_streams),
                cmocka_unit_test(test_arguments),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
