#include "formats/http_request.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/parse_util.h"
#include "base/string_util.h"

/* --- decoding --------------------------------------------------------------------------------------- */

static int hex(char digit) {
        return digit >= '0' && digit <= '9' ? digit - '0' :
               digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 :
               digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 :
                                              -1;
}

int http_decode(char *text, bool is_form) {
        char *out = text;

        for (const char *in = text; *in; in++) {
                unsigned char byte = (unsigned char) *in;
                if (byte == '%') {
                        int high = hex(in[1]), low = high < 0 ? -1 : hex(in[2]);
                        if (low < 0) {
                                return -EBADMSG;
                        }
                        byte = (unsigned char) (high << 4 | low);
                        in += 2;
                } else if (byte == '+' && is_form) {
                        byte = ' ';
                }
                if (byte < 0x20 || byte == 0x7f) {
                        return -EBADMSG;
                }
                *out++ = (char) byte;
        }
        *out = 0;
        return string_is_utf8(text, (size_t) (out - text)) ? 0 : -EBADMSG;
}

/* --- pairs ------------------------------------------------------------------------------------------ */

const char *http_pairs_get(const HttpPairs *pairs, const char *name) {
        for (size_t i = 0; i < pairs->n; i++) {
                if (string_equal(pairs->items[i].name, name)) {
                        return pairs->items[i].value;
                }
        }
        return NULL;
}

void http_pairs_done(HttpPairs *pairs) {
        for (size_t i = 0; i < pairs->n; i++) {
                free(pairs->items[i].name);
                free(pairs->items[i].value);
        }
        pairs->n = 0;
}

static int add_pair(HttpPairs *pairs, const char *name, size_t name_length, const char *value,
                    size_t value_length) {
        HttpPair *pair = &pairs->items[pairs->n];

        if (pairs->n == HTTP_PAIRS_MAX) {
                return -E2BIG;
        }
        *pair = (HttpPair) { strndup(name, name_length), strndup(value, value_length) };
        pairs->n++;
        return pair->name && pair->value ? 0 : -ENOMEM;
}

static int decode_last(HttpPairs *pairs) {
        HttpPair *pair = &pairs->items[pairs->n - 1];
        int r = http_decode(pair->name, true);

        r = r < 0 ? r : http_decode(pair->value, true);
        for (size_t i = 0; i + 1 < pairs->n && r >= 0; i++) {
                r = string_equal(pairs->items[i].name, pair->name) ? -EBADMSG : 0;
        }
        return r;
}

int http_parse_form(const char *text, HttpPairs *ret) {
        int r = 0;

        while (r >= 0 && *text) {
                size_t length = strcspn(text, "&"), name = strcspn(text, "=&");
                bool has_value = name < length;

                if (length > 0) {
                        r = add_pair(ret, text, name, has_value ? text + name + 1 : "",
                                     has_value ? length - name - 1 : 0);
                        r = r < 0 ? r : decode_last(ret);
                }
                text += length + (text[length] == '&');
        }
        if (r < 0) {
                http_pairs_done(ret);
        }
        return r;
}

/* Cookies are nobody's promise: other programs of this host may have set some. What is not to be understood is left out. */
static int parse_cookies(const char *text, HttpPairs *ret) {
        while (*text && ret->n < HTTP_PAIRS_MAX) {
                text += strspn(text, "; ");
                size_t length = strcspn(text, ";"), name = strcspn(text, "=;");

                if (name > 0 && name < length) {
                        int r = add_pair(ret, text, name, text + name + 1, length - name - 1);
                        if (r < 0) {
                                return r;
                        }
                }
                text += length;
        }
        return 0;
}

/* --- the request ------------------------------------------------------------------------------------ */

static int read_method(HttpRequest *request) {
        const char *method = getenv("REQUEST_METHOD");
        size_t length = method ? strlen(method) : 0;

        if (length == 0 || length > 16 || strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != length) {
                return -EBADMSG;
        }
        request->is_head = strcmp(method, "HEAD") == 0;
        return string_copy(&request->method, request->is_head ? "GET" : method);
}

/* An encoded slash would make one segment look like two, so there is none; dots would name another path. */
static int check_path(const char *path) {
        if (path[0] != '/') {
                return -EBADMSG;
        }
        for (const char *segment = path + 1; path[1]; segment++) {
                size_t length = strcspn(segment, "/");
                if (length == 0 || (length == 1 && segment[0] == '.') ||
                    (length == 2 && segment[0] == '.' && segment[1] == '.')) {
                        return -EBADMSG;
                }
                segment += length;
                if (!*segment) {
                        break;
                }
        }
        return 0;
}

static int read_target(HttpRequest *request) {
        const char *target = getenv("REQUEST_URI");
        size_t path_length = target ? strcspn(target, "?") : 0;
        int r;

        if (!target || strnlen(target, HTTP_TARGET_MAX + 1) > HTTP_TARGET_MAX) {
                return target ? -E2BIG : -EBADMSG;
        }
        request->path = strndup(target, path_length);
        if (!request->path) {
                return -ENOMEM;
        }
        if (strcasestr(request->path, "%2f")) {
                return -EBADMSG;
        }
        r = http_decode(request->path, false);
        r = r < 0 ? r : check_path(request->path);
        return r < 0 || !target[path_length] ? r :
                                               http_parse_form(target + path_length + 1, &request->query);
}

int http_request_read(HttpRequest *ret) {
        HttpRequest request = {};
        const char *cookies = getenv("HTTP_COOKIE");
        int r = read_method(&request);

        r = r < 0 ? r : read_target(&request);
        if (r >= 0 && cookies) {
                r = strnlen(cookies, HTTP_TARGET_MAX + 1) > HTTP_TARGET_MAX ?
                                    -E2BIG :
                                    parse_cookies(cookies, &request.cookies);
        }
        if (r < 0) {
                http_request_done(&request);
                return r;
        }
        *ret = request;
        return 0;
}

void http_request_done(HttpRequest *request) {
        free(request->method);
        free(request->path);
        if (request->body) {
                explicit_bzero(request->body, request->body_length); /* it may hold a password */
        }
        free(request->body);
        http_pairs_done(&request->query);
        http_pairs_done(&request->cookies);
        *request = (HttpRequest) {};
}

static int read_all(int fd, char *data, size_t length) {
        while (length > 0) {
                ssize_t n = read(fd, data, length);
                if (n < 0 && errno == EINTR) {
                        continue;
                }
                if (n <= 0) {
                        return n < 0 ? -errno : -EBADMSG;
                }
                data += n;
                length -= (size_t) n;
        }
        return 0;
}

int http_request_read_body(HttpRequest *request, int fd, size_t max) {
        _cleanup_free_ char *body = NULL;
        const char *text = getenv("CONTENT_LENGTH");
        uint64_t length = 0;
        int r = string_is_empty(text) ? 0 : parse_uint64(text, &length);

        if (r < 0 || (string_is_empty(text) && http_request_header("Transfer-Encoding"))) {
                return -EBADMSG;
        }
        if (length > max) {
                return -EFBIG;
        }
        body = malloc(length + 1);
        if (!body) {
                return -ENOMEM;
        }
        r = read_all(fd, body, length);
        if (r < 0) {
                return r;
        }
        body[length] = 0;
        request->body = TAKE_PTR(body);
        request->body_length = length;
        return 0;
}

const char *http_request_header(const char *name) {
        char variable[64];

        (void) snprintf(variable, sizeof variable, "HTTP_%s", name);
        for (char *c = variable; *c; c++) {
                *c = (char) (*c == '-' ? '_' : toupper((unsigned char) *c));
        }
        return getenv(variable);
}
