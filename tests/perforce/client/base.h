/*
 * The few macros and the memory helpers every file of the client uses. Memory never runs out quietly: the
 * helpers end the process with the product's own message, because everything that a server can make us
 * allocate is bounded (wire.h), so a failure means that the machine itself is out of memory.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define _cleanup_(function) __attribute__((cleanup(function)))
#define _printf_(text, first) __attribute__((format(printf, text, first)))

#define ELEMENTSOF(array) (sizeof(array) / sizeof((array)[0]))

#define TAKE_FD(fd)                                                                                         \
        ({                                                                                                  \
                int *_fd = &(fd);                                                                           \
                int _taken = *_fd;                                                                          \
                *_fd = -EBADF;                                                                              \
                _taken;                                                                                     \
        })

/* As malloc, realloc, strdup, but they never return NULL. */
void *memory_alloc(size_t size);
void *memory_resize(void *p, size_t size);
char *memory_string(const char *text, size_t length);

static inline void free_charp(char **p) {
        free(*p);
}

/* For `_cleanup_(close_fd) int fd`: closes what is open, keeps errno. */
void close_fd(int *fd);

static inline uint32_t read_le32(const void *from) {
        const uint8_t *b = from;

        return (uint32_t) b[0] | (uint32_t) b[1] << 8 | (uint32_t) b[2] << 16 | (uint32_t) b[3] << 24;
}

static inline void write_le32(void *to, uint32_t value) {
        uint8_t *b = to;

        b[0] = (uint8_t) value;
        b[1] = (uint8_t) (value >> 8);
        b[2] = (uint8_t) (value >> 16);
        b[3] = (uint8_t) (value >> 24);
}
