#include "services/job_log.h"

#include <string.h>

#include "base/string_util.h"
#include "domain/job_id.h"

static const char *const users[] = { "weir", "weir-run", NULL };

int job_log_open(const char *id, JobLog *ret) {
        JobLog log = {};
        int r = string_copy(&log.id, id);

        r = r < 0 ? r : journal_reader_open(id, users, &log.reader);
        if (r < 0) {
                job_log_done(&log);
                return r;
        }
        *ret = log;
        return 0;
}

void job_log_done(JobLog *log) {
        log->reader = journal_reader_close(log->reader);
        free(log->id);
        log->id = NULL;
}

int job_log_find_stage(JobLog *log) {
        const char *names[_JOB_STAGE_MAX + 1] = {};

        for (JobStage stage = 0; stage < _JOB_STAGE_MAX; stage++) {
                names[stage] = job_stage_to_string(stage);
        }
        return journal_reader_find_stage(log->reader, names, &log->stage);
}

/* A hook may send lines in any job's name. From which unit they come it cannot choose. (Who has exited before the journal looks is of no unit
 * there. Such lines are taken: they may be the last words of one of weir's own.) */
static bool is_foreign(const JobLog *log, const JournalLine *line, uint32_t *ret_attempt) {
        char id[JOB_ID_MAX];

        return line->unit && job_unit_parse(line->unit, id, ret_attempt) >= 0 && !string_equal(id, log->id);
}

int job_log_next(JobLog *log, JobLogLine *ret) {
        JobLogLine next = {};
        JobStage stage;
        int r = journal_reader_next(log->reader, &next.line);

        if (r <= 0) {
                return r;
        }
        next.is_foreign = is_foreign(log, &next.line, &next.attempt);
        stage = next.line.stage && !next.is_foreign ? job_stage_from_string(next.line.stage) :
                                                      _JOB_STAGE_INVALID;
        log->stage = stage >= 0 ? job_stage_to_string(stage) : log->stage;
        next.stage = log->stage;
        *ret = next;
        return 1;
}
