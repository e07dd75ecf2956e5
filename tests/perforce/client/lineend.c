/*
 * See lineend.h.
 */
#include "lineend.h"

LineEnd lineend_from_string(Str word) {
        return str_is(word, "mac")   ? LINE_END_MAC :
               str_is(word, "win")   ? LINE_END_WIN :
               str_is(word, "share") ? LINE_END_SHARE :
                                       LINE_END_UNIX;
}

Str lineend_to_local(LineEnd line_end, Str data, Buffer *out) {
        if (line_end == LINE_END_UNIX || line_end == LINE_END_SHARE) {
                return data;
        }
        buffer_clear(out);
        while (data.length > 0) {
                const char *newline = memchr(data.data, '\n', data.length);
                size_t length = newline ? (size_t) (newline - data.data) : data.length;

                buffer_append(out, data.data, length);
                if (newline) {
                        buffer_append_text(out, line_end == LINE_END_WIN ? "\r\n" : "\r");
                        length++;
                }
                data = str_sub(data, length, data.length - length);
        }
        return buffer_str(out);
}

static void append_without_cr(Str data, bool *pending, Buffer *out) {
        for (size_t i = 0; i < data.length; i++) {
                if (*pending && data.data[i] != '\n') {
                        buffer_append_char(out, '\r');
                }
                *pending = data.data[i] == '\r';
                if (!*pending) {
                        buffer_append_char(out, data.data[i]);
                }
        }
}

Str lineend_to_server(LineEnd line_end, Str data, bool *pending, bool last, Buffer *out) {
        if (line_end == LINE_END_UNIX) {
                return data;
        }
        buffer_clear(out);
        if (line_end == LINE_END_MAC) {
                buffer_append_str(out, data);
                for (size_t i = 0; i < out->length; i++) {
                        out->data[i] = out->data[i] == '\r' ? '\n' : out->data[i];
                }
                return buffer_str(out);
        }
        append_without_cr(data, pending, out);
        if (last && *pending) {
                buffer_append_char(out, '\r');
                *pending = false;
        }
        return buffer_str(out);
}
