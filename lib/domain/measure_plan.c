#include "domain/measure_plan.h"

static const char *const reason_names[_MEASURE_REASON_MAX] = {
        [MEASURE_NOT] = "unchanged",
        [MEASURE_ASKED] = "asked for",
        [MEASURE_NEW] = "new",
        [MEASURE_SPEC] = "spec changed",
        [MEASURE_STALE] = "failed before",
        [MEASURE_VOLATILE] = "pinned to a label or made of components",
        [MEASURE_TOUCHED] = "changed",
        [MEASURE_FULL] = "full run",
};

const char *measure_reason_to_string(MeasureReason reason) {
        return reason < _MEASURE_REASON_MAX ? reason_names[reason] : NULL;
}

MeasureReason measure_plan_stream(const MeasureFacts *facts) {
        if (facts->is_asked) {
                return MEASURE_ASKED;
        }
        if (!facts->is_measured) {
                return MEASURE_NEW;
        }
        if (!facts->is_view_known) {
                return MEASURE_SPEC;
        }
        if (facts->is_touched) {
                return MEASURE_TOUCHED;
        }
        if (facts->is_stale) {
                return MEASURE_STALE;
        }
        if (facts->is_volatile) {
                return MEASURE_VOLATILE;
        }
        return facts->is_full ? MEASURE_FULL : MEASURE_NOT;
}

const char *measure_plan_full(const ServerFacts *facts) {
        if (facts->full_at <= 0) {
                return "it was never measured completely";
        }
        if (facts->full_at > facts->now) {
                return "the last full run lies in the future";
        }
        if (facts->full_every_usec > 0 &&
            (uint64_t) (facts->now - facts->full_at) >= facts->full_every_usec) {
                return "the last full run is too long ago";
        }
        if (facts->newest_change < facts->known_change) {
                return "the server's newest change is older than the last one known";
        }
        if (facts->known_change > 0 && facts->time_of_known == 0) {
                return "the server has lost the last change known";
        }
        if (facts->known_change > 0 && facts->known_change_time > 0 &&
            facts->time_of_known != facts->known_change_time) {
                return "the server's last known change is another one now";
        }
        return NULL;
}
