/* What is measured, and when everything is. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/macro.h"
#include "domain/measure_plan.h"

static void test_streams(void **state) {
        static const struct {
                MeasureFacts facts;
                MeasureReason reason;
        } cases[] = {
                { { .is_measured = true, .is_view_known = true }, MEASURE_NOT },
                { { .is_view_known = true }, MEASURE_NEW },
                { {}, MEASURE_NEW },
                { { .is_measured = true }, MEASURE_SPEC },
                { { .is_measured = true, .is_view_known = true, .is_touched = true }, MEASURE_TOUCHED },
                { { .is_measured = true, .is_view_known = true, .is_stale = true }, MEASURE_STALE },
                { { .is_measured = true, .is_view_known = true, .is_volatile = true }, MEASURE_VOLATILE },
                { { .is_measured = true, .is_view_known = true, .is_full = true }, MEASURE_FULL },
                { { .is_measured = true, .is_view_known = true, .is_asked = true }, MEASURE_ASKED },
                { { .is_asked = true }, MEASURE_ASKED },
                { { .is_touched = true, .is_stale = true }, MEASURE_NEW },
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                assert_int_equal(measure_plan_stream(&cases[i].facts), cases[i].reason);
        }
        for (int i = 0; i < _MEASURE_REASON_MAX; i++) {
                assert_non_null(measure_reason_to_string((MeasureReason) i));
        }
}

static void test_full(void **state) {
        static const struct {
                const char *name;
                ServerFacts facts; /* change, its time, newest, its time now, full_at, now, every */
                bool is_full;
        } cases[] = {
                { "nothing moved", { 50, 7, 50, 7, 100, 200, 1000 }, false },
                { "moved", { 50, 7, 60, 7, 100, 200, 1000 }, false },
                { "never", { 0, 0, 60, 0, 0, 200, 1000 }, true },
                { "too long ago", { 50, 7, 50, 7, 100, 1100, 1000 }, true },
                { "not yet", { 50, 7, 50, 7, 100, 1099, 1000 }, false },
                { "never by time", { 50, 7, 50, 7, 100, 1000000, 0 }, false },
                { "clock turned back", { 50, 7, 50, 7, 300, 200, 1000 }, true },
                { "restored from an old backup", { 50, 7, 40, 0, 100, 200, 1000 }, true },
                { "known change obliterated", { 50, 7, 60, 0, 100, 200, 1000 }, true },
                { "another server behind the port", { 50, 7, 60, 8, 100, 200, 1000 }, true },
                { "empty server, known as such", { 0, 0, 0, 0, 100, 200, 1000 }, false },
                { "first change of an empty server", { 0, 0, 1, 0, 100, 200, 1000 }, false },
                { "everything lost", { 50, 7, 0, 0, 100, 200, 1000 }, true },
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const char *reason = measure_plan_full(&cases[i].facts);
                if ((reason != NULL) != cases[i].is_full) {
                        fail_msg("%s: %s", cases[i].name, reason ?: "not full");
                }
        }
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_streams), cmocka_unit_test(test_full) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
