/* A request as the web server hands it to a CGI program (RFC 3875), read from the environment and checked: what comes out holds no
 * control character, no broken UTF-8 and no path that could mean another one. Everything is bounded. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"

#define HTTP_TARGET_MAX 8192                /* bytes of path and query */
#define HTTP_PAIRS_MAX 64                   /* parameters, or cookies */
#define HTTP_BODY_MAX ((size_t) 256 * 1024) /* enough for nearly every body */

typedef struct HttpPair {
        char *name, *value;
} HttpPair;
typedef struct HttpPairs {
        HttpPair items[HTTP_PAIRS_MAX];
        size_t n;
} HttpPairs;
const char *http_pairs_get(const HttpPairs *pairs, const char *name); /* NULL if absent */

typedef struct HttpRequest {
        char *method; /* upper case as sent; "HEAD" is given as "GET" with is_head */
        bool is_head;
        char *path; /* decoded, begins with '/'; without empty, "." and ".." segments */
        HttpPairs query, cookies;
        char *body; /* NUL-terminated; NULL before http_request_read_body() */
        size_t body_length;
} HttpRequest;

/* Everything but the body. -EBADMSG: it is no proper request. -E2BIG: too long, or too many parameters. */
int http_request_read(HttpRequest *ret);
void http_request_done(HttpRequest *request);

/* The body, of CONTENT_LENGTH bytes. -EFBIG beyond max; -EBADMSG when its length is not told or less comes. */
int http_request_read_body(HttpRequest *request, int fd, size_t max);

/* The value of a header ("If-None-Match"), NULL if it was not sent. */
const char *http_request_header(const char *name);

/* "%2F" and "+" (of form data) into bytes, in place. -EBADMSG for broken escapes, NUL, control characters, broken UTF-8. */
int http_decode(char *text, bool is_form);
/* "a=1&b=2" into decoded pairs. A name that comes twice is -EBADMSG: nobody could say which one counts. */
int http_parse_form(const char *text, HttpPairs *ret);
void http_pairs_done(HttpPairs *pairs);
