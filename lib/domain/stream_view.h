/* What a stream shows: the view lines that `stream -o -v` prints, boiled down to what measuring has to
 * know about them. The lines are not interpreted as a map (the server does that, through a client of the
 * stream); only where they can reach is remembered, on the safe side. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/macro.h"

typedef struct StreamView {
        char **prefixes; /* depot directories below which everything lies that the stream can show; each once */
        size_t n_lines;
        bool is_direct; /* the whole view is the stream's own depot path: sizes can be asked for it without a client */
        bool is_volatile; /* what it shows can change with no submitted change and no change of this stream's or its ancestors' specs */
} StreamView;
void stream_view_done(StreamView *view);

/* One View line of the stream path: "[-+&]//depot/dir/...[@pin] dir/...", quoted where there are blanks.
 * -EINVAL when it is none. */
int stream_view_add_line(StreamView *view, const char *path, const char *line);
/* A Paths line of the stream itself, a ChangeView or Components line, as the form has it. */
int stream_view_add_path(StreamView *view, const char *line);
int stream_view_add_change_view(StreamView *view, const char *line);
int stream_view_add_component(StreamView *view, const char *line);
/* After the last line. type is the stream's type. With no line at all nothing is known, so the prefix is
 * the root. */
int stream_view_finish(StreamView *view, const char *type, bool ignore_case);
