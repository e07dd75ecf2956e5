#include "services/api_history.h"

#include <string.h>

#include "base/human.h"
#include "base/time_util.h"
#include "services/api_monitor.h"
#include "services/api_rows.h"
#include "services/sample_store.h"

#define POINTS_MAX 1000000 /* 24 MB */

/* --- fewer points ----------------------------------------------------------------------------------- */

typedef struct Extremes {
        size_t low, high;
} Extremes;

static Extremes extremes_of(const HistoryPoint *points, size_t from, size_t to) {
        Extremes found = { from, from };

        for (size_t i = from; i < to; i++) {
                found.low = points[i].size_bytes < points[found.low].size_bytes ? i : found.low;
                found.high = points[i].size_bytes > points[found.high].size_bytes ? i : found.high;
        }
        return found;
}

/* Marks at most limit of them. */
static size_t mark_few(const HistoryPoint *points, size_t n, size_t limit, bool *is_kept) {
        Extremes all = extremes_of(points, 0, n);
        const size_t wanted[] = { n - 1, all.high, all.low, 0 };
        size_t n_kept = 0;

        for (size_t i = 0; i < ELEMENTSOF(wanted) && n_kept < limit; i++) {
                n_kept += !is_kept[wanted[i]];
                is_kept[wanted[i]] = true;
        }
        return n_kept;
}

/* Two points of each part, so that the line keeps its shape; the parts share what limit leaves. */
static void mark_parts(const HistoryPoint *points, size_t n, size_t n_parts, bool *is_kept) {
        for (size_t i = 0; i < n_parts; i++) {
                size_t from = (size_t) ((unsigned __int128) n * i / n_parts);
                size_t to = (size_t) ((unsigned __int128) n * (i + 1) / n_parts);
                Extremes part = extremes_of(points, from, to);
                is_kept[part.low] = is_kept[part.high] = true;
        }
}

size_t history_thin_out(HistoryPoint *points, size_t n, size_t limit) {
        _cleanup_free_ bool *is_kept = NULL;
        size_t n_kept = 0;

        if (n <= limit) {
                return n;
        }
        is_kept = calloc(n, sizeof *is_kept);
        if (!is_kept) { /* the newest ones, then */
                memmove(points, points + (n - limit), limit * sizeof *points);
                return limit;
        }
        (void) mark_few(points, n, limit, is_kept);
        mark_parts(points, n, limit > 4 ? (limit - 2) / 2 : 0, is_kept);
        for (size_t i = 0; i < n; i++) {
                if (is_kept[i]) {
                        points[n_kept++] = points[i];
                }
        }
        return n_kept;
}

/* --- the measurements of a window ------------------------------------------------------------------- */

typedef struct History {
        int64_t from, to;
        HistoryPoint *points;
        size_t n, n_allocated;
        size_t n_samples;
        int64_t min, max, first, last;
        double weighted, weight; /* the mean goes by time, not by the number of changes */
        int64_t last_at;
} History;

static int add_point(History *history, int64_t at, const MonitorSample *sample) {
        if (history->n == history->n_allocated) {
                size_t grown = history->n_allocated ? history->n_allocated * 2 : 128;
                HistoryPoint *points = grown > POINTS_MAX ?
                                                       NULL :
                                                       reallocarray(history->points, grown, sizeof *points);
                if (!points) {
                        return grown > POINTS_MAX ? -ENOBUFS : -ENOMEM;
                }
                history->points = points;
                history->n_allocated = grown;
        }
        history->points[history->n++] = (HistoryPoint) { at, sample->size_bytes, sample->file_count };
        return 0;
}

static void add_figures(History *history, const MonitorSample *sample, int64_t from, int64_t until) {
        if (history->n_samples++ == 0) {
                history->min = history->max = history->first = sample->size_bytes;
        }
        history->min = sample->size_bytes < history->min ? sample->size_bytes : history->min;
        history->max = sample->size_bytes > history->max ? sample->size_bytes : history->max;
        history->last = sample->size_bytes;
        history->weighted += (double) sample->size_bytes * (double) (until - from + 1);
        history->weight += (double) (until - from + 1);
        history->last_at = until;
}

