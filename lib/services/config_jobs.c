#include "services/config_jobs.h"

#include <string.h>

#include "base/string_util.h"
#include "domain/job_command.h"

#define RUNNING_MAX 1000
#define TIMEOUT_MAX (30 * USEC_PER_DAY)
#define ARGUMENTS_MAX 256

typedef struct Section {
        JobsConfig config;
        const YamlNode *hooks, *limits;
} Section;

static const YamlKey section_keys[] = {
        { "max_running", YAML_UINT, false, offsetof(Section, config.max_running), 0, RUNNING_MAX },
        { "max_running_per_server", YAML_UINT, false, offsetof(Section, config.max_running_per_server), 0,
          RUNNING_MAX },
        { "keep", YAML_SPAN, false, offsetof(Section, config.keep_usec), 0, 0 },
        { "timeout", YAML_SPAN, false, offsetof(Section, config.timeout_usec), USEC_PER_SEC, TIMEOUT_MAX },
        { "stop_timeout", YAML_SPAN, false, offsetof(Section, config.stop_timeout_usec), USEC_PER_SEC,
          USEC_PER_HOUR },
        { "hooks_see_ticket", YAML_BOOL, false, offsetof(Section, config.hooks_see_ticket), 0, 0 },
        { "limits", YAML_MAPPING, false, offsetof(Section, limits), 0, 0 },
        { "hooks", YAML_MAPPING, false, offsetof(Section, hooks), 0, 0 },
};
static const YamlKey limit_keys[] = {
        { "MemoryMax", YAML_BYTES, false, offsetof(JobsConfig, memory_max), UINT64_C(1024) * 1024, 0 },
        { "CPUWeight", YAML_UINT, false, offsetof(JobsConfig, cpu_weight), 1, 10000 },
        { "IOWeight", YAML_UINT, false, offsetof(JobsConfig, io_weight), 1, 10000 },
        { "TasksMax", YAML_UINT, false, offsetof(JobsConfig, tasks_max), 8, 1000000 },
};

void jobs_config_done(JobsConfig *config) {
        for (JobHook hook = 0; hook < _JOB_HOOK_MAX; hook++) {
                job_commands_done(&config->hooks[hook]);
        }
}

/* One command: a list of words. */
static int read_command(const char *name, const YamlNode *words, JobCommands *commands, char **ret_message) {
        char ***command = &commands->commands[commands->n_commands];

        if (words->kind != YAML_KIND_SEQUENCE || words->n_items == 0 || words->n_items > ARGUMENTS_MAX) {
                return yaml_error(name, words->line, ret_message,
                                  "a command is a list of words, [make, check]");
        }
        commands->n_commands++;
        for (size_t i = 0; i < words->n_items; i++) {
                const YamlNode *word = words->items[i];
                int r;

                if (word->kind != YAML_KIND_SCALAR || (i == 0 && !*word->scalar)) {
                        return yaml_error(name, word->line, ret_message, "a command is a list of words");
                }
                if (job_placeholder_from_string(word->scalar) == -EINVAL) {
                        return yaml_error(
                                        name, word->line, ret_message,
                                        "%s is none of {changelist} {client} {workspace} {source_changelist} {job}",
                                        word->scalar);
                }
                r = strv_append(command, word->scalar);
                if (r < 0) {
                        return r;
                }
        }
        return 0;
}

/* One command [make], or several [[make], [make, check]]. */
static int read_hook(const char *name, const YamlNode *node, JobCommands *commands, char **ret_message) {
        bool is_single = node->kind == YAML_KIND_SEQUENCE && node->n_items > 0 &&
                         node->items[0]->kind == YAML_KIND_SCALAR;
        size_t n = is_single ? 1 : node->n_items;
        int r = 0;

        if (node->kind != YAML_KIND_SEQUENCE || n == 0 || n > JOB_HOOK_COMMANDS_MAX) {
                return yaml_error(name, node->line, ret_message,
                                  "one command, a list of words, or up to %d of them are expected",
                                  JOB_HOOK_COMMANDS_MAX);
        }
        commands->commands = calloc(n, sizeof(*commands->commands));
        if (!commands->commands) {
                return -ENOMEM;
        }
        for (size_t i = 0; r >= 0 && i < n; i++) {
                r = read_command(name, is_single ? node : node->items[i], commands, ret_message);
        }
        return r;
}

static int read_hooks(const char *name, const YamlNode *hooks, JobsConfig *config, char **ret_message) {
        int r = 0;

        for (size_t i = 0; hooks && r >= 0 && i < hooks->n_items; i++) {
                const YamlNode *node = hooks->items[i];
                JobHook hook = job_hook_from_string(node->key);

                r = hook < 0 ? yaml_error(name, node->key_line, ret_message, "there is no hook called %s",
                                          node->key) :
                               read_hook(name, node, &config->hooks[hook], ret_message);
        }
        return r;
}

int jobs_config_read(const char *name, const YamlNode *node, JobsConfig *config, char **ret_message) {
        Section section = { .config = *config };
        int r;

        if (!node || yaml_is_null(node)) {
                return 0;
        }
        r = yaml_fill(name, node, section_keys, ELEMENTSOF(section_keys), &section, ret_message);
        if (r >= 0 && section.limits) {
                r = yaml_fill(name, section.limits, limit_keys, ELEMENTSOF(limit_keys), &section.config,
                              ret_message);
        }
        *config = section.config; /* with all it owns, also when a hook is wrong */
        return r < 0 ? r : read_hooks(name, section.hooks, config, ret_message);
}

static void set_default(uint64_t *number, uint64_t otherwise) {
        *number = *number == 0 ? otherwise : *number;
}

int jobs_config_apply(const JobsConfig *config, JobSpec *spec) {
        int r = 0;

        set_default(&spec->memory_max, config->memory_max);
        set_default(&spec->cpu_weight, config->cpu_weight);
        set_default(&spec->io_weight, config->io_weight);
        set_default(&spec->tasks_max, config->tasks_max);
        set_default(&spec->timeout_sec, config->timeout_usec / USEC_PER_SEC);
        set_default(&spec->stop_timeout_sec, config->stop_timeout_usec / USEC_PER_SEC);
        for (JobHook hook = 0; r >= 0 && hook < _JOB_HOOK_MAX; hook++) {
                if (spec->hooks[hook].n_commands == 0 && config->hooks[hook].n_commands > 0) {
                        r = job_commands_copy(&spec->hooks[hook], &config->hooks[hook]);
                }
        }
        return r;
}
