#include "services/api_preview.h"

#include <string.h>

#include "base/log.h"
#include "base/seal.h"
#include "base/string_util.h"
#include "clients/preview_client.h"
#include "services/api_job_new.h"

static void write_file(JsonWriter *json, const JsonValue *file) {
        const JsonValue *resolves = json_value_get(file, "resolves");

        json_object_begin(json, NULL);
        json_string(json, "from", json_value_string(json_value_get(file, "from")));
        json_string(json, "to", json_value_string(json_value_get(file, "depot_path")));
        json_string(json, "action", json_value_string(json_value_get(file, "action")));
        json_string(json, "base", json_value_string(json_value_get(file, "base")));
        json_array_begin(json, "resolves");
        for (size_t i = 0; i < json_value_length(resolves); i++) {
                json_string(json, NULL, json_value_string(json_value_at(resolves, i)));
        }
        json_array_end(json);
        json_object_end(json);
}

/* Those that need resolving alone, or all. Returns how many. */
static int64_t write_files(JsonWriter *json, const char *key, const JsonValue *files, bool conflicts_only) {
        int64_t n = 0;

        json_array_begin(json, key);
        for (size_t i = 0; i < json_value_length(files); i++) {
                const JsonValue *file = json_value_at(files, i);
                if (!conflicts_only || json_value_length(json_value_get(file, "resolves")) > 0) {
                        write_file(json, file);
                        n++;
                }
        }
        json_array_end(json);
        return n;
}

static int tell(Api *api, const JsonValue *answer, uint64_t changelist) {
        const JsonValue *files = json_value_get(answer, "files"),
                        *texts = json_value_get(answer, "messages");
        int64_t count = json_value_int(json_value_get(answer, "n_files"), 0), told;

        api_begin(api);
        told = write_files(&api->json, "files", files, false);
        (void) write_files(&api->json, "conflicts", files, true);
        json_array_begin(&api->json, "messages");
        for (size_t i = 0; i < json_value_length(texts); i++) {
                json_string(&api->json, NULL, json_value_string(json_value_at(texts, i)));
        }
        json_array_end(&api->json);
        json_int(&api->json, "count", count);
        json_int(&api->json, "conflict_count", json_value_int(json_value_get(answer, "n_resolves"), 0));
        api_job_write_count(&api->json, "source_changelist", (int64_t) changelist);
        json_bool(&api->json, "truncated", told < count);
        return api_end(api);
}

/* What weir-preview could not do. */
static int refuse(Api *api, const char *class, const char *text) {
        static const struct {
                const char *class, *code;
                int status;
        } table[] = {
                { "login expired", "no_ticket", 409 },
                { "unknown to the server", "no_ticket", 409 },
                { "server unreachable", "login_unreachable", 502 },
                { "p4 timeout", "preview_timeout", 504 },
                { "spec", "bad_spec", 400 },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                if (string_equal(table[i].class, class)) {
                        return api_fail(api, table[i].status, table[i].code, "detail", text, NULL);
                }
        }
        return api_fail(api, 422, "preview_failed", "detail", text, NULL);
}

static int fail_to_ask(Api *api, int error) {
        (void) log_error(error, "Failed to ask weir-preview: %s", strerror(-error));
        return error == -ETIMEDOUT ? api_fail(api, 504, "preview_timeout", NULL) :
                                     api_fail(api, 503, "preview_unavailable", NULL);
}

static int ask(Api *api, const char *spec, const char *ticket, uint64_t changelist) {
        _cleanup_(json_value_freep) JsonValue *answer = NULL;
        _cleanup_free_ char *text = NULL, *message = NULL;
        const char *class;
        int r = preview_client_ask(api->identity.user, ticket, spec, &text);

        if (r < 0) {
                return r == -ENOMEM ? r : fail_to_ask(api, r);
        }
        r = json_read(text, strlen(text), &answer, &message);
        if (r < 0) {
                return r;
        }
        class = json_value_string(json_value_get(answer, "class"));
        return class ? refuse(api, class, json_value_string(json_value_get(answer, "text"))) :
                       tell(api, answer, changelist);
}

int api_job_preview(Api *api) {
        _cleanup_(job_spec_done) JobSpec spec = {};
        _cleanup_free_ char *json = NULL;
        char *ticket = NULL;
        int r = api_job_read_spec(api, &spec, &json);

        r = r <= 0 ? r : api_job_ticket(api, &ticket);
        r = r <= 0 ? r : ask(api, json, ticket, spec.changelist);
        wipe_text(&ticket);
        return r;
}
