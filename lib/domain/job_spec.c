#include "domain/job_spec.h"

#include <stdio.h>
#include <string.h>

#include "base/string_util.h"
#include "domain/job_command.h"
#include "domain/server.h"
#include "formats/json_reader.h"

#define PATH_MAX_BYTES 1024 /* Perforce's own bound on a path */
#define NAME_MAX_BYTES 255
#define DESCRIPTION_MAX ((size_t) 64 * 1024)
#define ARGUMENTS_MAX 256
#define ARGUMENT_MAX ((size_t) 16 * 1024)

static const char *const resolves[] = {
        [JOB_RESOLVE_MERGE] = "merge", [JOB_RESOLVE_SAFE] = "safe", [JOB_RESOLVE_THEIRS] = "theirs",
        [JOB_RESOLVE_YOURS] = "yours", [JOB_RESOLVE_NONE] = "none",
};
static const char *const hook_names[] = {
        [JOB_HOOK_UPDATE_COMPONENT] = "update_component",
        [JOB_HOOK_PRE_SUBMIT] = "pre_submit",
        [JOB_HOOK_BUILD] = "build",
        [JOB_HOOK_NAME_CHECK] = "name_check",
        [JOB_HOOK_SYNC] = "sync",
        [JOB_HOOK_PUSH] = "push",
};
static int find_word(const char *const *table, size_t n, const char *word) {
        for (size_t i = 0; i < n; i++) {
                if (strcmp(table[i], word) == 0) {
                        return (int) i;
                }
        }
        return -EINVAL;
}

const char *job_resolve_to_string(JobResolve resolve) {
        return resolve >= 0 && resolve < _JOB_RESOLVE_MAX ? resolves[resolve] : NULL;
}

const char *job_hook_to_string(JobHook hook) {
        return hook >= 0 && hook < _JOB_HOOK_MAX ? hook_names[hook] : NULL;
}

JobHook job_hook_from_string(const char *text) {
        return (JobHook) find_word(hook_names, _JOB_HOOK_MAX, text);
}

void job_commands_done(JobCommands *commands) {
        for (size_t i = 0; i < commands->n_commands; i++) {
                strv_free(commands->commands[i]);
        }
        free(commands->commands);
        *commands = (JobCommands) {};
}

int job_commands_copy(JobCommands *ret, const JobCommands *commands) {
        JobCommands copy = { .commands = calloc(commands->n_commands + 1, sizeof *copy.commands) };
        int r = copy.commands ? 0 : -ENOMEM;

        for (size_t i = 0; r >= 0 && i < commands->n_commands; i++) {
                copy.n_commands++;
                for (char *const *word = commands->commands[i]; r >= 0 && *word; word++) {
                        r = strv_append(&copy.commands[i], *word);
                }
        }
        if (r < 0) {
                job_commands_done(&copy);
                return r;
        }
        *ret = copy;
        return 0;
}

void job_spec_done(JobSpec *spec) {
        char *const strings[] = { spec->server, spec->stream, spec->branch_spec,
                                  spec->source, spec->target, spec->path,
                                  spec->client, spec->host,   spec->description };

        for (size_t i = 0; i < ELEMENTSOF(strings); i++) {
                free(strings[i]);
        }
        for (JobHook hook = 0; hook < _JOB_HOOK_MAX; hook++) {
                job_commands_done(spec->hooks + hook);
        }
        strv_free(spec->environment);
        strv_free(spec->notify);
        *spec = (JobSpec) {};
}

/* --- reading ------------------------------------------------------------------------------------------------------- */

/* The parts of the JSON text that need more than a type. */
typedef struct Raw {
        JobSpec spec;
        const JsonValue *changelist, *hooks, *env, *notify, *limits;
        char *resolve;
} Raw;

