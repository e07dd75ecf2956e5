#include "formats/json_reader.h"

#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/string_util.h"

/* A JsonValue is json-c's object under another name: nothing outside this file knows json-c. */
static struct json_object *object_of(const JsonValue *value) {
        return (struct json_object *) value;
}

static const JsonValue *value_of(struct json_object *object) {
        return (const JsonValue *) object;
}

int json_error(const char *path, const char *field, char **ret_message, const char *format, ...) {
        _cleanup_free_ char *text = NULL;
        va_list arguments;
        int r;

        va_start(arguments, format);
        r = string_format_list(&text, format, arguments);
        va_end(arguments);
        r = r < 0 ? r :
                    string_format(ret_message, "%s%s%s: %s", path ? path : "", path && field ? "." : "",
                                  field ? field : "", text);
        return r < 0 ? r : -EBADMSG;
}

/* A NUL inside a string would cut it for every reader below. */
static bool has_nul(struct json_object *object) {
        if (json_object_is_type(object, json_type_string)) {
                return memchr(json_object_get_string(object), 0,
                              (size_t) json_object_get_string_len(object)) != NULL;
        }
        if (json_object_is_type(object, json_type_array)) {
                for (size_t i = 0; i < json_object_array_length(object); i++) {
                        if (has_nul(json_object_array_get_idx(object, i))) {
                                return true;
                        }
                }
        }
        if (json_object_is_type(object, json_type_object)) {
                json_object_object_foreach(object, key, child) {
                        if (!*key || has_nul(child)) {
                                return true;
                        }
                }
        }
        return false;
}

static int parse(struct json_tokener *tokener, const char *text, size_t length, struct json_object **ret,
                 char **ret_message) {
        struct json_object *object = json_tokener_parse_ex(tokener, text, (int) length);
        enum json_tokener_error error = json_tokener_get_error(tokener);
        size_t end = json_tokener_get_parse_end(tokener);
        int r;

        if (error != json_tokener_success) {
                json_object_put(object);
                r = string_format(ret_message, "not JSON: %s at byte %zu",
                                  error == json_tokener_continue ? "it ends too early" :
                                                                   json_tokener_error_desc(error),
                                  end);
                return r < 0 ? r : -EBADMSG;
        }
        if (end < length && text[end + strspn(text + end, " \t\r\n")]) {
                json_object_put(object);
                r = string_format(ret_message, "not JSON: something follows the value at byte %zu", end);
                return r < 0 ? r : -EBADMSG;
        }
        *ret = object;
        return 0;
}

int json_read(const char *text, size_t length, JsonValue **ret, char **ret_message) {
        _cleanup_free_ char *copy = NULL;
        struct json_object *object = NULL;
        struct json_tokener *tokener;
        int r;

        if (length > JSON_TEXT_MAX) {
                return -EFBIG;
        }
        copy = strndup(text, length); /* with its NUL: then a number at the very end is known to be whole */
        tokener = json_tokener_new_ex(JSON_DEPTH_MAX);
        if (!copy || !tokener) {
                r = -ENOMEM;
        } else {
                json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
                r = parse(tokener, copy, strlen(copy) + 1, &object, ret_message);
        }
        if (tokener) {
                json_tokener_free(tokener);
        }
        if (r < 0) {
                return r;
        }
        if (strlen(copy) != length || has_nul(object)) {
                json_object_put(object);
                r = string_copy(ret_message, "not JSON for us: a NUL byte or an empty name is in it");
                return r < 0 ? r : -EBADMSG;
        }
        *ret = (JsonValue *) object;
        return 0;
}

JsonValue *json_value_free(JsonValue *root) {
        json_object_put(object_of(root));
        return NULL;
}

JsonKind json_value_kind(const JsonValue *value) {
        static const JsonKind kinds[] = {
                [json_type_null] = JSON_NULL,     [json_type_boolean] = JSON_BOOL,
                [json_type_double] = JSON_DOUBLE, [json_type_int] = JSON_INT,
                [json_type_object] = JSON_OBJECT, [json_type_array] = JSON_ARRAY,
                [json_type_string] = JSON_STRING,
        };

        return kinds[json_object_get_type(object_of(value))];
}

const JsonValue *json_value_get(const JsonValue *object, const char *key) {
        struct json_object *value;

        if (json_value_kind(object) != JSON_OBJECT ||
            !json_object_object_get_ex(object_of(object), key, &value)) {
                return NULL;
        }
        return value_of(value);
}

const char *json_value_string(const JsonValue *value) {
        return json_value_kind(value) == JSON_STRING ? json_object_get_string(object_of(value)) : NULL;
}

int64_t json_value_int(const JsonValue *value, int64_t otherwise) {
        return json_value_kind(value) == JSON_INT ? json_object_get_int64(object_of(value)) : otherwise;
}

