/* One function per kind of option; what is wrong is told where it is found. */
#include "services/ctl_spec.h"

#include <stddef.h>
#include <string.h>

#include "base/parse_util.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "domain/job_command.h"
#include "domain/job_spec_text.h"

typedef struct Draft {
        const Ctl *ctl;
        JobSpec spec;
        int status; /* the exit status, once something was wrong and told */
} Draft;

static int refuse(Draft *draft, const char *next, const char *format, const char *text) {
        _cleanup_free_ char *message = NULL;

        (void) string_format(&message, "%s%s", format, text);
        draft->status = ctl_fail(draft->ctl, CTL_EXIT_USAGE, next, "%s.", message ? message : format);
        return -EINVAL;
}

/* A job is JSON, and what is no UTF-8 would be something else there. */
static int check_utf8(const char *text, void *userdata) {
        Draft *draft = userdata;

        return string_is_utf8(text, strlen(text)) ?
                               0 :
                               refuse(draft, "Is it that of another locale? `iconv` converts it.",
                                      "That is no UTF-8: ", text);
}

static int check_all_utf8(Draft *draft) {
        const CtlOption *options = draft->ctl->verb->options;
        int r = 0;

        for (size_t i = 0; r >= 0 && options[i].name; i++) {
                r = draft->ctl->values[i] ? check_utf8(draft->ctl->values[i], draft) : 0;
                r = r < 0 ? r : ctl_option_each(draft->ctl, options[i].name, check_utf8, draft);
        }
        return r;
}

static int read_texts(Draft *draft) {
        static const struct {
                const char *option;
                size_t offset;
        } table[] = {
                { "server", offsetof(JobSpec, server) },
                { "stream", offsetof(JobSpec, stream) },
                { "branch", offsetof(JobSpec, branch_spec) },
                { "from", offsetof(JobSpec, source) },
                { "to", offsetof(JobSpec, target) },
                { "path", offsetof(JobSpec, path) },
                { "client", offsetof(JobSpec, client) },
                { "host", offsetof(JobSpec, host) },
                { "description", offsetof(JobSpec, description) },
        };
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(table) && r >= 0; i++) {
                const char *value = ctl_option(draft->ctl, table[i].option);

                r = value ? string_replace((char **) ((char *) &draft->spec + table[i].offset), value) : 0;
        }
        draft->spec.reverse = ctl_flag(draft->ctl, "reverse");
        draft->spec.trial = ctl_flag(draft->ctl, "trial");
        draft->spec.clean_workspace = ctl_flag(draft->ctl, "clean-workspace");
        return r;
}

static int read_changelist(Draft *draft) {
        const char *text = ctl_option(draft->ctl, "changelist");

        if (!text || string_equal(text, "latest")) {
                return 0;
        }
        return parse_uint64(text, &draft->spec.changelist) < 0 || draft->spec.changelist == 0 ||
                                               draft->spec.changelist > INT64_MAX ?
                               refuse(draft, "Give a number, or latest.", "There is no changelist ", text) :
                               0;
}

static int read_policy(Draft *draft) {
        const char *text = ctl_option(draft->ctl, "resolve");

        for (JobResolve resolve = 0; text && resolve < _JOB_RESOLVE_MAX; resolve++) {
                if (string_equal(text, job_resolve_to_string(resolve))) {
                        draft->spec.resolve = resolve;
                        return 0;
                }
        }
        return text ? refuse(draft, "One of merge, safe, theirs, yours, none.",
                             "There is no way to resolve ", text) :
                      0;
}

/* "NAME=VALUE": the name is copied, the value is what follows. */
static int split(Draft *draft, const char *option, const char *text, char **ret_name,
                 const char **ret_value) {
        const char *equals = strchr(text, '=');
        _cleanup_free_ char *what = NULL;

        if (!equals || equals == text) {
                (void) string_format(&what, "--%s takes NAME=VALUE, not ", option);
                return refuse(draft, NULL, what ? what : "NAME=VALUE is expected, not ", text);
        }
        *ret_name = strndup(text, (size_t) (equals - text));
        *ret_value = equals + 1;
        return *ret_name ? 0 : -ENOMEM;
}

/* Each time one command more for that hook. */
static int add_hook(const char *text, void *userdata) {
        Draft *draft = userdata;
        _cleanup_free_ char *name = NULL;
        _cleanup_(strv_freep) char **words = NULL;
        const char *command;
        JobCommands *commands;
        char ***longer;
        int r = split(draft, "hook", text, &name, &command);
        JobHook hook = r < 0 ? _JOB_HOOK_INVALID : job_hook_from_string(name);

        if (r < 0 || hook < 0) {
                return r < 0 ? r :
                               refuse(draft,
                                      "One of update_component, pre_submit, build, name_check, sync, push.",
                                      "There is no hook ", name);
        }
        r = job_command_split(command, &words);
        if (r < 0) {
                return r == -EINVAL ? refuse(draft, NULL, "That is no command line: ",
                                             *command ? command : "it is empty") :
                                      r;
        }
        commands = draft->spec.hooks + hook;
        longer = reallocarray(commands->commands, commands->n_commands + 1, sizeof(*longer));
        if (!longer) {
                return -ENOMEM;
        }
        commands->commands = longer;
        longer[commands->n_commands++] = TAKE_PTR(words);
        return 0;
}

