/*
 * See json.h.
 */
#include "json.h"

/* Length of the well-formed UTF-8 sequence at the start (no overlong forms, no surrogates, up to
 * U+10FFFF), or the negative number of bytes that are one mistake: the longest prefix of such a sequence,
 * at least one. */
static int sequence_length(const uint8_t *s, size_t left) {
        uint8_t low = 0x80, high = 0xbf;
        int length;

        if (s[0] >= 0xc2 && s[0] <= 0xdf) {
                length = 2;
        } else if (s[0] >= 0xe0 && s[0] <= 0xef) {
                length = 3;
                low = s[0] == 0xe0 ? 0xa0 : 0x80;
                high = s[0] == 0xed ? 0x9f : 0xbf;
        } else if (s[0] >= 0xf0 && s[0] <= 0xf4) {
                length = 4;
                low = s[0] == 0xf0 ? 0x90 : 0x80;
                high = s[0] == 0xf4 ? 0x8f : 0xbf;
        } else {
                return -1;
        }
        for (int i = 1; i < length; i++) {
                if ((size_t) i >= left || s[i] < low || s[i] > high) {
                        return -i;
                }
                low = 0x80;
                high = 0xbf;
        }
        return length;
}

static void append_escape(Buffer *out, char c) {
        static const char plain[] = "\"\\\b\f\n\r\t", escaped[] = "\"\\bfnrt";
        const char *found = memchr(plain, c, sizeof(plain) - 1);

        if (found) {
                buffer_append_char(out, '\\');
                buffer_append_char(out, escaped[found - plain]);
        } else {
                buffer_printf(out, "\\u%04x", (unsigned) (uint8_t) c);
        }
}

static bool is_plain(char c) {
        return (uint8_t) c >= 0x20 && (uint8_t) c < 0x80 && c != '"' && c != '\\';
}

void json_append_string(Buffer *out, Str s) {
        s = str_until_nul(s);
        buffer_append_char(out, '"');
        for (size_t i = 0; i < s.length;) {
                size_t run = i;
                int length;

                while (run < s.length && is_plain(s.data[run])) {
                        run++;
                }
                buffer_append(out, s.data + i, run - i);
                i = run;
                if (i == s.length) {
                        break;
                }
                if ((uint8_t) s.data[i] < 0x80) {
                        append_escape(out, s.data[i++]);
                        continue;
                }
                length = sequence_length((const uint8_t *) s.data + i, s.length - i);
                if (length > 0) {
                        buffer_append(out, s.data + i, (size_t) length);
                        i += (size_t) length;
                } else {
                        buffer_append_text(out, "\xef\xbf\xbd");
                        i += (size_t) -length;
                }
        }
        buffer_append_char(out, '"');
}

static int compare_keys(Str a, Str b) {
        size_t common = a.length < b.length ? a.length : b.length;
        int r = memcmp(a.data, b.data, common);

        return r != 0 ? r : a.length < b.length ? -1 : a.length > b.length;
}

/* By key; equal keys stay in their order, which their place in memory tells as long as they are moved by
 * us. */
static int compare_pairs(const void *x, const void *y) {
        const Pair *const *a = x, *const *b = y;
        int r = compare_keys((*a)->key, (*b)->key);

        return r != 0 ? r : *a < *b ? -1 : 1;
}

void json_append_object(Buffer *out, Dict *pairs) {
        const Pair **sorted;
        bool first = true;

        if (pairs->n_pairs == 0) {
                buffer_append_text(out, "null");
                return;
        }
        sorted = memory_alloc(pairs->n_pairs * sizeof(*sorted));
        for (size_t i = 0; i < pairs->n_pairs; i++) {
                pairs->pairs[i].key = str_until_nul(pairs->pairs[i].key);
                sorted[i] = &pairs->pairs[i];
        }
        qsort(sorted, pairs->n_pairs, sizeof(*sorted), compare_pairs);
        for (size_t i = 0; i < pairs->n_pairs; i++) {
                if (i + 1 < pairs->n_pairs && str_equal(sorted[i]->key, sorted[i + 1]->key)) {
                        continue;
                }
                buffer_append_char(out, first ? '{' : ',');
                json_append_string(out, sorted[i]->key);
                buffer_append_char(out, ':');
                json_append_string(out, sorted[i]->value);
                first = false;
        }
        buffer_append_char(out, '}');
        free(sorted);
}