bool json_value_bool(const JsonValue *value, bool otherwise) {
        return json_value_kind(value) == JSON_BOOL ? json_object_get_boolean(object_of(value)) : otherwise;
}

size_t json_value_length(const JsonValue *array) {
        return json_value_kind(array) == JSON_ARRAY ? json_object_array_length(object_of(array)) : 0;
}

const JsonValue *json_value_at(const JsonValue *array, size_t index) {
        return index < json_value_length(array) ?
                               value_of(json_object_array_get_idx(object_of(array), index)) :
                               NULL;
}

int json_value_each(const JsonValue *object,
                    int (*function)(const char *key, const JsonValue *value, void *userdata),
                    void *userdata) {
        if (json_value_kind(object) != JSON_OBJECT) {
                return 0;
        }
        json_object_object_foreach(object_of(object), key, child) {
                int r = function(key, value_of(child), userdata);

                if (r != 0) {
                        return r;
                }
        }
        return 0;
}

int json_value_format(const JsonValue *value, char **ret) {
        const char *text = json_object_to_json_string_ext(object_of(value),
                                                          JSON_C_TO_STRING_PLAIN |
                                                                          JSON_C_TO_STRING_NOSLASHESCAPE);

        return text ? string_copy(ret, text) : -ENOMEM;
}

static int fill_string(const char *path, const JsonValue *value, const JsonKey *key, char **field,
                       char **ret_message) {
        const char *text = json_value_string(value);

        if (!text) {
                return json_error(path, key->name, ret_message, "a text is expected");
        }
        if (strlen(text) < key->min) {
                return json_error(path, key->name, ret_message, *text ? "too short" : "must not be empty");
        }
        if (key->max && strlen(text) > key->max) {
                return json_error(path, key->name, ret_message, "longer than %llu bytes",
                                  (unsigned long long) key->max);
        }
        return string_replace(field, text);
}

static int fill_uint(const char *path, const JsonValue *value, const JsonKey *key, uint64_t *field,
                     char **ret_message) {
        int64_t number = json_value_int(value, -1);

        if (number < 0) {
                return json_error(path, key->name, ret_message, "a whole number is expected");
        }
        if ((uint64_t) number < key->min || (key->max && (uint64_t) number > key->max)) {
                return json_error(path, key->name, ret_message, "%lld is out of range (%llu to %llu)",
                                  (long long) number, (unsigned long long) key->min,
                                  key->max ? (unsigned long long) key->max : (unsigned long long) INT64_MAX);
        }
        *field = (uint64_t) number;
        return 0;
}

static int fill_one(const char *path, const JsonValue *value, const JsonKey *key, void *target,
                    char **ret_message) {
        void *field = (char *) target + key->offset;

        switch (key->type) {
        case JSON_KEY_STRING:
                return fill_string(path, value, key, field, ret_message);
        case JSON_KEY_UINT:
                return fill_uint(path, value, key, field, ret_message);
        case JSON_KEY_BOOL:
                if (json_value_kind(value) != JSON_BOOL) {
                        return json_error(path, key->name, ret_message, "true or false is expected");
                }
                *(bool *) field = json_value_bool(value, false);
                return 0;
        case JSON_KEY_VALUE:
                *(const JsonValue **) field = value;
                return 0;
        }
        return -EINVAL;
}

typedef struct Fill {
        const char *path;
        const JsonKey *keys;
        size_t n_keys;
        void *target;
        char **ret_message;
} Fill;

static int fill_member(const char *name, const JsonValue *value, void *userdata) {
        Fill *fill = userdata;

        for (size_t i = 0; i < fill->n_keys; i++) {
                if (strcmp(fill->keys[i].name, name) == 0) {
                        return json_value_kind(value) == JSON_NULL ?
                                               0 :
                                               fill_one(fill->path, value, fill->keys + i, fill->target,
                                                        fill->ret_message);
                }
        }
        return json_error(fill->path, name, fill->ret_message, "there is no such field");
}

int json_fill(const char *path, const JsonValue *object, const JsonKey *keys, size_t n_keys, void *target,
              char **ret_message) {
        Fill fill = { path, keys, n_keys, target, ret_message };
        int r;

        if (json_value_kind(object) != JSON_OBJECT) {
                return json_error(path, NULL, ret_message, "an object, {…}, is expected");
        }
        r = json_value_each(object, fill_member, &fill);
        if (r < 0) {
                return r;
        }
        for (size_t i = 0; i < n_keys; i++) {
                if (keys[i].required && json_value_kind(json_value_get(object, keys[i].name)) == JSON_NULL) {
                        return json_error(path, keys[i].name, ret_message, "is missing");
                }
        }
        return 0;
}
