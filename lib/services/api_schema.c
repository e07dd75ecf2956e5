#include "services/api_schema.h"

#include <stdio.h>
#include <string.h>

#include "base/string_util.h"
#include "services/api_objects.h"
#include "version.h"

static const struct {
        const char *name, *type, *format;
} simple_types[] = {
        { "int", "integer", "int64" }, { "number", "number", NULL },      { "string", "string", NULL },
        { "bool", "boolean", NULL },   { "time", "string", "date-time" }, { "object", "object", NULL },
};

/* --- fields ----------------------------------------------------------------------------------------- */

/* What is inside a schema's braces. An object that may be null is wrapped: beside $ref nothing else counts. */
static void write_type(JsonWriter *json, const char *type, size_t length, bool is_nullable) {
        char reference[96];

        if (length == strlen("any") && strncmp(type, "any", length) == 0) {
                return; /* an empty schema takes everything */
        }
        for (size_t i = 0; i < ELEMENTSOF(simple_types); i++) {
                if (strlen(simple_types[i].name) == length &&
                    strncmp(simple_types[i].name, type, length) == 0) {
                        json_string(json, "type", simple_types[i].type);
                        if (simple_types[i].format) {
                                json_string(json, "format", simple_types[i].format);
                        }
                        if (is_nullable) {
                                json_bool(json, "nullable", true);
                        }
                        return;
                }
        }
        (void) snprintf(reference, sizeof reference, "#/components/schemas/%.*s", (int) length, type);
        if (!is_nullable) {
                json_string(json, "$ref", reference);
                return;
        }
        json_bool(json, "nullable", true);
        json_array_begin(json, "allOf");
        json_object_begin(json, NULL);
        json_string(json, "$ref", reference);
        json_object_end(json);
        json_array_end(json);
}

/* One type, a list of it, or an object whose names are any. */
static void write_shape(JsonWriter *json, const char *type, size_t length, bool is_nullable) {
        bool is_list = type[0] == '[', is_map = type[0] == '{';

        if (!is_list && !is_map) {
                write_type(json, type, length, is_nullable);
                return;
        }
        json_string(json, "type", is_list ? "array" : "object");
        json_object_begin(json, is_list ? "items" : "additionalProperties");
        write_type(json, type + 1, length - 2, false);
        json_object_end(json);
        if (is_nullable) {
                json_bool(json, "nullable", true);
        }
}

static void write_field(JsonWriter *json, const char *name, const char *type, size_t length) {
        bool is_nullable = type[length - 1] == '?';

        json_object_begin(json, name);
        write_shape(json, type, length - is_nullable, is_nullable);
        json_object_end(json);
}

/* Calls for each field of the note with its name and its type's text and length. */
static void write_each(JsonWriter *json, const char *fields, bool is_required_list) {
        while (*fields) {
                size_t name_length = strcspn(fields, ":"),
                       type_length = strcspn(fields, " ") - name_length - 1;
                const char *type = fields + name_length + 1;
                char name[64];

                (void) snprintf(name, sizeof name, "%.*s", (int) name_length, fields);
                if (!is_required_list) {
                        write_field(json, name, type, type_length);
                } else if (type[type_length - 1] != '?') {
                        json_string(json, NULL, name);
                }
                fields = type + type_length;
                fields += *fields == ' ';
        }
}

static void write_schema(JsonWriter *json, const char *key, const char *fields) {
        if (fields[0] == '[' || fields[0] == '{') {
                write_field(json, key, fields, strlen(fields));
                return;
        }
        json_object_begin(json, key);
        json_string(json, "type", "object");
        json_object_begin(json, "properties");
        write_each(json, fields, false);
        json_object_end(json);
        json_array_begin(json, "required");
        write_each(json, fields, true);
        json_array_end(json);
        json_bool(json, "additionalProperties", false);
        json_object_end(json);
}

/* --- parameters ------------------------------------------------------------------------------------- */

