#include "services/api.h"

#include <assert.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd_util.h"
#include "base/log.h"
#include "base/parse_util.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "services/api_access.h"

#define WEB_DIRECTORY "/usr/share/weir/web" /* unless $WEIR_WEB says otherwise */
#define WEB_STATE_DIRECTORY "/var/lib/weir-web"
#define WEB_RUNTIME_DIRECTORY "/run/weir-web"
#define RELOAD_USEC ((int64_t) (10 * USEC_PER_SEC)) /* the longest that a program may take to start */
#define CATALOG_MAX ((size_t) 256 * 1024)
#define ANSWER_MAX ((size_t) 32 * 1024 * 1024)

static const char *environment(const char *name, const char *otherwise) {
        const char *value = getenv(name);
        return string_is_empty(value) ? otherwise : value;
}

/* --- texts ------------------------------------------------------------------------------------------ */

/* The choice a person made on the pages, else what the browser asks for: the first of our languages in its list, which browsers
 * sort by preference. */
static ApiLanguage read_language(const HttpRequest *request) {
        const char *choice = http_pairs_get(&request->cookies, "weir_language");
        const char *wanted = choice ? choice : environment("HTTP_ACCEPT_LANGUAGE", "en");

        for (const char *c = wanted; *c; c += strcspn(c, ","), c += strspn(c, ", ")) {
                if (strncasecmp(c, "ru", 2) == 0) {
                        return API_LANGUAGE_RU;
                }
                if (strncasecmp(c, "en", 2) == 0) {
                        return API_LANGUAGE_EN;
                }
        }
        return API_LANGUAGE_EN;
}

/* Without a catalog, which an incomplete installation has not, texts are their keys. */
static void load_catalog(Api *api) {
        _cleanup_free_ char *path = NULL, *text = NULL, *message = NULL;
        size_t length;
        int r = string_format(&path, "%s/locales/%s.json", environment("WEIR_WEB", WEB_DIRECTORY),
                              api->language == API_LANGUAGE_RU ? "ru" : "en");

        r = r < 0 ? r : file_read(path, CATALOG_MAX, &text, &length);
        r = r < 0 ? r : json_read(text, length, &api->catalog, &message);
        if (r < 0) {
                log_debug("%s: %s", path ? path : "", message ? message : strerror(-r));
        }
}

static const char *catalog_text(Api *api, const char *code) {
        const char *found;

        if (!api->catalog) {
                load_catalog(api);
        }
        found = json_value_string(json_value_get(json_value_get(api->catalog, "api"), code));
        return found ? found : code;
}

/* The value of {name}, which begins at text; *ret_length is its length with both braces. */
static const char *find_place(const char *text, va_list pairs, size_t *ret_length) {
        const char *value = NULL, *name;

        while ((name = va_arg(pairs, const char *))) {
                const char *candidate = va_arg(pairs, const char *);
                size_t length = strlen(name);
                if (strncmp(text + 1, name, length) == 0 && text[1 + length] == '}') {
                        value = candidate;
                        *ret_length = length + 2;
                }
        }
        return value;
}

static int fill_places(const char *text, va_list pairs, char **ret) {
        _cleanup_(buffer_done) Buffer buffer = {};
        int r = buffer_append(&buffer, "", 0);

        while (*text && r >= 0) {
                const char *value = NULL;
                size_t length = 1;
                if (*text == '{') {
                        va_list copy;
                        va_copy(copy, pairs);
                        value = find_place(text, copy, &length);
                        va_end(copy);
                }
                r = value ? buffer_append_string(&buffer, value) : buffer_append(&buffer, text, 1);
                text += value ? length : 1;
        }
        return r < 0 ? r : buffer_take_string(&buffer, ret);
}

static int format_message(Api *api, char **ret, const char *code, va_list pairs) {
        return fill_places(catalog_text(api, code), pairs, ret);
}

