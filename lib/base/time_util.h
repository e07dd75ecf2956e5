/* Time is int64/uint64 microseconds. Realtime for what is remembered, monotonic for what is waited for. */
#pragma once

#include <stdint.h>

#include "base/macro.h"

#define USEC_PER_SEC UINT64_C(1000000)
#define USEC_PER_MSEC UINT64_C(1000)
#define USEC_PER_MINUTE (60 * USEC_PER_SEC)
#define USEC_PER_HOUR (60 * USEC_PER_MINUTE)
#define USEC_PER_DAY (24 * USEC_PER_HOUR)
#define USEC_INFINITY UINT64_MAX

int64_t now_realtime(void);
uint64_t now_monotonic(void);

#define TIME_TEXT_MAX 64
/* "2026-11-21 14:03:07" in the local zone; "-" for 0. Returns text. */
char *time_format_local(char text[static TIME_TEXT_MAX], int64_t realtime_usec);
/* "2026-11-21T14:03:07Z"; the form of JSON answers. */
char *time_format_iso(char text[static TIME_TEXT_MAX], int64_t realtime_usec);
/* "5min ago", "2h ago", "3 days ago", "never" for 0. */
char *time_format_ago(char text[static TIME_TEXT_MAX], int64_t realtime_usec);
/* "1h 30min", "90ms": two units at most. */
char *time_format_span(char text[static TIME_TEXT_MAX], uint64_t usec);
