#include "services/page_store.h"

#include <string.h>

#include "base/buffer.h"
#include "base/string_util.h"

typedef int (*OnStream)(const MonitorStream *stream, void *userdata);

static int each_row(DbStatement *s, OnStream function, void *userdata, int64_t *ret_n) {
        int r;

        while ((r = db_step(s)) > 0) {
                MonitorStream row;
                stream_store_read(s, &row);
                r = function(&row, userdata);
                if (r != 0) {
                        return r;
                }
                *ret_n += 1;
        }
        return r;
}

/* --- by name: server after server, each along its index --------------------------------------------- */

typedef struct Place {
        int64_t server_id; /* of the stream the page begins after */
        char *path;
} Place;

static int find_place(MonitorStore *store, int64_t after, Place *ret) {
        MonitorStream stream = {};
        int r = after > 0 ? stream_store_get(store, after, &stream) : 0;

        if (r < 0 || after == 0) {
                return r == -ENOENT ? -ESTALE : r;
        }
        ret->server_id = stream.server_id;
        r = string_copy(&ret->path, stream.path);
        monitor_stream_done(&stream);
        return r;
}

static int each_of_server(MonitorStore *store, int64_t server_id, const char *after, int64_t limit,
                          int64_t offset, OnStream function, void *userdata, int64_t *ret_n) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(monitor_store_db(store),
                           STREAM_STORE_COLUMNS
                           "WHERE t.server_id = ?1 AND t.path > ?2 AND t.state = 'active'"
                           " ORDER BY t.path LIMIT ?3 OFFSET ?4",
                           &s);
        r = r < 0 ? r : db_bind_int(s, 1, server_id);
        r = r < 0 ? r : db_bind_text(s, 2, after ? after : "");
        r = r < 0 ? r : db_bind_int(s, 3, limit);
        r = r < 0 ? r : db_bind_int(s, 4, offset);
        return r < 0 ? r : each_row(s, function, userdata, ret_n);
}

static int each_by_name(MonitorStore *store, const StreamPage *page, const MonitorServer *servers,
                        size_t n_servers, OnStream function, void *userdata) {
        int64_t offset = page->offset, n = 0;
        Place place = {};
        int r = find_place(store, page->after, &place);
        bool is_reached = place.server_id == 0;

        for (size_t i = 0; i < n_servers && r == 0 && n < page->limit; i++) {
                bool is_begun = servers[i].id == place.server_id;
                is_reached |= is_begun;
                if (!is_reached || (page->server_id > 0 && servers[i].id != page->server_id)) {
                        continue;
                }
                if (offset >= servers[i].n_streams && !is_begun) {
                        offset -= servers[i].n_streams;
                        continue;
                }
                r = each_of_server(store, servers[i].id, is_begun ? place.path : NULL, page->limit - n,
                                   offset, function, userdata, &n);
                offset = 0;
        }
        free(place.path);
        return r;
}

/* --- by a part of the path ---------------------------------------------------------------------------- */

#define LISTED "WHERE t.state = 'active' AND v.retired_at IS NULL AND (?1 = 0 OR t.server_id = ?1) "

/* "%text%" with everything that LIKE would understand escaped. */
static int like_pattern(const char *text, Buffer *ret) {
        int r = buffer_append_string(ret, "%");

        for (const char *c = text; *c && r >= 0; c++) {
                r = strchr("%_\\", *c) ? buffer_append_string(ret, "\\") : 0;
                r = r < 0 ? r : buffer_append(ret, c, 1);
        }
        return r < 0 ? r : buffer_append_string(ret, "%");
}

static int count_found(MonitorStore *store, const char *pattern, int64_t server_id, int64_t *ret) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(monitor_store_db(store),
                           "SELECT count(*) FROM streams t JOIN servers v ON v.id = t.server_id " LISTED
                           "AND t.path LIKE ?2 ESCAPE '\\'",
                           &s);
        r = r < 0 ? r : db_bind_int(s, 1, server_id);
        r = r < 0 ? r : db_bind_text(s, 2, pattern);
        r = r < 0 ? r : db_step(s);
        if (r > 0) {
                *ret = db_column_int(s, 0);
        }
        return r < 0 ? r : 0;
}

/* --- by anything else: all of them are looked at ---------------------------------------------------- */

/* What was never measured comes last, whichever way it is sorted. */
#define BY(columns) STREAM_STORE_COLUMNS LISTED MATCHING "ORDER BY " columns " LIMIT ?2 OFFSET ?3"
#define MATCHING "AND (?4 IS NULL OR t.path LIKE ?4 ESCAPE '\\') "

static const char *const order_sql[_STREAM_ORDER_MAX][2] = {
        [STREAM_ORDER_NAME] = { BY("v.name, v.id, t.path"), BY("v.name, v.id, t.path") },
        [STREAM_ORDER_SIZE] = { BY("t.size_bytes ASC NULLS LAST, t.id"),
                                BY("t.size_bytes DESC NULLS LAST, t.id") },
        [STREAM_ORDER_FILES] = { BY("t.file_count ASC NULLS LAST, t.id"),
                                 BY("t.file_count DESC NULLS LAST, t.id") },
        [STREAM_ORDER_MEASURED] = { BY("t.measured_at ASC NULLS LAST, t.id"),
                                    BY("t.measured_at DESC NULLS LAST, t.id") },
};

