/* Strings: small, allocation-checked helpers. All returned strings are owned by the caller. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"

static inline bool string_is_empty(const char *string) {
        return !string || !*string;
}
/* An empty string is nothing. */
static inline const char *string_or_null(const char *string) {
        return string_is_empty(string) ? NULL : string;
}

bool string_equal(const char *a, const char *b); /* NULL equals only NULL */
bool string_has_prefix(const char *string, const char *prefix);
bool string_has_suffix(const char *string, const char *suffix);

/* Whether text, words between separators (any of these characters), has this word. text may be NULL. */
bool string_has_word(const char *text, const char *word, const char *separators);

/* Formats into a new string. Returns -ENOMEM and leaves *ret alone on failure. */
int string_format(char **ret, const char *format, ...) _printf_(2, 3);
int string_format_list(char **ret, const char *format, va_list arguments) _printf_(2, 0);
/* Duplicates, also NULL (then *ret is NULL). */
int string_copy(char **ret, const char *string);
/* Duplicates with A to Z in lower case. */
int string_copy_lower(char **ret, const char *string);
/* Frees *target and puts a copy of value there (value may be NULL). */
int string_replace(char **target, const char *value);
/* Joins a NULL-terminated vector with separator. */
int string_join(char **ret, char *const *vector, const char *separator);

/* NULL-terminated vectors of owned strings. */
void strv_free(char **vector);
size_t strv_length(char *const *vector);
int strv_append(char ***vector, const char *value); /* *vector may be NULL */
DEFINE_TRIVIAL_CLEANUP_FUNC(char **, strv_free);

/* A copy safe to print on a terminal or in the journal's MESSAGE: control bytes and invalid UTF-8 become
 * \xNN escapes; at most max_bytes of output, cut with an ellipsis. */
int string_printable(char **ret, const char *string, size_t max_bytes);
bool string_has_control(const char *string); /* a byte below a blank, or DEL */
bool string_is_utf8(const char *string, size_t length);
/* Decodes the code point at the start of string: returns its length in bytes (1-4), 0 when it is not UTF-8.
 * */
size_t string_utf8_decode(const char *string, size_t length, uint32_t *ret);
