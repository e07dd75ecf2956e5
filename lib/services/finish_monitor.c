#include "services/finish_monitor.h"

#include "base/log.h"
#include "base/string_util.h"
#include "services/run_p4.h"

typedef struct Running {
        const Run *run;
        char **ids;
} Running;

static int on_running(const MarshalRecord *record, void *userdata) {
        Running *running = userdata;
        const char *id = marshal_record_get(record, "id");
        bool is_ours = string_equal(marshal_record_get(record, "client"), running->run->state.client) &&
                       string_equal(marshal_record_get(record, "user"), running->run->server.user) &&
                       string_equal(marshal_record_get(record, "status"), "R") &&
                       !string_equal(marshal_record_get(record, "command"), "monitor");
        return id && is_ours ? strv_append(&running->ids, id) : 0;
}

int finish_monitor_terminate(Run *run) {
        static const char *const arguments[] = { "monitor", "show", "-e", NULL };
        _cleanup_(p4_result_done) P4Result result = {};
        Running running = { .run = run };
        P4Command command = P4_COMMAND_INIT;
        command.arguments = arguments;
        command.on_record = on_running;
        command.userdata = &running;
        int r = run_p4_once(run, &command, &result);
        for (char **id = running.ids; r >= 0 && id && *id; id++) {
                _cleanup_(p4_result_done) P4Result ended = {};
                run_log(run, LOG_LEVEL_INFO, "Ending command %s on the server", *id);
                r = run_p4_simple(run, &ended, (const char *const[]) { "monitor", "terminate", *id, NULL });
        }
        strv_free(running.ids);
        return r;
}
