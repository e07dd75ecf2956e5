#include "domain/run_state.h"

#include <stdio.h>
#include <string.h>

#include "base/string_util.h"
#include "formats/json_reader.h"
#include "formats/json_writer.h"

void run_state_done(RunState *state) {
        free(state->client);
        free(state->root);
        free(state->stream);
        free(state->boot);
        free(state->others);
        free(state->postponed);
        free(state->outcome);
        free(state->reason);
        free(state->error);
        free(state->note);
        chunk_counts_done(&state->chunks);
        *state = (RunState) {};
}

/* The fields, once for both directions. */
typedef enum FieldKind { FIELD_TEXT, FIELD_NUMBER, FIELD_FLAG } FieldKind;
static const struct {
        const char *name;
        FieldKind kind;
        size_t offset;
} fields[] = {
        { "client", FIELD_TEXT, offsetof(RunState, client) },
        { "root", FIELD_TEXT, offsetof(RunState, root) },
        { "stream", FIELD_TEXT, offsetof(RunState, stream) },
        { "managed", FIELD_FLAG, offsetof(RunState, is_managed) },
        { "change", FIELD_NUMBER, offsetof(RunState, change) },
        { "source", FIELD_NUMBER, offsetof(RunState, source) },
        { "push_tries", FIELD_NUMBER, offsetof(RunState, push_tries) },
        { "lock_waits", FIELD_NUMBER, offsetof(RunState, lock_waits) },
        { "files", FIELD_NUMBER, offsetof(RunState, n_files) },
        { "reverted", FIELD_FLAG, offsetof(RunState, is_reverted) },
        { "boot", FIELD_TEXT, offsetof(RunState, boot) },
        { "conflicts", FIELD_NUMBER, offsetof(RunState, conflicts) },
        { "others", FIELD_TEXT, offsetof(RunState, others) },
        { "postponed", FIELD_TEXT, offsetof(RunState, postponed) },
        { "outcome", FIELD_TEXT, offsetof(RunState, outcome) },
        { "reason", FIELD_TEXT, offsetof(RunState, reason) },
        { "error", FIELD_TEXT, offsetof(RunState, error) },
        { "note", FIELD_TEXT, offsetof(RunState, note) },
        { "submitted", FIELD_NUMBER, offsetof(RunState, submitted) },
        { "consumed", FIELD_FLAG, offsetof(RunState, is_consumed) },
        { "handed_over", FIELD_FLAG, offsetof(RunState, is_handed_over) },
};

static void write_field(JsonWriter *writer, size_t i, const RunState *state) {
        const void *field = (const char *) state + fields[i].offset;
        switch (fields[i].kind) {
        case FIELD_TEXT:
                if (*(char *const *) field) {
                        json_string(writer, fields[i].name, *(char *const *) field);
                }
                return;
        case FIELD_NUMBER:
                if (*(const uint64_t *) field > 0) {
                        json_int(writer, fields[i].name, (int64_t) * (const uint64_t *) field);
                }
                return;
        case FIELD_FLAG:
                if (*(const bool *) field) {
                        json_bool(writer, fields[i].name, true);
                }
                return;
        }
}

static void write_chunks(JsonWriter *writer, const ChunkCounts *counts) {
        if (counts->n_items == 0) {
                return;
        }
        json_array_begin(writer, "chunks");
        for (size_t i = 0; i < counts->n_items; i++) {
                const ChunkCount *count = counts->items + i;
                json_array_begin(writer, NULL);
                json_string(writer, NULL, count->path);
                json_int(writer, NULL, count->yours);
                json_int(writer, NULL, count->theirs);
                json_int(writer, NULL, count->both);
                json_int(writer, NULL, count->conflicting);
                json_array_end(writer);
        }
        json_array_end(writer);
}

int run_state_format(const RunState *state, char **ret) {
        _cleanup_(buffer_done) Buffer buffer = {};
        JsonWriter writer;
        json_start(&writer, &buffer);
        json_object_begin(&writer, NULL);
        for (size_t i = 0; i < ELEMENTSOF(fields); i++) {
                write_field(&writer, i, state);
        }
        write_chunks(&writer, &state->chunks);
        json_object_end(&writer);
        int r = json_finish(&writer);
        return r < 0 ? r : buffer_take_string(&buffer, ret);
}

