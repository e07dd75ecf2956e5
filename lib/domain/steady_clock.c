#include "domain/steady_clock.h"

#include <stdlib.h>

#include "base/time_util.h"

#define JUMP_USEC ((int64_t) USEC_PER_HOUR) /* less is a correction */
#define QUIET_USEC USEC_PER_DAY
#define PAUSE_MAX_USEC ((int64_t) (7 * USEC_PER_DAY)) /* so long a daemon may have been away */

static int64_t offset_of(int64_t realtime, uint64_t monotonic) {
        return realtime - (int64_t) monotonic;
}

void steady_clock_start(SteadyClock *clock, int64_t realtime, uint64_t monotonic, int64_t known) {
        bool is_likely = known == 0 || llabs(realtime - known) <= PAUSE_MAX_USEC;

        *clock = (SteadyClock) { .offset = offset_of(realtime, monotonic),
                                 .since = is_likely ? 0 : monotonic };
}

bool steady_clock_look(SteadyClock *clock, int64_t realtime, uint64_t monotonic) {
        int64_t offset = offset_of(realtime, monotonic);

        if (llabs(offset - clock->offset) > JUMP_USEC) {
                clock->since = monotonic;
        } else if (clock->since > 0 && monotonic - clock->since >= QUIET_USEC) {
                clock->since = 0;
        }
        clock->offset = offset;
        return clock->since == 0;
}