int api_message(Api *api, char **ret, const char *code, ...) {
        va_list pairs;
        va_start(pairs, code);
        int r = format_message(api, ret, code, pairs);
        va_end(pairs);
        return r;
}

/* --- answers ---------------------------------------------------------------------------------------- */

void api_begin(Api *api) {
        buffer_clear(&api->response.body);
        json_start(&api->json, &api->response.body);
        json_object_begin(&api->json, NULL);
}

int api_end(Api *api) {
        json_bool(&api->json, "success", true);
        json_object_end(&api->json);
        return json_finish(&api->json);
}

static void write_error(Api *api, const char *code, const char *message, va_list pairs) {
        const char *name;

        api_begin(api);
        json_object_begin(&api->json, "error");
        json_string(&api->json, "code", code);
        json_string(&api->json, "message", message);
        while ((name = va_arg(pairs, const char *))) {
                json_string(&api->json, name, va_arg(pairs, const char *));
        }
        json_object_end(&api->json);
        json_string(&api->json, "status", "error");
        json_string(&api->json, "message", message);
        json_bool(&api->json, "success", false);
        json_object_end(&api->json);
}

int api_fail(Api *api, int status, const char *code, ...) {
        _cleanup_free_ char *message = NULL;
        va_list pairs;
        va_start(pairs, code);
        int r = format_message(api, &message, code, pairs);
        va_end(pairs);

        api->response.status = status;
        api->response.content_type = NULL;
        va_start(pairs, code);
        write_error(api, code, r < 0 ? code : message, pairs);
        va_end(pairs);
        return json_finish(&api->json);
}

/* --- parameters ------------------------------------------------------------------------------------- */

static size_t index_of(const ApiParameter *parameters, const char *name) {
        size_t i = 0;

        while (parameters && parameters[i].name && strcmp(parameters[i].name, name) != 0) {
                i++;
        }
        assert(parameters && parameters[i].name);
        return i;
}

int64_t api_number(const Api *api, const char *parameter) {
        return api->numbers[index_of(api->route->parameters, parameter)];
}

const char *api_text(const Api *api, const char *parameter) {
        return api->texts[index_of(api->route->parameters, parameter)];
}

bool api_choice_is_yes(const Api *api, const char *parameter) {
        int64_t choice = api_number(api, parameter);

        return choice >= 1 && choice <= 3;
}

int64_t api_field_number(const Api *api, const char *field) {
        return api->field_numbers[index_of(api->route->fields, field)];
}

const char *api_field_text(const Api *api, const char *field) {
        return api->field_texts[index_of(api->route->fields, field)];
}

const JsonValue *api_field_value(const Api *api, const char *field) {
        assert(api->route->fields[index_of(api->route->fields, field)].type == API_TYPE_JSON);
        return json_value_get(api->body, field);
}

static int find_choice(const char *choices, const char *text, int64_t *ret) {
        size_t length;

        *ret = 0;
        for (;; (*ret)++, choices += length + 1) {
                length = strcspn(choices, "|");
                if (strlen(text) == length && strncmp(choices, text, length) == 0) {
                        return 0;
                }
                if (!choices[length]) {
                        return -EINVAL;
                }
        }
}

static int read_parameter(const ApiParameter *parameter, const char *text, int64_t *ret_number,
                          const char **ret_text) {
        size_t length = strlen(text);
        int r;

        switch (parameter->type) {
        case API_TYPE_INT:
                r = parse_int64(text, ret_number);
                if (r < 0 || *ret_number < parameter->min) {
                        return -EINVAL;
                }
                *ret_number = *ret_number > parameter->max ? parameter->max : *ret_number;
                return 0;
        case API_TYPE_CHOICE:
                return find_choice(parameter->choices, text, ret_number);
        case API_TYPE_TEXT:
                *ret_text = text;
                return (int64_t) length < parameter->min || (int64_t) length > parameter->max ? -EINVAL : 0;
        case API_TYPE_JSON:
                return -EINVAL;
        }
        return -EINVAL;
}

