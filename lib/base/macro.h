/* The only macros of the tree. A new one needs a review (house rule 7). */
#pragma once

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define _cleanup_(function) __attribute__((cleanup(function)))
#define _printf_(text, arguments) __attribute__((format(printf, text, arguments)))
#define _warn_unused_ __attribute__((warn_unused_result))

#define ELEMENTSOF(array) (sizeof(array) / sizeof((array)[0]))

/* Hands an owned pointer over: the variable is NULL afterwards, so its cleanup does nothing. */
#define TAKE_PTR(pointer)                                                                                   \
        ({                                                                                                  \
                __typeof__(pointer) *taken_from_ = &(pointer);                                              \
                __typeof__(pointer) taken_ = *taken_from_;                                                  \
                *taken_from_ = NULL;                                                                        \
                taken_;                                                                                     \
        })

/* The same for a file descriptor, whose "nothing" is -EBADF. */
#define TAKE_FD(fd)                                                                                         \
        ({                                                                                                  \
                int *taken_from_ = &(fd);                                                                   \
                int taken_ = *taken_from_;                                                                  \
                *taken_from_ = -EBADF;                                                                      \
                taken_;                                                                                     \
        })

/* Turns a "-1 and errno" result into the tree's negative errno. */
#define RET_NERRNO(expression)                                                                              \
        ({                                                                                                  \
                int result_ = (expression);                                                                 \
                result_ < 0 ? -errno : result_;                                                             \
        })

/* Defines FUNCTIONp() for _cleanup_() from a destructor FUNCTION(type) that accepts NULL. */
#define DEFINE_TRIVIAL_CLEANUP_FUNC(type, function)                                                         \
        static inline void function##p(type *owned) {                                                       \
                if (*owned) {                                                                               \
                        (void) function(*owned);                                                            \
                }                                                                                           \
        }                                                                                                   \
        struct useless_struct_to_allow_trailing_semicolon_

static inline void freep(void *owned) {
        free(*(void **) owned);
}

#define _cleanup_free_ _cleanup_(freep)
