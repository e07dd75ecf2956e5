#include "services/run_local.h"

#include "base/buffer.h"
#include "base/log.h"
#include "base/string_util.h"
#include "domain/integrate_args.h"
#include "services/run_p4.h"

#define LISTED_MAX 20

static int on_target(const MarshalRecord *record, void *userdata) {
        const char *file = marshal_record_get(record, "depotFile");
        return file ? strv_append(userdata, file) : 0;
}

/* What would be opened; why something would not be, the integration itself says. */
static int find_targets(Run *run, char ***ret) {
        _cleanup_(p4_result_done) P4Result result = {};
        _cleanup_(strv_freep) char **arguments = NULL;
        IntegrateOptions options = { .source_changelist = run->state.source, .preview = true };
        P4Command command = P4_COMMAND_INIT;
        int r = integrate_args_make(&run->spec, &options, &arguments);
        command.arguments = (const char *const *) arguments;
        command.on_record = on_target;
        command.userdata = ret;
        return r < 0 ? r : run_p4_or_fail(run, &command, &result);
}

static int find_changed(Run *run, char *const *targets, char ***ret) {
        static const char *const arguments[] = { "diff", "-se", NULL };
        _cleanup_(p4_result_done) P4Result result = {};
        P4Command command = P4_COMMAND_INIT;
        command.arguments = arguments;
        command.batch = (const char *const *) targets;
        command.on_record = on_target;
        command.userdata = ret;
        return run_p4_or_fail(run, &command, &result);
}

static int take_back(Run *run, char *const *files) {
        static const char *const arguments[] = { "sync", "-q", "-f", NULL };
        _cleanup_(p4_result_done) P4Result result = {};
        P4Command command = P4_COMMAND_INIT;
        for (size_t i = 0; files[i]; i++) {
                run_log(run, LOG_LEVEL_WARNING, "Taking back what was changed in %s without opening it",
                        files[i]);
        }
        command.arguments = arguments;
        command.batch = (const char *const *) files;
        return run_p4_or_fail(run, &command, &result);
}

static int refuse(Run *run, char *const *files) {
        _cleanup_(buffer_done) Buffer list = {};
        size_t n = strv_length(files);
        int r = 0;
        for (size_t i = 0; r >= 0 && i < n && i < LISTED_MAX; i++) {
                r = buffer_append_format(&list, "\n%s", files[i]);
        }
        return r < 0 ? r :
                       run_fail(run, "local changes",
                                "%zu file%s changed in %s without being opened; open and submit what is wanted, and take "
                                "back the rest with p4 clean:%s%s",
                                n, n == 1 ? " was" : "s were", run->state.client, list.data ?: "",
                                n > LISTED_MAX ? "\n…" : "");
}

int run_local_check(Run *run) {
        _cleanup_(strv_freep) char **targets = NULL, **changed = NULL;
        if (run->state.is_managed) {
                return 0;
        }
        int r = find_targets(run, &targets);
        r = r < 0 || !targets ? r : find_changed(run, targets, &changed);
        if (r < 0 || !changed) {
                return r;
        }
        return run->spec.clean_workspace ? take_back(run, changed) : refuse(run, changed);
}