static bool is_parameter(const ApiParameter *parameters, const char *name) {
        for (; parameters && parameters->name; parameters++) {
                if (string_equal(parameters->name, name)) {
                        return true;
                }
        }
        return false;
}

/* 0: all is well; 1: it is not, and the answer says so. A text that must be there has a least length. */
static int read_query(Api *api) {
        const ApiParameter *p = api->route->parameters;

        for (size_t i = 0; i < api->request.query.n; i++) {
                const char *name = api->request.query.items[i].name;
                if (!is_parameter(p, name)) {
                        (void) api_fail(api, 400, "unknown_parameter", "field", name, NULL);
                        return 1;
                }
        }
        for (size_t i = 0; p && p[i].name; i++) {
                const char *text = http_pairs_get(&api->request.query, p[i].name);
                api->numbers[i] = p[i].otherwise;
                if (!text && api_parameter_is_required(&p[i])) {
                        text = "";
                }
                if (text && read_parameter(&p[i], text, &api->numbers[i], &api->texts[i]) < 0) {
                        (void) api_fail(api, 400, "bad_parameter", "field", p[i].name, NULL);
                        return 1;
                }
        }
        return 0;
}

/* What a field that is not taken is called: some were taken by the tool that weir replaces, and are told what is instead. */
static const char *refusal(const Api *api, const char *field) {
        static const struct {
                const char *field, *code;
        } replaced[] = {
                { "job_id", "replaced_job_id" },          { "ssh_config", "replaced_connection" },
                { "ssh_host", "replaced_connection" },    { "ssh_port", "replaced_connection" },
                { "master_host", "replaced_connection" }, { "master_port", "replaced_connection" },
                { "python_path", "replaced_connection" },
        };

        for (size_t i = 0; i < ELEMENTSOF(replaced); i++) {
                if (string_equal(replaced[i].field, field) &&
                    string_has_prefix(api->route->pattern, "/api/jobs")) {
                        return replaced[i].code;
                }
        }
        return "unknown_field";
}

static int on_field(const char *key, const JsonValue *value, void *userdata) {
        Api *api = userdata;

        if (!is_parameter(api->route->fields, key)) {
                (void) api_fail(api, 400, refusal(api, key), "field", key, NULL);
                return 1;
        }
        return 0;
}

/* One field of the body; null is as if it were absent. */
static int read_field(const Api *api, const ApiParameter *field, int64_t *ret_number,
                      const char **ret_text) {
        const JsonValue *value = json_value_get(api->body, field->name);
        JsonKind kind = json_value_kind(value);

        *ret_number = field->otherwise;
        if (kind == JSON_NULL) {
                return api_parameter_is_required(field) ? -EINVAL : 0;
        }
        switch (field->type) {
        case API_TYPE_JSON:
                return kind == (field->choices[0] == '[' ? JSON_ARRAY : JSON_OBJECT) ? 0 : -EINVAL;
        case API_TYPE_INT:
                *ret_number = json_value_int(value, field->min - 1);
                return kind != JSON_INT || *ret_number < field->min || *ret_number > field->max ? -EINVAL :
                                                                                                  0;
        default:
                return kind != JSON_STRING ?
                                       -EINVAL :
                                       read_parameter(field, json_value_string(value), ret_number, ret_text);
        }
}

static int read_fields(Api *api) {
        const ApiParameter *f = api->route->fields;
        int r = json_value_each(api->body, on_field, api);

        for (size_t i = 0; r == 0 && f && f[i].name; i++) {
                if (read_field(api, &f[i], &api->field_numbers[i], &api->field_texts[i]) < 0) {
                        (void) api_fail(api, 400, "bad_field", "field", f[i].name, NULL);
                        r = 1;
                }
        }
        return r;
}

