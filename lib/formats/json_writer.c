/* One value after the other into the buffer. Nothing is remembered but whether the next value needs a comma
 * before it; a full buffer is remembered too and reported once, at the end. */
#include "formats/json_writer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/string_util.h"
#include "base/time_util.h"

static void put(JsonWriter *writer, const char *text, size_t length) {
        if (!writer->failed && buffer_append(writer->buffer, text, length) < 0) {
                writer->failed = true;
        }
}

/* What a byte that cannot stand in a JSON string becomes; NULL if it can. '<' and its kin are escaped as
 * well, so that an answer that ends up inside a page cannot end its script. */
static const char *escape(unsigned char byte, char text[static 8]) {
        static const char named[][3] = {
                ['\b'] = "\\b", ['\t'] = "\\t", ['\n'] = "\\n", ['\f'] = "\\f", ['\r'] = "\\r"
        };

        if (byte == '"' || byte == '\\') {
                (void) snprintf(text, 8, "\\%c", byte);
                return text;
        }
        if (byte < ELEMENTSOF(named) && named[byte][0]) {
                return named[byte];
        }
        if (byte < 0x20 || byte == 0x7f || byte == '<' || byte == '>' || byte == '&') {
                (void) snprintf(text, 8, "\\u%04x", byte);
                return text;
        }
        return NULL;
}

/* Nearly all text is plain: no decoding, nothing to escape. */
static bool is_plain(char byte) {
        return byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\' && byte != '<' && byte != '>' &&
               byte != '&';
}

static void put_text(JsonWriter *writer, const char *text) {
        const char *start = text;

        put(writer, "\"", 1);
        for (;;) {
                while (is_plain(*text)) {
                        text++;
                }
                if (!*text) {
                        break;
                }
                const unsigned char *at = (const unsigned char *) text;
                uint32_t code_point;
                size_t length = string_utf8_decode(text, strnlen(text, 4), &code_point);
                char escaped[8];
                const char *instead = length == 0 ? "\xEF\xBF\xBD" :
                                      length == 1 ? escape(*at, escaped) :
                                                    NULL;

                if (instead) {
                        put(writer, start, (size_t) (text - start));
                        put(writer, instead, strlen(instead));
                        start = text + 1;
                }
                text += length ? length : 1;
        }
        put(writer, start, (size_t) (text - start));
        put(writer, "\"", 1);
}

/* What stands before a value: the comma after its elder brother, its key. */
static void begin_value(JsonWriter *writer, const char *key) {
        if (writer->needs_comma) {
                put(writer, ",", 1);
        }
        if (key) {
                put_text(writer, key);
                put(writer, ":", 1);
        }
        writer->needs_comma = true;
}

static void open_nest(JsonWriter *writer, const char *key, const char *bracket) {
        begin_value(writer, key);
        put(writer, bracket, 1);
        writer->needs_comma = false;
}

static void close_nest(JsonWriter *writer, const char *bracket) {
        put(writer, bracket, 1);
        writer->needs_comma = true;
}

void json_start(JsonWriter *writer, Buffer *buffer) {
        *writer = (JsonWriter) { .buffer = buffer };
}

void json_object_begin(JsonWriter *writer, const char *key) {
        open_nest(writer, key, "{");
}

void json_object_end(JsonWriter *writer) {
        close_nest(writer, "}");
}

void json_array_begin(JsonWriter *writer, const char *key) {
        open_nest(writer, key, "[");
}

void json_array_end(JsonWriter *writer) {
        close_nest(writer, "]");
}

void json_string(JsonWriter *writer, const char *key, const char *value) {
        if (!value) {
                json_null(writer, key);
                return;
        }
        begin_value(writer, key);
        put_text(writer, value);
}

static void put_word(JsonWriter *writer, const char *key, const char *word) {
        begin_value(writer, key);
        put(writer, word, strlen(word));
}

/* Lists are made of numbers: written here, they cost a tenth of what snprintf() takes. */
void json_int(JsonWriter *writer, const char *key, int64_t value) {
        char text[24], *digit = text + sizeof text;
        uint64_t rest = value < 0 ? -(uint64_t) value : (uint64_t) value;

        do {
                *--digit = (char) ('0' + rest % 10);
                rest /= 10;
        } while (rest > 0);
        if (value < 0) {
                *--digit = '-';
        }
        begin_value(writer, key);
        put(writer, digit, (size_t) (text + sizeof text - digit));
}

void json_double(JsonWriter *writer, const char *key, double value) {
        char text[40];

        if (!isfinite(value)) {
                json_null(writer, key);
                return;
        }
        (void) snprintf(text, sizeof text, "%.15g", value);
        put_word(writer, key, text);
}

void json_bool(JsonWriter *writer, const char *key, bool value) {
        put_word(writer, key, value ? "true" : "false");
}

void json_null(JsonWriter *writer, const char *key) {
        put_word(writer, key, "null");
}

void json_time(JsonWriter *writer, const char *key, int64_t realtime_usec) {
        char text[TIME_TEXT_MAX];

        json_string(writer, key, realtime_usec ? time_format_iso(text, realtime_usec) : NULL);
}

void json_raw(JsonWriter *writer, const char *key, const char *json) {
        put_word(writer, key, json ? json : "null");
}

int json_finish(JsonWriter *writer) {
        return writer->failed ? -ENOBUFS : 0;
}
