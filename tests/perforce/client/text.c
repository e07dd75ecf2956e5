/*
 * See text.h.
 */
#include "text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void *memory_check(void *p) {
        static const char complaint[] = "Perforce client error:\n\tOut of memory!\n";

        if (!p) {
                (void) !write(STDERR_FILENO, complaint, sizeof(complaint) - 1);
                _exit(1);
        }
        return p;
}

void *memory_alloc(size_t size) {
        return memory_check(malloc(size ? size : 1));
}

void *memory_resize(void *p, size_t size) {
        return memory_check(realloc(p, size ? size : 1));
}

char *memory_string(const char *text, size_t length) {
        char *copy = memory_alloc(length + 1);

        memcpy(copy, text, length);
        copy[length] = 0;
        return copy;
}

void close_fd(int *fd) {
        int saved = errno;

        if (*fd >= 0) {
                (void) close(*fd);
        }
        *fd = -EBADF;
        errno = saved;
}

Str str_until_nul(Str s) {
        const char *nul = s.length > 0 ? memchr(s.data, 0, s.length) : NULL;

        return nul ? str_sub(s, 0, (size_t) (nul - s.data)) : s;
}

uint64_t str_number(Str s) {
        uint64_t value = 0;

        for (size_t i = 0; i < s.length; i++) {
                if (s.data[i] < '0' || s.data[i] > '9') {
                        return 0;
                }
                if (__builtin_mul_overflow(value, 10, &value) ||
                    __builtin_add_overflow(value, (uint64_t) (s.data[i] - '0'), &value)) {
                        return UINT64_MAX;
                }
        }
        return value;
}

char *str_dup(Str s) {
        Str cut = str_until_nul(s);

        return memory_string(cut.data, cut.length);
}

void buffer_reserve(Buffer *buffer, size_t length) {
        size_t wanted = buffer->length + length + 1;

        if (wanted <= buffer->allocated) {
                return;
        }
        if (wanted < 2 * buffer->allocated) {
                wanted = 2 * buffer->allocated;
        }
        if (wanted < 64) {
                wanted = 64;
        }
        buffer->data = memory_resize(buffer->data, wanted);
        buffer->allocated = wanted;
}

void buffer_append(Buffer *buffer, const void *data, size_t length) {
        buffer_reserve(buffer, length);
        if (length > 0) {
                memcpy(buffer->data + buffer->length, data, length);
        }
        buffer->length += length;
        buffer->data[buffer->length] = 0;
}

void buffer_append_str(Buffer *buffer, Str s) {
        buffer_append(buffer, s.data, s.length);
}

void buffer_append_text(Buffer *buffer, const char *text) {
        buffer_append(buffer, text, strlen(text));
}

void buffer_append_char(Buffer *buffer, char c) {
        buffer_append(buffer, &c, 1);
}

void buffer_printf(Buffer *buffer, const char *format, ...) {
        va_list ap;
        int length;

        va_start(ap, format);
        length = vsnprintf(NULL, 0, format, ap);
        va_end(ap);
        if (length < 0) {
                return;
        }
        buffer_reserve(buffer, (size_t) length);
        va_start(ap, format);
        (void) vsnprintf(buffer->data + buffer->length, (size_t) length + 1, format, ap);
        va_end(ap);
        buffer->length += (size_t) length;
}

void buffer_clear(Buffer *buffer) {
        buffer->length = 0;
        if (buffer->data) {
                buffer->data[0] = 0;
        }
}

void buffer_done(Buffer *buffer) {
        free(buffer->data);
        *buffer = (Buffer) {};
}

int buffer_read_fd(Buffer *buffer, int fd, size_t max) {
        for (;;) {
                ssize_t n;

                buffer_reserve(buffer, 1 << 16);
                n = read(fd, buffer->data + buffer->length, 1 << 16);
                if (n < 0 && errno == EINTR) {
                        continue;
                }
                if (n < 0) {
                        return -errno;
                }
                buffer->length += (size_t) n;
                buffer->data[buffer->length] = 0;
                if (n == 0) {
                        return 0;
                }
                if (buffer->length > max) {
                        return -EFBIG;
                }
        }
}

void dict_add(Dict *dict, Str key, Str value) {
        if (dict->n_pairs == dict->n_allocated) {
                dict->n_allocated = dict->n_allocated ? 2 * dict->n_allocated : 32;
                dict->pairs = memory_resize(dict->pairs, dict->n_allocated * sizeof(Pair));
        }
        dict->pairs[dict->n_pairs++] = (Pair) { .key = key, .value = value };
}

const Str *dict_find(const Dict *dict, Str key) {
        for (size_t i = 0; i < dict->n_pairs; i++) {
                if (str_equal(dict->pairs[i].key, key)) {
                        return &dict->pairs[i].value;
                }
        }
        return NULL;
}

const Str *dict_get(const Dict *dict, const char *key) {
        return dict_find(dict, str_from(key));
}

Str dict_text(const Dict *dict, const char *key) {
        const Str *value = dict_get(dict, key);

        return value ? *value : STR("");
}

bool dict_has(const Dict *dict, const char *key) {
        return dict_get(dict, key) != NULL;
}

void dict_set(Dict *dict, Str key, Str value) {
        for (size_t i = 0; i < dict->n_pairs; i++) {
                if (str_equal(dict->pairs[i].key, key)) {
                        dict->pairs[i].value = value;
                        return;
                }
        }
        dict_add(dict, key, value);
}

void dict_remove(Dict *dict, Str key) {
        for (size_t i = 0; i < dict->n_pairs; i++) {
                if (str_equal(dict->pairs[i].key, key)) {
                        memmove(dict->pairs + i, dict->pairs + i + 1,
                                (dict->n_pairs - i - 1) * sizeof(Pair));
                        dict->n_pairs--;
                        return;
                }
        }
}

void dict_clear(Dict *dict) {
        dict->n_pairs = 0;
}

void dict_done(Dict *dict) {
        free(dict->pairs);
        *dict = (Dict) {};
}
