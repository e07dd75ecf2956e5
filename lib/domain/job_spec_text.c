#include "domain/job_spec_text.h"

#include <stdio.h>
#include <string.h>

#include "base/string_util.h"
#include "formats/json_writer.h"

static void write_string(JsonWriter *writer, const char *key, const char *value) {
        if (value) {
                json_string(writer, key, value);
        }
}

static void write_flag(JsonWriter *writer, const char *key, bool value) {
        if (value) {
                json_bool(writer, key, true);
        }
}

static void write_number(JsonWriter *writer, const char *key, uint64_t value) {
        if (value != 0) {
                json_int(writer, key, (int64_t) value);
        }
}

static void write_words(JsonWriter *writer, const char *key, char *const *words) {
        json_array_begin(writer, key);
        for (; words && *words; words++) {
                json_string(writer, NULL, *words);
        }
        json_array_end(writer);
}

static void write_hooks(JsonWriter *writer, const JobSpec *spec) {
        json_object_begin(writer, "hooks");
        for (JobHook hook = 0; hook < _JOB_HOOK_MAX; hook++) {
                const JobCommands *commands = spec->hooks + hook;

                if (commands->n_commands == 0) {
                        continue;
                }
                json_array_begin(writer, job_hook_to_string(hook));
                for (size_t i = 0; i < commands->n_commands; i++) {
                        write_words(writer, NULL, commands->commands[i]);
                }
                json_array_end(writer);
        }
        json_object_end(writer);
}

static void write_environment(JsonWriter *writer, char *const *environment) {
        json_object_begin(writer, "env");
        for (; environment && *environment; environment++) {
                const char *equals = strchr(*environment, '=');
                _cleanup_free_ char *name = strndup(*environment, (size_t) (equals - *environment));

                if (!name) {
                        writer->failed = true;
                        return;
                }
                json_string(writer, name, equals + 1);
        }
        json_object_end(writer);
}

static void write_limits(JsonWriter *writer, const JobSpec *spec) {
        json_object_begin(writer, "limits");
        write_number(writer, "MemoryMax", spec->memory_max);
        write_number(writer, "CPUWeight", spec->cpu_weight);
        write_number(writer, "IOWeight", spec->io_weight);
        write_number(writer, "TasksMax", spec->tasks_max);
        write_number(writer, "timeout", spec->timeout_sec);
        write_number(writer, "stop_timeout", spec->stop_timeout_sec);
        json_object_end(writer);
}

static void write_spec(JsonWriter *writer, const JobSpec *spec) {
        write_string(writer, "server", spec->server);
        write_string(writer, "stream", spec->stream);
        write_string(writer, "branch_spec", spec->branch_spec);
        write_string(writer, "source", spec->source);
        write_string(writer, "target", spec->target);
        write_string(writer, "path", spec->path);
        write_flag(writer, "reverse", spec->reverse);
        if (spec->changelist) {
                json_int(writer, "changelist", (int64_t) spec->changelist);
        } else {
                json_string(writer, "changelist", "latest");
        }
        write_string(writer, "client", spec->client);
        write_string(writer, "host", spec->host);
        write_string(writer, "description", spec->description);
        write_flag(writer, "trial", spec->trial);
        write_flag(writer, "clean_workspace", spec->clean_workspace);
        if (spec->resolve != JOB_RESOLVE_MERGE) {
                json_string(writer, "resolve", job_resolve_to_string(spec->resolve));
        }
        write_hooks(writer, spec);
        write_environment(writer, spec->environment);
        if (spec->notify) {
                write_words(writer, "notify", spec->notify);
        }
        write_limits(writer, spec);
}

int job_spec_format(const JobSpec *spec, char **ret) {
        _cleanup_(buffer_done) Buffer buffer = {};
        JsonWriter writer;
        int r;

        json_start(&writer, &buffer);
        json_object_begin(&writer, NULL);
        write_spec(&writer, spec);
        json_object_end(&writer);
        r = json_finish(&writer);
        return r < 0 ? r : buffer_take_string(&buffer, ret);
}

/* Whether the object of that name has members, in the form that is written above. A text that looks so does no harm. */
static bool has_members(const char *json, const char *opening) {
        const char *at = strstr(json, opening);

        return at && at[strlen(opening)] != '}';
}

bool job_spec_has_private(const char *json) {
        return json && (has_members(json, "\"hooks\":{") || has_members(json, "\"env\":{"));
}

int job_spec_format_public(const char *json, char **ret) {
        _cleanup_(job_spec_done) JobSpec spec = {};
        _cleanup_free_ char *message = NULL;
        int r = job_spec_parse(json, &spec, &message);

        if (r == -EBADMSG) { /* of another version: nobody knows what is in it */
                return string_copy(ret, "{}");
        }
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(spec.hooks); i++) {
                job_commands_done(&spec.hooks[i]);
        }
        strv_free(TAKE_PTR(spec.environment));
        return r < 0 ? r : job_spec_format(&spec, ret);
}

int job_spec_summary(const JobSpec *spec, char **ret) {
        char at[32] = "@latest";

        if (spec->changelist) {
                (void) snprintf(at, sizeof at, "@%llu", (unsigned long long) spec->changelist);
        }
        switch (spec->kind) {
        case JOB_KIND_STREAM:
                return string_format(ret, spec->reverse ? "parent of %s into it %s" : "%s to its parent %s",
                                     spec->stream, at);
        case JOB_KIND_BRANCH:
                return string_format(ret, "branch %s%s %s", spec->branch_spec,
                                     spec->reverse ? " reversed" : "", at);
        case JOB_KIND_PATHS:
                return string_format(ret, "%s to %s %s", spec->source, spec->target, at);
        case JOB_KIND_PATH:
                return string_format(ret, "%s %s", spec->path, at);
        }
        return -EINVAL;
}
