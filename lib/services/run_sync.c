/* SYNC: the workspace becomes what the integration starts from. Twice different: the first time nothing may be open that the job did not
 * open; after a refused submit the files come back from the shelf and get what others submitted meanwhile. */
#include "services/run_sync.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/log.h"
#include "base/string_util.h"
#include "services/run_change.h"
#include "services/run_hook.h"
#include "services/run_p4.h"
#include "services/run_resync.h"

#define LISTED_MAX 20 /* of the files that are in the way */

/* --- what others have open -------------------------------------------------------------------------- */

typedef struct Strangers {
        const Run *run;
        Buffer list;
        size_t n;
} Strangers;

static int on_file(const char *depot_file, const char *action, uint64_t change, void *userdata) {
        Strangers *strangers = userdata;
        if (change == strangers->run->state.change && change > 0) {
                return 0;
        }
        return strangers->n++ >= LISTED_MAX ?
                               0 :
                               buffer_append_format(&strangers->list, "\n%s (%s)", depot_file, action);
}

/* Only with the spec's explicit wish is something reverted that the job did not open. */
static int clean_workspace(Run *run, const Strangers *strangers) {
        _cleanup_(p4_result_done) P4Result result = {};
        run_log(run, LOG_LEVEL_WARNING, "Reverting %zu files that were open in %s:%s", strangers->n,
                run->state.client, strangers->list.data ?: "");
        int r = run_p4_simple(run, &result, (const char *const[]) { "revert", "//...", NULL });
        return r < 0 || p4_class_is_success(result.p4_class) ? r : run_fail_p4(run, "revert", &result);
}

static int check_strangers(Run *run) {
        Strangers strangers = { .run = run };
        int r = run_change_opened(run, on_file, &strangers);
        if (r >= 0 && strangers.n > 0) {
                r = run->spec.clean_workspace ?
                                    clean_workspace(run, &strangers) :
                                    run_fail(run, "foreign opened files",
                                             "%zu files are open in %s that this job did not open:%s%s",
                                             strangers.n, run->state.client, strangers.list.data ?: "",
                                             strangers.n > LISTED_MAX ? "\n…" : "");
        }
        buffer_done(&strangers.list);
        return r;
}

/* --- the files -------------------------------------------------------------------------------------- */

/* `integrate` brings the head of each file it opens by itself. All files are needed only by hooks that look at them; a client that people
 * use is brought up to date, as they expect it. */
static int sync_files(Run *run) {
        _cleanup_(p4_result_done) P4Result result = {};
        if (run_hook_exists(run, JOB_HOOK_SYNC)) {
                return run_hook(run, JOB_HOOK_SYNC, NULL);
        }
        if (run->state.is_managed && !run_hook_needs_files(run)) {
                run_log(run, LOG_LEVEL_INFO, "Nothing to sync: integrating brings the files it needs");
                return 0;
        }
        int r = run_p4_simple(run, &result, (const char *const[]) { "sync", "-q", NULL });
        return r < 0 || p4_class_is_success(result.p4_class) ? r : run_fail_p4(run, "sync", &result);
}

/* A client that this attempt has just made for itself has nothing open. */
static bool may_have_strangers(const Run *run) {
        return !run->state.is_managed || run->attempt > 1;
}

int stage_sync(Run *run, JobStage *ret_next) {
        if (run->state.push_tries > 0) {
                *ret_next = JOB_RESOLVE_PASS_1;
                return run_resync(run);
        }
        int r = may_have_strangers(run) ? check_strangers(run) : 0;
        r = r < 0 ? r : run_change_ensure(run);
        r = r < 0 ? r : sync_files(run);
        *ret_next = run_hook_exists(run, JOB_HOOK_UPDATE_COMPONENT) ? JOB_UPDATE_COMPONENT : JOB_INTEGRATE;
        return r;
}
