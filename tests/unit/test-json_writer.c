/* JSON output: shapes, escapes, every kind of broken UTF-8, and a full buffer. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "formats/json_writer.h"

static void test_shapes(void **state) {
        Buffer buffer = {};
        JsonWriter writer;

        json_start(&writer, &buffer);
        json_object_begin(&writer, NULL);
        json_string(&writer, "name", "a");
        json_int(&writer, "least", INT64_MIN);
        json_bool(&writer, "yes", true);
        json_null(&writer, "none");
        json_string(&writer, "also none", NULL);
        json_array_begin(&writer, "list");
        json_int(&writer, NULL, 1);
        json_object_begin(&writer, NULL);
        json_object_end(&writer);
        json_array_begin(&writer, NULL);
        json_array_end(&writer);
        json_bool(&writer, NULL, false);
        json_array_end(&writer);
        json_time(&writer, "never", 0);
        json_time(&writer, "then", INT64_C(1700000000000000));
        json_object_end(&writer);
        assert_int_equal(json_finish(&writer), 0);
        assert_string_equal(
                        buffer.data,
                        "{\"name\":\"a\",\"least\":-9223372036854775808,\"yes\":true,\"none\":null,\"also none\":null,"
                        "\"list\":[1,{},[],false],\"never\":null,\"then\":\"2023-11-14T22:13:20Z\"}");
        buffer_done(&buffer);
}

#define BAD "\xEF\xBF\xBD"

static void test_strings(void **state) {
        static const struct {
                const char *value, *written;
        } cases[] = {
                { "", "" },
                { "a\"b\\c/d", "a\\\"b\\\\c/d" },
                { "\b\t\n\f\r\x01\x1f\x7f", "\\b\\t\\n\\f\\r\\u0001\\u001f\\u007f" },
                { "</script>&", "\\u003c/script\\u003e\\u0026" },
                { "Ж€𝄞", "Ж€𝄞" },
                { "a\xff"
                  "b",
                  "a" BAD "b" },
                { "\xc0\xaf", BAD BAD },                 /* overlong '/' */
                { "\xe0\x80\xaf", BAD BAD BAD },         /* overlong */
                { "\xed\xa0\x80", BAD BAD BAD },         /* surrogate */
                { "\xf4\x90\x80\x80", BAD BAD BAD BAD }, /* beyond U+10FFFF */
                { "\xe2\x82", BAD BAD },                 /* cut off at the end */
                { "\xe2\x82\"", BAD BAD "\\\"" },        /* a quote cannot hide behind a lead byte */
                { "\x80\xbf", BAD BAD },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char expected[256];
                Buffer buffer = {};
                JsonWriter writer;

                strcpy(expected, "\"");
                strcat(strcat(expected, cases[i].written), "\"");
                json_start(&writer, &buffer);
                json_string(&writer, NULL, cases[i].value);
                assert_int_equal(json_finish(&writer), 0);
                assert_string_equal(buffer.data, expected);
                buffer_done(&buffer);
        }
}

static void test_full_buffer(void **state) {
        Buffer buffer = { .max = 16 };
        JsonWriter writer;

        json_start(&writer, &buffer);
        json_string(&writer, NULL, "much too long for sixteen bytes");
        json_int(&writer, NULL, 1);
        assert_int_equal(json_finish(&writer), -ENOBUFS);
        buffer_done(&buffer);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_shapes),
                cmocka_unit_test(test_strings),
                cmocka_unit_test(test_full_buffer),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
