#include "formats/unit_name.h"

#include <string.h>

#include "base/buffer.h"
#include "base/string_util.h"

static bool is_plain(char c, bool is_first) {
        if (c == '.') {
                return !is_first;
        }
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == ':' ||
               c == '_';
}

int unit_name_escape(const char *text, char **ret) {
        _cleanup_(buffer_done) Buffer buffer = {};
        int r = buffer_append(&buffer, "", 0);
        for (const char *at = text; *at && r >= 0; at++) {
                if (*at == '/') {
                        r = buffer_append(&buffer, "-", 1);
                } else if (is_plain(*at, at == text)) {
                        r = buffer_append(&buffer, at, 1);
                } else {
                        r = buffer_append_format(&buffer, "\\x%02x", (unsigned char) *at);
                }
        }
        return r < 0 ? r : buffer_take_string(&buffer, ret);
}

static int hex_digit(char c) {
        static const char digits[] = "0123456789abcdef";
        const char *found = c ? strchr(digits, c) : NULL;
        return found ? (int) (found - digits) : -EINVAL;
}

int unit_name_unescape(const char *text, char **ret) {
        _cleanup_free_ char *out = malloc(strlen(text) + 1);
        if (!out) {
                return -ENOMEM;
        }
        size_t length = 0;
        for (const char *at = text; *at; at++) {
                if (*at == '-') {
                        out[length++] = '/';
                } else if (*at != '\\') {
                        out[length++] = *at;
                } else {
                        int high = at[1] == 'x' ? hex_digit(at[2]) : -EINVAL;
                        int low = high >= 0 ? hex_digit(at[3]) : -EINVAL;
                        if (high < 0 || low < 0 || high + low == 0) {
                                return -EINVAL;
                        }
                        out[length++] = (char) (high * 16 + low);
                        at += 3;
                }
        }
        out[length] = 0;
        *ret = TAKE_PTR(out);
        return 0;
}

int unit_name_instance(const char *prefix, const char *instance, const char *suffix, char **ret) {
        _cleanup_free_ char *escaped = NULL, *name = NULL;
        int r = unit_name_escape(instance, &escaped);
        if (r < 0) {
                return r;
        }
        r = string_format(&name, "%s@%s%s", prefix, escaped, suffix);
        if (r < 0) {
                return r;
        }
        if (strlen(name) > UNIT_NAME_MAX) {
                return -ENAMETOOLONG;
        }
        *ret = TAKE_PTR(name);
        return 0;
}
