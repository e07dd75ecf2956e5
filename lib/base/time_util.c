/* Clocks, and times as people and programs read them. */
#include "base/time_util.h"

#include <stdbool.h>
#include <stdio.h>
#include <time.h>

static uint64_t clock_usec(clockid_t clock) {
        struct timespec ts;

        (void) clock_gettime(clock, &ts); /* cannot fail for the two clocks used here */
        return (uint64_t) ts.tv_sec * USEC_PER_SEC + (uint64_t) ts.tv_nsec / 1000;
}

int64_t now_realtime(void) {
        return (int64_t) clock_usec(CLOCK_REALTIME);
}

uint64_t now_monotonic(void) {
        return clock_usec(CLOCK_MONOTONIC);
}

/* Whole seconds, rounded down also before 1970. */
static time_t seconds_of(int64_t realtime_usec) {
        int64_t second = (int64_t) USEC_PER_SEC;

        return (time_t) (realtime_usec / second - (realtime_usec % second < 0 ? 1 : 0));
}

char *time_format_local(char text[static TIME_TEXT_MAX], int64_t realtime_usec) {
        time_t seconds = seconds_of(realtime_usec);
        struct tm tm;

        if (realtime_usec == 0 || !localtime_r(&seconds, &tm) ||
            strftime(text, TIME_TEXT_MAX, "%Y-%m-%d %H:%M:%S", &tm) == 0) {
                (void) snprintf(text, TIME_TEXT_MAX, "-");
        }
        return text;
}

char *time_format_iso(char text[static TIME_TEXT_MAX], int64_t realtime_usec) {
        time_t seconds = seconds_of(realtime_usec);
        struct tm tm;

        if (!gmtime_r(&seconds, &tm) || strftime(text, TIME_TEXT_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0) {
                (void) snprintf(text, TIME_TEXT_MAX, "-");
        }
        return text;
}

/* Largest unit of which at least `from` fit is the one to print; below the first, "just now". */
static const struct {
        uint64_t from, unit;
        const char *one, *many;
} ago_units[] = {
        { 730 * USEC_PER_DAY, 365 * USEC_PER_DAY, " year", " years" },
        { 60 * USEC_PER_DAY, 30 * USEC_PER_DAY, " month", " months" },
        { 14 * USEC_PER_DAY, 7 * USEC_PER_DAY, " week", " weeks" },
        { 2 * USEC_PER_DAY, USEC_PER_DAY, " day", " days" },
        { USEC_PER_HOUR, USEC_PER_HOUR, "h", "h" },
        { USEC_PER_MINUTE, USEC_PER_MINUTE, "min", "min" },
        { USEC_PER_SEC, USEC_PER_SEC, "s", "s" },
};

char *time_format_ago(char text[static TIME_TEXT_MAX], int64_t realtime_usec) {
        int64_t now = now_realtime();
        bool future = realtime_usec > now;
        uint64_t difference = (uint64_t) realtime_usec - (uint64_t) now;
        uint64_t distance = future ? difference : -difference;

        if (realtime_usec == 0) {
                (void) snprintf(text, TIME_TEXT_MAX, "never");
                return text;
        }
        (void) snprintf(text, TIME_TEXT_MAX, "just now");
        for (size_t i = 0; i < ELEMENTSOF(ago_units); i++) {
                if (distance >= ago_units[i].from) {
                        uint64_t n = distance / ago_units[i].unit;
                        const char *unit = n == 1 ? ago_units[i].one : ago_units[i].many;

                        (void) snprintf(text, TIME_TEXT_MAX, future ? "in %llu%s" : "%llu%s ago",
                                        (unsigned long long) n, unit);
                        break;
                }
        }
        return text;
}

static const struct {
        uint64_t unit;
        const char *name;
} span_units[] = {
        { USEC_PER_DAY, "d" }, { USEC_PER_HOUR, "h" },  { USEC_PER_MINUTE, "min" },
        { USEC_PER_SEC, "s" }, { USEC_PER_MSEC, "ms" }, { 1, "us" },
};

char *time_format_span(char text[static TIME_TEXT_MAX], uint64_t usec) {
        size_t length = 0, i = 0;

        (void) snprintf(text, TIME_TEXT_MAX, usec == USEC_INFINITY ? "infinity" : "0s");
        if (usec == 0 || usec == USEC_INFINITY) {
                return text;
        }
        while (usec < span_units[i].unit) {
                i++;
        }
        for (size_t last = i + 1; i <= last && i < ELEMENTSOF(span_units) && usec > 0; i++) {
                uint64_t n = usec / span_units[i].unit;

                usec %= span_units[i].unit;
                if (n > 0) {
                        length += (size_t) snprintf(text + length, TIME_TEXT_MAX - length, "%s%llu%s",
                                                    length > 0 ? " " : "", (unsigned long long) n,
                                                    span_units[i].name);
                }
        }
        return text;
}
