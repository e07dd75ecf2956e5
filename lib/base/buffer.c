/* The growing byte buffer. Everything that collects output of unknown length (files, JSON, stderr of
 * children) goes through here, so that the bound is checked in one place. Invariant: data is NULL or has
 * length + 1 <= allocated bytes, the last NUL. */
#include "base/buffer.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BUFFER_FIRST_SIZE 256
#define BUFFER_READ_SIZE 65536

static size_t buffer_limit(const Buffer *buffer) {
        return buffer->max > 0 ? buffer->max : BUFFER_DEFAULT_MAX;
}

void buffer_done(Buffer *buffer) {
        free(buffer->data);
        *buffer = (Buffer) { .max = buffer->max };
}

void buffer_wipe(Buffer *buffer) {
        if (buffer->data) {
                explicit_bzero(buffer->data, buffer->allocated);
        }
        buffer_done(buffer);
}

void buffer_clear(Buffer *buffer) {
        buffer->length = 0;
        if (buffer->data) {
                buffer->data[0] = 0;
        }
}

/* Makes room for length more bytes and the NUL. Doubles, but never beyond the limit. */
static int buffer_reserve(Buffer *buffer, size_t length) {
        size_t limit = buffer_limit(buffer), wanted, size;
        char *data;

        if (length > limit || buffer->length > limit - length) {
                return -ENOBUFS;
        }
        wanted = buffer->length + length + 1;
        if (wanted <= buffer->allocated) {
                return 0;
        }
        size = buffer->allocated > 0 ? buffer->allocated : BUFFER_FIRST_SIZE;
        while (size < wanted) {
                size = size <= SIZE_MAX / 2 ? size * 2 : wanted;
        }
        if (size - 1 > limit) {
                size = limit + 1;
        }
        data = realloc(buffer->data, size);
        if (!data) {
                return -ENOMEM;
        }
        if (!buffer->data) {
                data[0] = 0;
        }
        buffer->data = data;
        buffer->allocated = size;
        return 0;
}

int buffer_append(Buffer *buffer, const void *data, size_t length) {
        int r = buffer_reserve(buffer, length);

        if (r < 0) {
                return r;
        }
        if (length > 0) {
                memcpy(buffer->data + buffer->length, data, length);
        }
        buffer->length += length;
        buffer->data[buffer->length] = 0;
        return 0;
}

int buffer_append_string(Buffer *buffer, const char *string) {
        return buffer_append(buffer, string, strlen(string));
}

int buffer_append_format(Buffer *buffer, const char *format, ...) {
        va_list arguments;
        int length, r;

        va_start(arguments, format);
        length = vsnprintf(NULL, 0, format, arguments);
        va_end(arguments);
        if (length < 0) {
                return -EINVAL;
        }
        r = buffer_reserve(buffer, (size_t) length);
        if (r < 0) {
                return r;
        }
        va_start(arguments, format);
        (void) vsnprintf(buffer->data + buffer->length, (size_t) length + 1, format, arguments);
        va_end(arguments);
        buffer->length += (size_t) length;
        return 0;
}

void buffer_consume(Buffer *buffer, size_t length) {
        if (length >= buffer->length) {
                buffer_clear(buffer);
                return;
        }
        buffer->length -= length;
        memmove(buffer->data, buffer->data + length, buffer->length + 1);
}

ssize_t buffer_read(Buffer *buffer, int fd, size_t at_most) {
        size_t room = buffer_limit(buffer) - buffer->length;
        ssize_t n;
        int r;

        if (at_most == 0 || at_most > BUFFER_READ_SIZE) {
                at_most = BUFFER_READ_SIZE;
        }
        if (at_most > room) {
                at_most = room;
        }
        if (at_most == 0) {
                return -ENOBUFS;
        }
        r = buffer_reserve(buffer, at_most);
        if (r < 0) {
                return r;
        }
        do {
                n = read(fd, buffer->data + buffer->length, at_most);
        } while (n < 0 && errno == EINTR);
        if (n < 0) {
                return -errno;
        }
        buffer->length += (size_t) n;
        buffer->data[buffer->length] = 0;
        return n;
}

int buffer_take_string(Buffer *buffer, char **ret) {
        int r = buffer_reserve(buffer, 0);

        if (r < 0) {
                return r;
        }
        *ret = TAKE_PTR(buffer->data);
        buffer->length = buffer->allocated = 0;
        return 0;
}
