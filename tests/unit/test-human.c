/* Sizes for people, at every edge between units. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/human.h"
#include "base/macro.h"

#define MIB (INT64_C(1) << 20)

static void test_sizes(void **state) {
        static const struct {
                int64_t bytes;
                const char *text;
        } table[] = {
                { 0, "0 B" },
                { 1, "1 B" },
                { 512, "512 B" },
                { 1023, "1023 B" },
                { 1024, "1.0 KiB" },
                { 1075, "1.0 KiB" },
                { 1076, "1.1 KiB" },
                { 1536, "1.5 KiB" },
                { 1048524, "1023.9 KiB" },
                { 1048525, "1.0 MiB" }, /* never "1024.0 KiB" */
                { MIB, "1.0 MiB" },
                { INT64_C(741204003226), "690.3 GiB" },
                { MIB * MIB - 1, "1.0 TiB" },
                { INT64_C(1) << 60, "1.0 EiB" },
                { INT64_MAX, "8.0 EiB" },
                { -1, "-1 B" },
                { -1536, "-1.5 KiB" },
                { INT64_MIN, "-8.0 EiB" },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                char text[HUMAN_SIZE_MAX];

                assert_string_equal(human_size(text, table[i].bytes), table[i].text);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_sizes) };

        return cmocka_run_group_tests_name("human", tests, NULL, NULL);
}
