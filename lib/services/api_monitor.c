#include "services/api_monitor.h"

#include <string.h>
#include <unistd.h>

#include "base/human.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "services/api_rows.h"
#include "services/page_store.h"
#include "version.h"

/* --- servers ---------------------------------------------------------------------------------------- */

int api_find_server(Api *api, MonitorServer *ret) {
        int r = api->store ? 0 : api_open_store(api);

        if (r < 0) {
                return r; /* also -ENOENT: there is no database */
        }
        r = server_store_get(api->store, api->id, ret);
        if (r != -ENOENT) {
                return r;
        }
        (void) api_fail(api, 404, "no_such_server", NULL);
        return 1;
}

static void write_server(ApiRows *rows, const MonitorServer *row) {
        api_row_int(rows, "id", row->id);
        api_row_string(rows, "name", row->server.name);
        api_row_string(rows, "p4port", row->server.p4port);
        api_row_string(rows, "p4user", row->server.p4user);
        api_row_string(rows, "stream_mask", row->server.stream_mask);
        api_row_time(rows, "created_at", row->created_at);
        api_row_int(rows, "streams_count", row->n_streams);
        api_row_string(rows, "state", server_state_to_string(row->state));
        api_row_string(rows, "state_text", row->state_text);
        api_row_time(rows, "checked_at", row->checked_at);
        api_row_time(rows, "measured_at", row->measured_at);
        api_row_time(rows, "last_updated", row->stream_measured_at);
}

int api_servers(Api *api) {
        MonitorServer *servers = NULL;
        size_t n = 0;
        ApiRows rows = {};
        int r = api_open_store(api);

        r = r < 0 ? r : server_store_list(api->store, false, &servers, &n);
        r = r < 0 ? r : api_rows_begin(&rows, api, "servers", "weir-servers");
        for (size_t i = 0; i < n && r >= 0; i++) {
                r = api_row_begin(&rows);
                write_server(&rows, servers + i);
                r = r < 0 ? r : api_row_end(&rows);
        }
        monitor_servers_free(servers, n);
        if (r < 0) {
                api_rows_done(&rows);
                return r;
        }
        api_rows_end(&rows);
        if (!rows.is_csv) {
                json_int(&api->json, "count", (int64_t) n);
        }
        return api_rows_finish(&rows);
}

int api_server(Api *api) {
        MonitorServer server = {};
        ApiRows rows = { .api = api };
        int r = api_find_server(api, &server);

        if (r != 0) {
                return r < 0 ? r : 0;
        }
        api_begin(api);
        json_object_begin(&api->json, "server");
        write_server(&rows, &server);
        json_object_end(&api->json);
        monitor_server_done(&server);
        return api_end(api);
}

static int write_path(const MonitorStream *stream, void *userdata) {
        json_string(userdata, NULL, stream->path);
        return 0;
}

int api_server_streams(Api *api) {
        MonitorServer server = {};
        MonitorStreamFilter filter = { .server_id = api->id, .with_retired = true };
        int r = api_find_server(api, &server);

        if (r != 0) {
                return r < 0 ? r : 0;
        }
        api_begin(api);
        json_string(&api->json, "server", server.server.name);
        json_array_begin(&api->json, "streams");
        r = stream_store_each(api->store, &filter, write_path, &api->json);
        json_array_end(&api->json);
        json_int(&api->json, "count", server.n_streams);
        json_time(&api->json, "listed_at", server.checked_at);
        monitor_server_done(&server);
        return r < 0 ? r : api_end(api);
}

/* --- streams ---------------------------------------------------------------------------------------- */

static void write_stream(ApiRows *rows, const MonitorStream *stream) {
        char size[HUMAN_SIZE_MAX];

        api_row_int(rows, "id", stream->id);
        api_row_string(rows, "name", stream->path);
        api_row_int(rows, "size_bytes", stream->size_bytes);
        api_row_int(rows, "file_count", stream->file_count);
        api_row_string(rows, "size_human", human_size(size, stream->size_bytes));
        api_row_time(rows, "last_updated", stream->measured_at);
        api_row_int(rows, "server_id", stream->server_id);
        api_row_string(rows, "server_name", stream->server);
        api_row_bool(rows, "is_measured", stream->is_measured);
        api_row_bool(rows, "is_stale", stream->is_stale);
        api_row_string(rows, "error", stream->error_text);
}