static void write_choices(JsonWriter *json, const char *choices) {
        char choice[64];

        json_array_begin(json, "enum");
        for (size_t length; *choices; choices += length + (choices[length] == '|')) {
                length = strcspn(choices, "|");
                (void) snprintf(choice, sizeof choice, "%.*s", (int) length, choices);
                json_string(json, NULL, choice);
        }
        json_array_end(json);
}

static void write_parameter_schema(JsonWriter *json, const char *key, const ApiParameter *parameter) {
        if (parameter->type == API_TYPE_JSON) {
                write_field(json, key, parameter->choices, strlen(parameter->choices));
                return;
        }
        json_object_begin(json, key);
        json_string(json, "type", parameter->type == API_TYPE_INT ? "integer" : "string");
        switch (parameter->type) {
        case API_TYPE_INT:
                json_int(json, "minimum", parameter->min);
                if (parameter->otherwise >= parameter->min) {
                        json_int(json, "default", parameter->otherwise);
                }
                break;
        case API_TYPE_TEXT:
                json_int(json, "minLength", parameter->min);
                json_int(json, "maxLength", parameter->max);
                break;
        case API_TYPE_CHOICE:
                write_choices(json, parameter->choices);
                break;
        case API_TYPE_JSON:
                break;
        }
        json_object_end(json);
}

/* What the address itself names. */
static void write_path_parameter(JsonWriter *json, const char *pattern) {
        static const ApiParameter id = { .name = "id", .type = API_TYPE_INT, .otherwise = 0, .min = 1 };
        static const ApiParameter job = {
                .name = "job", .type = API_TYPE_TEXT, .min = 16, .max = JOB_ID_MAX - 1
        };
        const ApiParameter *parameter = strstr(pattern, "{id}")  ? &id :
                                        strstr(pattern, "{job}") ? &job :
                                                                   NULL;

        if (!parameter) {
                return;
        }
        json_object_begin(json, NULL);
        json_string(json, "name", parameter->name);
        json_string(json, "in", "path");
        json_bool(json, "required", true);
        write_parameter_schema(json, "schema", parameter);
        json_object_end(json);
}

static void write_parameters(JsonWriter *json, const ApiRoute *route) {
        json_array_begin(json, "parameters");
        write_path_parameter(json, route->pattern);
        for (const ApiParameter *p = route->parameters; p && p->name; p++) {
                json_object_begin(json, NULL);
                json_string(json, "name", p->name);
                json_string(json, "in", "query");
                json_string(json, "description", p->summary);
                if (api_parameter_is_required(p)) {
                        json_bool(json, "required", true);
                }
                write_parameter_schema(json, "schema", p);
                json_object_end(json);
        }
        json_array_end(json);
}

static bool needs_body(const ApiRoute *route) {
        bool is_needed = false;

        for (const ApiParameter *f = route->fields; f && f->name; f++) {
                is_needed |= api_parameter_is_required(f);
        }
        return is_needed;
}

static void write_body(JsonWriter *json, const ApiRoute *route) {
        if (!route->fields) {
                return;
        }
        json_object_begin(json, "requestBody");
        json_bool(json, "required", needs_body(route));
        json_object_begin(json, "content");
        json_object_begin(json, "application/json");
        json_object_begin(json, "schema");
        json_string(json, "type", "object");
        json_object_begin(json, "properties");
        for (const ApiParameter *f = route->fields; f->name; f++) {
                write_parameter_schema(json, f->name, f);
        }
        json_object_end(json);
        json_array_begin(json, "required");
        for (const ApiParameter *f = route->fields; f->name; f++) {
                if (api_parameter_is_required(f)) {
                        json_string(json, NULL, f->name);
                }
        }
        json_array_end(json);
        json_bool(json, "additionalProperties", false);
        for (size_t i = 0; i < 4; i++) {
                json_object_end(json);
        }
}

/* --- answers ---------------------------------------------------------------------------------------- */

static void write_content(JsonWriter *json, const char *type, const char *fields) {
        json_object_begin(json, type);
        if (fields) {
                write_schema(json, "schema", fields);
        }
        json_object_end(json);
}