#define STRING(name, most)                                                                                  \
        { #name, JSON_KEY_STRING, false, offsetof(Raw, spec.name), 1, most }
static const JsonKey spec_keys[] = {
        { "server", JSON_KEY_STRING, true, offsetof(Raw, spec.server), 1, SERVER_NAME_MAX },
        STRING(stream, PATH_MAX_BYTES),
        STRING(branch_spec, NAME_MAX_BYTES),
        STRING(source, PATH_MAX_BYTES),
        STRING(target, PATH_MAX_BYTES),
        STRING(path, PATH_MAX_BYTES),
        STRING(client, NAME_MAX_BYTES),
        { "host", JSON_KEY_STRING, false, offsetof(Raw, spec.host), 0, NAME_MAX_BYTES },
        { "description", JSON_KEY_STRING, false, offsetof(Raw, spec.description), 0, DESCRIPTION_MAX },
        { "reverse", JSON_KEY_BOOL, false, offsetof(Raw, spec.reverse), 0, 0 },
        { "trial", JSON_KEY_BOOL, false, offsetof(Raw, spec.trial), 0, 0 },
        { "clean_workspace", JSON_KEY_BOOL, false, offsetof(Raw, spec.clean_workspace), 0, 0 },
        { "resolve", JSON_KEY_STRING, false, offsetof(Raw, resolve), 1, NAME_MAX_BYTES },
        { "changelist", JSON_KEY_VALUE, false, offsetof(Raw, changelist), 0, 0 },
        { "hooks", JSON_KEY_VALUE, false, offsetof(Raw, hooks), 0, 0 },
        { "env", JSON_KEY_VALUE, false, offsetof(Raw, env), 0, 0 },
        { "notify", JSON_KEY_VALUE, false, offsetof(Raw, notify), 0, 0 },
        { "limits", JSON_KEY_VALUE, false, offsetof(Raw, limits), 0, 0 },
};
#undef STRING

static const JsonKey limit_keys[] = {
        { "MemoryMax", JSON_KEY_UINT, false, offsetof(JobSpec, memory_max), 1024 * 1024, 0 },
        { "CPUWeight", JSON_KEY_UINT, false, offsetof(JobSpec, cpu_weight), 1, 10000 },
        { "IOWeight", JSON_KEY_UINT, false, offsetof(JobSpec, io_weight), 1, 10000 },
        { "TasksMax", JSON_KEY_UINT, false, offsetof(JobSpec, tasks_max), 8, 1000000 },
        { "timeout", JSON_KEY_UINT, false, offsetof(JobSpec, timeout_sec), 1, 30 * 86400 },
        { "stop_timeout", JSON_KEY_UINT, false, offsetof(JobSpec, stop_timeout_sec), 1, 3600 },
};

static int read_changelist(Raw *raw, char **ret_message) {
        const char *word = json_value_string(raw->changelist);
        int64_t number = json_value_int(raw->changelist, -1);

        if (!raw->changelist || (word && strcmp(word, "latest") == 0)) {
                return 0;
        }
        if (number <= 0 || number > INT32_MAX) {
                return json_error("spec", "changelist", ret_message,
                                  "\"latest\" or the number of a changelist is expected");
        }
        raw->spec.changelist = (uint64_t) number;
        return 0;
}

static int read_resolve(Raw *raw, char **ret_message) {
        int resolve = raw->resolve ? find_word(resolves, _JOB_RESOLVE_MAX, raw->resolve) : JOB_RESOLVE_MERGE;

        if (resolve < 0) {
                return json_error("spec", "resolve", ret_message,
                                  "\"%s\" is none of merge, safe, theirs, yours, none", raw->resolve);
        }
        raw->spec.resolve = (JobResolve) resolve;
        return 0;
}

static int read_command(const char *field, const JsonValue *words, char ***ret, char **ret_message) {
        _cleanup_(strv_freep) char **command = NULL;
        size_t n = json_value_length(words);

        if (n == 0 || n > ARGUMENTS_MAX) {
                return json_error("spec.hooks", field, ret_message, "a command is a list of 1 to %d texts",
                                  ARGUMENTS_MAX);
        }
        for (size_t i = 0; i < n; i++) {
                const char *word = json_value_string(json_value_at(words, i));
                int r;

                if (!word || strlen(word) > ARGUMENT_MAX || (i == 0 && !*word)) {
                        return json_error("spec.hooks", field, ret_message,
                                          "word %zu of a command is no text, empty or too long", i + 1);
                }
                if (job_placeholder_from_string(word) ==
                    -EINVAL) { /* it would reach the command as it is: surely a mistake */
                        return json_error(
                                        "spec.hooks", field, ret_message,
                                        "%s is none of {changelist} {client} {workspace} {source_changelist} {job}",
                                        word);
                }
                r = strv_append(&command, word);
                if (r < 0) {
                        return r;
                }
        }
        *ret = TAKE_PTR(command);
        return 0;
}

/* One command ["make","-j2"], or several [["make"],["make","check"]]. */
static int read_hook(const char *name, const JsonValue *value, void *userdata) {
        void *const *arguments = userdata;
        JobSpec *spec = arguments[0];
        char **ret_message = arguments[1];
        int hook = find_word(hook_names, _JOB_HOOK_MAX, name);
        bool is_single = json_value_kind(json_value_at(value, 0)) == JSON_STRING;
        size_t n = is_single ? 1 : json_value_length(value);
        JobCommands *commands;

        if (hook < 0) {
                return json_error("spec.hooks", name, ret_message, "there is no such hook");
        }
        if (n == 0 || n > JOB_HOOK_COMMANDS_MAX) {
                return json_error("spec.hooks", name, ret_message,
                                  "one command or a list of up to %d commands is expected",
                                  JOB_HOOK_COMMANDS_MAX);
        }
        commands = spec->hooks + hook;
        commands->commands = calloc(n, sizeof *commands->commands);
        if (!commands->commands) {
                return -ENOMEM;
        }
        for (size_t i = 0; i < n; i++) {
                int r = read_command(name, is_single ? value : json_value_at(value, i),
                                     commands->commands + i, ret_message);

                if (r < 0) {
                        return r;
                }
                commands->n_commands++;
        }
        return 0;
}

static bool is_variable_name(const char *name) {
        size_t length = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");

        return length > 0 && length < NAME_MAX_BYTES && !name[length] && !(*name >= '0' && *name <= '9');
}

/* P4… would turn the job's own commands to another server or user; LD_… is how one program becomes another. */
static bool is_reserved_name(const char *name) {
        static const char *const prefixes[] = { "P4", "WEIR_", "LD_", "CREDENTIALS_" };

        for (size_t i = 0; i < ELEMENTSOF(prefixes); i++) {
                if (string_has_prefix(name, prefixes[i])) {
                        return true;
                }
        }
        return false;
}

static int read_variable(const char *name, const JsonValue *value, void *userdata) {
        void *const *arguments = userdata;
        JobSpec *spec = arguments[0];
        char **ret_message = arguments[1];
        _cleanup_free_ char *line = NULL;
        const char *text = json_value_string(value);
        int r;

        if (!is_variable_name(name) || is_reserved_name(name)) {
                return json_error("spec.env", name, ret_message, "not a name that may be set");
        }
        if (!text || strlen(text) > ARGUMENT_MAX) {
                return json_error("spec.env", name, ret_message, "a text of at most %zu bytes is expected",
                                  ARGUMENT_MAX);
        }
        if (strv_length(spec->environment) >= JOB_ENVIRONMENT_MAX) {
                return json_error("spec", "env", ret_message, "more than %d variables", JOB_ENVIRONMENT_MAX);
        }
        r = string_format(&line, "%s=%s", name, text);
        return r < 0 ? r : strv_append(&spec->environment, line);
}

static int read_notify(Raw *raw, char **ret_message) {
        size_t n = json_value_length(raw->notify);

        if (raw->notify && (json_value_kind(raw->notify) != JSON_ARRAY || n > 16)) {
                return json_error("spec", "notify", ret_message, "a list of up to 16 texts is expected");
        }
        for (size_t i = 0; i < n; i++) {
                const char *word = json_value_string(json_value_at(raw->notify, i));
                int r = word && *word && strlen(word) <= PATH_MAX_BYTES ?
                                        strv_append(&raw->spec.notify, word) :
                                        -EINVAL;

                if (r < 0) {
                        return r == -ENOMEM ? r :
                                              json_error("spec", "notify", ret_message,
                                                         "entry %zu is no text or too long", i + 1);
                }
        }
        return 0;
}

static int read_members(Raw *raw, char **ret_message) {
        void *arguments[] = { &raw->spec, ret_message };
        const struct {
                const char *name;
                const JsonValue *value;
                int (*function)(const char *name, const JsonValue *value, void *userdata);
        } groups[] = { { "hooks", raw->hooks, read_hook }, { "env", raw->env, read_variable } };

        for (size_t i = 0; i < ELEMENTSOF(groups); i++) {
                int r;

                if (groups[i].value && json_value_kind(groups[i].value) != JSON_OBJECT) {
                        return json_error("spec", groups[i].name, ret_message,
                                          "an object, {…}, is expected");
                }
                r = json_value_each(groups[i].value, groups[i].function, arguments);
                if (r < 0) {
                        return r;
                }
        }
        return raw->limits ? json_fill("spec.limits", raw->limits, limit_keys, ELEMENTSOF(limit_keys),
                                       &raw->spec, ret_message) :
                             0;
}

/* --- rules --------------------------------------------------------------------------------------------------------- */

static int choose_kind(JobSpec *spec, char **ret_message) {
        unsigned n = (spec->stream != NULL) + (spec->branch_spec != NULL) + (spec->source || spec->target) +
                     (spec->path != NULL);

        if (n != 1) {
                return json_error(
                                "spec", NULL, ret_message,
                                n ? "only one of stream, branch_spec, source with target, or path can be given" :
                                    "one of stream, branch_spec, source with target, or path must be given");
        }
        if (!spec->source != !spec->target) {
                return json_error("spec", spec->source ? "target" : "source", ret_message,
                                  "is missing beside %s", spec->source ? "source" : "target");
        }
        if (spec->reverse && (spec->source || spec->path)) {
                return json_error("spec", "reverse", ret_message,
                                  "only a stream or a branch spec has another direction");
        }
        spec->kind = spec->stream      ? JOB_KIND_STREAM :
                     spec->branch_spec ? JOB_KIND_BRANCH :
                     spec->source      ? JOB_KIND_PATHS :
                                         JOB_KIND_PATH;
        return 0;
}

/* Revisions are the changelist's business; a path that brings its own would say two things at once. */
static int check_path(const char *field, const char *path, char **ret_message) {
        if (!path) {
                return 0;
        }
        if (!string_has_prefix(path, "//") || strlen(path) < 4 || path[2] == '/') {
                return json_error("spec", field, ret_message, "a depot path, //depot/…, is expected");
        }
        if (string_has_control(path)) {
                return json_error("spec", field, ret_message,
                                  "a path without control characters is expected");
        }
        if (strpbrk(path, "@#")) {
                return json_error("spec", field, ret_message,
                                  "a path without @ and # is expected; changelist says the revision");
        }
        return 0;
}

static int check_stream(const char *stream, char **ret_message) {
        const char *name = stream ? strchr(stream + (strlen(stream) > 2 ? 2 : 0), '/') : NULL;

        if (!stream) {
                return 0;
        }
        if (!name || !name[1] || strchr(name + 1, '/') || strpbrk(stream, "*") || strstr(stream, "...")) {
                return json_error("spec", "stream", ret_message, "a stream, //depot/name, is expected");
        }
        return 0;
}

/* Names of clients, branch specs and hosts travel as single words. */
static int check_word(const char *field, const char *word, char **ret_message) {
        if (!word) {
                return 0;
        }
        for (const char *c = word; *c; c++) {
                if ((unsigned char) *c <= ' ' || *c == 0x7f || strchr("@#*/%\\\"'", *c)) {
                        return json_error("spec", field, ret_message, "the character \"%c\" cannot be in it",
                                          *c);
                }
        }
        if (word[0] == '-' || strstr(word, "...") || strspn(word, "0123456789") == strlen(word)) {
                return json_error("spec", field, ret_message, "\"%s\" is not a name", word);
        }
        return 0;
}

static int check(JobSpec *spec, char **ret_message) {
        int r = choose_kind(spec, ret_message);

        r = r < 0 ? r : check_path("stream", spec->stream, ret_message);
        r = r < 0 ? r : check_stream(spec->stream, ret_message);
        r = r < 0 ? r : check_path("source", spec->source, ret_message);
        r = r < 0 ? r : check_path("target", spec->target, ret_message);
        r = r < 0 ? r : check_path("path", spec->path, ret_message);
        r = r < 0 ? r : check_word("branch_spec", spec->branch_spec, ret_message);
        r = r < 0 ? r : check_word("client", spec->client, ret_message);
        if (r >= 0 && spec->host && !*spec->host) {
                free(TAKE_PTR(spec->host));
        }
        r = r < 0 ? r : check_word("host", spec->host, ret_message);
        if (r >= 0 && server_name_problem(spec->server)) {
                r = json_error("spec", "server", ret_message, "%s", server_name_problem(spec->server));
        }
        return r;
}

int job_spec_parse(const char *json, JobSpec *ret, char **ret_message) {
        _cleanup_(json_value_freep) JsonValue *root = NULL;
        Raw raw = {};
        int r = json_read(json, strlen(json), &root, ret_message);

        if (r == -EFBIG) {
                return json_error("spec", NULL, ret_message, "larger than %zu bytes", JSON_TEXT_MAX);
        }
        r = r < 0 ? r : json_fill("spec", root, spec_keys, ELEMENTSOF(spec_keys), &raw, ret_message);
        r = r < 0 ? r : read_changelist(&raw, ret_message);
        r = r < 0 ? r : read_resolve(&raw, ret_message);
        r = r < 0 ? r : read_notify(&raw, ret_message);
        r = r < 0 ? r : read_members(&raw, ret_message);
        r = r < 0 ? r : check(&raw.spec, ret_message);
        free(raw.resolve);
        if (r < 0) {
                job_spec_done(&raw.spec);
                return r;
        }
        *ret = raw.spec;
        return 0;
}
