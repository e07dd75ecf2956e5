/* Text to numbers. strtoull() is not used: it takes blanks, signs, "0x" and the locale. */
#include "base/parse_util.h"

#include <string.h>
#include <strings.h>

#include "base/macro.h"
#include "base/string_util.h"
#include "base/time_util.h"

static bool is_digit(char c) {
        return c >= '0' && c <= '9';
}

/* Reads the digits at *text (at least one) and moves *text behind them. */
static int scan_digits(const char **text, uint64_t *ret) {
        const char *p = *text;
        uint64_t value = 0;

        if (!is_digit(*p)) {
                return -EINVAL;
        }
        for (; is_digit(*p); p++) {
                if (__builtin_mul_overflow(value, UINT64_C(10), &value) ||
                    __builtin_add_overflow(value, (uint64_t) (*p - '0'), &value)) {
                        return -ERANGE;
                }
        }
        *text = p;
        *ret = value;
        return 0;
}

int parse_uint64(const char *text, uint64_t *ret) {
        uint64_t value;
        int r = scan_digits(&text, &value);

        /* "99999999999999999999x" is no number rather than a number too large, but nobody needs to know
         * which */
        if (r < 0) {
                return r;
        }
        if (*text) {
                return -EINVAL;
        }
        *ret = value;
        return 0;
}

int parse_int64(const char *text, int64_t *ret) {
        bool negative = *text == '-';
        uint64_t value;
        int r = parse_uint64(negative ? text + 1 : text, &value);

        if (r < 0) {
                return r;
        }
        if (value > (uint64_t) INT64_MAX + (negative ? 1 : 0)) {
                return -ERANGE;
        }
        *ret = negative ? (int64_t) -value : (int64_t) value;
        return 0;
}

int parse_uint32(const char *text, uint32_t *ret) {
        uint64_t value;
        int r = parse_uint64(text, &value);

        if (r < 0) {
                return r;
        }
        if (value > UINT32_MAX) {
                return -ERANGE;
        }
        *ret = (uint32_t) value;
        return 0;
}

int parse_bool(const char *text, bool *ret) {
        static const struct {
                const char *word;
                bool value;
        } words[] = {
                { "yes", true }, { "no", false },  { "true", true }, { "false", false },
                { "on", true },  { "off", false }, { "1", true },    { "0", false },
        };

        for (size_t i = 0; i < ELEMENTSOF(words); i++) {
                if (strcasecmp(text, words[i].word) == 0) {
                        *ret = words[i].value;
                        return 0;
                }
        }
        return -EINVAL;
}

typedef struct ScaledUnit {
        const char *name;
        uint64_t factor;
} ScaledUnit;

static const ScaledUnit *unit_find(const ScaledUnit *table, size_t n, const char *name, size_t length) {
        for (size_t i = 0; i < n; i++) {
                if (strlen(table[i].name) == length && strncmp(table[i].name, name, length) == 0) {
                        return table + i;
                }
        }
        return NULL;
}

static const char *skip_blanks(const char *text) {
        return text + strspn(text, " ");
}

/* The digits behind a decimal point, as a part of factor: ".5" of 60 s is 30 s. Digits below one are
 * dropped. */
static int scan_fraction(const char **text, uint64_t factor, uint64_t *ret) {
        const char *p = *text + 1;
        uint64_t value = 0;

        if (!is_digit(*p)) {
                return -EINVAL;
        }
        for (unsigned __int128 scale = 10; is_digit(*p); p++) {
                value += (uint64_t) ((unsigned __int128) factor * (unsigned) (*p - '0') / scale);
                scale = scale > factor ? scale : scale * 10;
        }
        *text = p;
        *ret = value;
        return 0;
}

