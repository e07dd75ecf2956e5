/*
 * Bytes in the client's three shapes: Str is a view of bytes somebody else owns, Buffer owns bytes and
 * grows, Dict is an ordered list of key and value views (a frame, a record, the arguments of a message).
 * Nothing here assumes an encoding; lengths count, NUL bytes are data.
 */
#pragma once

#include "base.h"

#include <string.h>

typedef struct Str {
        const char *data;
        size_t length;
} Str;

typedef struct Buffer {
        char *data;    /* NUL terminated once something was put in; NULL before */
        size_t length; /* without that NUL */
        size_t allocated;
} Buffer;

typedef struct Pair {
        Str key;
        Str value;
} Pair;

typedef struct Dict {
        Pair *pairs;
        size_t n_pairs;
        size_t n_allocated;
} Dict;

#define STR(literal) ((Str) { .data = (literal), .length = sizeof(literal) - 1 })

static inline Str str_from(const char *text) {
        return (Str) { .data = text ? text : "", .length = text ? strlen(text) : 0 };
}

static inline Str str_sub(Str s, size_t from, size_t length) {
        return (Str) { .data = s.data + from, .length = length };
}

static inline bool str_is(Str s, const char *text) {
        size_t length = strlen(text);

        return s.length == length && memcmp(s.data, text, length) == 0;
}

static inline bool str_equal(Str a, Str b) {
        return a.length == b.length && memcmp(a.data, b.data, a.length) == 0;
}

static inline bool str_starts(Str s, const char *prefix) {
        size_t length = strlen(prefix);

        return s.length >= length && memcmp(s.data, prefix, length) == 0;
}

/* The part before the first NUL: what the product prints of a value that went through a C string. */
Str str_until_nul(Str s);

/* Decimal without sign; anything else is 0, too much is UINT64_MAX. */
uint64_t str_number(Str s);

/* An owned C string of it (cut at the first NUL). */
char *str_dup(Str s);

void buffer_append(Buffer *buffer, const void *data, size_t length);
void buffer_append_str(Buffer *buffer, Str s);
void buffer_append_text(Buffer *buffer, const char *text);
void buffer_append_char(Buffer *buffer, char c);
void buffer_printf(Buffer *buffer, const char *format, ...) _printf_(2, 3);

/* Room for at least so many more bytes; the caller writes at data + length and adds to length itself. */
void buffer_reserve(Buffer *buffer, size_t length);
void buffer_clear(Buffer *buffer);
void buffer_done(Buffer *buffer);

static inline Str buffer_str(const Buffer *buffer) {
        return (Str) { .data = buffer->data ? buffer->data : "", .length = buffer->length };
}

/* Reads a descriptor to its end. Returns 0 or a negative errno; what came before an error stays appended. */
int buffer_read_fd(Buffer *buffer, int fd, size_t max);

/* Appends; the views must stay valid as long as the dictionary is used. */
void dict_add(Dict *dict, Str key, Str value);

/* Replaces the first value of that key, or appends. */
void dict_set(Dict *dict, Str key, Str value);
void dict_remove(Dict *dict, Str key);

/* The value or NULL. */
const Str *dict_get(const Dict *dict, const char *key);
const Str *dict_find(const Dict *dict, Str key);

/* The value, or the empty string. */
Str dict_text(const Dict *dict, const char *key);
bool dict_has(const Dict *dict, const char *key);
void dict_clear(Dict *dict);
void dict_done(Dict *dict);
