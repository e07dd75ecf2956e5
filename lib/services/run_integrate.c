/* INTEGRATE: opens the target's files in the job's changelist. Many of p4's refusals come as mere information with exit status 0; in tagged
 * output every file that was opened is a record, so what is told at the top level beside the records was refused. */
#include "services/run_integrate.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/log.h"
#include "base/string_util.h"
#include "domain/integrate_args.h"
#include "services/run_change.h"
#include "services/run_hook.h"
#include "services/run_local.h"
#include "services/run_p4.h"
#include "services/run_source.h"
#include "services/run_target.h"

#define REFUSALS_MAX 20

/* What the server said of files that it did not open: how many, and of the first ones what. */
typedef struct Refusals {
        uint64_t n;
        Buffer text;
} Refusals;

typedef struct Integration {
        uint64_t n_opened;
        Refusals refused, postponed;
} Integration;

static void integration_done(Integration *integration) {
        buffer_done(&integration->refused.text);
        buffer_done(&integration->postponed.text);
}

static int on_opened(const MarshalRecord *record, void *userdata) {
        Integration *integration = userdata;
        const char *file = marshal_record_get(record, "depotFile"),
                   *from = marshal_record_get(record, "fromFile");
        const char *action = marshal_record_get(record, "action"),
                   *end = marshal_record_get(record, "endFromRev");
        if (file && action) {
                integration->n_opened++;
                printf("%s - %s from %s#%s\n", file, action, from ?: "?", end ?: "?");
        }
        return 0;
}

static void add_refusal(Refusals *refusals, const char *text) {
        if (refusals->n++ < REFUSALS_MAX) {
                (void) buffer_append_format(&refusals->text, "%s%s", refusals->text.length > 0 ? "\n" : "",
                                            text);
        }
}

/* A warning without a generic is about one file, too: most often that its move must come first ("resolve move to … before integrating"),
 * which is only over when the move is submitted. */
static void on_message(const P4Message *message, void *userdata) {
        Integration *integration = userdata;
        printf("%s\n", message->text);
        if (message->generic != P4_GENERIC_NONE) {
                return; /* that there is nothing, or a remark below a file's line */
        }
        if (message->severity == P4_SEVERITY_INFO) {
                add_refusal(&integration->refused, message->text);
        } else if (message->severity == P4_SEVERITY_WARNING) {
                add_refusal(strstr(message->text, " - can't ") ? &integration->refused :
                                                                 &integration->postponed,
                            message->text);
        }
}

static int integrate(Run *run, Integration *integration, P4Result *result) {
        _cleanup_(strv_freep) char **arguments = NULL;
        IntegrateOptions options = {
                .source_changelist = run->state.source,
                .pending_changelist = run->state.change,
        };
        P4Command command = P4_COMMAND_INIT;
        int r = integrate_args_make(&run->spec, &options, &arguments);
        if (r < 0) {
                return r;
        }
        command.arguments = (const char *const *) arguments;
        command.on_record = on_opened;
        command.on_message = on_message;
        command.userdata = integration;
        r = run_p4_or_fail(run, &command, result);
        (void) fflush(stdout);
        return r;
}

int run_integrate_again(Run *run) {
        _cleanup_(p4_result_done) P4Result result = {};
        _cleanup_(integration_done) Integration integration = {};
        return integrate(run, &integration, &result);
}

/* --- when there was nothing ------------------------------------------------------------------------- */

/* "Nothing to integrate" is also what p4 says of a source that was never there, and of a target outside the view. */
static int check_source(Run *run, const RunTarget *target) {
        _cleanup_(strv_freep) char **paths = NULL;
        uint64_t newest = 0;
        int r = 0;
        for (char **path = target->view.sources; r >= 0 && path && *path; path++) {
                _cleanup_free_ char *text = NULL;
                r = string_format(&text, "%s@%" PRIu64, *path, run->state.source);
                r = r < 0 ? r : strv_append(&paths, text);
        }
        r = r < 0 || !paths ? r : run_source_newest(run, paths, &newest);
        if (r >= 0 && paths && newest == 0) {
                r = run_fail(run, "empty source", "Nothing had been submitted to %s by changelist %" PRIu64,
                             target->view.sources[0], run->state.source);
        }
        return r;
}

