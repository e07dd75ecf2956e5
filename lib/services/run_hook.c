#include "services/run_hook.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "domain/job_command.h"
#include "resources/journal.h"
#include "resources/process.h"
#include "services/run_change.h"

#define OUTPUT_USEC (30 * USEC_PER_SEC)
#define OUTPUT_LOOK_USEC (5 * USEC_PER_MSEC)

bool run_hook_exists(const Run *run, JobHook hook) {
        return run->spec.hooks[hook].n_commands > 0;
}

bool run_hook_needs_files(const Run *run) {
        return run_hook_exists(run, JOB_HOOK_UPDATE_COMPONENT) ||
               run_hook_exists(run, JOB_HOOK_PRE_SUBMIT) || run_hook_exists(run, JOB_HOOK_BUILD);
}

/* --- what a hook is told ---------------------------------------------------------------------------- */

static int add_variable(char ***environment, const char *name, const char *value) {
        _cleanup_free_ char *text = NULL;
        int r = value ? string_format(&text, "%s=%s", name, value) : 0;
        return r < 0 || !value ? r : strv_append(environment, text);
}

/* A variable of the spec takes the place of ours; those that matter cannot be in a spec. */
static bool is_in_spec(const Run *run, const char *name) {
        size_t length = strlen(name);
        for (char **own = run->spec.environment; own && *own; own++) {
                if (strncmp(*own, name, length) == 0 && (*own)[length] == '=') {
                        return true;
                }
        }
        return false;
}

static int make_environment(const Run *run, JobHook hook, char ***environment) {
        char change[RUN_NUMBER_MAX], source[RUN_NUMBER_MAX];
        const struct {
                const char *name, *value;
        } variables[] = {
                { "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" },
                { "LC_ALL", "C.UTF-8" },
                { "HOME", run->state.root },
                { "WEIR_JOB", run->id },
                { "WEIR_STAGE", job_stage_to_string(run->stage) },
                { "WEIR_HOOK", job_hook_to_string(hook) },
                { "WEIR_SERVER", run->spec.server },
                { "WEIR_CLIENT", run->state.client },
                { "WEIR_WORKSPACE", run->state.root },
                { "WEIR_CHANGELIST", run_number(change, run->state.change) },
                { "WEIR_SOURCE_CHANGELIST", run_number(source, run->state.source) },
                { "P4PORT", run->server.port },
                { "P4USER", run->server.user },
                { "P4CLIENT", run->state.client },
                { "P4CHARSET", run->server.charset },
                { "P4CONFIG", "/dev/null" },
                { "P4EDITOR", "/bin/false" },
                { "P4TRUST", run->server.trust },
                { "P4TICKETS", run->work.server.hooks_see_ticket ? run->server.tickets : NULL },
        };
        int r = 0;
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(variables); i++) {
                r = is_in_spec(run, variables[i].name) ?
                                    0 :
                                    add_variable(environment, variables[i].name, variables[i].value);
        }
        for (char **own = run->spec.environment; r >= 0 && own && *own; own++) {
                r = strv_append(environment, *own);
        }
        return r;
}

static int fill_command(const Run *run, char *const *command, char ***ret) {
        char change[RUN_NUMBER_MAX], source[RUN_NUMBER_MAX];
        const char *const values[JOB_PLACEHOLDERS] = {
                [JOB_PLACEHOLDER_CHANGELIST] = run_number(change, run->state.change),
                [JOB_PLACEHOLDER_CLIENT] = run->state.client,
                [JOB_PLACEHOLDER_WORKSPACE] = run->state.root,
                [JOB_PLACEHOLDER_SOURCE_CHANGELIST] = run_number(source, run->state.source),
                [JOB_PLACEHOLDER_JOB] = run->id,
        };
        return job_command_fill(command, values, ret);
}

/* --- running one ------------------------------------------------------------------------------------ */

/* Before anything more is said of the job: the log shall tell of things in the order in which they happened, and it is complete when the
 * job has ended. A journal that does not get on with it is not waited for. */
static void wait_for_output(const Run *run) {
        uint64_t until = now_monotonic() + OUTPUT_USEC;

        while (journal_has_output_on_its_way() && now_monotonic() < until &&
               run_sleep(run, OUTPUT_LOOK_USEC) >= 0) {}
}

