/* Names of jobs and of their units: what is one, what is not, and there and back. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/time_util.h"
#include "domain/job_id.h"

static void test_valid(void **state) {
        static const struct {
                const char *id;
                bool is_valid;
        } cases[] = {
                { "INT-20261121-001", true },
                { "INT-20261121-999", true },
                { "INT-20261121-1000", true },
                { "INT-20261121-123456789", true },
                { "INT-20261121-000", false },
                { "INT-20261121-0001", false },
                { "INT-20261121-01", false },
                { "INT-20261121-1234567890", false },
                { "INT-2026112-001", false },
                { "INT-202611210-001", false },
                { "int-20261121-001", false },
                { "INT-20261121-", false },
                { "INT-20261121-001 ", false },
                { " INT-20261121-001", false },
                { "INT-20261121-001\n", false },
                { "INT-20261121_001", false },
                { "INT-20261121-0a1", false },
                { "INT-20261121--01", false },
                { "INT-../../etc-001", false },
                { "", false },
                { "INT-", false },
                { "INT-20261121-001-1", false },
                { "weir-job-INT-20261121-001-1.service", false },
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
                if (job_id_is_valid(cases[i].id) != cases[i].is_valid) {
                        fail_msg("\"%s\" should %sbe a job's id", cases[i].id,
                                 cases[i].is_valid ? "" : "not ");
                }
        }
}

static void test_format(void **state) {
        static const struct {
                uint32_t day, number;
                const char *id;
        } cases[] = {
                { 20261121, 1, "INT-20261121-001" },
                { 20261121, 999, "INT-20261121-999" },
                { 20261121, 1000, "INT-20261121-1000" },
                { 19700101, 123456789, "INT-19700101-123456789" },
        };
        char text[JOB_ID_MAX];

        for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
                assert_string_equal(job_id_format(text, cases[i].day, cases[i].number), cases[i].id);
                assert_true(job_id_is_valid(text));
        }
}

/* The day is the local one: the same moment is another day elsewhere. */
static void test_day(void **state) {
        static const struct {
                const char *zone;
                int64_t seconds;
                uint32_t day;
        } cases[] = {
                { "UTC", 0, 19700101 },
                { "UTC", 1795219199, 20261120 },
                { "UTC", 1795219200, 20261121 },
                { "WEST12", 1795219200, 20261120 },
                { "EAST-12", 1795219199, 20261121 },
                { "UTC", 1709164800, 20240229 },
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
                assert_int_equal(setenv("TZ", cases[i].zone, 1), 0);
                tzset();
                assert_int_equal(job_id_day(cases[i].seconds * (int64_t) USEC_PER_SEC), cases[i].day);
        }
}

static void test_units(void **state) {
        char unit[JOB_UNIT_MAX], id[JOB_ID_MAX];
        uint32_t attempt = 0;

        assert_string_equal(job_unit_format(unit, "INT-20261121-001", 1),
                            "weir-job-INT-20261121-001-1.service");
        assert_int_equal(job_unit_parse(unit, id, &attempt), 0);
        assert_string_equal(id, "INT-20261121-001");
        assert_int_equal(attempt, 1);
        assert_int_equal(job_unit_parse("weir-job-INT-20261121-123456789-99.service", id, &attempt), 0);
        assert_string_equal(id, "INT-20261121-123456789");
        assert_int_equal(attempt, 99);
}

static void test_foreign_units(void **state) {
        static const char *const cases[] = {
                "",
                "weir-job-.service",
                "weir-jobd.service",
                "weir-job-INT-20261121-001.service",
                "weir-job-INT-20261121-001-.service",
                "weir-job-INT-20261121-001-0.service",
                "weir-job-INT-20261121-001-01.service",
                "weir-job-INT-20261121-001-100.service",
                "weir-job-INT-20261121-001-1.scope",
                "weir-job-INT-20261121-001-1",
                "weir-job-INT-20261121-000-1.service",
                "weir-job-int-20261121-001-1.service",
                "xweir-job-INT-20261121-001-1.service",
                "weir-job-INT-20261121-001-1.service.service",
                "weir-job-INT-20261121-001--1.service",
                "weir-job-INT-20261121-001-4294967297.service",
                "weir-job-INT-20261121-00000000000000000000000000000000000000000000000000001-1.service",
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
                char id[JOB_ID_MAX] = "untouched";
                uint32_t attempt = 7;

                if (job_unit_parse(cases[i], id, &attempt) != -EINVAL || attempt != 7) {
                        fail_msg("%s was taken for a job's unit", cases[i]);
                }
                assert_string_equal(id, "untouched");
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_valid),         cmocka_unit_test(test_format),
                cmocka_unit_test(test_day),           cmocka_unit_test(test_units),
                cmocka_unit_test(test_foreign_units),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
