#include "services/job_list_store.h"

#include <string.h>

#include "base/buffer.h"
#include "base/string_util.h"
#include "services/job_parts_store.h"

/* The columns of a record, in the order of read_record(). */
#define BRIEF_COLUMNS                                                                                       \
        "seq, id, kind, status, stage, owner, server, client, host, error, reason, retry_of, cancelled_by," \
        " status_text, trial, created_at, updated_at, started_at, finished_at, attempt, changelist,"        \
        " source_changelist, shelf, conflicts"

#define RECORD_COLUMNS BRIEF_COLUMNS ", spec"

static int set_unit(JobRecord *record) {
        char unit[JOB_UNIT_MAX];

        return record->attempt == 0 ? 0 :
                                      string_copy(&record->unit,
                                                  job_unit_format(unit, record->id, record->attempt));
}

static int read_record(DbStatement *s, JobRecord *ret) {
        _cleanup_(job_record_done) JobRecord record = {
                .trial = db_column_int(s, 14),
                .created_at = (uint64_t) db_column_int(s, 15),
                .updated_at = (uint64_t) db_column_int(s, 16),
                .started_at = (uint64_t) db_column_int(s, 17),
                .finished_at = (uint64_t) db_column_int(s, 18),
                .attempt = (uint32_t) db_column_int(s, 19),
                .changelist = db_column_int(s, 20),
                .source_changelist = db_column_int(s, 21),
                .shelf = db_column_int(s, 22),
                .n_conflicts = (uint32_t) db_column_int(s, 23),
        };
        const struct {
                char **field;
                int column;
        } texts[] = {
                { &record.id, 1 },           { &record.kind, 2 },      { &record.status, 3 },
                { &record.stage, 4 },        { &record.owner, 5 },     { &record.server, 6 },
                { &record.client, 7 },       { &record.host, 8 },      { &record.error, 9 },
                { &record.reason, 10 },      { &record.retry_of, 11 }, { &record.cancelled_by, 12 },
                { &record.status_text, 13 }, { &record.spec, 24 },
        };
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(texts); i++) {
                r = string_copy(texts[i].field, db_column_text(s, texts[i].column));
        }
        r = r < 0 ? r : set_unit(&record);
        if (r < 0) {
                return r;
        }
        *ret = record;
        record = (JobRecord) {};
        return 0;
}

int job_list_store_get_brief(JobStore *store, const char *id, JobRecord *ret, int64_t *ret_seq) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(job_store_db(store), "SELECT " RECORD_COLUMNS " FROM jobs WHERE id = ?1", &s);

        r = r < 0 ? r : db_bind_text(s, 1, id);
        r = r < 0 ? r : db_step(s);
        if (r <= 0) {
                return r < 0 ? r : -ENOENT;
        }
        if (ret_seq) {
                *ret_seq = db_column_int(s, 0);
        }
        return read_record(s, ret);
}

/* What an ended job could not remove is left behind; before the end it is still at work. */
static int read_left_behind(JobStore *store, int64_t seq, JobRecord *record) {
        return record->finished_at == 0 ? 0 : ledger_store_read(store, seq, &record->left_behind);
}

int job_list_store_get(JobStore *store, const char *id, JobRecord *ret, int64_t *ret_seq) {
        _cleanup_(job_record_done) JobRecord record = {};
        int64_t seq = 0;
        int r = job_list_store_get_brief(store, id, &record, &seq);

        r = r < 0 ? r : conflict_store_read(store, seq, &record.conflicts);
        r = r < 0 ? r : history_store_read(store, seq, &record.history);
        r = r < 0 ? r : read_left_behind(store, seq, &record);
        if (r < 0) {
                return r;
        }
        if (ret_seq) {
                *ret_seq = seq;
        }
        *ret = record;
        record = (JobRecord) {};
        return 0;
}

/* --- listing --------------------------------------------------------------------------------------------------------- */

/* The filter that is likely to leave the fewest chooses the index, so that few jobs among very many are found at once. */
#define LIST_SQL(by)                                                                                         \
        "SELECT " RECORD_COLUMNS " FROM jobs WHERE seq < ?1 " by                                             \
        " AND (?2 IS NULL OR status = ?2) AND (?3 IS NULL OR owner = ?3)"                                    \
        " AND (?4 IS NULL OR server = ?4)"                                                                   \
        " AND (?6 IS NULL OR id LIKE ?6 ESCAPE '!' OR client LIKE ?6 ESCAPE '!' OR owner LIKE ?6 ESCAPE '!'" \
        " OR error LIKE ?6 ESCAPE '!' OR spec LIKE ?6 ESCAPE '!')"                                           \
        " ORDER BY seq DESC LIMIT ?5"

