/*
 * JSON objects as p4 -Mj writes them: one line, keys in byte order, bytes that are no UTF-8 as U+FFFD.
 */
#pragma once

#include "text.h"

/* Appends a string with its quotes. It ends at the first NUL, as everything does in this format. */
void json_append_string(Buffer *out, Str s);

/* Appends `{…}` of the pairs; sorts them, of equal keys the last one counts. No pairs are `null`. */
void json_append_object(Buffer *out, Dict *pairs);
