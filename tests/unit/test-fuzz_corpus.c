/* The fuzzers' targets over their stored inputs: what once was found stays fixed, without clang. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/fd_util.h"
#include "base/string_util.h"

#define LLVMFuzzerTestOneInput fuzz_marshal
#include "../fuzz/fuzz-marshal.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_yaml_config
#include "../fuzz/fuzz-yaml_config.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_json_reader
#include "../fuzz/fuzz-json_reader.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_parse_util
#include "../fuzz/fuzz-parse_util.c"

/* Every prefix too: a cut file is the most common kind of broken. */
static void replay(const char *name, int (*target)(const uint8_t *data, size_t size)) {
        _cleanup_free_ char *folder = NULL;
        const struct dirent *entry;
        size_t n = 0;
        DIR *dir;

        assert_int_equal(string_format(&folder, "tests/fuzz/corpus/%s", name), 0);
        dir = opendir(folder);
        if (!dir) {
                fail_msg("%s: not there; unit tests run in the top folder", folder);
        }
        while ((entry = readdir(dir))) {
                _cleanup_free_ char *path = NULL, *text = NULL;
                size_t length;

                if (entry->d_name[0] == '.') {
                        continue;
                }
                assert_int_equal(string_format(&path, "%s/%s", folder, entry->d_name), 0);
                assert_int_equal(file_read(path, 65536, &text, &length), 0);
                for (size_t cut = length + 1; cut > 0; cut--) {
                        assert_int_equal(target((const uint8_t *) text, cut - 1), 0);
                }
                n++;
        }
        assert_true(n >= 3);
        (void) closedir(dir);
}

static void test_marshal(void **state) {
        replay("marshal", fuzz_marshal);
}

static void test_yaml_config(void **state) {
        replay("yaml_config", fuzz_yaml_config);
}

static void test_json_reader(void **state) {
        replay("json_reader", fuzz_json_reader);
}

static void test_parse_util(void **state) {
        replay("parse_util", fuzz_parse_util);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_marshal),
                cmocka_unit_test(test_yaml_config),
                cmocka_unit_test(test_json_reader),
                cmocka_unit_test(test_parse_util),
        };

        return cmocka_run_group_tests_name("fuzz_corpus", tests, NULL, NULL);
}