static int tell_end(Run *run, JobHook hook, const char *program, const ProcessResult *result) {
        char exit_text[16], span[TIME_TEXT_MAX];
        bool failed = result->signal != 0 || result->exit_status != 0;
        const JournalField fields[] = {
                { "MESSAGE_ID", WEIR_MESSAGE_JOB_HOOK },
                { "WEIR_COMMAND", program },
                { "WEIR_EXIT", exit_text },
        };
        (void) snprintf(exit_text, sizeof(exit_text), "%d",
                        result->signal ? 128 + result->signal : result->exit_status);
        journal_send(failed ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO, fields, ELEMENTSOF(fields),
                     "hook %s: %s ended with %s %d after %s", job_hook_to_string(hook), program,
                     result->signal ? "signal" : "status",
                     result->signal ? result->signal : result->exit_status,
                     time_format_span(span, result->duration_usec));
        if (!failed) {
                return 0;
        }
        _cleanup_free_ char *reason = NULL;
        int r = string_format(&reason, "hook %s failed (%s %d)", job_hook_to_string(hook),
                              result->signal ? "signal" : "exit",
                              result->signal ? result->signal : result->exit_status);
        return r < 0 ? r : run_fail(run, reason, "%s: %s", reason, program);
}

/* A hook that may not use the ticket does not find it either: it is the same user, so its file and the runner's memory would be open to it.
 * Where nobody may make name spaces it is run all the same, and that is said. */
static int run_process(Run *run, ProcessSpec *spec, ProcessResult *ret) {
        const char *const hidden[] = { run->secrets, getenv("CREDENTIALS_DIRECTORY"), NULL };
        int r;

        spec->hidden = run->work.server.hooks_see_ticket ? NULL : hidden;
        r = process_run(spec, ret);
        if (r == -ENOSYS && spec->hidden) {
                run_log(run, LOG_LEVEL_WARNING,
                        "No name space can be made here: the hook could read the job's ticket, %s",
                        run->tickets);
                spec->hidden = NULL;
                r = process_run(spec, ret);
        }
        return r;
}

static int run_command(Run *run, JobHook hook, char *const *command, char *const *environment,
                       const RunHookIo *io) {
        _cleanup_(strv_freep) char **argv = NULL;
        ProcessSpec spec = PROCESS_SPEC_INIT;
        ProcessResult result = {};
        int r = fill_command(run, command, &argv);
        if (r < 0) {
                return r;
        }
        spec.argv = (const char *const *) argv;
        spec.environment = (const char *const *) environment;
        spec.directory = run->state.root;
        spec.input = io ? io->input : NULL;
        spec.input_length = io ? io->input_length : 0;
        spec.on_stdout = io ? io->on_stdout : NULL;
        spec.userdata = io ? io->userdata : NULL;
        spec.inherit_stdout = !spec.on_stdout;
        spec.inherit_stderr = true;
        spec.cancel_fd = run->cancel_fd;
        (void) fflush(stdout);
        r = run_process(run, &spec, &result);
        journal_end_line();
        wait_for_output(run);
        if (r >= 0 && (result.cancelled || (result.signal && run_sleep(run, 200 * USEC_PER_MSEC) < 0))) {
                return -ECANCELED;
        }
        if (r == -ENOENT || r == -EACCES || r == -ENOEXEC || r == -ENOTDIR) {
                _cleanup_free_ char *reason = NULL;
                int e = string_format(&reason, "hook %s failed (cannot start)", job_hook_to_string(hook));
                return e < 0 ? e : run_fail(run, reason, "%s: %s: %s", reason, argv[0], strerror(-r));
        }
        return r < 0 ? r : tell_end(run, hook, argv[0], &result);
}

int run_hook(Run *run, JobHook hook, const RunHookIo *io) {
        _cleanup_(strv_freep) char **environment = NULL;
        const JobCommands *commands = run->spec.hooks + hook;
        int r = make_environment(run, hook, &environment);
        for (size_t i = 0; r >= 0 && i < commands->n_commands; i++) {
                r = run_command(run, hook, commands->commands[i], environment, io);
        }
        return r;
}

/* --- the stages that are nothing but a hook --------------------------------------------------------- */

int stage_update_component(Run *run, JobStage *ret_next) {
        int r = run_change_note_others(run);
        r = r < 0 ? r : run_hook(run, JOB_HOOK_UPDATE_COMPONENT, NULL);
        *ret_next = JOB_INTEGRATE;
        return r < 0 ? r : run_change_collect(run);
}

int stage_pre_submit(Run *run, JobStage *ret_next) {
        int r = run_change_note_others(run);
        r = r < 0 ? r : run_hook(run, JOB_HOOK_PRE_SUBMIT, NULL);
        *ret_next = run_hook_exists(run, JOB_HOOK_BUILD) ? JOB_BUILD : JOB_SHELVE;
        return r < 0 ? r : run_change_collect(run);
}

int stage_build(Run *run, JobStage *ret_next) {
        *ret_next = JOB_SHELVE;
        return run_hook(run, JOB_HOOK_BUILD, NULL);
}