/* A value that held when the window begins is carried into it, so a stream at rest shows a line and not "no data". */
static int on_sample(const MonitorSample *sample, void *userdata) {
        History *history = userdata;
        int64_t from = sample->first_at > history->from ? sample->first_at : history->from;
        int64_t until = sample->last_at > from ? sample->last_at : from;
        int r = add_point(history, from, sample);

        if (r >= 0 && until > from) {
                r = add_point(history, until, sample);
        }
        add_figures(history, sample, from, until);
        return r;
}

/* The newest measurement may be older than the window where nothing was measured lately: it is what is known, and begins the line. */
static int on_older(const MonitorSample *sample, void *userdata) {
        History *history = userdata;
        MonitorSample carried = *sample;

        carried.first_at = carried.last_at = history->from;
        return on_sample(&carried, history);
}

static int collect(MonitorStore *store, int64_t stream_id, History *history) {
        int r = sample_store_each(store, stream_id, history->from, 0, 0, on_sample, history);

        if (r >= 0 && history->n_samples == 0 && history->from > 0) {
                r = sample_store_each(store, stream_id, 0, history->from, 1, on_older, history);
        }
        return r;
}

/* --- the answer ------------------------------------------------------------------------------------- */

static void write_statistics(JsonWriter *json, const History *history) {
        int64_t change = history->last - history->first;

        if (history->n_samples == 0) {
                json_null(json, "statistics");
                return;
        }
        json_object_begin(json, "statistics");
        json_int(json, "current", history->last);
        json_int(json, "min", history->min);
        json_int(json, "max", history->max);
        json_int(json, "mean", (int64_t) (history->weighted / history->weight));
        json_int(json, "change", change);
        json_double(json, "change_percent",
                    (double) change * 100 / (history->first ? (double) history->first : 0.0));
        json_int(json, "measurements", (int64_t) history->n_samples);
        json_object_end(json);
}

static int write_points(ApiRows *rows, const History *history, size_t n) {
        char size[HUMAN_SIZE_MAX];
        int r = 0;

        for (size_t i = n; i > 0 && r >= 0; i--) {
                const HistoryPoint *point = &history->points[i - 1];
                (void) api_row_begin(rows);
                api_row_time(rows, "timestamp", point->at);
                api_row_int(rows, "size_bytes", point->size_bytes);
                api_row_string(rows, "size_human", human_size(size, point->size_bytes));
                api_row_int(rows, "file_count", point->file_count);
                r = api_row_end(rows);
        }
        return r;
}

static int write_history(Api *api, const MonitorStream *stream, const History *history, size_t n) {
        ApiRows rows = {};
        int r = api_rows_begin(&rows, api, "history", "weir-history");

        r = r < 0 ? r : write_points(&rows, history, n);
        if (r < 0) {
                api_rows_done(&rows);
                return r;
        }
        api_rows_end(&rows);
        if (!rows.is_csv) {
                json_int(&api->json, "stream_id", stream->id);
                json_string(&api->json, "stream_name", stream->path);
                write_statistics(&api->json, history);
                json_time(&api->json, "from", history->from);
                json_time(&api->json, "to", history->to);
        }
        return api_rows_finish(&rows);
}

/* The window begins at a whole minute, so that asking again within it gives the same answer and the same ETag. */
int api_stream_history(Api *api) {
        int64_t days = api_number(api, "days"), minute = (int64_t) USEC_PER_MINUTE;
        int64_t now = now_realtime() / minute * minute;
        History history = { .from = days > 0 ? now - days * (int64_t) USEC_PER_DAY : 0, .to = now };
        MonitorStream stream = {};
        size_t n;
        int r = api_find_stream(api, &stream);

        if (r != 0) {
                return r < 0 ? r : 0;
        }
        r = collect(api->store, stream.id, &history);
        if (r >= 0) {
                n = history_thin_out(history.points, history.n, (size_t) api_number(api, "limit"));
                r = write_history(api, &stream, &history, n);
        }
        monitor_stream_done(&stream);
        free(history.points);
        return r;
}
