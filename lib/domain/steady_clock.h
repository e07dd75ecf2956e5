/* Whether the time of day may be believed when something is thrown away by it. A clock that was set forward by mistake makes everything look
 * old: after a jump nothing is believed until a day has passed without another one, so that people have time to put it right. Pure: the
 * clocks are read by the caller. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct SteadyClock {
        int64_t offset; /* of the time of day from the monotonic clock, µs */
        uint64_t since; /* monotonic: it has been that since then; 0: it is believed */
} SteadyClock;

/* known: a time of day that has been before (the last thing that was written down); 0: none. Long after it the clock is not believed at once:
 * the machine may have been off, or its clock be wrong. */
void steady_clock_start(SteadyClock *clock, int64_t realtime, uint64_t monotonic, int64_t known);
bool steady_clock_look(SteadyClock *clock, int64_t realtime, uint64_t monotonic);
