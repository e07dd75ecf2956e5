#include "domain/unit_end.h"

#include "base/string_util.h"

/* The first row that fits. NULL fits all. */
static const struct {
        const char *result, *code, *status;
        UnitEnd end;
} rows[] = {
        { "oom-kill", NULL, NULL, { JOB_OUTCOME_FAILED, "oom" } },
        { "success", "killed", "TERM", { JOB_OUTCOME_CANCELLED, "cancelled by systemctl" } },
        { "success", NULL, NULL, { JOB_OUTCOME_INTERRUPTED, NULL } },
        { "timeout", NULL, NULL, { JOB_OUTCOME_CANCELLED, "cancelled by systemctl" } },
        { "signal", "killed", "KILL", { JOB_OUTCOME_INTERRUPTED, NULL } },
        { "signal", NULL, NULL, { JOB_OUTCOME_FAILED, "signal" } },
        { "core-dump", NULL, NULL, { JOB_OUTCOME_FAILED, "signal" } },
        { "watchdog", NULL, NULL, { JOB_OUTCOME_FAILED, "watchdog" } },
        { "resources", NULL, NULL, { JOB_OUTCOME_FAILED, "resources" } },
        { "exit-code", "exited", "75", { JOB_OUTCOME_INTERRUPTED, NULL } },
        { "exit-code", NULL, NULL, { JOB_OUTCOME_FAILED, "exit" } },
        { NULL, NULL, NULL, { JOB_OUTCOME_FAILED, "failed" } },
};

static bool fits(const char *row, const char *text) {
        return !row || string_equal(row, text);
}

UnitEnd unit_end_judge(const char *service_result, const char *exit_code, const char *exit_status) {
        size_t i = 0;
        while (!fits(rows[i].result, service_result) || !fits(rows[i].code, exit_code) ||
               !fits(rows[i].status, exit_status)) {
                i++;
        }
        return rows[i].end;
}
