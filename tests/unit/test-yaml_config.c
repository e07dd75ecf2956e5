/* Configuration files: every mistake is told with its line, every bound holds, nothing of a bad file is taken for good. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "formats/yaml_config.h"

typedef struct Target {
        char *name;
        char **words;
        uint64_t number, span, bytes;
        bool flag;
        const YamlNode *group, *list;
} Target;

static const YamlKey keys[] = {
        { "name", YAML_STRING, true, offsetof(Target, name), 2, 5 },
        { "words", YAML_STRINGS, false, offsetof(Target, words), 0, 0 },
        { "number", YAML_UINT, false, offsetof(Target, number), 1, 32 },
        { "span", YAML_SPAN, false, offsetof(Target, span), USEC_PER_MINUTE, 0 },
        { "bytes", YAML_BYTES, false, offsetof(Target, bytes), 0, 0 },
        { "flag", YAML_BOOL, false, offsetof(Target, flag), 0, 0 },
        { "group", YAML_MAPPING, false, offsetof(Target, group), 0, 0 },
        { "list", YAML_SEQUENCE, false, offsetof(Target, list), 0, 0 },
};

static void target_done(Target *target) {
        free(target->name);
        strv_free(target->words);
}

static int fill(const char *text, YamlNode **ret, Target *target, char **ret_message) {
        int r = yaml_parse("f.yaml", text, strlen(text), ret, ret_message);

        return r < 0 ? r : yaml_fill("f.yaml", *ret, keys, ELEMENTSOF(keys), target, ret_message);
}

static void test_good(void **state) {
        _cleanup_(yaml_node_freep) YamlNode *tree = NULL;
        _cleanup_(target_done) Target target = { .number = 7 };
        _cleanup_free_ char *message = NULL;

        assert_int_equal(
                        fill("# comment\nname: \"~\\u0436\"\nwords: [a, 'b c']\nspan: 1h 30min\nbytes: 2M\nflag: off\nnumber:\n"
                             "group: {x: 1}\nlist:\n  - y\n",
                             &tree, &target, &message),
                        0);
        assert_string_equal(target.name, "~ж");
        assert_int_equal(strv_length(target.words), 2);
        assert_string_equal(target.words[1], "b c");
        assert_int_equal(target.number, 7); /* no value: the default stays */
        assert_int_equal(target.span, 90 * USEC_PER_MINUTE);
        assert_int_equal(target.bytes, 2 * 1024 * 1024);
        assert_false(target.flag);
        assert_string_equal(yaml_get(target.group, "x")->scalar, "1");
        assert_int_equal(yaml_get(target.group, "x")->line, 8);
        assert_string_equal(target.list->items[0]->scalar, "y");
        assert_int_equal(target.list->items[0]->line, 10);
        assert_null(message);
}

static void test_empty(void **state) {
        static const char *const texts[] = { "", "\n", "# nothing\n", "---\n", "~\n", "---\n...\n" };

        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                _cleanup_(yaml_node_freep) YamlNode *tree = NULL;
                _cleanup_free_ char *message = NULL;

                assert_int_equal(yaml_parse("f.yaml", texts[i], strlen(texts[i]), &tree, &message), 0);
                assert_int_equal(tree->kind, YAML_KIND_MAPPING);
                assert_int_equal(tree->n_items, 0);
        }
}

