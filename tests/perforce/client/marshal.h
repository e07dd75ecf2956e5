/*
 * Python's marshal, as far as p4 -G speaks it: dictionaries of strings (and, written, integers), version 0.
 */
#pragma once

#include "text.h"

void marshal_begin(Buffer *out);
void marshal_add(Buffer *out, Str key, Str value);
void marshal_add_number(Buffer *out, Str key, int32_t value);
void marshal_end(Buffer *out);

/* Reads one dictionary; the views in *ret_fields point into the input. Returns how many mistakes the product
 * would complain about: 0, 1 (no end), 2 (no dictionary at all). */
unsigned marshal_read(Str input, Dict *ret_fields);
