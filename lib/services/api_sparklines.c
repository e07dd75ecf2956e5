/* A page shows fifty streams or five hundred, each with a line an inch long: one request brings them all, each as a few sizes at
 * evenly spread moments, the same ones for all. A size holds until the next measurement, as everywhere. */
#include "services/api_sparklines.h"

#include <string.h>

#include "base/parse_util.h"
#include "base/time_util.h"
#include "services/sample_store.h"

#define STREAMS_MAX 1000

typedef struct Line {
        JsonWriter *json;
        int64_t from, to, n_points;
        int64_t next;    /* the first moment without a size */
        int64_t skipped; /* moments before the first measurement */
        int64_t size_bytes;
        bool is_known;
} Line;

static int64_t moment(const Line *line, int64_t i) {
        return line->from + (line->to - line->from) / (line->n_points - 1) * i;
}

static void go_on(Line *line, int64_t until) {
        for (; line->next < line->n_points && moment(line, line->next) < until; line->next++) {
                if (line->is_known) {
                        json_int(line->json, NULL, line->size_bytes);
                } else {
                        line->skipped++;
                }
        }
}

static int on_sample(const MonitorSample *sample, void *userdata) {
        Line *line = userdata;

        go_on(line, sample->first_at);
        line->size_bytes = sample->size_bytes;
        line->is_known = true;
        return 0;
}

/* The newest sample before the window begins the line; what is in the window changes it. */
static int write_line(Api *api, int64_t stream_id, Line line) {
        int r;

        json_object_begin(&api->json, NULL);
        json_int(&api->json, "id", stream_id);
        json_array_begin(&api->json, "sizes");
        r = sample_store_each(api->store, stream_id, 0, line.from, 1, on_sample, &line);
        r = r < 0 ? r : sample_store_each(api->store, stream_id, line.from, line.to, 0, on_sample, &line);
        go_on(&line, INT64_MAX);
        json_array_end(&api->json);
        json_int(&api->json, "skipped", line.skipped);
        json_object_end(&api->json);
        return r;
}

/* "1,2,3". The number of ids, or -EINVAL. */
static int read_ids(const char *text, int64_t ids[static STREAMS_MAX]) {
        int n = 0;

        for (size_t length;; text += length + 1) {
                char digits[24];
                length = strcspn(text, ",");
                if (length == 0 || length >= sizeof digits || n == STREAMS_MAX) {
                        return -EINVAL;
                }
                memcpy(digits, text, length);
                digits[length] = 0;
                if (parse_int64(digits, &ids[n]) < 0 || ids[n] <= 0) {
                        return -EINVAL;
                }
                n++;
                if (!text[length]) {
                        return n;
                }
        }
}

/* As a history does, the window ends at a whole minute. A stream that does not exist has an empty line. */
int api_sparklines(Api *api) {
        int64_t minute = (int64_t) USEC_PER_MINUTE, now = now_realtime() / minute * minute, ids[STREAMS_MAX];
        Line line = { .json = &api->json,
                      .from = now - api_number(api, "days") * (int64_t) USEC_PER_DAY,
                      .to = now,
                      .n_points = api_number(api, "points") };
        int n = read_ids(api_text(api, "ids"), ids), r;

        if (n < 0) {
                return api_fail(api, 400, "bad_parameter", "field", "ids", NULL);
        }
        r = api_open_store(api);
        if (r < 0) {
                return r;
        }
        api_begin(api);
        json_array_begin(&api->json, "sparklines");
        for (int i = 0; i < n && r >= 0; i++) {
                r = write_line(api, ids[i], line);
        }
        json_array_end(&api->json);
        json_time(&api->json, "from", line.from);
        json_time(&api->json, "to", line.to);
        return r < 0 ? r : api_end(api);
}