static int read_field(size_t i, const JsonValue *root, RunState *state) {
        void *field = (char *) state + fields[i].offset;
        const JsonValue *value = json_value_get(root, fields[i].name);
        switch (fields[i].kind) {
        case FIELD_TEXT:
                return string_copy(field, json_value_string(value));
        case FIELD_NUMBER:
                *(uint64_t *) field = (uint64_t) json_value_int(value, 0);
                return json_value_int(value, 0) < 0 ? -EBADMSG : 0;
        case FIELD_FLAG:
                *(bool *) field = json_value_bool(value, false);
                return 0;
        }
        return -EINVAL;
}

static int read_chunks(const JsonValue *rows, ChunkCounts *counts) {
        int r = 0;
        for (size_t i = 0; i < json_value_length(rows) && r >= 0; i++) {
                const JsonValue *row = json_value_at(rows, i);
                const char *path = json_value_string(json_value_at(row, 0));
                ChunkCount count = {
                        .yours = (uint32_t) json_value_int(json_value_at(row, 1), 0),
                        .theirs = (uint32_t) json_value_int(json_value_at(row, 2), 0),
                        .both = (uint32_t) json_value_int(json_value_at(row, 3), 0),
                        .conflicting = (uint32_t) json_value_int(json_value_at(row, 4), 0),
                };
                r = path ? chunk_counts_set(counts, path, &count) : -EBADMSG;
        }
        return r;
}

static int read_object(const char *text, JsonValue **ret) {
        _cleanup_free_ char *message = NULL;
        int r = json_read(text, strlen(text), ret, &message);
        if (r < 0) {
                return r == -ENOMEM ? r : -EBADMSG;
        }
        return json_value_kind(*ret) == JSON_OBJECT ? 0 : -EBADMSG;
}

int run_state_parse(const char *text, RunState *ret) {
        _cleanup_(json_value_freep) JsonValue *root = NULL;
        _cleanup_(run_state_done) RunState state = {};
        int r = string_is_empty(text) ? 0 : read_object(text, &root);
        for (size_t i = 0; i < ELEMENTSOF(fields) && r >= 0 && root; i++) {
                r = read_field(i, root, &state);
        }
        r = r < 0 || !root ? r : read_chunks(json_value_get(root, "chunks"), &state.chunks);
        if (r < 0) {
                return r;
        }
        *ret = state;
        state = (RunState) {};
        return 0;
}

/* --- intents ---------------------------------------------------------------------------------------- */

int run_intent_format(const RunIntent *intent, char **ret) {
        _cleanup_(buffer_done) Buffer buffer = {};
        char digest[20];
        JsonWriter writer;
        (void) snprintf(digest, sizeof(digest), "%016llx", (unsigned long long) intent->digest);
        json_start(&writer, &buffer);
        json_object_begin(&writer, NULL);
        json_object_begin(&writer, "submit");
        json_int(&writer, "change", (int64_t) intent->change);
        json_int(&writer, "files", (int64_t) intent->n_files);
        json_string(&writer, "digest", digest);
        json_object_end(&writer);
        json_object_end(&writer);
        int r = json_finish(&writer);
        return r < 0 ? r : buffer_take_string(&buffer, ret);
}

int run_intent_parse(const char *text, RunIntent *ret) {
        _cleanup_(json_value_freep) JsonValue *root = NULL;
        int r = read_object(text, &root);
        if (r < 0) {
                return r;
        }
        const JsonValue *submit = json_value_get(root, "submit");
        int64_t change = json_value_int(json_value_get(submit, "change"), 0);
        int64_t n_files = json_value_int(json_value_get(submit, "files"), 0);
        const char *digest = json_value_string(json_value_get(submit, "digest"));
        char *end = NULL;
        errno = 0;
        unsigned long long number = digest ? strtoull(digest, &end, 16) : 0;
        if (change <= 0 || n_files < 0 || !digest || errno != 0 || end == digest || *end) {
                return -EBADMSG;
        }
        *ret = (RunIntent) { (uint64_t) change, number, (uint64_t) n_files };
        return 0;
}

static uint64_t hash(uint64_t value, const char *text) {
        for (; *text; text++) {
                value = (value ^ (unsigned char) *text) * UINT64_C(1099511628211);
        }
        return (value ^ 0x100) * UINT64_C(1099511628211);
}

uint64_t run_digest_add(uint64_t digest, const char *depot_file, const char *action) {
        return digest + hash(hash(UINT64_C(14695981039346656037), depot_file), action);
}

/* --- tags ------------------------------------------------------------------------------------------- */

int run_tag(const char *id, char **ret) {
        return string_format(ret, "[weir %s]", id);
}

bool run_tag_matches(const char *id, const char *description) {
        size_t length = strlen(id);
        return description && string_has_prefix(description, "[weir ") &&
               strncmp(description + 6, id, length) == 0 && description[6 + length] == ']';
}
