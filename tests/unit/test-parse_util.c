/* Text to numbers, spans and sizes: what is taken, what is refused, and the edges of the types. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/macro.h"
#include "base/parse_util.h"
#include "base/time_util.h"

static void test_numbers(void **state) {
        static const struct {
                const char *text;
                int r64, r32, signed64;
                uint64_t value;
        } table[] = {
                { "0", 0, 0, 0, 0 },
                { "007", 0, 0, 0, 7 },
                { "4294967295", 0, 0, 0, UINT32_MAX },
                { "4294967296", 0, -ERANGE, 0, UINT64_C(4294967296) },
                { "9223372036854775807", 0, -ERANGE, 0, INT64_MAX },
                { "9223372036854775808", 0, -ERANGE, -ERANGE, UINT64_C(9223372036854775808) },
                { "18446744073709551615", 0, -ERANGE, -ERANGE, UINT64_MAX },
                { "18446744073709551616", -ERANGE, -ERANGE, -ERANGE, 0 },
                { "99999999999999999999999", -ERANGE, -ERANGE, -ERANGE, 0 },
                { "", -EINVAL, -EINVAL, -EINVAL, 0 },
                { " 1", -EINVAL, -EINVAL, -EINVAL, 0 },
                { "1 ", -EINVAL, -EINVAL, -EINVAL, 0 },
                { "+1", -EINVAL, -EINVAL, -EINVAL, 0 },
                { "0x10", -EINVAL, -EINVAL, -EINVAL, 0 },
                { "1e3", -EINVAL, -EINVAL, -EINVAL, 0 },
                { "1\n", -EINVAL, -EINVAL, -EINVAL, 0 },
                { "\xd9\xa1", -EINVAL, -EINVAL, -EINVAL, 0 }, /* an Arabic one */
                { "-", -EINVAL, -EINVAL, -EINVAL, 0 },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                uint64_t u64 = 4711;
                uint32_t u32 = 4711;
                int64_t i64 = 4711;

                assert_int_equal(parse_uint64(table[i].text, &u64), table[i].r64);
                assert_true(u64 == (table[i].r64 < 0 ? 4711 : table[i].value));
                assert_int_equal(parse_uint32(table[i].text, &u32), table[i].r32);
                assert_true(u32 == (table[i].r32 < 0 ? 4711 : table[i].value));
                assert_int_equal(parse_int64(table[i].text, &i64), table[i].signed64);
                assert_true(i64 == (table[i].signed64 < 0 ? 4711 : (int64_t) table[i].value));
        }
}

static void test_negative(void **state) {
        uint64_t u64;
        int64_t i64;

        assert_int_equal(parse_int64("-1", &i64), 0);
        assert_true(i64 == -1);
        assert_int_equal(parse_int64("-9223372036854775808", &i64), 0);
        assert_true(i64 == INT64_MIN);
        assert_int_equal(parse_int64("-9223372036854775809", &i64), -ERANGE);
        assert_int_equal(parse_int64("--1", &i64), -EINVAL);
        assert_int_equal(parse_uint64("-1", &u64), -EINVAL);
}

static void test_bool(void **state) {
        static const char *const yes[] = { "yes", "Yes", "TRUE", "on", "1" },
                                 *const no[] = { "no", "False", "OFF", "0" },
                                 *const bad[] = { "", "y", "n", "2", " yes", "yes ", "maybe" };
        bool value;

        for (size_t i = 0; i < ELEMENTSOF(yes); i++) {
                value = false;
                assert_int_equal(parse_bool(yes[i], &value), 0);
                assert_true(value);
        }
        for (size_t i = 0; i < ELEMENTSOF(no); i++) {
                value = true;
                assert_int_equal(parse_bool(no[i], &value), 0);
                assert_false(value);
        }
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                assert_int_equal(parse_bool(bad[i], &value), -EINVAL);
        }
}