static int each_sorted(MonitorStore *store, const StreamPage *page, const char *pattern, OnStream function,
                       void *userdata) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int64_t n = 0;
        int r = db_prepare(monitor_store_db(store), order_sql[page->order][page->is_descending], &s);

        r = r < 0 ? r : db_bind_int(s, 1, page->server_id);
        r = r < 0 ? r : db_bind_int(s, 2, page->limit);
        r = r < 0 ? r : db_bind_int(s, 3, page->offset);
        r = r < 0 ? r : db_bind_text(s, 4, pattern);
        return r < 0 ? r : each_row(s, function, userdata, &n);
}

static int page_of_matching(MonitorStore *store, const StreamPage *page, int64_t *ret_total,
                            OnStream function, void *userdata) {
        _cleanup_(buffer_done) Buffer pattern = {};
        int r = like_pattern(page->text, &pattern);

        r = r < 0 ? r : count_found(store, pattern.data, page->server_id, ret_total);
        return r < 0 ? r : each_sorted(store, page, pattern.data, function, userdata);
}

int page_store_streams(MonitorStore *store, const StreamPage *page, int64_t *ret_total, OnStream function,
                       void *userdata) {
        MonitorServer *servers = NULL;
        size_t n_servers = 0;
        int r;

        if (page->text) {
                return page_of_matching(store, page, ret_total, function, userdata);
        }
        r = server_store_list(store, false, &servers, &n_servers);
        if (r < 0) {
                return r;
        }
        *ret_total = 0;
        for (size_t i = 0; i < n_servers; i++) {
                if (page->server_id == 0 || servers[i].id == page->server_id) {
                        *ret_total += servers[i].n_streams;
                }
        }
        r = page->order == STREAM_ORDER_NAME ?
                            each_by_name(store, page, servers, n_servers, function, userdata) :
                            each_sorted(store, page, NULL, function, userdata);
        monitor_servers_free(servers, n_servers);
        return r;
}

/* --- searching -------------------------------------------------------------------------------------- */

int page_store_search(MonitorStore *store, const char *text, int64_t server_id, int64_t limit,
                      int64_t *ret_total, OnStream function, void *userdata) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        _cleanup_(buffer_done) Buffer pattern = {};
        int64_t n = 0;
        int r = like_pattern(text, &pattern);

        r = r < 0 ? r : count_found(store, pattern.data, server_id, ret_total);
        r = r < 0 ? r :
                    db_prepare(monitor_store_db(store),
                               STREAM_STORE_COLUMNS LISTED
                               "AND t.path LIKE ?2 ESCAPE '\\' ORDER BY v.name, v.id, t.path LIMIT ?3",
                               &s);
        r = r < 0 ? r : db_bind_int(s, 1, server_id);
        r = r < 0 ? r : db_bind_text(s, 2, pattern.data);
        r = r < 0 ? r : db_bind_int(s, 3, limit);
        return r < 0 ? r : each_row(s, function, userdata, &n);
}

/* --- growth ----------------------------------------------------------------------------------------- */

/* The sample that held at that time, else the first one: two look-ups along the samples' key per stream. ?4 is 1 for those that
 * grew, -1 for those that shrank. */
static const char growth_sql[] =
                "SELECT g.id, g.first_at, g.size_bytes, g.file_count FROM"
                " (SELECT t.id, ?4 * (t.size_bytes - s.size_bytes) AS by_bytes, s.first_at, s.size_bytes,"
                " s.file_count FROM streams t JOIN servers v ON v.id = t.server_id"
                " JOIN samples s ON s.stream_id = t.id AND s.first_at = coalesce("
                "(SELECT max(first_at) FROM samples WHERE stream_id = t.id AND first_at <= ?2),"
                "(SELECT min(first_at) FROM samples WHERE stream_id = t.id)) " LISTED
                "AND t.size_bytes IS NOT NULL) g WHERE g.by_bytes > 0 ORDER BY g.by_bytes DESC, g.id LIMIT ?3";

static int one_growth(MonitorStore *store, DbStatement *s, int64_t since,
                      int (*function)(const StreamGrowth *growth, void *userdata), void *userdata) {
        MonitorStream stream = {};
        StreamGrowth growth = { .stream = &stream,
                                .since = db_column_int(s, 1) > since ? db_column_int(s, 1) : since,
                                .size_bytes = db_column_int(s, 2),
                                .file_count = db_column_int(s, 3) };
        int r = stream_store_get(store, db_column_int(s, 0), &stream);

        r = r < 0 ? r : function(&growth, userdata);
        monitor_stream_done(&stream);
        return r;
}

int page_store_growth(MonitorStore *store, const GrowthPage *page,
                      int (*function)(const StreamGrowth *growth, void *userdata), void *userdata) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(monitor_store_db(store), growth_sql, &s);

        r = r < 0 ? r : db_bind_int(s, 1, page->server_id);
        r = r < 0 ? r : db_bind_int(s, 2, page->since);
        r = r < 0 ? r : db_bind_int(s, 3, page->limit);
        r = r < 0 ? r : db_bind_int(s, 4, page->is_shrinking ? -1 : 1);
        while (r >= 0 && (r = db_step(s)) > 0) {
                r = one_growth(store, s, page->since, function, userdata);
                if (r != 0) {
                        return r;
                }
        }
        return r;
}
