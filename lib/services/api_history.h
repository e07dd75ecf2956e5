/* A stream's size over time, as the API gives it: a handler, see services/api.h, and what it does with the measurements. */
#pragma once

#include "services/api.h"

int api_stream_history(Api *api);

typedef struct HistoryPoint {
        int64_t at, size_bytes, file_count;
} HistoryPoint;
/* Leaves at most limit of n points (oldest first, in place) and returns how many. The first, the last, the lowest and the highest
 * size stay as far as limit has room for them (in the order last, highest, lowest, first); between them, each part of the line
 * keeps its own lowest and highest. */
size_t history_thin_out(HistoryPoint *points, size_t n, size_t limit);
