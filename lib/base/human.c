/* Sizes for people. Integers only: a size near 2^63 must not be printed as its nearest double. */
#include "base/human.h"

#include <stdio.h>

#include "base/macro.h"

static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };

/* value in tenths of 1024^unit, rounded half up */
static uint64_t tenths_of(uint64_t value, unsigned unit) {
        unsigned __int128 scale = (unsigned __int128) 1 << (10 * unit);

        return (uint64_t) (((unsigned __int128) value * 10 + scale / 2) / scale);
}

char *human_size(char text[static HUMAN_SIZE_MAX], int64_t bytes) {
        uint64_t magnitude = bytes < 0 ? -(uint64_t) bytes : (uint64_t) bytes, tenths;
        const char *sign = bytes < 0 ? "-" : "";
        unsigned unit = 0;

        if (magnitude < 1024) {
                (void) snprintf(text, HUMAN_SIZE_MAX, "%s%u B", sign, (unsigned) magnitude);
                return text;
        }
        do {
                unit++;
                tenths = tenths_of(magnitude, unit);
        } while (tenths >= 10240 && unit + 1 < ELEMENTSOF(units)); /* 1023.96 KiB rounds to 1.0 MiB */
        (void) snprintf(text, HUMAN_SIZE_MAX, "%s%u.%u %s", sign, (unsigned) (tenths / 10),
                        (unsigned) (tenths % 10), units[unit]);
        return text;
}
