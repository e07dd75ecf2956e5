/* JSON from outside: what is strict stays strict, every bound holds, every complaint names its field. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/string_util.h"
#include "formats/json_reader.h"

static JsonValue *read_good(const char *text) {
        _cleanup_free_ char *message = NULL;
        JsonValue *value = NULL;

        assert_int_equal(json_read(text, strlen(text), &value, &message), 0);
        return value;
}

static int count(const char *key, const JsonValue *value, void *userdata) {
        ++*(int *) userdata;
        return strcmp(key, "stop") == 0 ? 7 : 0;
}

static void test_values(void **state) {
        _cleanup_(json_value_freep) JsonValue *root = read_good(
                        " {\"s\":\"\\u0436/\", \"n\":-5, \"t\":true, \"z\":null, \"a\":[1,\"x\"], \"stop\":1.5, \"o\":{}} \n");
        _cleanup_free_ char *text = NULL;
        int n = 0;

        assert_string_equal(json_value_string(json_value_get(root, "s")), "ж/");
        assert_int_equal(json_value_int(json_value_get(root, "n"), 0), -5);
        assert_true(json_value_bool(json_value_get(root, "t"), false));
        assert_int_equal(json_value_kind(json_value_get(root, "z")), JSON_NULL);
        assert_null(json_value_get(root, "none"));
        assert_int_equal(json_value_length(json_value_get(root, "a")), 2);
        assert_string_equal(json_value_string(json_value_at(json_value_get(root, "a"), 1)), "x");
        assert_null(json_value_at(json_value_get(root, "a"), 2));
        assert_null(json_value_string(json_value_get(root, "n")));
        assert_int_equal(json_value_int(json_value_get(root, "s"), 9), 9);
        assert_int_equal(json_value_each(root, count, &n), 7);
        assert_int_equal(n, 6);
        assert_int_equal(json_value_format(json_value_get(root, "a"), &text), 0);
        assert_string_equal(text, "[1,\"x\"]");
}

static void test_refused(void **state) {
        static const char *const texts[] = {
                "",
                " ",
                "{",
                "[1,]",
                "{\"a\":1,}",
                "{a:1}",
                "nul",
                "01",
                "+1",
                "1 2",
                "{} x",
                "\"\xff\"",
                "\"\\u0000\"",
                "{\"\":1}",
                "/* */ 1",
                "[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]",
                "\"",
                "{\"a\" 1}",
        };

        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                _cleanup_free_ char *message = NULL;
                JsonValue *value = NULL;

                assert_int_equal(json_read(texts[i], strlen(texts[i]), &value, &message), -EBADMSG);
                assert_true(string_has_prefix(message, "not JSON"));
                assert_null(value);
        }
}

static void test_bounds(void **state) {
        _cleanup_free_ char *message = NULL, *large = malloc(JSON_TEXT_MAX + 1);
        JsonValue *value = NULL;

        memset(large, ' ', JSON_TEXT_MAX + 1);
        large[0] = '1';
        assert_int_equal(json_read(large, JSON_TEXT_MAX + 1, &value, &message), -EFBIG);
        assert_int_equal(json_read("1\0", 2, &value, &message), -EBADMSG);
        free(message);
        message = NULL;
        assert_int_equal(json_read(large, JSON_TEXT_MAX, &value, &message), 0);
        value = json_value_free(value);
}

typedef struct Target {
        char *name;
        uint64_t number;
        bool flag;
        const JsonValue *any;
} Target;

static const JsonKey keys[] = {
        { "name", JSON_KEY_STRING, true, offsetof(Target, name), 1, 4 },
        { "number", JSON_KEY_UINT, false, offsetof(Target, number), 1, 10 },
        { "flag", JSON_KEY_BOOL, false, offsetof(Target, flag), 0, 0 },
        { "any", JSON_KEY_VALUE, false, offsetof(Target, any), 0, 0 },
};

static void test_fill(void **state) {
        static const struct {
                const char *text, *message; /* NULL: good */
        } cases[] = {
                { "{\"name\":\"ab\",\"number\":10,\"flag\":true,\"any\":[]}", NULL },
                { "{\"name\":\"ab\",\"number\":null}", NULL },
                { "[]", "spec: an object, {…}, is expected" },
                { "{}", "spec.name: is missing" },
                { "{\"name\":null}", "spec.name: is missing" },
                { "{\"name\":\"\"}", "spec.name: must not be empty" },
                { "{\"name\":\"abcde\"}", "spec.name: longer than 4 bytes" },
                { "{\"name\":1}", "spec.name: a text is expected" },
                { "{\"name\":\"a\",\"number\":\"1\"}", "spec.number: a whole number is expected" },
                { "{\"name\":\"a\",\"number\":-1}", "spec.number: a whole number is expected" },
                { "{\"name\":\"a\",\"number\":1.5}", "spec.number: a whole number is expected" },
                { "{\"name\":\"a\",\"number\":11}", "spec.number: 11 is out of range (1 to 10)" },
                { "{\"name\":\"a\",\"flag\":1}", "spec.flag: true or false is expected" },
                { "{\"name\":\"a\",\"nmae\":1}", "spec.nmae: there is no such field" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(json_value_freep) JsonValue *root = read_good(cases[i].text);
                _cleanup_free_ char *message = NULL;
                Target target = { .number = 5 };

                assert_int_equal(json_fill("spec", root, keys, ELEMENTSOF(keys), &target, &message),
                                 cases[i].message ? -EBADMSG : 0);
                if (cases[i].message) {
                        assert_string_equal(message, cases[i].message);
                } else {
                        assert_string_equal(target.name, "ab");
                        assert_true(target.number == 10 || target.number == 5);
                }
                free(target.name);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_values),
                cmocka_unit_test(test_refused),
                cmocka_unit_test(test_bounds),
                cmocka_unit_test(test_fill),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
