/* Small string helpers, used everywhere. The UTF-8 decoder here is the only one of the tree: printing for
 * people, JSON and SQLite's text columns must agree on what is valid. */
#include "base/string_util.h"

#include <stdio.h>
#include <string.h>

#include "base/buffer.h"

bool string_equal(const char *a, const char *b) {
        return a && b ? strcmp(a, b) == 0 : a == b;
}

bool string_has_prefix(const char *string, const char *prefix) {
        return strncmp(string, prefix, strlen(prefix)) == 0;
}

bool string_has_suffix(const char *string, const char *suffix) {
        size_t length = strlen(string), suffix_length = strlen(suffix);

        return length >= suffix_length && strcmp(string + length - suffix_length, suffix) == 0;
}

bool string_has_word(const char *text, const char *word, const char *separators) {
        size_t length = strlen(word);

        for (const char *at = text; at && *at; at += strspn(at, separators)) {
                size_t n = strcspn(at, separators);

                if (n == length && strncmp(at, word, length) == 0) {
                        return true;
                }
                at += n;
        }
        return false;
}

int string_format_list(char **ret, const char *format, va_list arguments) {
        char *text = NULL;

        if (vasprintf(&text, format, arguments) < 0) {
                return -ENOMEM; /* text is undefined now */
        }
        *ret = text;
        return 0;
}

int string_format(char **ret, const char *format, ...) {
        va_list arguments;
        int r;

        va_start(arguments, format);
        r = string_format_list(ret, format, arguments);
        va_end(arguments);
        return r;
}

int string_copy(char **ret, const char *string) {
        char *copy = NULL;

        if (string) {
                copy = strdup(string);
                if (!copy) {
                        return -ENOMEM;
                }
        }
        *ret = copy;
        return 0;
}

int string_copy_lower(char **ret, const char *string) {
        char *copy = NULL;
        int r = string_copy(&copy, string);

        for (char *c = copy; r >= 0 && c && *c; c++) {
                if (*c >= 'A' && *c <= 'Z') {
                        *c = (char) (*c + ('a' - 'A'));
                }
        }
        if (r >= 0) {
                *ret = copy;
        }
        return r;
}

int string_replace(char **target, const char *value) {
        char *copy;
        int r = string_copy(&copy, value);

        if (r < 0) {
                return r;
        }
        free(*target);
        *target = copy;
        return 0;
}

int string_join(char **ret, char *const *vector, const char *separator) {
        Buffer buffer = {};
        int r = 0;

        for (size_t i = 0; vector && vector[i] && r >= 0; i++) {
                if (i > 0) {
                        r = buffer_append_string(&buffer, separator);
                }
                if (r >= 0) {
                        r = buffer_append_string(&buffer, vector[i]);
                }
        }
        if (r >= 0) {
                r = buffer_take_string(&buffer, ret);
        }
        buffer_done(&buffer);
        return r;
}

void strv_free(char **vector) {
        for (size_t i = 0; vector && vector[i]; i++) {
                free(vector[i]);
        }
        free(vector);
}

size_t strv_length(char *const *vector) {
        size_t n = 0;

        while (vector && vector[n]) {
                n++;
        }
        return n;
}

int strv_append(char ***vector, const char *value) {
        size_t n = strv_length(*vector);
        char *copy = strdup(value), **grown;

        if (!copy) {
                return -ENOMEM;
        }
        grown = reallocarray(*vector, n + 2, sizeof(char *));
        if (!grown) {
                free(copy);
                return -ENOMEM;
        }
        grown[n] = copy;
        grown[n + 1] = NULL;
        *vector = grown;
        return 0;
}

/* The lead byte decides length and payload; smallest refuses overlong forms. */
static const struct {
        unsigned char mask, lead;
        uint32_t smallest;
} utf8_forms[] = {
        { 0x80, 0x00, 0 },
        { 0xe0, 0xc0, 0x80 },
        { 0xf0, 0xe0, 0x800 },
        { 0xf8, 0xf0, 0x10000 },
};

size_t string_utf8_decode(const char *string, size_t length, uint32_t *ret) {
        const unsigned char *bytes = (const unsigned char *) string;

        for (size_t n = 1; n <= ELEMENTSOF(utf8_forms) && n <= length; n++) {
                uint32_t code_point;

                if ((bytes[0] & utf8_forms[n - 1].mask) != utf8_forms[n - 1].lead) {
                        continue;
                }
                code_point = bytes[0] & (unsigned char) ~utf8_forms[n - 1].mask;
                for (size_t i = 1; i < n; i++) {
                        if ((bytes[i] & 0xc0) != 0x80) {
                                return 0;
                        }
                        code_point = code_point << 6 | (bytes[i] & 0x3f);
                }
                if (code_point < utf8_forms[n - 1].smallest || code_point > 0x10ffff ||
                    (code_point >= 0xd800 && code_point <= 0xdfff)) {
                        return 0;
                }
                *ret = code_point;
                return n;
        }
        return 0;
}

bool string_has_control(const char *string) {
        for (; *string; string++) {
                if ((unsigned char) *string < 0x20 || *string == 0x7f) {
                        return true;
                }
        }
        return false;
}

bool string_is_utf8(const char *string, size_t length) {
        while (length > 0) {
                uint32_t code_point;
                size_t n = string_utf8_decode(string, length, &code_point);

                if (n == 0) {
                        return false;
                }
                string += n;
                length -= n;
        }
        return true;
}

/* What a terminal may interpret: C0, DEL, C1, and the marks that reorder text. */
static bool is_control(uint32_t c) {
        return c < 0x20 || (c >= 0x7f && c <= 0x9f) || (c >= 0x200e && c <= 0x200f) ||
               (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

static int append_escaped(Buffer *buffer, const char *bytes, size_t n) {
        int r = 0;

        for (size_t i = 0; i < n && r >= 0; i++) {
                r = buffer_append_format(buffer, "\\x%02x", (unsigned char) bytes[i]);
        }
        return r;
}

#define ELLIPSIS "\xe2\x80\xa6"

/* Appends the printable form of string; *ret_fits is the length up to which an ellipsis still fits in
 * max_bytes. Stops as soon as the output is too long, so that a huge input costs no more than the limit. */
static int append_printable(Buffer *buffer, const char *string, size_t max_bytes, size_t *ret_fits) {
        size_t length = strlen(string), n;
        int r;

        for (size_t i = 0; i < length && buffer->length <= max_bytes; i += n) {
                uint32_t code_point = 0;
                bool escape;

                n = string_utf8_decode(string + i, length - i, &code_point);
                escape = n == 0 || is_control(code_point);
                n = n == 0 ? 1 : n;
                if (buffer->length + strlen(ELLIPSIS) <= max_bytes) {
                        *ret_fits = buffer->length;
                }
                r = escape ? append_escaped(buffer, string + i, n) : buffer_append(buffer, string + i, n);
                if (r < 0) {
                        return r;
                }
        }
        return 0;
}

int string_printable(char **ret, const char *string, size_t max_bytes) {
        Buffer buffer = {};
        size_t fits = 0;
        int r = append_printable(&buffer, string, max_bytes, &fits);

        if (r >= 0 && buffer.length > max_bytes) {
                buffer.length = fits;
                r = buffer_append_string(&buffer, strlen(ELLIPSIS) <= max_bytes ? ELLIPSIS : "");
        }
        if (r >= 0) {
                r = buffer_take_string(&buffer, ret);
        }
        buffer_done(&buffer);
        return r;
}