static void test_mistakes(void **state) {
        static const struct {
                const char *text, *message;
        } cases[] = {
                { "", "f.yaml:1: name is missing" },
                { "name:\n", "f.yaml:1: name has no value" },
                { "name: ''\n", "f.yaml:1: name must not be empty" },
                { "name: a\n", "f.yaml:1: name is too short" },
                { "name: abcdef\n", "f.yaml:1: name is longer than 5 bytes" },
                { "\nname: ab\nnmae: x\n",
                  "f.yaml:3: there is no setting \"nmae\" here; is \"name\" meant?" },
                { "name: ab\nzzzzzz: x\n", "f.yaml:2: there is no setting \"zzzzzz\" here" },
                { "name: ab\nname: cd\n", "f.yaml:2: the key \"name\" is here twice, first in line 1" },
                { "name: [a]\n", "f.yaml:1: name must be a text" },
                { "name: ab\nnumber: 0\n", "f.yaml:2: number: 0 is too small" },
                { "name: ab\nnumber: 33\n", "f.yaml:2: number: 33 is too large" },
                { "name: ab\nnumber: -1\n", "f.yaml:2: number: \"-1\" is not a whole number" },
                { "name: ab\nnumber: 99999999999999999999999\n",
                  "f.yaml:2: number: \"99999999999999999999999\" is not a whole number" },
                { "name: ab\nspan: 6 parsecs\n",
                  "f.yaml:2: span: \"6 parsecs\" is not a time span such as 30s, 10min, 6h or 2 weeks" },
                { "name: ab\nspan: 1s\n", "f.yaml:2: span: 1s is too small" },
                { "name: ab\nbytes: much\n", "f.yaml:2: bytes: \"much\" is not a size such as 512M or 2G" },
                { "name: ab\nflag: maybe\n", "f.yaml:2: flag: \"maybe\" is neither yes nor no" },
                { "name: ab\ngroup: 1\n", "f.yaml:2: group must be a group of settings" },
                { "name: ab\nlist: {a: 1}\n", "f.yaml:2: list must be a list" },
                { "name: ab\nwords:\n  - a\n  - [b]\n", "f.yaml:4: words must be a list of texts" },
                { "- a\n", "f.yaml:1: settings, \"name: value\", are expected here" },
                { "word\n", "f.yaml:1: settings, \"name: value\", are expected here" },
                { "name: &a ab\nlist: *a\n", "f.yaml:2: aliases (*name) are not allowed here" },
                { "name: ab\n---\nname: cd\n", "f.yaml:2: a second document begins here; one is enough" },
                { "? [a]\n: b\n", "f.yaml:1: a key must be a single word" },
                { "name: \"a\\0b\"\n", "f.yaml:1: a value holds a NUL byte" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(yaml_node_freep) YamlNode *tree = NULL;
                _cleanup_(target_done) Target target = {};
                _cleanup_free_ char *message = NULL;

                assert_int_equal(fill(cases[i].text, &tree, &target, &message), -EBADMSG);
                assert_string_equal(message, cases[i].message);
        }
}

/* libyaml's own words are not ours to fix; the line is. */
static void test_syntax(void **state) {
        static const struct {
                const char *text, *place;
        } cases[] = {
                { "name: ab\n\tx: 1\n", "f.yaml:2: " }, { "name: \"ab\n", "f.yaml:2: " },
                { "a: b\n  c: d\n", "f.yaml:2: " },     { "a: [1, 2\nb: 3\n", "f.yaml:2: " },
                { "a: \xff\n", "f.yaml:1: " },          { "%YAML 9.9\n---\n", "f.yaml:1: " },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(yaml_node_freep) YamlNode *tree = NULL;
                _cleanup_free_ char *message = NULL;

                assert_int_equal(yaml_parse("f.yaml", cases[i].text, strlen(cases[i].text), &tree, &message),
                                 -EBADMSG);
                assert_true(string_has_prefix(message, cases[i].place));
                assert_true(strlen(message) > strlen(cases[i].place));
        }
}

static void assert_refused(const Buffer *text, const char *says) {
        _cleanup_(yaml_node_freep) YamlNode *tree = NULL;
        _cleanup_free_ char *message = NULL;

        assert_int_equal(yaml_parse("f.yaml", text->data, text->length, &tree, &message), -EBADMSG);
        assert_non_null(strstr(message, says));
}

static void test_bounds(void **state) {
        Buffer deep = {}, many = {}, large = {};

        for (int i = 0; i < 1000; i++) {
                assert_int_equal(buffer_append_string(&deep, "["), 0);
        }
        assert_refused(&deep, "nested deeper than 16 levels");
        assert_int_equal(buffer_append_string(&many, "a: ["), 0);
        for (int i = 0; i < 100001; i++) {
                assert_int_equal(buffer_append_string(&many, "1,"), 0);
        }
        assert_refused(&many, "more than 100000 values");
        while (large.length <= 1024 * 1024) {
                assert_int_equal(buffer_append_string(&large, "# 0123456789\n"), 0);
        }
        assert_refused(&large, "larger than 1048576 bytes");
        buffer_done(&deep);
        buffer_done(&many);
        buffer_done(&large);
}

static void test_load(void **state) {
        char path[] = "/tmp/test-yaml.XXXXXX";
        _cleanup_(yaml_node_freep) YamlNode *tree = NULL;
        _cleanup_free_ char *message = NULL;
        int fd = mkstemp(path);

        assert_true(fd >= 0 && write(fd, "a: 1\n", 5) == 5);
        assert_int_equal(yaml_load(path, &tree, &message), 0);
        assert_string_equal(yaml_get(tree, "a")->scalar, "1");
        assert_null(yaml_get(tree, "b"));
        close(fd);
        unlink(path);
        assert_int_equal(yaml_load(path, &tree, &message), -ENOENT);
        assert_int_equal(yaml_load("/", &tree, &message), -EISDIR);
        assert_null(message);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_good),     cmocka_unit_test(test_empty),
                cmocka_unit_test(test_mistakes), cmocka_unit_test(test_syntax),
                cmocka_unit_test(test_bounds),   cmocka_unit_test(test_load),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
