/* The measurements of monitor.db. A sample is a run of equal measurements: first_at … last_at. A
 * measurement that equals the last one moves last_at, so a stream that rests for a year has one row and
 * still an unbroken line. See services/monitor_store.h. */
#pragma once

#include "services/stream_store.h"

typedef struct MonitorSample {
        int64_t first_at, last_at;
        int64_t size_bytes, file_count;
        int64_t change;
} MonitorSample;

/* Samples that touch [from, to] (0, 0: all), oldest first; limit 0: all, else the newest limit of them. */
int sample_store_each(MonitorStore *store, int64_t stream_id, int64_t from, int64_t to, uint64_t limit,
                      int (*function)(const MonitorSample *sample, void *userdata), void *userdata);

/* One stream was measured: the row and its sample, in one transaction. */
int sample_store_measured(MonitorStore *store, int64_t stream_id, int64_t size_bytes, int64_t file_count,
                          int64_t change, int64_t now);
/* Measuring one failed: the old values stay, the stream is stale. */
int sample_store_failed(MonitorStore *store, int64_t stream_id, const char *error_text);
/* Nothing that the stream shows has changed up to change: its measurement holds on. The caller holds a
 * transaction around many of these. */
int sample_store_unchanged(MonitorStore *store, int64_t stream_id, int64_t change, int64_t now);

/* Drops samples that ended before a time, but never a stream's newest one. */
int sample_store_prune(MonitorStore *store, int64_t before, int64_t *ret_dropped);
