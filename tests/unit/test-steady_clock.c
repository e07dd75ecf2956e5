/* Clocks that jump. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/time_util.h"
#include "domain/steady_clock.h"

#define HOUR ((int64_t) USEC_PER_HOUR)
#define DAY ((int64_t) USEC_PER_DAY)
#define NOW (20000 * DAY)

static SteadyClock steady;

/* Hours after the start, and by how much the time of day is off then. */
static bool look(int64_t hours, int64_t off) {
        return steady_clock_look(&steady, NOW + hours * HOUR + off, (uint64_t) ((hours + 5) * HOUR));
}

static void begin(int64_t known) {
        steady_clock_start(&steady, NOW, (uint64_t) (5 * HOUR), known);
}

static void test_quiet(void **state) {
        begin(NOW - 2 * DAY);
        for (int64_t hour = 0; hour < 1000; hour++) {
                assert_true(look(hour, hour * (int64_t) USEC_PER_SEC)); /* it drifts */
        }
        begin(0); /* an empty database */
        assert_true(look(1, 0));
}

static void test_jump(void **state) {
        begin(NOW);
        assert_true(look(1, 0));
        assert_false(look(2, 400 * DAY));
        assert_false(look(3, 400 * DAY));
        assert_false(look(3, 0)); /* put right: that is a jump as well */
        assert_false(look(26, 0));
        assert_true(look(27, 0));
        assert_false(look(28, -400 * DAY));
        assert_true(look(53, -400 * DAY)); /* nobody minded for a day */
}

/* The machine was off for long, or its clock is wrong: that looks alike. */
static void test_start(void **state) {
        begin(NOW - 300 * DAY);
        assert_false(look(1, 0));
        assert_true(look(24, 0));
        begin(NOW + 300 * DAY);
        assert_false(look(0, 0));
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_quiet), cmocka_unit_test(test_jump),
                                            cmocka_unit_test(test_start) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
