/* Strings: predicates, copies, vectors, UTF-8, what may be shown on a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/string_util.h"

static void test_predicates(void **state) {
        assert_true(string_is_empty(NULL) && string_is_empty("") && !string_is_empty(" "));
        assert_true(string_equal(NULL, NULL) && string_equal("a", "a"));
        assert_false(string_equal(NULL, "") || string_equal("", NULL) || string_equal("a", "A"));
        assert_true(string_has_prefix("abc", "") && string_has_prefix("abc", "ab") &&
                    string_has_prefix("abc", "abc"));
        assert_false(string_has_prefix("ab", "abc") || string_has_prefix("xab", "ab"));
        assert_true(string_has_suffix("abc", "") && string_has_suffix("abc", "bc") &&
                    string_has_suffix("abc", "abc"));
        assert_false(string_has_suffix("bc", "abc") || string_has_suffix("abcx", "bc"));
}

static void test_copies(void **state) {
        char *text = NULL, *joined = NULL, **vector = NULL;

        assert_int_equal(string_format(&text, "%d %s", 7, "x"), 0);
        assert_string_equal(text, "7 x");
        assert_int_equal(string_replace(&text, "other"), 0);
        assert_string_equal(text, "other");
        assert_int_equal(string_replace(&text, text + 2), 0); /* of itself */
        assert_string_equal(text, "her");
        assert_int_equal(string_replace(&text, NULL), 0);
        assert_null(text);
        assert_int_equal(string_copy_lower(&text, "Weir-\xc3\x84Z@"), 0);
        assert_string_equal(text, "weir-\xc3\x84z@");
        free(TAKE_PTR(text));
        assert_int_equal(string_copy_lower(&text, NULL), 0);
        assert_null(text);
        assert_int_equal(string_copy(&text, NULL), 0);
        assert_null(text);

        assert_int_equal(strv_length(NULL), 0);
        assert_int_equal(string_join(&joined, NULL, ","), 0);
        assert_string_equal(joined, "");
        free(joined);
        assert_int_equal(strv_append(&vector, "a"), 0);
        assert_int_equal(strv_append(&vector, ""), 0);
        assert_int_equal(strv_append(&vector, "b c"), 0);
        assert_int_equal(strv_length(vector), 3);
        assert_null(vector[3]);
        assert_int_equal(string_join(&joined, vector, ", "), 0);
        assert_string_equal(joined, "a, , b c");
        free(joined);
        strv_free(vector);
        strv_free(NULL);
}

#define BYTES(literal) literal, sizeof(literal) - 1

static void test_utf8(void **state) {
        static const struct {
                const char *bytes;
                size_t length, first; /* length of the first code point; 0: none */
                uint32_t code_point;
                bool valid;
        } table[] = {
                { BYTES(""), 0, 0, true },
                { BYTES("\0"), 1, 0, true },
                { BYTES("aZ"), 1, 'a', true },
                { BYTES("\x7f"), 1, 0x7f, true },
                { BYTES("\xc2\x80"), 2, 0x80, true },
                { BYTES("\xdf\xbf"), 2, 0x7ff, true },
                { BYTES("\xe0\xa0\x80"), 3, 0x800, true },
                { BYTES("\xed\x9f\xbf"), 3, 0xd7ff, true },
                { BYTES("\xee\x80\x80"), 3, 0xe000, true },
                { BYTES("\xef\xbf\xbf"), 3, 0xffff, true },
                { BYTES("\xf0\x90\x80\x80"), 4, 0x10000, true },
                { BYTES("\xf4\x8f\xbf\xbf"), 4, 0x10ffff, true },
                { BYTES("a\xc3\xa9z"), 1, 'a', true },
                { BYTES("a\xff"), 1, 'a', false },
                { BYTES("\x80"), 0, 0, false }, /* a lone continuation */
                { BYTES("\xc3"), 0, 0, false }, /* cut */
                { BYTES("\xe2\x82"), 0, 0, false },
                { BYTES("\xc3\xc3"), 0, 0, false },
                { BYTES("\xc0\x80"), 0, 0, false }, /* overlong */
                { BYTES("\xc1\xbf"), 0, 0, false },
                { BYTES("\xe0\x9f\xbf"), 0, 0, false },
                { BYTES("\xf0\x8f\xbf\xbf"), 0, 0, false },
                { BYTES("\xed\xa0\x80"), 0, 0, false }, /* surrogate */
                { BYTES("\xed\xbf\xbf"), 0, 0, false },
                { BYTES("\xf4\x90\x80\x80"), 0, 0, false }, /* beyond the last */
                { BYTES("\xf8\x88\x80\x80\x80"), 0, 0, false },
                { BYTES("\xfe"), 0, 0, false },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                uint32_t code_point = 0;

                assert_int_equal(string_is_utf8(table[i].bytes, table[i].length), table[i].valid);
                assert_int_equal(string_utf8_decode(table[i].bytes, table[i].length, &code_point),
                                 table[i].first);
                assert_int_equal(code_point, table[i].code_point);
        }
}

