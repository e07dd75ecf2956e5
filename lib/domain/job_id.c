#include "domain/job_id.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/parse_util.h"
#include "base/string_util.h"
#include "base/time_util.h"

#define DIGITS "0123456789"
#define PREFIX "INT-"
#define DAY_DIGITS 8
#define NUMBER_DIGITS_MIN 3
#define NUMBER_DIGITS_MAX 9
#define UNIT_PREFIX "weir-job-"
#define UNIT_SUFFIX ".service"

bool job_id_is_valid(const char *id) {
        const char *day, *number;
        size_t n;

        if (!string_has_prefix(id, PREFIX)) {
                return false;
        }
        day = id + strlen(PREFIX);
        if (strspn(day, DIGITS) != DAY_DIGITS || day[DAY_DIGITS] != '-') {
                return false;
        }
        number = day + DAY_DIGITS + 1;
        n = strspn(number, DIGITS);
        return number[n] == '\0' && n >= NUMBER_DIGITS_MIN && n <= NUMBER_DIGITS_MAX &&
               (n == NUMBER_DIGITS_MIN || number[0] != '0') && strspn(number, "0") != n;
}

char *job_id_format(char text[static JOB_ID_MAX], uint32_t day, uint32_t number) {
        (void) snprintf(text, JOB_ID_MAX, PREFIX "%08" PRIu32 "-%03" PRIu32, day, number);
        return text;
}

uint32_t job_id_day(int64_t realtime_usec) {
        time_t seconds = (time_t) (realtime_usec / (int64_t) USEC_PER_SEC);
        struct tm local = {};

        (void) localtime_r(&seconds, &local);
        return (uint32_t) ((local.tm_year + 1900) * 10000 + (local.tm_mon + 1) * 100 + local.tm_mday);
}

char *job_unit_format(char text[static JOB_UNIT_MAX], const char *id, uint32_t attempt) {
        (void) snprintf(text, JOB_UNIT_MAX, UNIT_PREFIX "%s-%" PRIu32 UNIT_SUFFIX, id, attempt);
        return text;
}

int job_unit_parse(const char *unit, char ret_id[static JOB_ID_MAX], uint32_t *ret_attempt) {
        char name[JOB_UNIT_MAX], *hyphen;
        uint32_t attempt;

        if (!string_has_prefix(unit, UNIT_PREFIX) || !string_has_suffix(unit, UNIT_SUFFIX) ||
            strlen(unit) >= sizeof(name)) {
                return -EINVAL;
        }
        (void) snprintf(name, sizeof(name), "%.*s",
                        (int) (strlen(unit) - strlen(UNIT_PREFIX) - strlen(UNIT_SUFFIX)),
                        unit + strlen(UNIT_PREFIX));
        hyphen = strrchr(name, '-');
        if (!hyphen || hyphen[1] == '0' || parse_uint32(hyphen + 1, &attempt) < 0 ||
            attempt > JOB_ATTEMPT_MAX) {
                return -EINVAL;
        }
        *hyphen = '\0';
        if (!job_id_is_valid(name) || strlen(name) >= JOB_ID_MAX) {
                return -EINVAL;
        }
        memcpy(ret_id, name, strlen(name) + 1);
        *ret_attempt = attempt;
        return 0;
}