static void write_answer(JsonWriter *json, const char *status, const ApiRoute *route) {
        json_object_begin(json, status);
        json_string(json, "description", route->summary);
        json_object_begin(json, "content");
        write_content(json, route->answer ? "application/json" : route->content_type, route->answer);
        if (route->has_csv) {
                write_content(json, "text/csv", NULL);
        }
        json_object_end(json);
        json_object_end(json);
}

static void write_operation(JsonWriter *json, const ApiRoute *route) {
        static const char *const methods[][2] = { { "GET", "get" },
                                                  { "POST", "post" },
                                                  { "DELETE", "delete" } };
        const char *key = NULL;
        char status[16];

        for (size_t i = 0; i < ELEMENTSOF(methods); i++) {
                key = strcmp(route->method, methods[i][0]) == 0 ? methods[i][1] : key;
        }
        json_object_begin(json, key);
        json_string(json, "summary", route->summary);
        json_string(json, "x-access", api_access_to_string(route->access));
        write_parameters(json, route);
        write_body(json, route);
        json_object_begin(json, "responses");
        (void) snprintf(status, sizeof status, "%d", route->status ? route->status : 200);
        write_answer(json, status, route);
        if (route->access >= API_ACCESS_OPERATOR) {
                write_answer(json, "202", route);
        }
        json_object_begin(json, "default");
        json_string(json, "description", "It went wrong");
        json_object_begin(json, "content");
        json_object_begin(json, "application/json");
        json_object_begin(json, "schema");
        json_string(json, "$ref", "#/components/schemas/Error");
        for (size_t i = 0; i < 6; i++) {
                json_object_end(json);
        }
}

/* Routes of one pattern stand together in one object, wherever they are in the table. */
static void write_paths(JsonWriter *json) {
        json_object_begin(json, "paths");
        for (size_t i = 0; i < _API_ROUTE_MAX; i++) {
                bool is_first = true;
                for (size_t k = 0; k < i; k++) {
                        is_first &= strcmp(api_routes[k].pattern, api_routes[i].pattern) != 0;
                }
                if (!is_first) {
                        continue;
                }
                json_object_begin(json, api_routes[i].pattern);
                for (size_t k = i; k < _API_ROUTE_MAX; k++) {
                        if (strcmp(api_routes[k].pattern, api_routes[i].pattern) == 0) {
                                write_operation(json, &api_routes[k]);
                        }
                }
                json_object_end(json);
        }
        json_object_end(json);
}

static void write_error_schema(JsonWriter *json) {
        json_object_begin(json, "Error");
        json_string(json, "type", "object");
        json_object_begin(json, "properties");
        json_object_begin(json, "error"); /* beside these two, what the code is about */
        json_string(json, "type", "object");
        json_object_begin(json, "properties");
        write_each(json, "code:string message:string", false);
        json_object_end(json);
        json_array_begin(json, "required");
        write_each(json, "code:string message:string", true);
        json_array_end(json);
        json_object_end(json);
        write_each(json, "status:string message:string success:bool", false);
        json_object_end(json);
        json_array_begin(json, "required");
        write_each(json, "error:Error status:string message:string success:bool", true);
        json_array_end(json);
        json_object_end(json);
}

int api_openapi(Api *api) {
        JsonWriter *json = &api->json;

        api_begin(api);
        json_string(json, "openapi", "3.0.3");
        json_object_begin(json, "info");
        json_string(json, "title", "weir");
        json_string(json, "version", WEIR_VERSION);
        json_object_end(json);
        write_paths(json);
        json_object_begin(json, "components");
        json_object_begin(json, "schemas");
        write_error_schema(json);
        for (size_t i = 0; i < api_n_objects; i++) {
                write_schema(json, api_objects[i].name, api_objects[i].fields);
        }
        json_object_end(json);
        json_object_end(json);
        json_object_end(json);
        return json_finish(json);
}
