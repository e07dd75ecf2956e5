/*
 * Line ends of text files: the server's are LF, the workspace's are what the client spec says.
 */
#pragma once

#include "text.h"

typedef enum LineEnd {
        LINE_END_UNIX, /* and local, here */
        LINE_END_MAC,
        LINE_END_WIN,
        LINE_END_SHARE, /* written as LF, read as either */
} LineEnd;

/* Unknown words and none are local. */
LineEnd lineend_from_string(Str word);

/* The data as the workspace wants it: `data` itself, or `out` filled anew. Newlines come one by one, so
 * that data may be cut anywhere. */
Str lineend_to_local(LineEnd line_end, Str data, Buffer *out);

/* The data as the server wants it. A CR at the very end is kept for the next piece in *pending; the last
 * call has `last` set. */
Str lineend_to_server(LineEnd line_end, Str data, bool *pending, bool last, Buffer *out);
