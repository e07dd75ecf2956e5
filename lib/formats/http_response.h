/* The answer of a CGI program. It is collected completely before a byte leaves: what goes wrong half-way can still become an error,
 * and every answer has a length. (What is too long for that begins with its headers alone.) Text from outside gets into a header through
 * one function that refuses what could start another. */
#pragma once

#include "base/buffer.h"
#include "formats/http_request.h"

typedef struct HttpResponse {
        int status;
        const char *content_type; /* static */
        bool may_be_stored; /* the browser may keep it and ask whether it still holds; otherwise no-store */
        bool is_begun;      /* the headers have been sent: all that may follow is more of the body */
        Buffer headers, body;
} HttpResponse;
void http_response_done(HttpResponse *response);

/* -EBADMSG when value holds a control character. */
int http_response_header(HttpResponse *response, const char *name, const char *value);

/* Writes the headers; the caller then writes a body as long as he likes, none for HEAD. http_response_send() does nothing afterwards. */
int http_response_begin(HttpResponse *response, int fd);

/* Writes everything. A GET whose answer may be stored gets an ETag, or 304 where the reader has it already; HEAD gets no body. */
int http_response_send(HttpResponse *response, const HttpRequest *request, int fd);

const char *http_status_text(int status);
