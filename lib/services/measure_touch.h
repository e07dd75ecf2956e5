/* From submitted changes to the streams they touched. A change's common path decides where it can; else
 * its files are asked for, a few dozen changes per command; where even that is cut off or refused,
 * everything below the common path counts as touched. Never too little. */
#pragma once

#include "base/buffer.h"
#include "services/measure_targets.h"

#define MEASURE_CHANGES_MAX 20000 /* beyond it, so much has moved that everything is measured */

typedef struct MeasureChange {
        int64_t change;
        uint32_t path; /* offset into the text; UINT32_MAX: the server did not say */
} MeasureChange;

/* The changes since the last one known, which is included when the server still has it. */
typedef struct MeasureChanges {
        MeasureChange *items;
        size_t n_items;
        Buffer text;
        int64_t newest, newest_time;  /* 0: the server has none */
        int64_t known, time_of_known; /* what was asked from; time 0: the server has it no longer */
} MeasureChanges;
void measure_changes_done(MeasureChanges *changes);

/* Asks for them: one command, two when the known change is gone. known 0: all there are; negative: only
 * for the newest one's number. *ret_result as of services/p4_queries.h. */
int measure_changes_read(const P4Session *session, int64_t known, MeasureChanges *ret, P4Result *ret_result);
static inline bool measure_changes_is_cut(const MeasureChanges *changes) {
        return changes->n_items >= MEASURE_CHANGES_MAX;
}

/* Marks the targets. A class that is no success in *ret_result means that the server cannot be asked at
 * all. */
int measure_touch(MeasureContext *context, const MonitorServer *server, const P4Session *session,
                  const MeasureChanges *changes, MeasureTargets *targets, P4Result *ret_result);