typedef struct StreamRows {
        ApiRows rows;
        int64_t n, last_id;
} StreamRows;

static int on_stream(const MonitorStream *stream, void *userdata) {
        StreamRows *list = userdata;

        (void) api_row_begin(&list->rows);
        write_stream(&list->rows, stream);
        list->n++;
        list->last_id = stream->id;
        return api_row_end(&list->rows);
}

static void write_pagination(Api *api, const StreamPage *page, int64_t total, const StreamRows *list) {
        int64_t pages = (total + page->limit - 1) / page->limit, number = api_number(api, "page");
        bool has_next = page->after > 0 ? list->n == page->limit : number < pages;

        json_object_begin(&api->json, "pagination");
        json_int(&api->json, "page", number);
        json_int(&api->json, "per_page", page->limit);
        json_int(&api->json, "total", total);
        json_int(&api->json, "pages", pages);
        json_bool(&api->json, "has_prev", page->after > 0 || number > 1);
        json_bool(&api->json, "has_next", has_next);
        if (has_next && list->n > 0 && page->order == STREAM_ORDER_NAME && !page->text) {
                json_int(&api->json, "next_after", list->last_id);
        } else {
                json_null(&api->json, "next_after");
        }
        json_object_end(&api->json);
}

int api_streams(Api *api) {
        StreamPage page = { .server_id = api_number(api, "server_id"),
                            .order = (StreamOrder) api_number(api, "sort"),
                            .is_descending = api_number(api, "order") == 0,
                            .limit = api_number(api, "per_page"),
                            .offset = (api_number(api, "page") - 1) * api_number(api, "per_page"),
                            .after = api_number(api, "after"),
                            .text = string_is_empty(api_text(api, "q")) ? NULL : api_text(api, "q") };
        StreamRows list = {};
        int64_t total = 0;
        int r;

        if (page.after > 0 && (page.order != STREAM_ORDER_NAME || page.offset > 0 || page.text)) {
                return api_fail(api, 400, "bad_parameter", "field", "after", NULL);
        }
        r = api_open_store(api);
        r = r < 0 ? r : api_rows_begin(&list.rows, api, "streams", "weir-streams");
        r = r < 0 ? r : page_store_streams(api->store, &page, &total, on_stream, &list);
        if (r < 0) {
                api_rows_done(&list.rows);
                return r == -ESTALE && page.after > 0 ?
                                       api_fail(api, 400, "bad_parameter", "field", "after", NULL) :
                                       r;
        }
        api_rows_end(&list.rows);
        if (!list.rows.is_csv) {
                write_pagination(api, &page, total, &list);
        }
        return api_rows_finish(&list.rows);
}

/* As the original did, blanks around do not count. */
int api_streams_search(Api *api) {
        _cleanup_free_ char *text = NULL;
        StreamRows list = {};
        int64_t total = 0;
        int r = string_copy(&text, api_text(api, "q") + strspn(api_text(api, "q"), " "));

        for (size_t n = r < 0 ? 0 : strlen(text); n > 0 && text[n - 1] == ' '; n--) {
                text[n - 1] = 0;
        }
        if (r >= 0 && strlen(text) < 2) {
                return api_fail(api, 400, "bad_parameter", "field", "q", NULL);
        }
        r = r < 0 ? r : api_open_store(api);
        r = r < 0 ? r : api_rows_begin(&list.rows, api, "streams", "weir-search");
        r = r < 0 ? r :
                    page_store_search(api->store, text, api_number(api, "server_id"),
                                      api_number(api, "limit"), &total, on_stream, &list);
        if (r < 0) {
                api_rows_done(&list.rows);
                return r;
        }
        api_rows_end(&list.rows);
        if (!list.rows.is_csv) {
                json_int(&api->json, "count", list.n);
                json_int(&api->json, "total", total);
                json_string(&api->json, "query", text);
        }
        return api_rows_finish(&list.rows);
}

int api_find_stream(Api *api, MonitorStream *ret) {
        int r = api->store ? 0 : api_open_store(api);

        r = r < 0 ? r : stream_store_get(api->store, api->id, ret);
        if (r != -ENOENT || !api->store) {
                return r;
        }
        (void) api_fail(api, 404, "no_such_stream", NULL);
        return 1;
}

