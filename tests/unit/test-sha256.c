/* SHA-256 against the vectors of FIPS 180-4 and the lengths around a block. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/macro.h"
#include "base/sha256.h"

static void test_vectors(void **state) {
        static const struct {
                const char *text, *hash;
        } cases[] = {
                { "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
                { "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
                { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
        };
        char text[SHA256_TEXT_MAX];
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                assert_string_equal(sha256_text(text, cases[i].text, strlen(cases[i].text)), cases[i].hash);
        }
}

/* Against another program, for every length up to three blocks. */
static void test_lengths(void **state) {
        char text[SHA256_TEXT_MAX], expected[80], command[256], data[200];
        memset(data, 'a', sizeof data);
        for (size_t length = 0; length<sizeof data; length += length> 50 && length < 70 ? 1 : 7) {
                (void) snprintf(command, sizeof command, "printf '%%%zus' '' | tr ' ' a | sha256sum",
                                length);
                FILE *program = popen(command, "r");
                assert_non_null(program);
                assert_int_equal(fscanf(program, "%64[0-9a-f]", expected), 1);
                pclose(program);
                assert_string_equal(sha256_text(text, data, length), expected);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_vectors), cmocka_unit_test(test_lengths) };
        return cmocka_run_group_tests_name("sha256", tests, NULL, NULL);
}
