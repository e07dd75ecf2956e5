/* `weirctl streams`: the streams with their last sizes, filtered and sorted. */
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "base/human.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "services/ctl_output.h"
#include "services/ctl_table.h"
#include "services/ctl_verbs.h"
#include "services/server_store.h"
#include "services/stream_store.h"

const CtlOption ctl_streams_options[] = {
        { "server", 's', "NAME", "only this server's" },
        { "match", 'm', "GLOB", "only streams whose path matches, as //depot/*dev*" },
        { "all", 'a', NULL, "also vanished streams and those of retired servers" },
        { "state", 0, "STATE", "only new, ok, stale or gone ones" },
        { "sort", 0, "COLUMN", "by path (the default), size, files or measured" },
        { "limit", 'n', "N", "at most N streams" },
        {},
};

typedef struct Row {
        char *server, *path, *type, *parent, *error_text;
        const char *state;
        int64_t id, size_bytes, file_count, measured_at, change;
        bool is_measured;
} Row;

typedef struct Rows {
        Row *rows;
        size_t n, allocated;
        const char *match, *state;
} Rows;

static const char *stream_state(const MonitorStream *stream) {
        return stream->is_gone           ? "gone" :
               stream->is_server_retired ? "retired" :
               stream->error_text        ? "stale" :
               stream->is_measured       ? "ok" :
                                           "new";
}

static void rows_done(Rows *rows) {
        for (size_t i = 0; i < rows->n; i++) {
                Row *row = rows->rows + i;

                free(row->server);
                free(row->path);
                free(row->type);
                free(row->parent);
                free(row->error_text);
        }
        free(rows->rows);
}

static int grow(Rows *rows) {
        size_t allocated = rows->allocated ? rows->allocated * 2 : 64;
        Row *grown;

        if (rows->n < rows->allocated) {
                return 0;
        }
        grown = reallocarray(rows->rows, allocated, sizeof *grown);
        if (!grown) {
                return -ENOMEM;
        }
        rows->rows = grown;
        rows->allocated = allocated;
        return 0;
}

static int copy_row(const MonitorStream *stream, const char *state, Row *ret) {
        Row row = { .state = state,
                    .id = stream->id,
                    .size_bytes = stream->size_bytes,
                    .file_count = stream->file_count,
                    .measured_at = stream->measured_at,
                    .change = stream->change,
                    .is_measured = stream->is_measured };
        int r = string_copy(&row.server, stream->server);

        r = r < 0 ? r : string_copy(&row.path, stream->path);
        r = r < 0 ? r : string_copy(&row.type, stream->type);
        r = r < 0 ? r : string_copy(&row.parent, stream->parent);
        r = r < 0 ? r : string_copy(&row.error_text, stream->error_text);
        *ret = row;
        return r;
}

static int collect(const MonitorStream *stream, void *userdata) {
        Rows *rows = userdata;
        const char *state = stream_state(stream);
        int r;

        if ((rows->match && fnmatch(rows->match, stream->path, 0) != 0) ||
            (rows->state && strcmp(rows->state, state) != 0)) {
                return 0;
        }
        r = grow(rows);
        if (r < 0) {
                return r;
        }
        return copy_row(stream, state, rows->rows + rows->n++);
}

/* Largest, fullest, newest first; equal ones keep the order of server and path. */
static int by_number(int64_t a, int64_t b, const Row *left, const Row *right) {
        int order = a < b ? 1 : a > b ? -1 : strcmp(left->server, right->server);

        return order ? order : strcmp(left->path, right->path);
}

#define DEFINE_ORDER(name, field)                                                                           \
        static int name(const void *a, const void *b) {                                                     \
                const Row *left = a, *right = b;                                                            \
                return by_number(left->field, right->field, left, right);                                   \
        }
DEFINE_ORDER(by_size, size_bytes)
DEFINE_ORDER(by_files, file_count)
DEFINE_ORDER(by_measured, measured_at)
#undef DEFINE_ORDER

static const struct {
        const char *name;
        int (*compare)(const void *a, const void *b);
} orders[] = { { "path", NULL }, { "size", by_size }, { "files", by_files }, { "measured", by_measured } };

static int sort_rows(const Ctl *ctl, Rows *rows) {
        const char *name = ctl_option(ctl, "sort");

        for (size_t i = 0; i < ELEMENTSOF(orders); i++) {
                if (!name || strcmp(orders[i].name, name) == 0) {
                        if (name && orders[i].compare && rows->n) {
                                qsort(rows->rows, rows->n, sizeof *rows->rows, orders[i].compare);
                        }
                        return 0;
                }
        }
        (void) ctl_fail(ctl, CTL_EXIT_USAGE, NULL, "--sort=%s is none of path, size, files, measured.",
                        name);
        return -EINVAL;
}