int api_stream(Api *api) {
        MonitorStream stream = {};
        MonitorServer server = {};
        ApiRows rows = { .api = api };
        int r = api_find_stream(api, &stream);

        if (r != 0) {
                return r < 0 ? r : 0;
        }
        r = server_store_get(api->store, stream.server_id, &server);
        api_begin(api);
        json_object_begin(&api->json, "stream");
        write_stream(&rows, &stream);
        json_string(&api->json, "server_p4port", server.server.p4port);
        json_string(&api->json, "type", stream.type);
        json_string(&api->json, "parent", stream.parent);
        json_int(&api->json, "change", stream.change);
        json_time(&api->json, "created_at", stream.created_at);
        json_string(&api->json, "state", stream.is_gone || stream.is_server_retired ? "gone" : "active");
        json_object_end(&api->json);
        monitor_stream_done(&stream);
        monitor_server_done(&server);
        return r < 0 ? r : api_end(api);
}

/* --- growth ----------------------------------------------------------------------------------------- */

static int on_growth(const StreamGrowth *growth, void *userdata) {
        const MonitorStream *stream = growth->stream;
        StreamRows *list = userdata;
        ApiRows *rows = &list->rows;
        char size[HUMAN_SIZE_MAX], change[HUMAN_SIZE_MAX];

        (void) api_row_begin(rows);
        api_row_int(rows, "id", stream->id);
        api_row_string(rows, "name", stream->path);
        api_row_int(rows, "server_id", stream->server_id);
        api_row_string(rows, "server_name", stream->server);
        api_row_int(rows, "size_bytes", stream->size_bytes);
        api_row_string(rows, "size_human", human_size(size, stream->size_bytes));
        api_row_int(rows, "before_bytes", growth->size_bytes);
        api_row_int(rows, "change", stream->size_bytes - growth->size_bytes);
        api_row_string(rows, "change_human", human_size(change, stream->size_bytes - growth->size_bytes));
        api_row_int(rows, "file_change", stream->file_count - growth->file_count);
        api_row_time(rows, "since", growth->since);
        list->n++;
        return api_row_end(rows);
}

int api_growth(Api *api) {
        int64_t days = api_number(api, "days");
        GrowthPage page = { .server_id = api_number(api, "server_id"),
                            .since = days > 0 ? now_realtime() - days * (int64_t) USEC_PER_DAY : 0,
                            .limit = api_number(api, "limit"),
                            .is_shrinking = api_number(api, "direction") == 1 };
        StreamRows list = {};
        int r = api_open_store(api);

        r = r < 0 ? r : api_rows_begin(&list.rows, api, "streams", "weir-growth");
        r = r < 0 ? r : page_store_growth(api->store, &page, on_growth, &list);
        if (r < 0) {
                api_rows_done(&list.rows);
                return r;
        }
        api_rows_end(&list.rows);
        if (!list.rows.is_csv) {
                json_int(&api->json, "count", list.n);
                json_time(&api->json, "since", page.since / (int64_t) USEC_PER_SEC * (int64_t) USEC_PER_SEC);
        }
        return api_rows_finish(&list.rows);
}

/* --- figures ---------------------------------------------------------------------------------------- */

static void write_stats(Api *api, const MonitorServer *servers, size_t n) {
        int64_t n_streams = 0, newest = 0;

        for (size_t i = 0; i < n; i++) {
                n_streams += servers[i].n_streams;
                newest = servers[i].stream_measured_at > newest ? servers[i].stream_measured_at : newest;
        }
        json_int(&api->json, "total_servers", (int64_t) n);
        json_int(&api->json, "total_streams", n_streams);
        json_time(&api->json, "last_global_update", newest);
        json_array_begin(&api->json, "servers");
        for (size_t i = 0; i < n; i++) {
                json_object_begin(&api->json, NULL);
                json_int(&api->json, "server_id", servers[i].id);
                json_string(&api->json, "server_name", servers[i].server.name);
                json_int(&api->json, "streams_count", servers[i].n_streams);
                json_time(&api->json, "last_updated", servers[i].stream_measured_at);
                json_object_end(&api->json);
        }
        json_array_end(&api->json);
}

int api_stats(Api *api) {
        _cleanup_free_ char *note = NULL;
        MonitorServer *servers = NULL;
        size_t n = 0;
        int r = api_open_store(api);

        r = r < 0 ? r : server_store_list(api->store, false, &servers, &n);
        r = r < 0 ? r : api_message(api, &note, "stats_note", NULL);
        if (r < 0) {
                monitor_servers_free(servers, n);
                return r;
        }
        api_begin(api);
        json_object_begin(&api->json, "stats");
        write_stats(api, servers, n);
        json_string(&api->json, "note", note);
        json_object_end(&api->json);
        monitor_servers_free(servers, n);
        return api_end(api);
}