static const char *list_sql(const JobFilter *filter) {
        bool has_status = !string_is_empty(filter->status);

        if (has_status && !string_equal(filter->status, "done")) {
                return LIST_SQL("AND status = ?2");
        }
        return !string_is_empty(filter->owner)  ? LIST_SQL("AND owner = ?3") :
               !string_is_empty(filter->server) ? LIST_SQL("AND server = ?4") :
               has_status                       ? LIST_SQL("AND status = 'done'") :
                                                  LIST_SQL("");
}

static int find_seq(JobStore *store, const char *id, int64_t *ret) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(job_store_db(store), "SELECT seq FROM jobs WHERE id = ?1", &s);

        r = r < 0 ? r : db_bind_text(s, 1, id);
        r = r < 0 ? r : db_step(s);
        if (r <= 0) {
                return r < 0 ? r : -ENOENT;
        }
        *ret = db_column_int(s, 0);
        return 0;
}

/* As a pattern of LIKE: whatever stands around it. */
static int bind_text_inside(DbStatement *s, int index, const char *text) {
        _cleanup_(buffer_done) Buffer pattern = {};
        int r = buffer_append_string(&pattern, "%");

        for (const char *c = text; *c && r >= 0; c++) {
                r = strchr("%_!", *c) ? buffer_append_string(&pattern, "!") : 0;
                r = r < 0 ? r : buffer_append(&pattern, c, 1);
        }
        r = r < 0 ? r : buffer_append_string(&pattern, "%");
        return r < 0 ? r : db_bind_text(s, index, pattern.data);
}

static int bind_filter(DbStatement *s, const JobFilter *filter, int64_t before) {
        const char *const texts[] = { filter->status, filter->owner, filter->server };
        uint32_t limit = filter->limit == 0 ? JOB_LIST_DEFAULT : filter->limit;
        int r = db_bind_int(s, 1, before);

        for (int i = 0; r >= 0 && i < (int) ELEMENTSOF(texts); i++) {
                r = string_is_empty(texts[i]) ? 0 : db_bind_text(s, 2 + i, texts[i]);
        }
        r = r < 0 ? r : db_bind_int(s, 5, limit < JOB_LIST_MAX ? limit : JOB_LIST_MAX);
        return r < 0 || string_is_empty(filter->text) ? r : bind_text_inside(s, 6, filter->text);
}

int job_list_store_list(JobStore *store, const JobFilter *filter, JobRecords *ret) {
        _cleanup_(job_records_done) JobRecords records = {};
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int64_t before = INT64_MAX;
        size_t bytes = 0;
        int r = string_is_empty(filter->before) ? 0 : find_seq(store, filter->before, &before);

        r = r < 0 ? r : db_prepare(job_store_db(store), list_sql(filter), &s);
        r = r < 0 ? r : bind_filter(s, filter, before);
        while (r >= 0 && bytes < JOB_LIST_BYTES_MAX && (r = db_step(s)) > 0) {
                _cleanup_(job_record_done) JobRecord record = {};

                r = read_record(s, &record);
                bytes += r < 0 ? 0 : strlen(record.spec) + strlen(record.error);
                r = r < 0 ? r : job_records_take(&records, &record);
        }
        if (r < 0) {
                return r;
        }
        *ret = records;
        records = (JobRecords) {};
        return 0;
}

int job_list_store_list_queued(JobStore *store, JobRecords *ret) {
        _cleanup_(job_records_done) JobRecords records = {};
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(job_store_db(store),
                           "SELECT " BRIEF_COLUMNS ", NULL FROM jobs WHERE status = 'queued' ORDER BY seq",
                           &s);

        while (r >= 0 && (r = db_step(s)) > 0) {
                _cleanup_(job_record_done) JobRecord record = {};

                r = read_record(s, &record);
                r = r < 0 ? r : job_records_take(&records, &record);
        }
        if (r < 0) {
                return r;
        }
        *ret = records;
        records = (JobRecords) {};
        return 0;
}