/* One "NUMBER[.FRACTION][ ]UNIT" of table; no unit means table[0]. Moves *text behind it. */
static int scan_scaled(const char **text, const ScaledUnit *table, size_t n, uint64_t *ret) {
        const char *p = *text, *point, *name;
        const ScaledUnit *unit = table;
        uint64_t value, fraction = 0;
        size_t length;
        int r = scan_digits(&p, &value);

        if (r < 0) {
                return r;
        }
        point = p;
        if (*p == '.') {
                p += 1 + strspn(p + 1, "0123456789");
        }
        name = skip_blanks(p);
        length = strcspn(name, " 0123456789.");
        if (length > 0) {
                unit = unit_find(table, n, name, length);
                if (!unit) {
                        return -EINVAL;
                }
                p = name + length;
        }
        if (*point == '.') {
                r = scan_fraction(&point, unit->factor, &fraction);
                if (r < 0) {
                        return r;
                }
        }
        if (__builtin_mul_overflow(value, unit->factor, &value) ||
            __builtin_add_overflow(value, fraction, &value)) {
                return -ERANGE;
        }
        *text = p;
        *ret = value;
        return 0;
}

static const ScaledUnit span_units[] = {
        { "s", USEC_PER_SEC },
        { "sec", USEC_PER_SEC },
        { "second", USEC_PER_SEC },
        { "seconds", USEC_PER_SEC },
        { "us", 1 },
        { "usec", 1 },
        { "µs", 1 },
        { "ms", USEC_PER_MSEC },
        { "msec", USEC_PER_MSEC },
        { "m", USEC_PER_MINUTE },
        { "min", USEC_PER_MINUTE },
        { "minute", USEC_PER_MINUTE },
        { "minutes", USEC_PER_MINUTE },
        { "h", USEC_PER_HOUR },
        { "hr", USEC_PER_HOUR },
        { "hour", USEC_PER_HOUR },
        { "hours", USEC_PER_HOUR },
        { "d", USEC_PER_DAY },
        { "day", USEC_PER_DAY },
        { "days", USEC_PER_DAY },
        { "w", 7 * USEC_PER_DAY },
        { "week", 7 * USEC_PER_DAY },
        { "weeks", 7 * USEC_PER_DAY },
        { "M", UINT64_C(2629800) * USEC_PER_SEC },
        { "month", UINT64_C(2629800) * USEC_PER_SEC },
        { "months", UINT64_C(2629800) * USEC_PER_SEC },
        { "y", UINT64_C(31557600) * USEC_PER_SEC },
        { "year", UINT64_C(31557600) * USEC_PER_SEC },
        { "years", UINT64_C(31557600) * USEC_PER_SEC },
};

int parse_span(const char *text, uint64_t *ret_usec) {
        uint64_t total = 0;

        if (string_equal(text, "infinity")) {
                *ret_usec = USEC_INFINITY;
                return 0;
        }
        do {
                uint64_t part;
                int r = scan_scaled(&text, span_units, ELEMENTSOF(span_units), &part);

                if (r < 0) {
                        return r;
                }
                if (__builtin_add_overflow(total, part, &total) || total == USEC_INFINITY) {
                        return -ERANGE;
                }
                if (*text == ' ') {
                        text = skip_blanks(text);
                        if (!*text) {
                                return -EINVAL;
                        }
                }
        } while (*text);
        *ret_usec = total;
        return 0;
}

static const ScaledUnit byte_units[] = {
        { "B", 1 },
        { "K", UINT64_C(1) << 10 },
        { "KiB", UINT64_C(1) << 10 },
        { "M", UINT64_C(1) << 20 },
        { "MiB", UINT64_C(1) << 20 },
        { "G", UINT64_C(1) << 30 },
        { "GiB", UINT64_C(1) << 30 },
        { "T", UINT64_C(1) << 40 },
        { "TiB", UINT64_C(1) << 40 },
        { "P", UINT64_C(1) << 50 },
        { "PiB", UINT64_C(1) << 50 },
        { "E", UINT64_C(1) << 60 },
        { "EiB", UINT64_C(1) << 60 },
};

int parse_bytes(const char *text, uint64_t *ret) {
        uint64_t value;
        int r = scan_scaled(&text, byte_units, ELEMENTSOF(byte_units), &value);

        if (r < 0) {
                return r;
        }
        if (*text) {
                return -EINVAL;
        }
        *ret = value;
        return 0;
}