/* The fields of the original; what would tell attackers where things are is null. Hours are whole in all sane settings. */
int api_info(Api *api) {
        const WeirConfig *config = &api->config;
        uint64_t interval = config->measure_calendar ? 0 : config->measure_interval_usec;

        api_begin(api);
        json_object_begin(&api->json, "app_info");
        json_string(&api->json, "version", WEIR_VERSION);
        json_string(&api->json, "environment", "production");
        json_bool(&api->json, "debug_mode", false);
        json_null(&api->json, "database_uri");
        json_double(&api->json, "scheduler_interval_hours", (double) interval / (double) USEC_PER_HOUR);
        json_string(&api->json, "calendar", config->measure_calendar);
        json_null(&api->json, "start_time");
        json_bool(&api->json, "login_required", config->web.login_required);
        json_object_end(&api->json);
        return api_end(api);
}

static bool has_tickets(void) {
        const char *directory = getenv("WEIR_STATE");
        _cleanup_free_ char *path = NULL;

        return string_format(&path, "%s/tickets", directory ? directory : WEIR_STATE_DIRECTORY) >= 0 &&
               access(path, F_OK) == 0;
}

static bool is_logged_in(const MonitorServer *row) {
        static const bool says_no[_SERVER_STATE_MAX] = { [SERVER_NEVER] = true,
                                                         [SERVER_UNREACHABLE] = true,
                                                         [SERVER_AUTH] = true,
                                                         [SERVER_TRUST] = true };

        return row->state >= 0 && !says_no[row->state] &&
               (row->ticket_expires_at == 0 || row->ticket_expires_at > now_realtime());
}

/* The programs of the web may not read the tickets: what the last measuring run met is told. */
int api_auth_check(Api *api) {
        MonitorServer *servers = NULL;
        size_t n = 0;
        int r = api_open_store(api);

        r = r < 0 ? r : server_store_list(api->store, false, &servers, &n);
        if (r < 0) {
                return r;
        }
        api_begin(api);
        json_array_begin(&api->json, "servers");
        for (size_t i = 0; i < n; i++) {
                const MonitorServer *row = servers + i;
                json_object_begin(&api->json, NULL);
                json_int(&api->json, "server_id", row->id);
                json_string(&api->json, "server_name", row->server.name);
                json_string(&api->json, "p4port", row->server.p4port);
                json_string(&api->json, "p4user", row->server.p4user);
                json_bool(&api->json, "authenticated", is_logged_in(row));
                json_string(&api->json, "state", server_state_to_string(row->state));
                json_time(&api->json, "checked_at", row->checked_at);
                json_time(&api->json, "ticket_expires_at", row->ticket_expires_at);
                json_object_end(&api->json);
        }
        json_array_end(&api->json);
        json_bool(&api->json, "tickets_file_exists", has_tickets());
        monitor_servers_free(servers, n);
        return api_end(api);
}

static int write_run(const MonitorRun *run, void *userdata) {
        Api *api = userdata;

        json_object_begin(&api->json, NULL);
        json_string(&api->json, "scope", run->scope);
        json_string(&api->json, "server", run->server);
        json_string(&api->json, "stage", run->stage);
        json_string(&api->json, "current", run->current);
        json_int(&api->json, "done", run->done);
        json_int(&api->json, "total", run->total);
        json_time(&api->json, "started_at", run->started_at);
        json_object_end(&api->json);
        api->numbers[0]++; /* how many */
        return 0;
}

int api_operations(Api *api) {
        int r = api_open_store(api);

        if (r < 0) {
                return r;
        }
        api->numbers[0] = 0;
        api_begin(api);
        json_array_begin(&api->json, "operations");
        r = monitor_store_each_run(api->store, write_run, api);
        json_array_end(&api->json);
        json_int(&api->json, "count", api->numbers[0]);
        return r < 0 ? r : api_end(api);
}

int api_health(Api *api) {
        int r = api_open_store(api);

        if (r < 0) {
                return r;
        }
        api_begin(api);
        json_string(&api->json, "status", "ok");
        json_object_end(&api->json);
        return json_finish(&api->json);
}