/* Only a body that says it is JSON is read: a form of a foreign page cannot say so. */
static int read_body(Api *api) {
        _cleanup_free_ char *message = NULL;
        const char *type = environment("CONTENT_TYPE", "");
        size_t max = api->route->body_max ? api->route->body_max : HTTP_BODY_MAX;
        int r = http_request_read_body(&api->request, STDIN_FILENO, max);

        if (r < 0) {
                (void) api_fail(api, r == -EFBIG ? 413 : 400, r == -EFBIG ? "too_large" : "bad_request",
                                NULL);
                return r == -ENOMEM ? r : 1;
        }
        if (api->request.body_length == 0) {
                return read_fields(api); /* perhaps none has to be there */
        }
        if (strncasecmp(type, "application/json", 16) != 0) {
                (void) api_fail(api, 415, "not_json", NULL);
                return 1;
        }
        r = json_read(api->request.body, api->request.body_length, &api->body, &message);
        if (r < 0 || json_value_kind(api->body) != JSON_OBJECT) {
                (void) api_fail(api, 400, "bad_json", "detail", message ? message : "", NULL);
                return 1;
        }
        return read_fields(api);
}

const char *api_state(void) {
        return environment("WEIR_STATE", WEIR_STATE_DIRECTORY);
}

const char *api_web_state(void) {
        return environment("WEIR_WEB_STATE", WEB_STATE_DIRECTORY);
}

/* A pipe in which nothing is ever written: its other end is opened, and closed at once, and its time says when that was last. */
int api_open_end(void) {
        _cleanup_free_ char *path = NULL;
        int r = string_format(&path, "%s/requests-end",
                              environment("WEIR_WEB_RUNTIME", WEB_RUNTIME_DIRECTORY));

        r = r < 0 ? r : open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        return r < 0 ? -1 : r;
}

uint64_t api_wait_limit(int end, uint64_t wait_usec) {
        struct stat st;
        bool is_ending = end >= 0 && fstat(end, &st) >= 0 &&
                         now_realtime() - (int64_t) st.st_mtime * (int64_t) USEC_PER_SEC < RELOAD_USEC;

        return is_ending && wait_usec > USEC_PER_SEC ? USEC_PER_SEC : wait_usec;
}

/* --- the request ------------------------------------------------------------------------------------ */

/* Reads see one state of the database, and look only once whether it is another one. An action must see what came of it. */
int api_open_store(Api *api) {
        int r = monitor_store_open(api_state(), DB_READ_ONLY, &api->store);

        return r < 0 || api->route->program != API_PROGRAM_READS ?
                               r :
                               db_execute(monitor_store_db(api->store), "BEGIN");
}

/* The one whose duty it is takes over in this very process: the body is not read yet. */
static int hand_over(Api *api) {
        char path[4096];
        const char *file = api_program_file(api->route->program);
        ssize_t n = readlink("/proc/self/exe", path, sizeof path - strlen(file) - 1);
        char *name = NULL;

        if (n > 0) {
                path[n] = 0;
                name = strrchr(path, '/');
        }
        if (!name) {
                return -EIO;
        }
        strcpy(name + 1, file);
        (void) execl(path, path, (char *) NULL);
        return -EIO;
}

/* 0: there is a route, 1: there is none, and the answer says so. */
static int find_route(Api *api) {
        _cleanup_free_ char *allowed = NULL;
        ApiRouteMatch match = {};
        int r = api_route_find(api->request.method, api->request.path, &match, &allowed);

        switch (r) {
        case 0:
                api->route_id = match.route;
                api->route = &api_routes[match.route];
                api->id = match.id;
                strcpy(api->job, match.job);
                return 0;
        case -ENOENT:
                (void) api_fail(api, 404, "no_such_path", NULL);
                return 1;
        case -EINVAL:
                (void) api_fail(api, 400, "bad_id", NULL);
                return 1;
        case -EOPNOTSUPP:
                r = http_response_header(&api->response, "Allow", allowed);
                (void) api_fail(api, 405, "bad_method", "allowed", allowed, NULL);
                return r < 0 ? r : 1;
        default:
                return r;
        }
}

