/* View lines: how far they reach, when no client is needed, when nothing can be trusted. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/string_util.h"
#include "domain/stream_view.h"

#define MAX_LINES 4

static void test_views(void **state) {
        static const struct {
                const char *type;
                const char *lines[MAX_LINES];
                const char *change_view, *component;
                const char *prefixes; /* joined with blanks */
                bool is_direct, is_volatile, ignore_case;
        } cases[] = {
                { "mainline", { "//d/main/... ..." }, NULL, NULL, "//d/main", true, false, false },
                { "development", { "//d/main/... //weir/..." }, NULL, NULL, "//d/main", true, false, false },
                { "release", { "//d/main/... ..." }, NULL, NULL, "//d/main", true, false, false },
                /* Their own path does not hold all they show. */
                { "task", { "//d/main/... ..." }, NULL, NULL, "//d/main", false, false, false },
                { "sparsedev", { "//d/main/... ..." }, NULL, NULL, "//d/main", false, false, false },
                { "virtual", { "//d/parent/... ..." }, NULL, NULL, "//d/parent", false, false, false },
                { "mainline", { "//d/main/... sub/..." }, NULL, NULL, "//d/main", false, false, false },
                { "mainline",
                  { "//d/main/src/... src/..." },
                  NULL,
                  NULL,
                  "//d/main/src",
                  false,
                  false,
                  false },
                { "mainline", { "//d/main2/... ..." }, NULL, NULL, "//d/main2", false, false, false },
                { "mainline",
                  { "//d/main/... ...", "-//d/main/x/... x/..." },
                  NULL,
                  NULL,
                  "//d/main",
                  false,
                  false,
                  false },
                { "mainline",
                  { "//d/main/... ...", "//lib/a/... a/...", "//lib/a/b/... a/b/..." },
                  NULL,
                  NULL,
                  "//d/main //lib/a //lib/a/b",
                  false,
                  false,
                  false },
                { "mainline",
                  { "\"//d/with blank/...\" \"with blank/...\"" },
                  NULL,
                  NULL,
                  "//d/with blank",
                  false,
                  false,
                  false },
                { "mainline",
                  { "\"-//d/with blank/...\" \"with blank/...\"", "//d/main/... ..." },
                  NULL,
                  NULL,
                  "//d/main",
                  false,
                  false,
                  false },
                { "mainline", { "+//d/main/... ..." }, NULL, NULL, "//d/main", false, false, false },
                { "mainline", { "&//d/main/... ..." }, NULL, NULL, "//d/main", false, false, false },
                { "mainline",
                  { "//d/main/... ...", "//d/lib/file.c lib/file.c" },
                  NULL,
                  NULL,
                  "//d/main //d/lib",
                  false,
                  false,
                  false },
                { "mainline", { "//d/main/....c ....c" }, NULL, NULL, "//d/main", false, false, false },
                { "mainline", { "//d/%%1/x/%%2 %%1/%%2" }, NULL, NULL, "//d", false, false, false },
                /* A change is for ever, a label is not. */
                { "mainline", { "//d/main/...@100 ..." }, NULL, NULL, "//d/main", false, false, false },
                { "mainline", { "//d/main/...@label ..." }, NULL, NULL, "//d/main", false, true, false },
                { "mainline",
                  { "//d/main/... ..." },
                  "//d/main/...@100",
                  NULL,
                  "//d/main",
                  false,
                  false,
                  false },
                { "mainline",
                  { "//d/main/... ..." },
                  "//d/main/...@nightly",
                  NULL,
                  "//d/main",
                  false,
                  true,
                  false },
                { "mainline",
                  { "//d/main/... ..." },
                  "\"//d/a b/...@7\"",
                  NULL,
                  "//d/main",
                  false,
                  false,
                  false },
                { "mainline",
                  { "//d/main/... ..." },
                  NULL,
                  "readonly lib //lib/main",
                  "//d/main",
                  false,
                  true,
                  false },
                { "mainline", { "//D/Main/... ..." }, NULL, NULL, "//d/main", false, false, true },
                /* A server that shows no view: anything may be in it. */
                { "mainline", { NULL }, NULL, NULL, "/", false, false, false },
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(stream_view_done) StreamView view = {};
                _cleanup_free_ char *prefixes = NULL;
                for (size_t j = 0; j < MAX_LINES && cases[i].lines[j]; j++) {
                        assert_int_equal(stream_view_add_line(&view, "//d/main", cases[i].lines[j]), 0);
                }
                if (cases[i].change_view) {
                        assert_int_equal(stream_view_add_change_view(&view, cases[i].change_view), 0);
                }
                if (cases[i].component) {
                        assert_int_equal(stream_view_add_component(&view, cases[i].component), 0);
                }
                assert_int_equal(stream_view_finish(&view, cases[i].type, cases[i].ignore_case), 0);
                assert_int_equal(string_join(&prefixes, view.prefixes, " "), 0);
                if (!string_equal(prefixes, cases[i].prefixes) || view.is_direct != cases[i].is_direct ||
                    view.is_volatile != cases[i].is_volatile) {
                        fail_msg("case %zu: prefixes '%s', direct %d, volatile %d", i, prefixes,
                                 view.is_direct, view.is_volatile);
                }
        }
}

static void test_fields_in_any_order(void **state) {
        _cleanup_(stream_view_done) StreamView view = {};
        assert_int_equal(stream_view_add_change_view(&view, "//d/main/...@5"), 0);
        assert_int_equal(stream_view_add_line(&view, "//d/main", "//d/main/... ..."), 0);
        assert_int_equal(stream_view_finish(&view, "mainline", false), 0);
        assert_false(view.is_direct);
}

static void test_pins_in_paths(void **state) {
        static const struct {
                const char *line;
                bool is_volatile;
        } cases[] = {
                { "share ...", false },
                { "import lib/... //d/lib/...@12", false },
                { "import lib/... //d/lib/...@12 ## since bob@ws", false },
                { "import \"my lib/...\" \"//d/my lib/...@12\"", false },
                { "import lib/... //d/lib/...@nightly", true },
                { "import lib/... //d/lib/...@2024/01/01", true },
                { "import lib/... //d/lib/... ## no @pin", false },
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(stream_view_done) StreamView view = {};
                assert_int_equal(stream_view_add_path(&view, cases[i].line), 0);
                if (view.is_volatile != cases[i].is_volatile) {
                        fail_msg("%s: volatile %d", cases[i].line, view.is_volatile);
                }
        }
}

static void test_broken_lines(void **state) {
        static const char *const lines[] = { "",  "//d/main/...", "\"//d/main/... ...", "main/... ...",
                                             "-", "\"\" \"\"",    "//d/main/... " };
        for (size_t i = 0; i < ELEMENTSOF(lines); i++) {
                _cleanup_(stream_view_done) StreamView view = {};
                assert_int_equal(stream_view_add_line(&view, "//d/main", lines[i]), -EINVAL);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_views),
                cmocka_unit_test(test_fields_in_any_order),
                cmocka_unit_test(test_pins_in_paths),
                cmocka_unit_test(test_broken_lines),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
