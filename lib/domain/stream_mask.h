/* Which streams of a server are monitored: a mask over the stream's Name field. It is matched here, never
 * made part of a filter expression for the server, where quotes, blanks and operators in it would have
 * another meaning. */
#pragma once

#include <stdbool.h>

/* The whole name must match. `*` stands for any bytes, `?` for one character; everything else for itself,
 * in its own case. */
bool stream_mask_matches(const char *mask, const char *name);