static int on_mapped(const MarshalRecord *record, void *userdata) {
        bool *is_mapped = userdata;
        *is_mapped = *is_mapped || !marshal_record_get(record, "unmap");
        return 0;
}

static int check_view(Run *run, const RunTarget *target) {
        static const char *const arguments[] = { "where", NULL };
        _cleanup_(p4_result_done) P4Result result = {};
        bool is_mapped = false;
        P4Command command = P4_COMMAND_INIT;
        if (!target->view.targets || !run->spec.client) {
                return 0;
        }
        command.arguments = arguments;
        command.batch = (const char *const *) target->view.targets;
        command.on_record = on_mapped;
        command.userdata = &is_mapped;
        int r = run_p4_or_fail(run, &command, &result);
        if (r >= 0 && !is_mapped) {
                r = run_fail(run, "target not mapped", "The client %s does not show %s", run->state.client,
                             target->view.targets[0]);
        }
        return r;
}

static int check_nothing(Run *run) {
        _cleanup_(run_target_done) RunTarget target = {};
        uint64_t source = run->state.source;
        if (run->spec.changelist == 0 && !run->spec.client) {
                return 0; /* the source was found to have changes, and the view was made for the target */
        }
        run->state.source = 0; /* so that the sources are looked for */
        int r = run_target_find(run, false, &target);
        run->state.source = source;
        r = r < 0 || run->spec.changelist == 0 ? r : check_source(run, &target);
        return r < 0 ? r : check_view(run, &target);
}

static int count_ours(const char *depot_file, const char *action, uint64_t change, void *userdata) {
        uint64_t *n = userdata;
        (*n)++;
        return 0;
}

/* A hook may have opened files before: then these are the job's result. */
static int nothing_integrated(Run *run, JobStage *ret_next) {
        uint64_t n = 0;
        int r = run_hook_exists(run, JOB_HOOK_UPDATE_COMPONENT) ? run_change_opened(run, count_ours, &n) : 0;
        if (r >= 0 && n > 0) {
                *ret_next = JOB_PRE_SUBMIT;
                return 0;
        }
        r = r < 0 ? r : check_nothing(run);
        return r < 0 ? r : run_finish_done(run, ret_next, "Already integrated: there was nothing to do");
}

static int refuse(Run *run, const Refusals *refusals) {
        return run_fail(run, "integrate refused", "%" PRIu64 " files could not be opened:\n%s%s",
                        refusals->n, refusals->text.data ?: "", refusals->n > REFUSALS_MAX ? "\n…" : "");
}

/* The rest is not held up by it, but nobody shall take the job for complete. */
static int postpone(Run *run, const Refusals *refusals) {
        free(TAKE_PTR(run->state.postponed));
        if (refusals->n == 0) {
                return 0;
        }
        run_log(run, LOG_LEVEL_WARNING, "Not yet integrated, it takes another job (%" PRIu64 "):\n%s",
                refusals->n, refusals->text.data ?: "");
        return string_format(&run->state.postponed, "not in it yet (%" PRIu64 "), integrate again:\n%s%s",
                             refusals->n, refusals->text.data ?: "",
                             refusals->n > REFUSALS_MAX ? "\n…" : "");
}

int stage_integrate(Run *run, JobStage *ret_next) {
        _cleanup_(p4_result_done) P4Result result = {};
        _cleanup_(integration_done) Integration integration = {};
        int r = run_local_check(run);
        r = r < 0 ? r : integrate(run, &integration, &result);
        if (r < 0) {
                return r;
        }
        if (integration.refused.n > 0 || (integration.n_opened == 0 && integration.postponed.n > 0)) {
                return refuse(run,
                              integration.refused.n > 0 ? &integration.refused : &integration.postponed);
        }
        if (integration.n_opened == 0) {
                return nothing_integrated(run, ret_next);
        }
        r = postpone(run, &integration.postponed);
        if (r < 0) {
                return r;
        }
        run_log(run, LOG_LEVEL_INFO, "%" PRIu64 " file%s open for integration", integration.n_opened,
                integration.n_opened == 1 ? " is" : "s are");
        *ret_next = JOB_RESOLVE_PASS_1;
        return 0;
}