static int add_variable(const char *text, void *userdata) {
        Draft *draft = userdata;
        _cleanup_free_ char *name = NULL;
        const char *value;
        int r = split(draft, "env", text, &name, &value);

        return r < 0 ? r : strv_append(&draft->spec.environment, text);
}

static int parse_seconds(const char *text, uint64_t *ret) {
        uint64_t usec;
        int r = parse_span(text, &usec);

        if (r >= 0) {
                *ret = usec == USEC_INFINITY ? UINT64_MAX : (usec + USEC_PER_SEC - 1) / USEC_PER_SEC;
        }
        return r;
}

static int add_limit(const char *text, void *userdata) {
        static const struct {
                const char *name;
                int (*parse)(const char *text, uint64_t *ret);
                size_t offset;
        } table[] = {
                { "MemoryMax", parse_bytes, offsetof(JobSpec, memory_max) },
                { "CPUWeight", parse_uint64, offsetof(JobSpec, cpu_weight) },
                { "IOWeight", parse_uint64, offsetof(JobSpec, io_weight) },
                { "TasksMax", parse_uint64, offsetof(JobSpec, tasks_max) },
                { "timeout", parse_seconds, offsetof(JobSpec, timeout_sec) },
                { "stop_timeout", parse_seconds, offsetof(JobSpec, stop_timeout_sec) },
        };
        Draft *draft = userdata;
        _cleanup_free_ char *name = NULL;
        const char *value;
        int r = split(draft, "limit", text, &name, &value);

        for (size_t i = 0; i < ELEMENTSOF(table) && r >= 0; i++) {
                uint64_t *field = (uint64_t *) ((char *) &draft->spec + table[i].offset);

                if (string_equal(table[i].name, name)) {
                        return table[i].parse(value, field) < 0 || *field == 0 || *field > INT64_MAX ?
                                               refuse(draft, "weirctl(1) tells what they take.",
                                                      "That is no value of a limit: ", text) :
                                               0;
                }
        }
        return r < 0 ? r :
                       refuse(draft,
                              "One of MemoryMax, CPUWeight, IOWeight, TasksMax, timeout, stop_timeout.",
                              "There is no limit ", name);
}

static int check_kind(Draft *draft) {
        const JobSpec *spec = &draft->spec;
        unsigned n = (spec->stream != NULL) + (spec->branch_spec != NULL) + (spec->source || spec->target) +
                     (spec->path != NULL);

        if (!spec->server) {
                return refuse(draft, "`weirctl servers` lists them.", "Say on which server: --server=NAME",
                              "");
        }
        if (n != 1 || !spec->source != !spec->target) {
                return refuse(draft, "`weirctl integrate --help` tells more.",
                              "Say what to integrate: one of --stream, --branch, --from with --to, or --path",
                              "");
        }
        return 0;
}

/* The rules are weir-jobd's own; they are asked here first, so that nobody types a password in vain. */
static int check_spec(Draft *draft, char **ret_json) {
        _cleanup_free_ char *json = NULL, *message = NULL;
        JobSpec checked = {};
        int r = job_spec_format(&draft->spec, &json);

        r = r < 0 ? r : job_spec_parse(json, &checked, &message);
        if (r == -EBADMSG) {
                return refuse(draft, NULL,
                              "That cannot be a job: ", message ? message : "bad specification");
        }
        if (r < 0) {
                return r;
        }
        job_spec_done(&draft->spec);
        draft->spec = checked;
        *ret_json = TAKE_PTR(json);
        return 0;
}

static int read_draft(Draft *draft, char **ret_json) {
        int r = check_all_utf8(draft);

        r = r < 0 ? r : read_texts(draft);
        r = r < 0 ? r : check_kind(draft);
        r = r < 0 ? r : read_changelist(draft);
        r = r < 0 ? r : read_policy(draft);
        r = r < 0 ? r : ctl_option_each(draft->ctl, "hook", add_hook, draft);
        r = r < 0 ? r : ctl_option_each(draft->ctl, "env", add_variable, draft);
        r = r < 0 ? r : ctl_option_each(draft->ctl, "limit", add_limit, draft);
        r = r < 0 ? r : check_spec(draft, ret_json);
        if (r < 0 && draft->status == 0) {
                draft->status = ctl_fail(draft->ctl, 1, NULL, "Failed to read the options: %s.",
                                         strerror(-r));
        }
        return r;
}

int ctl_spec_read(const Ctl *ctl, JobSpec *ret, char **ret_json, int *ret_status) {
        Draft draft = { .ctl = ctl };
        int r = read_draft(&draft, ret_json);

        if (r < 0) {
                *ret_status = draft.status;
                job_spec_done(&draft.spec);
                return r;
        }
        *ret = draft.spec;
        return 0;
}