/* --- counting -------------------------------------------------------------------------------------------------------- */

int job_list_store_count(JobStore *store, const char *owner, int64_t ret[static _JOB_STATUS_MAX]) {
        int64_t counts[_JOB_STATUS_MAX] = {};
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = owner ? db_prepare(job_store_db(store), "SELECT status, n FROM counts WHERE owner = ?1",
                                   &s) :
                        db_prepare(job_store_db(store), "SELECT status, sum(n) FROM counts GROUP BY status",
                                   &s);

        r = r < 0 || !owner ? r : db_bind_text(s, 1, owner);
        while (r >= 0 && (r = db_step(s)) > 0) {
                JobStatus status = job_status_from_string(db_column_text(s, 0));

                if (status >= 0) {
                        counts[status] = db_column_int(s, 1);
                }
        }
        if (r < 0) {
                return r;
        }
        memcpy(ret, counts, sizeof counts);
        return 0;
}

int job_list_store_ended(JobStore *store, JobsEnded ret[static _JOB_STATUS_MAX]) {
        JobsEnded ended[_JOB_STATUS_MAX] = {};
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(job_store_db(store), "SELECT status, n, usec FROM ended", &s);

        while (r >= 0 && (r = db_step(s)) > 0) {
                JobStatus status = job_status_from_string(db_column_text(s, 0));

                if (status >= 0) {
                        ended[status] = (JobsEnded) { db_column_int(s, 1), db_column_int(s, 2) };
                }
        }
        if (r < 0) {
                return r;
        }
        memcpy(ret, ended, sizeof ended);
        return 0;
}

int job_list_store_position(JobStore *store, const char *id, int64_t *ret) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int64_t seq = 0;
        int r = find_seq(store, id, &seq);

        r = r < 0 ? r :
                    db_prepare(job_store_db(store),
                               "SELECT count(*) FROM jobs WHERE status = 'queued' AND seq <= ?1", &s);
        r = r < 0 ? r : db_bind_int(s, 1, seq);
        r = r < 0 ? r : db_step(s);
        if (r <= 0) {
                return r < 0 ? r : -EUCLEAN;
        }
        *ret = db_column_int(s, 0);
        return 0;
}

/* --- work ------------------------------------------------------------------------------------------------------------ */

/* Empty texts are told as none. */
static int copy_column(DbStatement *s, int column, char **field) {
        const char *text = db_column_text(s, column);

        return string_copy(field, string_or_null(text));
}

static int read_work(DbStatement *s, JobWork *work, char **p4user) {
        const struct {
                char **field;
                int column;
        } texts[] = {
                { &work->spec, 1 },         { &work->owner, 2 },
                { &work->status, 3 },       { &work->stage, 4 },
                { &work->checkpoint, 5 },   { &work->intent, 6 },
                { &work->cancelled_by, 7 }, { &work->reason, 8 },
                { &work->client, 9 },       { p4user, 10 },
        };
        int r = 0;

        work->changelist = db_column_int(s, 11);
        work->source_changelist = db_column_int(s, 12);
        work->shelf = db_column_int(s, 13);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(texts); i++) {
                r = copy_column(s, texts[i].column, texts[i].field);
        }
        return r;
}

int job_list_store_get_work(JobStore *store, const char *id, JobWork *ret, char **ret_p4user) {
        _cleanup_(job_work_done) JobWork work = {};
        _cleanup_(db_releasep) DbStatement *s = NULL;
        _cleanup_free_ char *p4user = NULL;
        int r = db_prepare(
                        job_store_db(store),
                        "SELECT seq, spec, owner, status, stage, checkpoint, intent, cancelled_by, reason,"
                        " client, p4user, changelist, source_changelist, shelf FROM jobs WHERE id = ?1",
                        &s);

        r = r < 0 ? r : db_bind_text(s, 1, id);
        r = r < 0 ? r : db_step(s);
        if (r <= 0) {
                return r < 0 ? r : -ENOENT;
        }
        r = read_work(s, &work, &p4user);
        r = r < 0 ? r : resolution_store_read(store, db_column_int(s, 0), &work.resolutions);
        r = r < 0 ? r : ledger_store_read(store, db_column_int(s, 0), &work.ledger);
        if (r < 0) {
                return r;
        }
        *ret = work;
        work = (JobWork) {};
        *ret_p4user = TAKE_PTR(p4user);
        return 0;
}