static int serve(Api *api, ApiProgram program, const ApiHandler *handlers) {
        int r = find_route(api);

        if (r != 0) {
                return r < 0 ? r : 0;
        }
        if (api->route->program != program) {
                return hand_over(api);
        }
        r = api_access_check(api);
        r = r != 0 ? r : read_query(api);
        if (r == 0 && !string_equal(api->route->method, "GET")) {
                r = read_body(api);
        }
        if (r != 0) {
                return r < 0 ? r : 0;
        }
        api->response.may_be_stored = program == API_PROGRAM_READS && api->route->access != API_ACCESS_OPEN;
        return handlers[api->route_id](api);
}

static void fail_by_errno(Api *api, int r) {
        static const struct {
                int error, status;
                const char *code;
        } table[] = {
                { -ENOENT, 503, "no_database" },
                { -ESTALE, 503, "old_database" },
                { -EBUSY, 503, "busy_database" },
                { -ENOBUFS, 413, "answer_too_large" },
        };

        (void) log_error(r, "Failed to answer %s %s: %s", api->request.method ? api->request.method : "?",
                         api->request.path ? api->request.path : "?", strerror(-r));
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                if (table[i].error == r) {
                        (void) api_fail(api, table[i].status, table[i].code, NULL);
                        return;
                }
        }
        (void) api_fail(api, 500, "internal", NULL);
}

static void api_done(Api *api) {
        json_value_free(api->body);
        http_request_done(&api->request);
        http_response_done(&api->response);
        weir_config_done(&api->config);
        free(api->identity.user);
        free(api->identity.server);
        free(api->identity.sealed_ticket);
        monitor_store_close(api->store);
        json_value_free(api->catalog);
}

/* What the web server refused before any program saw it, and hands over to be told in the form that errors have. 0: nothing. */
static int refused_status(void) {
        const char *text = getenv("REDIRECT_STATUS");
        int64_t status = 0;

        return text && parse_int64(text, &status) >= 0 && status >= 400 && status < 600 ? (int) status : 0;
}

static int tell_refusal(Api *api, int status) {
        static const struct {
                int status;
                const char *code;
        } table[] = {
                { 404, "no_such_path" }, { 411, "no_length" },  { 413, "too_large" },
                { 431, "too_large" },    { 503, "overloaded" },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                if (table[i].status == status) {
                        return api_fail(api, status, table[i].code, NULL);
                }
        }
        return api_fail(api, status, status < 500 ? "bad_request" : "internal", NULL);
}

static int answer(Api *api, ApiProgram program, const ApiHandler *handlers) {
        _cleanup_free_ char *warning = NULL;
        int r = http_request_read(&api->request);

        if (refused_status() > 0) {
                api->language = r < 0 ? API_LANGUAGE_EN : read_language(&api->request);
                return tell_refusal(api, refused_status());
        }
        if (r == -EBADMSG || r == -E2BIG) {
                return api_fail(api, r == -E2BIG ? 414 : 400, "bad_request", NULL);
        }
        api->language = r < 0 ? API_LANGUAGE_EN : read_language(&api->request);
        r = r < 0 ? r :
                    config_load_in_force(environment("WEIR_CONFIG", WEIR_CONFIG_DIRECTORY), api_state(),
                                         &api->config, &warning);
        return r < 0 ? r : serve(api, program, handlers);
}

int api_main(ApiProgram program, const ApiHandler *handlers) {
        _cleanup_(api_done) Api api = { .response = { .status = 200, .body.max = ANSWER_MAX } };
        int r;

        log_setup(api_program_file(program));
        (void) alarm(API_SECONDS_MAX);
        r = answer(&api, program, handlers);
        if (r < 0) {
                fail_by_errno(&api, r);
        }
        r = http_response_send(&api.response, &api.request, STDOUT_FILENO);
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
