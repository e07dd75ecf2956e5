/* File types and keywords. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/macro.h"
#include "base/string_util.h"
#include "domain/file_type.h"

static void test_types(void **state) {
        static const struct {
                const char *type;
                bool is_text, is_utf8;
                FileKeywords keywords;
        } rows[] = {
                { "text", true, false, FILE_KEYWORDS_NONE },
                { "text+kx", true, false, FILE_KEYWORDS_ALL },
                { "text+ko", true, false, FILE_KEYWORDS_OLD },
                { "kxtext", true, false, FILE_KEYWORDS_ALL },
                { "xunicode", true, false, FILE_KEYWORDS_NONE },
                { "utf8+xk", true, true, FILE_KEYWORDS_ALL },
                { "utf16", false, false, FILE_KEYWORDS_NONE },
                { "utf16+k", false, false, FILE_KEYWORDS_ALL },
                { "binary+lk", false, false, FILE_KEYWORDS_ALL },
                { "textual", false, false, FILE_KEYWORDS_NONE },
                { "symlink", false, false, FILE_KEYWORDS_NONE },
                { "", false, false, FILE_KEYWORDS_NONE },
                { NULL, false, false, FILE_KEYWORDS_NONE },
        };
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                assert_int_equal(file_type_is_text(rows[i].type), rows[i].is_text);
                assert_int_equal(file_type_is_utf8(rows[i].type), rows[i].is_utf8);
                assert_int_equal(file_type_keywords(rows[i].type), rows[i].keywords);
        }
}

static void test_keywords(void **state) {
        static const struct {
                FileKeywords keywords;
                const char *text, *result;
        } rows[] = {
                { FILE_KEYWORDS_ALL, "a $Id: //d/f#3 $ b $DateTime: 2026 $", "a $Id$ b $DateTime$" },
                { FILE_KEYWORDS_OLD, "$Header: x $ $DateTime: 2026 $", "$Header$ $DateTime: 2026 $" },
                { FILE_KEYWORDS_NONE, "$Id: x $", "$Id: x $" },
                { FILE_KEYWORDS_ALL, "$Id$ $Id", "$Id$ $Id" },
                { FILE_KEYWORDS_ALL, "$Id: cut\n$", "$Id: cut\n$" },
                { FILE_KEYWORDS_ALL, "$Id: at the end", "$Id: at the end" },
                { FILE_KEYWORDS_ALL, "$$Id: x$$", "$$Id$$" },
                { FILE_KEYWORDS_ALL, "$Idle: x $", "$Idle: x $" },
                { FILE_KEYWORDS_ALL, "$", "$" },
                { FILE_KEYWORDS_ALL, "", "" },
        };
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_free_ char *text = NULL;
                assert_int_equal(string_copy(&text, rows[i].text), 0);
                text[file_keywords_collapse(rows[i].keywords, text, strlen(text))] = 0;
                assert_string_equal(text, rows[i].result);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_types), cmocka_unit_test(test_keywords) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