static int print_json(const Rows *rows, size_t n) {
        CtlJson json;

        ctl_json_begin(&json);
        json_array_begin(&json.writer, NULL);
        for (size_t i = 0; i < n; i++) {
                const Row *row = rows->rows + i;

                json_object_begin(&json.writer, NULL);
                json_int(&json.writer, "id", row->id);
                json_string(&json.writer, "server", row->server);
                json_string(&json.writer, "name", row->path);
                json_string(&json.writer, "type", row->type);
                json_string(&json.writer, "parent", row->parent);
                if (row->is_measured) {
                        json_int(&json.writer, "size_bytes", row->size_bytes);
                        json_int(&json.writer, "file_count", row->file_count);
                } else {
                        json_null(&json.writer, "size_bytes");
                        json_null(&json.writer, "file_count");
                }
                json_time(&json.writer, "measured_at", row->measured_at);
                json_int(&json.writer, "change", row->change);
                json_string(&json.writer, "state", row->state);
                json_string(&json.writer, "error", row->error_text);
                json_object_end(&json.writer);
        }
        json_array_end(&json.writer);
        return ctl_json_print(&json);
}

static int print_table(const Rows *rows, size_t n) {
        static const CtlColumn columns[] = {
                { .title = "SERVER" },
                { .title = "STREAM", .may_shrink = true },
                { .title = "TYPE" },
                { .title = "SIZE", .is_right = true },
                { .title = "FILES", .is_right = true },
                { .title = "MEASURED" },
                { .title = "CHANGE", .is_right = true },
                { .title = "STATE" },
        };
        _cleanup_(ctl_table_freep) CtlTable *table = NULL;
        int r = ctl_table_new(columns, ELEMENTSOF(columns), &table);

        for (size_t i = 0; r >= 0 && i < n; i++) {
                const Row *row = rows->rows + i;
                char size[HUMAN_SIZE_MAX], files[24], change[24], ago[TIME_TEXT_MAX];

                (void) snprintf(files, sizeof files, "%lld", (long long) row->file_count);
                (void) snprintf(change, sizeof change, "%lld", (long long) row->change);
                r = ctl_table_add(table,
                                  (const char *const[]) { row->server, row->path, row->type,
                                                          row->is_measured ?
                                                                          human_size(size, row->size_bytes) :
                                                                          NULL,
                                                          row->is_measured ? files : NULL,
                                                          time_format_ago(ago, row->measured_at),
                                                          row->change ? change : NULL, row->state });
        }
        return r >= 0 ? ctl_table_print(table) : r;
}

/* The filter by server; an unknown name is an error, not an empty list. */
static int find_server(const Ctl *ctl, MonitorStore *store, MonitorStreamFilter *filter) {
        const char *name = ctl_option(ctl, "server");
        MonitorServer server = {};
        int r;

        if (!name) {
                return 0;
        }
        r = server_store_find(store, name, &server);
        if (r < 0) {
                (void) ctl_fail(ctl, 1, "`weirctl servers --all` lists them.", "There is no server %s.",
                                name);
                return r;
        }
        filter->server_id = server.id;
        filter->with_retired = filter->with_retired || server.retired_at;
        monitor_server_done(&server);
        return 0;
}

static int print_streams(const Ctl *ctl, MonitorStore *store, Rows *rows,
                         const MonitorStreamFilter *filter) {
        unsigned long long limit;
        size_t n;

        if (ctl_option_uint(ctl, "limit", UINT32_MAX, UINT32_MAX, &limit) < 0) {
                return CTL_EXIT_USAGE;
        }
        if (stream_store_each(store, filter, collect, rows) < 0) {
                return ctl_fail(ctl, 1, "See `weirctl doctor`.", "Failed to read the streams: %s.",
                                db_error(monitor_store_db(store)));
        }
        if (sort_rows(ctl, rows) < 0) {
                return CTL_EXIT_USAGE;
        }
        n = rows->n < limit ? rows->n : limit;
        if (ctl->json) {
                return print_json(rows, n);
        }
        if (n == 0) {
                return ctl_fail(ctl, 0,
                                "`weirctl measure` lists and measures them; `weirctl servers` shows how the servers are.",
                                "No such streams are known.");
        }
        return print_table(rows, n) < 0;
}

static int check_state(const Ctl *ctl, const char *state) {
        static const char *const states[] = { "new", "ok", "stale", "gone" };

        for (size_t i = 0; i < ELEMENTSOF(states); i++) {
                if (!state || strcmp(state, states[i]) == 0) {
                        return 0;
                }
        }
        return ctl_fail(ctl, CTL_EXIT_USAGE, NULL, "--state=%s is none of new, ok, stale, gone.", state);
}

int ctl_streams(Ctl *ctl) {
        _cleanup_(monitor_store_closep) MonitorStore *store = NULL;
        const char *state = ctl_option(ctl, "state");
        bool all = ctl_flag(ctl, "all") || (state && strcmp(state, "gone") == 0);
        MonitorStreamFilter filter = { .with_gone = all, .with_retired = all };
        Rows rows = { .match = ctl_option(ctl, "match"), .state = state };
        int status = check_state(ctl, state);

        if (status != 0 || ctl_open_store(ctl, DB_READ_ONLY, &store, &status) < 0) {
                return status;
        }
        status = find_server(ctl, store, &filter) < 0 ? 1 : print_streams(ctl, store, &rows, &filter);
        rows_done(&rows);
        return status;
}
