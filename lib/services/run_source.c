/* GET_LATEST_CL: the newest submitted changelist on the source's side. Fixed here once, so that a job that takes hours integrates what was
 * there when it began. */
#include "services/run_source.h"

#include <stdio.h>

#include "base/log.h"
#include "base/string_util.h"
#include "services/run_p4.h"
#include "services/run_target.h"

int run_source_remember(Run *run, char *const *paths) {
        int r = 0;
        for (; r >= 0 && paths && *paths; paths++) {
                r = strv_append(&run->sources, *paths);
        }
        return r;
}

/* With -m1 the server answers once for each path. */
static int on_change(const MarshalRecord *record, void *userdata) {
        uint64_t *newest = userdata, change = record_number(record, "change");
        *newest = change > *newest ? change : *newest;
        return 0;
}

int run_source_newest(Run *run, char *const *paths, uint64_t *ret) {
        static const char *const arguments[] = { "changes", "-m1", "-s", "submitted", NULL };
        _cleanup_(p4_result_done) P4Result result = {};
        uint64_t newest = 0;
        P4Command command = P4_COMMAND_INIT;
        command.arguments = arguments;
        command.batch = (const char *const *) paths;
        command.on_record = on_change;
        command.userdata = &newest;
        int r = run_p4_or_fail(run, &command, &result);
        if (r < 0) {
                return r;
        }
        *ret = newest;
        return 0;
}

static int find_sources(Run *run) {
        _cleanup_(run_target_done) RunTarget target = {};
        if (run->sources) {
                return 0;
        }
        int r = run_target_find(run, false, &target);
        return r < 0 ? r : run_source_remember(run, target.view.sources);
}

int stage_get_latest_cl(Run *run, JobStage *ret_next) {
        uint64_t newest = 0;
        run->state.source = 0;
        int r = find_sources(run);
        r = r < 0 ? r : run_source_newest(run, run->sources, &newest);
        if (r < 0) {
                return r;
        }
        if (newest == 0) {
                return run_fail(run, "empty source", "Nothing was ever submitted to %s%s", run->sources[0],
                                run->sources[1] ? " and the other paths of the source" : "");
        }
        run->state.source = newest;
        run_log(run, LOG_LEVEL_INFO, "The source's newest changelist is %llu", (unsigned long long) newest);
        JobReport report = { .source_changelist = (int64_t) newest };
        *ret_next = JOB_SYNC;
        return run_report(run, &report);
}
