/* Clocks and the forms of times. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/time_util.h"

#define SEC INT64_C(1000000)

static void test_clocks(void **state) {
        uint64_t before = now_monotonic();
        int64_t realtime = now_realtime();

        assert_true(before > 0 && now_monotonic() >= before);
        assert_in_range(realtime / SEC, time(NULL) - 2, time(NULL) + 2);
}

static void test_formats(void **state) {
        static const struct {
                int64_t usec;
                const char *iso, *local; /* at five and a half hours east */
        } table[] = {
                { 0, "1970-01-01T00:00:00Z", "-" },
                { 1, "1970-01-01T00:00:00Z", "1970-01-01 05:30:00" },
                { -1, "1969-12-31T23:59:59Z", "1970-01-01 05:29:59" },
                { -SEC, "1969-12-31T23:59:59Z", "1970-01-01 05:29:59" },
                { INT64_C(1795269787000000), "2026-11-21T14:03:07Z", "2026-11-21 19:33:07" },
                { INT64_C(1795269787999999), "2026-11-21T14:03:07Z", "2026-11-21 19:33:07" },
                { INT64_C(1709164800) * SEC, "2024-02-29T00:00:00Z", "2024-02-29 05:30:00" },
                { INT64_C(4102444800) * SEC, "2100-01-01T00:00:00Z", "2100-01-01 05:30:00" },
                { INT64_MAX, "294247-01-10T04:00:54Z", "294247-01-10 09:30:54" },
        };
        char text[TIME_TEXT_MAX];

        assert_int_equal(setenv("TZ", "IST-5:30", 1), 0);
        tzset();
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                assert_string_equal(time_format_iso(text, table[i].usec), table[i].iso);
                assert_string_equal(time_format_local(text, table[i].usec), table[i].local);
        }
        assert_int_equal(unsetenv("TZ"), 0);
}

static void test_ago(void **state) {
        static const struct {
                int64_t seconds;
                const char *text;
        } table[] = {
                { 0, "just now" },
                { 1, "1s ago" },
                { 59, "59s ago" },
                { 60, "1min ago" },
                { 5 * 60, "5min ago" },
                { 3599, "59min ago" },
                { 2 * 3600, "2h ago" },
                { 47 * 3600, "47h ago" },
                { 48 * 3600, "2 days ago" },
                { 3 * 86400, "3 days ago" },
                { 13 * 86400, "13 days ago" },
                { 14 * 86400, "2 weeks ago" },
                { 70 * 86400, "2 months ago" },
                { 729 * 86400, "24 months ago" },
                { 731 * 86400, "2 years ago" },
                { -130, "in 2min" },
                { -86400 * 3 - 10, "in 3 days" },
        };
        char text[TIME_TEXT_MAX];

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                assert_string_equal(time_format_ago(text, now_realtime() - table[i].seconds * SEC),
                                    table[i].text);
        }
        assert_string_equal(time_format_ago(text, 0), "never");
        assert_non_null(time_format_ago(text, INT64_MAX));
        assert_non_null(time_format_ago(text, INT64_MIN));
}

static void test_span(void **state) {
        static const struct {
                uint64_t usec;
                const char *text;
        } table[] = {
                { 0, "0s" },
                { 1, "1us" },
                { 999, "999us" },
                { 1000, "1ms" },
                { 90 * USEC_PER_MSEC, "90ms" },
                { 90 * USEC_PER_MSEC + 5, "90ms 5us" },
                { USEC_PER_SEC, "1s" },
                { 61 * USEC_PER_SEC, "1min 1s" },
                { 90 * USEC_PER_MINUTE, "1h 30min" },
                { 90 * USEC_PER_MINUTE + USEC_PER_SEC, "1h 30min" },
                { USEC_PER_HOUR + USEC_PER_SEC, "1h" }, /* the next unit or none */
                { USEC_PER_DAY + 2 * USEC_PER_HOUR, "1d 2h" },
                { 400 * USEC_PER_DAY, "400d" },
                { USEC_INFINITY, "infinity" },
                { USEC_INFINITY - 1, "213503982d 8h" },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                char text[TIME_TEXT_MAX];

                assert_string_equal(time_format_span(text, table[i].usec), table[i].text);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_clocks),
                cmocka_unit_test(test_formats),
                cmocka_unit_test(test_ago),
                cmocka_unit_test(test_span),
        };

        return cmocka_run_group_tests_name("time_util", tests, NULL, NULL);
}