static void test_printable(void **state) {
        static const struct {
                const char *text;
                size_t max;
                const char *printable;
        } table[] = {
                { "", 10, "" },
                { "plain", 100, "plain" },
                { "\xd0\x96 \xe2\x82\xac \xf0\x9d\x84\x9e", 100, "\xd0\x96 \xe2\x82\xac \xf0\x9d\x84\x9e" },
                { "a\nb\tc\x7f", 100, "a\\x0ab\\x09c\\x7f" },
                { "\033[31mred", 100, "\\x1b[31mred" },
                { "\xc2\x9b"
                  "31m",
                  100, "\\xc2\\x9b31m" }, /* C1: also a terminal's escape */
                { "x\xe2\x80\xae"
                  "gpj.exe",
                  100, "x\\xe2\\x80\\xaegpj.exe" }, /* right-to-left override */
                { "caf\xe9", 100, "caf\\xe9" },
                { "\xed\xa0\x80", 100, "\\xed\\xa0\\x80" },
                { "12345678", 8, "12345678" },
                { "123456789", 8, "12345\xe2\x80\xa6" },
                { "1234\xff", 8, "1234\\xff" },
                { "12345\xff", 8, "12345\xe2\x80\xa6" }, /* an escape is not cut */
                { "12\xff"
                  "5",
                  6, "12\xe2\x80\xa6" },
                { "123\xd0\x96\xd0\x96\xd0\x96", 8, "123\xd0\x96\xe2\x80\xa6" },
                { "12345", 3, "\xe2\x80\xa6" },
                { "12345", 2, "" },
                { "12345", 0, "" },
                { "12", 2, "12" },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                char *printable = NULL;

                assert_int_equal(string_printable(&printable, table[i].text, table[i].max), 0);
                assert_string_equal(printable, table[i].printable);
                assert_true(strlen(printable) <= table[i].max);
                free(printable);
        }
}

/* Whatever the bytes: the result is valid, free of controls and within its bound. */
static void test_printable_of_anything(void **state) {
        unsigned seed = 1;

        for (int i = 0; i < 20000; i++) {
                char text[24], *printable;
                size_t length = 0, max;

                while (length < sizeof(text) - 1) {
                        seed = seed * 1103515245 + 12345;
                        text[length++] = (char) (seed >> 16);
                }
                text[length] = 0;
                max = (seed >> 8) % 40;
                assert_int_equal(string_printable(&printable, text, max), 0);
                assert_true(strlen(printable) <= max && string_is_utf8(printable, strlen(printable)));
                for (size_t k = 0; printable[k]; k++) {
                        assert_true((unsigned char) printable[k] >= 0x20 && printable[k] != 0x7f);
                }
                free(printable);
        }
}

static void test_has_word(void **state) {
        assert_true(string_has_word("locked", "locked", " "));
        assert_true(string_has_word("noclobber  locked normdir", "locked", " "));
        assert_true(string_has_word("a\nb c\n", "b c", "\n"));
        assert_false(string_has_word("noclobber unlocked normdir", "locked", " "));
        assert_false(string_has_word("lockedx lock", "locked", " "));
        assert_false(string_has_word("", "locked", " "));
        assert_false(string_has_word(NULL, "locked", " "));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_has_word),  cmocka_unit_test(test_predicates),
                cmocka_unit_test(test_copies),    cmocka_unit_test(test_utf8),
                cmocka_unit_test(test_printable), cmocka_unit_test(test_printable_of_anything),
        };

        return cmocka_run_group_tests_name("string_util", tests, NULL, NULL);
}
