/* monitor.db as pages show it: a page of streams, those that match a search, those that grew. Reading only. See
 * services/monitor_store.h. */
#pragma once

#include "services/sample_store.h"

typedef enum StreamOrder {
        STREAM_ORDER_NAME, /* by server name and path: costs what the page holds, however many streams there are */
        STREAM_ORDER_SIZE,
        STREAM_ORDER_FILES,
        STREAM_ORDER_MEASURED,
        _STREAM_ORDER_MAX,
} StreamOrder;

typedef struct StreamPage {
        int64_t server_id; /* 0: all that are configured */
        StreamOrder order;
        bool is_descending; /* not with STREAM_ORDER_NAME */
        int64_t limit, offset;
        int64_t after; /* STREAM_ORDER_NAME: the stream before the page's first, instead of offset; 0: none */
        const char *text; /* only those whose path holds it (ASCII in any case), not with after; NULL: all */
} StreamPage;
/* Listed streams of configured servers. *ret_total: how many there are on all pages. -ESTALE: there is no stream `after`. */
int page_store_streams(MonitorStore *store, const StreamPage *page, int64_t *ret_total,
                       int (*function)(const MonitorStream *stream, void *userdata), void *userdata);

/* Listed streams whose path holds text (ASCII in any case), by server and path; at most limit of *ret_total. */
int page_store_search(MonitorStore *store, const char *text, int64_t server_id, int64_t limit,
                      int64_t *ret_total, int (*function)(const MonitorStream *stream, void *userdata),
                      void *userdata);

/* Listed streams that grew most since a time, or shrank most. A stream that is younger is counted from its first measurement. */
typedef struct StreamGrowth {
        const MonitorStream *stream;
        int64_t since; /* when the first value held */
        int64_t size_bytes, file_count;
} StreamGrowth;
typedef struct GrowthPage {
        int64_t server_id, since, limit;
        bool is_shrinking;
} GrowthPage;
int page_store_growth(MonitorStore *store, const GrowthPage *page,
                      int (*function)(const StreamGrowth *growth, void *userdata), void *userdata);
