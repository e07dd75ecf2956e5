#include "formats/http_response.h"

#include <stdio.h>
#include <string.h>

#include "base/fd_util.h"
#include "base/string_util.h"

#define ETAG_MAX 24
#define LENGTH_UNKNOWN SIZE_MAX
#define ONE_WRITE_MAX ((size_t) 256 * 1024) /* larger bodies are not copied */

static const struct {
        int status;
        const char *text;
} status_texts[] = {
        { 200, "OK" },
        { 201, "Created" },
        { 202, "Accepted" },
        { 204, "No Content" },
        { 304, "Not Modified" },
        { 400, "Bad Request" },
        { 401, "Unauthorized" },
        { 403, "Forbidden" },
        { 404, "Not Found" },
        { 405, "Method Not Allowed" },
        { 409, "Conflict" },
        { 411, "Length Required" },
        { 413, "Content Too Large" },
        { 414, "URI Too Long" },
        { 415, "Unsupported Media Type" },
        { 422, "Unprocessable Content" },
        { 423, "Locked" },
        { 429, "Too Many Requests" },
        { 500, "Internal Server Error" },
        { 502, "Bad Gateway" },
        { 503, "Service Unavailable" },
        { 504, "Gateway Timeout" },
};

const char *http_status_text(int status) {
        for (size_t i = 0; i < ELEMENTSOF(status_texts); i++) {
                if (status_texts[i].status == status) {
                        return status_texts[i].text;
                }
        }
        return "Unknown";
}

void http_response_done(HttpResponse *response) {
        buffer_done(&response->headers);
        buffer_done(&response->body);
}

int http_response_header(HttpResponse *response, const char *name, const char *value) {
        for (const char *c = value; *c; c++) {
                if ((unsigned char) *c < 0x20 || *c == 0x7f) {
                        return -EBADMSG;
                }
        }
        return buffer_append_format(&response->headers, "%s: %s\r\n", name, value);
}

/* FNV-1a over what is sent: two answers are the same when their bytes are. */
static void make_etag(const Buffer *body, char text[static ETAG_MAX]) {
        uint64_t hash = UINT64_C(14695981039346656037);

        for (size_t i = 0; i < body->length; i++) {
                hash = (hash ^ (unsigned char) body->data[i]) * UINT64_C(1099511628211);
        }
        (void) snprintf(text, ETAG_MAX, "\"%016llx", (unsigned long long) hash);
}

/* Compressing adds its name to the tag: "0123-gzip" is the same answer as "0123". The tag given here lacks its closing quote. */
static bool is_known(const char *etag) {
        const char *known = http_request_header("If-None-Match");
        const char *found = known ? strstr(known, etag) : NULL;

        if (known && strcmp(known, "*") == 0) {
                return true;
        }
        return found && (found[strlen(etag)] == '"' || found[strlen(etag)] == '-');
}

static int format_head(HttpResponse *response, Buffer *head, size_t length) {
        int r = buffer_append_format(head, "Status: %d %s\r\n", response->status,
                                     http_status_text(response->status));

        if (r >= 0 && response->headers.length > 0) {
                r = buffer_append(head, response->headers.data, response->headers.length);
        }
        r = r < 0 ? r :
                    buffer_append_format(head, "Cache-Control: %s\r\n",
                                         response->may_be_stored ? "no-cache" : "no-store");
        if (r >= 0 && response->status != 304 && response->status != 204) {
                r = buffer_append_format(head, "Content-Type: %s\r\n",
                                         response->content_type ? response->content_type :
                                                                  "application/json; charset=utf-8");
                r = r < 0 || length == LENGTH_UNKNOWN ?
                                    r :
                                    buffer_append_format(head, "Content-Length: %zu\r\n", length);
        }
        return r < 0 ? r : buffer_append_string(head, "\r\n");
}

int http_response_begin(HttpResponse *response, int fd) {
        Buffer head = {};
        int r = format_head(response, &head, LENGTH_UNKNOWN);

        r = r < 0 ? r : fd_write_all(fd, head.data, head.length);
        response->is_begun = true;
        buffer_done(&head);
        return r;
}

int http_response_send(HttpResponse *response, const HttpRequest *request, int fd) {
        Buffer head = {};
        char etag[ETAG_MAX];
        bool has_body = !request->is_head;
        int r = 0;

        if (response->is_begun) {
                return 0;
        }
        response->may_be_stored &= response->status == 200 && string_equal(request->method, "GET");
        if (response->may_be_stored) {
                make_etag(&response->body, etag);
                response->status = is_known(etag) ? 304 : response->status;
                r = buffer_append_format(&response->headers, "ETag: %s\"\r\n", etag);
        }
        has_body &= response->status != 304 && response->status != 204;
        r = r < 0 ? r : format_head(response, &head, response->body.length);
        has_body &= response->body.length > 0;
        if (r >= 0 && has_body && response->body.length <= ONE_WRITE_MAX) {
                r = buffer_append(&head, response->body.data, response->body.length);
                has_body = false;
        }
        r = r < 0 ? r : fd_write_all(fd, head.data, head.length);
        r = r < 0 || !has_body ? r : fd_write_all(fd, response->body.data, response->body.length);
        buffer_done(&head);
        return r;
}
