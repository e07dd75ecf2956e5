/* Reading JSON from people and programs: bounded (4 MiB, depth 16), UTF-8 only, as strict as json-c gets, and filled into structures by a table of
 * keys, so that an unknown field is refused by its name. The only includer of json-c. Writing is formats/json_writer.h. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"

#define JSON_TEXT_MAX ((size_t) 4 * 1024 * 1024)
#define JSON_DEPTH_MAX 16

typedef enum JsonKind {
        JSON_NULL,
        JSON_BOOL,
        JSON_INT,
        JSON_DOUBLE,
        JSON_STRING,
        JSON_ARRAY,
        JSON_OBJECT
} JsonKind;
typedef struct JsonValue JsonValue;

/* -EBADMSG with *ret_message, a sentence with the place (owned by the caller); -EFBIG beyond the bound. */
int json_read(const char *text, size_t length, JsonValue **ret, char **ret_message);
JsonValue *json_value_free(JsonValue *root); /* only what json_read() returned; NULL is fine */
DEFINE_TRIVIAL_CLEANUP_FUNC(JsonValue *, json_value_free);

JsonKind json_value_kind(const JsonValue *value);                          /* NULL is JSON_NULL */
const JsonValue *json_value_get(const JsonValue *object, const char *key); /* NULL if absent or no object */
const char *json_value_string(
                const JsonValue *value); /* NULL if no string; without NULs inside (refused by json_read) */
int64_t json_value_int(const JsonValue *value, int64_t otherwise);
bool json_value_bool(const JsonValue *value, bool otherwise);
size_t json_value_length(const JsonValue *array); /* 0 if no array */
const JsonValue *json_value_at(const JsonValue *array, size_t index);
/* Calls function for each member in the text's order until it returns non-zero, which is returned. */
int json_value_each(const JsonValue *object,
                    int (*function)(const char *key, const JsonValue *value, void *userdata),
                    void *userdata);
/* The value as compact JSON text, owned by the caller. */
int json_value_format(const JsonValue *value, char **ret);

typedef enum JsonType {
        JSON_KEY_STRING, /* char *, owned */
        JSON_KEY_UINT,   /* uint64_t: a whole number that is not negative */
        JSON_KEY_BOOL,   /* bool */
        JSON_KEY_VALUE,  /* const JsonValue *, of the tree, whatever its kind */
} JsonType;
typedef struct JsonKey {
        const char *name;
        JsonType type;
        bool required;
        size_t offset;
        uint64_t min, max; /* numbers; max 0 = no bound. Strings: lengths in bytes */
} JsonKey;
/* Fills target (defaults already in it). null is as if absent. -EBADMSG with *ret_message naming the field ("spec.limits.MemoryMax …");
 * path stands before the field's name, may be NULL. */
int json_fill(const char *path, const JsonValue *object, const JsonKey *keys, size_t n_keys, void *target,
              char **ret_message);
/* Writes "PATH.FIELD: …"; always -EBADMSG (or -ENOMEM). */
int json_error(const char *path, const char *field, char **ret_message, const char *format, ...)
                _printf_(4, 5);
