/* Which streams a run has to measure, and why. Everything that can change a stream's content without
 * being seen ends as a reason here:
 *
 *   a submitted change below its view        TOUCHED  (stream_paths × the changes since the last run)
 *   its spec, an ancestor's spec             SPEC     (fingerprint over the listing; unsettled times count as changed)
 *   a label it is pinned to, a component     VOLATILE (measured in every run)
 *   a failure before                         STALE
 *   obliterate, archive, protections, …      FULL     (now and then everything; also when the server's past is another one than known) */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"

typedef enum MeasureReason {
        MEASURE_NOT, /* nothing moved */
        MEASURE_ASKED,
        MEASURE_NEW,
        MEASURE_SPEC,
        MEASURE_STALE,
        MEASURE_VOLATILE,
        MEASURE_TOUCHED,
        MEASURE_FULL,
        _MEASURE_REASON_MAX,
} MeasureReason;
const char *measure_reason_to_string(MeasureReason reason);

typedef struct MeasureFacts {
        bool is_asked, is_full, is_touched;
        bool is_measured, is_stale, is_volatile;
        bool is_view_known; /* the specs that shape it have the fingerprint remembered with it */
} MeasureFacts;
MeasureReason measure_plan_stream(const MeasureFacts *facts);

typedef struct ServerFacts {
        int64_t known_change, known_change_time; /* as remembered; 0: none */
        int64_t newest_change;                   /* the server's, read before anything else; 0: none */
        int64_t time_of_known; /* when known_change was submitted, as the server says now; 0: it has no such change */
        int64_t full_at, now;     /* realtime µs */
        uint64_t full_every_usec; /* 0: never by time */
} ServerFacts;
/* Why everything has to be measured, as the end of a sentence, or NULL. */
const char *measure_plan_full(const ServerFacts *facts);
