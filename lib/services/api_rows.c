#include "services/api_rows.h"

#include <stdio.h>
#include <string.h>

#include "base/string_util.h"
#include "base/time_util.h"

void api_rows_done(ApiRows *rows) {
        buffer_done(&rows->header);
        buffer_done(&rows->row);
}

int api_rows_begin(ApiRows *rows, Api *api, const char *key, const char *name) {
        _cleanup_free_ char *disposition = NULL;
        int r;

        *rows = (ApiRows) { .api = api, .is_csv = api->route->has_csv && api_number(api, "format") == 1 };
        if (!rows->is_csv) {
                api_begin(api);
                json_array_begin(&api->json, key);
                return 0;
        }
        api->response.content_type = "text/csv; charset=utf-8; header=present";
        r = string_format(&disposition, "attachment; filename=\"%s.csv\"", name);
        return r < 0 ? r : http_response_header(&api->response, "Content-Disposition", disposition);
}

void api_rows_end(ApiRows *rows) {
        if (!rows->is_csv) {
                json_array_end(&rows->api->json);
        }
}

int api_rows_finish(ApiRows *rows) {
        int r = rows->is_csv ? 0 : api_end(rows->api);

        if (rows->is_csv && !rows->has_header) {
                r = buffer_append_string(&rows->api->response.body, ""); /* no row: an empty table */
        }
        api_rows_done(rows);
        return r;
}

/* RFC 4180. What a spreadsheet would take for a formula is marked as text: paths and names come from other people. */
static void add_cell(ApiRows *rows, const char *name, const char *value, bool is_text) {
        bool is_formula = is_text && value[0] && strchr("=+-@\t\r", value[0]);
        bool is_quoted = is_formula || strpbrk(value, ",\"\r\n");
        const char *comma = rows->row.length > 0 ? "," : "";

        if (!rows->has_header) {
                (void) buffer_append_format(&rows->header, "%s%s", comma, name);
        }
        (void) buffer_append_format(&rows->row, "%s%s%s", comma, is_quoted ? "\"" : "",
                                    is_formula ? "'" : "");
        for (const char *c = value; *c; c++) {
                (void) buffer_append(&rows->row, *c == '"' ? "\"\"" : c, *c == '"' ? 2 : 1);
        }
        (void) buffer_append_string(&rows->row, is_quoted ? "\"" : "");
}

int api_row_begin(ApiRows *rows) {
        if (!rows->is_csv) {
                json_object_begin(&rows->api->json, NULL);
        }
        buffer_clear(&rows->row);
        return 0;
}

void api_row_string(ApiRows *rows, const char *name, const char *value) {
        rows->is_csv ? add_cell(rows, name, value ? value : "", true) :
                       json_string(&rows->api->json, name, value);
}

void api_row_int(ApiRows *rows, const char *name, int64_t value) {
        char text[24];

        (void) snprintf(text, sizeof text, "%lld", (long long) value);
        rows->is_csv ? add_cell(rows, name, text, false) : json_int(&rows->api->json, name, value);
}

void api_row_count(ApiRows *rows, const char *name, int64_t value) {
        if (value == 0) {
                api_row_string(rows, name, NULL);
        } else {
                api_row_int(rows, name, value);
        }
}

void api_row_bool(ApiRows *rows, const char *name, bool value) {
        rows->is_csv ? add_cell(rows, name, value ? "true" : "false", false) :
                       json_bool(&rows->api->json, name, value);
}

void api_row_time(ApiRows *rows, const char *name, int64_t realtime_usec) {
        char text[TIME_TEXT_MAX];

        rows->is_csv ? add_cell(rows, name, realtime_usec ? time_format_iso(text, realtime_usec) : "",
                                false) :
                       json_time(&rows->api->json, name, realtime_usec);
}

int api_row_end(ApiRows *rows) {
        Buffer *body = &rows->api->response.body;
        int r = 0;

        if (!rows->is_csv) {
                json_object_end(&rows->api->json);
                return rows->api->json.failed ? -ENOBUFS : 0;
        }
        if (!rows->has_header) {
                r = buffer_append_format(body, "%s\r\n", rows->header.data);
                rows->has_header = true;
        }
        return r < 0 ? r : buffer_append_format(body, "%s\r\n", rows->row.data);
}
