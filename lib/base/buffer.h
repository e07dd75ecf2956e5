/* A growing byte buffer with an upper bound; the bound is a promise about memory, not an advice. */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/macro.h"

typedef struct Buffer {
        char *data;    /* NUL-terminated whenever non-NULL */
        size_t length; /* without the NUL */
        size_t allocated;
        size_t max; /* bytes at most; 0 = BUFFER_DEFAULT_MAX */
} Buffer;

#define BUFFER_DEFAULT_MAX ((size_t) 64 * 1024 * 1024)

void buffer_done(Buffer *buffer);
void buffer_wipe(Buffer *buffer);                                   /* buffer_done() for secrets */
void buffer_clear(Buffer *buffer);                                  /* keeps the memory */
int buffer_append(Buffer *buffer, const void *data, size_t length); /* -ENOBUFS beyond max */
int buffer_append_string(Buffer *buffer, const char *string);
int buffer_append_format(Buffer *buffer, const char *format, ...) _printf_(2, 3);
void buffer_consume(Buffer *buffer, size_t length); /* drops from the front */
/* Reads once from fd. Returns bytes read, 0 at end of file, -EAGAIN, -ENOBUFS when full. */
ssize_t buffer_read(Buffer *buffer, int fd, size_t at_most);
/* Hands the content over as an owned NUL-terminated string; the buffer is empty afterwards. */
int buffer_take_string(Buffer *buffer, char **ret);