static void test_span(void **state) {
        static const struct {
                const char *text;
                int result;
                uint64_t usec;
        } table[] = {
                { "0", 0, 0 },
                { "90", 0, 90 * USEC_PER_SEC },
                { "90s", 0, 90 * USEC_PER_SEC },
                { "6h", 0, 6 * USEC_PER_HOUR },
                { "1h 30min", 0, 90 * USEC_PER_MINUTE },
                { "1h30min", 0, 90 * USEC_PER_MINUTE },
                { "2 weeks", 0, 14 * USEC_PER_DAY },
                { "1 day  2 hours", 0, 26 * USEC_PER_HOUR },
                { "5m", 0, 5 * USEC_PER_MINUTE },
                { "1M", 0, UINT64_C(2629800) * USEC_PER_SEC },
                { "1y", 0, UINT64_C(31557600) * USEC_PER_SEC },
                { "250ms", 0, 250 * USEC_PER_MSEC },
                { "7us", 0, 7 },
                { "7\xc2\xb5s", 0, 7 },
                { "1.5h", 0, 90 * USEC_PER_MINUTE },
                { "0.000001s", 0, 1 },
                { "0.0000001s", 0, 0 },
                { "1.25", 0, 1250 * USEC_PER_MSEC },
                { "infinity", 0, USEC_INFINITY },
                { "213503982d", 0, UINT64_C(213503982) * USEC_PER_DAY },
                { "213503983d", -ERANGE, 0 },
                { "18446744073709551615us", -ERANGE, 0 }, /* would be taken for infinity */
                { "18446744073709551614us 1us", -ERANGE, 0 },
                { "18446744073709551616us", -ERANGE, 0 },
                { "", -EINVAL, 0 },
                { " 1s", -EINVAL, 0 },
                { "1s ", -EINVAL, 0 },
                { "s", -EINVAL, 0 },
                { "-1s", -EINVAL, 0 },
                { "1x", -EINVAL, 0 },
                { "1S", -EINVAL, 0 },
                { "1s,2s", -EINVAL, 0 },
                { "1.s", -EINVAL, 0 },
                { ".5s", -EINVAL, 0 },
                { "1..5s", -EINVAL, 0 },
                { "1.5.5s", -EINVAL, 0 },
                { "1h\t2min", -EINVAL, 0 },
                { "infinity 1s", -EINVAL, 0 },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                uint64_t usec = 4711;
                int r = parse_span(table[i].text, &usec);

                if (r != table[i].result || usec != (r < 0 ? 4711 : table[i].usec)) {
                        fail_msg("'%s': %d, %llu", table[i].text, r, (unsigned long long) usec);
                }
        }
}

static void test_bytes(void **state) {
        static const struct {
                const char *text;
                int result;
                uint64_t bytes;
        } table[] = {
                { "0", 0, 0 },
                { "1048576", 0, 1048576 },
                { "512B", 0, 512 },
                { "512K", 0, 524288 },
                { "16MiB", 0, 16777216 },
                { "16 MiB", 0, 16777216 },
                { "1.5G", 0, UINT64_C(1610612736) },
                { "15E", 0, UINT64_C(15) << 60 },
                { "16E", -ERANGE, 0 },
                { "18446744073709551615", 0, UINT64_MAX },
                { "1MB", -EINVAL, 0 }, /* a thousand thousand or not: nobody knows */
                { "1k", -EINVAL, 0 },
                { "1M 1M", -EINVAL, 0 },
                { "1M ", -EINVAL, 0 },
                { "M", -EINVAL, 0 },
                { "", -EINVAL, 0 },
                { "-1", -EINVAL, 0 },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                uint64_t bytes = 4711;
                int r = parse_bytes(table[i].text, &bytes);

                if (r != table[i].result || bytes != (r < 0 ? 4711 : table[i].bytes)) {
                        fail_msg("'%s': %d, %llu", table[i].text, r, (unsigned long long) bytes);
                }
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_numbers), cmocka_unit_test(test_negative), cmocka_unit_test(test_bool),
                cmocka_unit_test(test_span),    cmocka_unit_test(test_bytes),
        };

        return cmocka_run_group_tests_name("parse_util", tests, NULL, NULL);
}
