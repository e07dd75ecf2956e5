/* JSON output into a Buffer: escaping by construction, invalid UTF-8 becomes U+FFFD (and nothing else is
 * lost). Writing only: no tree in memory, so listing a hundred thousand rows costs one row. Reading JSON is
 * formats/json.h (json-c). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

typedef struct JsonWriter {
        Buffer *buffer;
        bool needs_comma;
        bool failed; /* sticky; json_finish() reports it */
} JsonWriter;

void json_start(JsonWriter *writer, Buffer *buffer);
void json_object_begin(JsonWriter *writer, const char *key); /* key NULL inside an array or at the top */
void json_object_end(JsonWriter *writer);
void json_array_begin(JsonWriter *writer, const char *key);
void json_array_end(JsonWriter *writer);
void json_string(JsonWriter *writer, const char *key, const char *value); /* NULL value: null */
void json_int(JsonWriter *writer, const char *key, int64_t value);
void json_double(JsonWriter *writer, const char *key, double value); /* null where it is no number */
void json_bool(JsonWriter *writer, const char *key, bool value);
void json_null(JsonWriter *writer, const char *key);
void json_time(JsonWriter *writer, const char *key, int64_t realtime_usec); /* ISO 8601 text, null for 0 */
void json_raw(JsonWriter *writer, const char *key,
              const char *json);     /* a value that is JSON already; NULL: null */
int json_finish(JsonWriter *writer); /* 0 or -ENOMEM/-ENOBUFS */
