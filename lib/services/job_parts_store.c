#include "services/job_parts_store.h"

#include "base/string_util.h"

/* --- history --------------------------------------------------------------------------------------------------------- */

static int trim_history(JobStore *store, int64_t seq) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(
                        job_store_db(store),
                        "DELETE FROM history WHERE job = ?1 AND n <= (SELECT n FROM history WHERE job = ?1"
                        " ORDER BY n DESC LIMIT 1 OFFSET ?2)",
                        &s);

        r = r < 0 ? r : db_bind_int(s, 1, seq);
        r = r < 0 ? r : db_bind_int(s, 2, JOB_STORE_HISTORY_MAX);
        return r < 0 ? r : db_run(s);
}

int history_store_add(JobStore *store, int64_t seq, JobStage from, JobStage to, int64_t now) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(job_store_db(store),
                           "INSERT INTO history (job, at, from_stage, to_stage) VALUES (?1, ?2, ?3, ?4)",
                           &s);

        r = r < 0 ? r : db_bind_int(s, 1, seq);
        r = r < 0 ? r : db_bind_int(s, 2, now);
        r = r < 0 ? r : db_bind_text(s, 3, job_stage_to_string(from));
        r = r < 0 ? r : db_bind_text(s, 4, job_stage_to_string(to));
        r = r < 0 ? r : db_run(s);
        return r < 0 ? r : trim_history(store, seq);
}

int history_store_read(JobStore *store, int64_t seq, JobHistory *ret) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(job_store_db(store),
                           "SELECT from_stage, to_stage, at FROM history WHERE job = ?1 ORDER BY n", &s);

        r = r < 0 ? r : db_bind_int(s, 1, seq);
        while (r >= 0 && (r = db_step(s)) > 0) {
                r = job_history_append(ret, db_column_text(s, 0), db_column_text(s, 1),
                                       (uint64_t) db_column_int(s, 2));
        }
        return r;
}

/* --- conflicts ------------------------------------------------------------------------------------------------------- */

static int run_for_job(JobStore *store, const char *sql, int64_t seq) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(job_store_db(store), sql, &s);

        r = r < 0 ? r : db_bind_int(s, 1, seq);
        return r < 0 ? r : db_run(s);
}

static int count_for_job(JobStore *store, const char *sql, int64_t seq) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(job_store_db(store), sql, &s);

        r = r < 0 ? r : db_bind_int(s, 1, seq);
        r = r < 0 ? r : db_step(s);
        return r <= 0 ? r : (int) db_column_int(s, 0);
}

static int insert_conflict(DbStatement *s, int64_t seq, size_t n, const JobConflict *conflict) {
        const char *const texts[] = { conflict->type, conflict->depot_path, conflict->local_path,
                                      conflict->base, conflict->theirs,     conflict->yours,
                                      conflict->state };
        const uint32_t chunks[] = { conflict->chunks_yours, conflict->chunks_theirs, conflict->chunks_both,
                                    conflict->chunks_conflicting };
        int r = db_bind_int(s, 1, seq);

        r = r < 0 ? r : db_bind_int(s, 2, (int64_t) n);
        for (int i = 0; r >= 0 && i < (int) ELEMENTSOF(texts); i++) {
                r = db_bind_text(s, 3 + i, texts[i]);
        }
        for (int i = 0; r >= 0 && i < (int) ELEMENTSOF(chunks); i++) {
                r = db_bind_int(s, 10 + i, chunks[i]);
        }
        r = r < 0 ? r : db_bind_int(s, 14, conflict->is_text);
        return r < 0 ? r : db_run(s);
}

static int count_conflicts(JobStore *store, int64_t seq, size_t n) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(job_store_db(store), "UPDATE jobs SET conflicts = ?2 WHERE seq = ?1", &s);

        r = r < 0 ? r : db_bind_int(s, 1, seq);
        r = r < 0 ? r : db_bind_int(s, 2, (int64_t) n);
        return r < 0 ? r : db_run(s);
}

int conflict_store_replace(JobStore *store, int64_t seq, const JobConflicts *conflicts, size_t n) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = run_for_job(store, "DELETE FROM conflicts WHERE job = ?1", seq);

        r = r < 0 ? r :
                    db_prepare(job_store_db(store),
                               "INSERT INTO conflicts (job, n, type, depot_path, local_path, base, theirs, yours,"
                               " state, chunks_yours, chunks_theirs, chunks_both, chunks_conflicting, is_text)"
                               " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
                               &s);
        for (size_t i = 0; r >= 0 && i < conflicts->n_items; i++) {
                r = insert_conflict(s, seq, i, &conflicts->items[i]);
        }
        return r < 0 ? r : count_conflicts(store, seq, n > conflicts->n_items ? n : conflicts->n_items);
}

int conflict_store_has(JobStore *store, int64_t seq, const char *file) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(job_store_db(store),
                           "SELECT 1 FROM conflicts WHERE job = ?1 AND (depot_path = ?2 OR local_path = ?2)"
                           " LIMIT 1",
                           &s);

        r = r < 0 ? r : db_bind_int(s, 1, seq);
        r = r < 0 ? r : db_bind_text(s, 2, file);
        return r < 0 ? r : db_step(s);
}

#define CONFLICT_COLUMNS                                                                                      \
        "type, depot_path, local_path, base, theirs, yours, state, chunks_yours, chunks_theirs, chunks_both," \
        " chunks_conflicting, is_text"

/* Borrows from the row. */
static JobConflict conflict_of_row(DbStatement *s) {
        return (JobConflict) {
                .type = (char *) db_column_text(s, 0),
                .depot_path = (char *) db_column_text(s, 1),
                .local_path = (char *) db_column_text(s, 2),
                .base = (char *) db_column_text(s, 3),
                .theirs = (char *) db_column_text(s, 4),
                .yours = (char *) db_column_text(s, 5),
                .state = (char *) db_column_text(s, 6),
                .chunks_yours = (uint32_t) db_column_int(s, 7),
                .chunks_theirs = (uint32_t) db_column_int(s, 8),
                .chunks_both = (uint32_t) db_column_int(s, 9),
                .chunks_conflicting = (uint32_t) db_column_int(s, 10),
                .is_text = db_column_int(s, 11),
        };
}

int conflict_store_find(JobStore *store, int64_t seq, const char *file, JobConflict *ret) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        JobConflict row;
        int r = db_prepare(job_store_db(store),
                           "SELECT " CONFLICT_COLUMNS " FROM conflicts WHERE job = ?1"
                           " AND (depot_path = ?2 OR local_path = ?2) ORDER BY type <> 'content', n LIMIT 1",
                           &s);

        r = r < 0 ? r : db_bind_int(s, 1, seq);
        r = r < 0 ? r : db_bind_text(s, 2, file);
        r = r < 0 ? r : db_step(s);
        if (r <= 0) {
                return r;
        }
        row = conflict_of_row(s);
        r = job_conflict_copy(ret, &row);
        return r < 0 ? r : 1;
}

int conflict_store_read(JobStore *store, int64_t seq, JobConflicts *ret) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(job_store_db(store),
                           "SELECT " CONFLICT_COLUMNS " FROM conflicts WHERE job = ?1 ORDER BY n", &s);

        r = r < 0 ? r : db_bind_int(s, 1, seq);
        while (r >= 0 && (r = db_step(s)) > 0) {
                const JobConflict row = conflict_of_row(s);

                r = job_conflicts_append(ret, &row);
        }
        return r;
}

/* --- pairs ----------------------------------------------------------------------------------------------------------- */

/* One statement for each pair: ?1 the job, ?2 and ?3 the pair, ?4 the time where the statement has one. */
static int run_for_pairs(JobStore *store, const char *sql, int64_t seq, const JobPairs *pairs, int64_t now) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r;

        if (!pairs || pairs->n_items == 0) {
                return 0;
        }
        r = db_prepare(job_store_db(store), sql, &s);
        for (size_t i = 0; r >= 0 && i < pairs->n_items; i++) {
                r = db_bind_int(s, 1, seq);
                r = r < 0 ? r : db_bind_text(s, 2, pairs->items[i].first);
                r = r < 0 ? r : db_bind_text(s, 3, pairs->items[i].second);
                r = r < 0 || now == 0 ? r : db_bind_int(s, 4, now);
                r = r < 0 ? r : db_run(s);
        }
        return r;
}

static int read_pairs(JobStore *store, const char *sql, int64_t seq, JobPairs *ret) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(job_store_db(store), sql, &s);

        r = r < 0 ? r : db_bind_int(s, 1, seq);
        while (r >= 0 && (r = db_step(s)) > 0) {
                r = job_pairs_append(ret, db_column_text(s, 0), db_column_text(s, 1));
        }
        return r;
}

int ledger_store_add(JobStore *store, int64_t seq, const JobPairs *entries, int64_t now) {
        return run_for_pairs(store,
                             "INSERT INTO ledger (job, kind, name, added_at) VALUES (?1, ?2, ?3, ?4)"
                             " ON CONFLICT (job, kind, name) DO UPDATE SET done_at = 0",
                             seq, entries, now);
}

int ledger_store_end(JobStore *store, int64_t seq, const JobPairs *entries, bool all, int64_t now) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = run_for_pairs(store,
                              "UPDATE ledger SET done_at = ?4 WHERE job = ?1 AND kind = ?2 AND name = ?3"
                              " AND done_at = 0",
                              seq, entries, now);

        if (r < 0 || !all) {
                return r;
        }
        r = db_prepare(job_store_db(store), "UPDATE ledger SET done_at = ?2 WHERE job = ?1 AND done_at = 0",
                       &s);
        r = r < 0 ? r : db_bind_int(s, 1, seq);
        r = r < 0 ? r : db_bind_int(s, 2, now);
        return r < 0 ? r : db_run(s);
}

/* The newest first: what was made last is removed first. */
int ledger_store_read(JobStore *store, int64_t seq, JobPairs *ret) {
        return read_pairs(store,
                          "SELECT kind, name FROM ledger WHERE job = ?1 AND done_at = 0"
                          " ORDER BY added_at DESC, kind, name",
                          seq, ret);
}

int ledger_store_count(JobStore *store, int64_t seq) {
        return count_for_job(store, "SELECT count(*) FROM ledger WHERE job = ?1 AND done_at = 0", seq);
}

int resolution_store_add(JobStore *store, int64_t seq, const JobPairs *resolutions) {
        return run_for_pairs(store,
                             "INSERT INTO resolutions (job, file, accept) VALUES (?1, ?2, ?3)"
                             " ON CONFLICT (job, file) DO UPDATE SET accept = ?3, content = NULL",
                             seq, resolutions, 0);
}

int resolution_store_remove(JobStore *store, int64_t seq, char *const *files) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r;

        if (!files || !*files) {
                return 0;
        }
        r = db_prepare(job_store_db(store), "DELETE FROM resolutions WHERE job = ?1 AND file = ?2", &s);
        for (; r >= 0 && *files; files++) {
                r = db_bind_int(s, 1, seq);
                r = r < 0 ? r : db_bind_text(s, 2, *files);
                r = r < 0 ? r : db_run(s);
        }
        return r;
}

int resolution_store_read(JobStore *store, int64_t seq, JobPairs *ret) {
        return read_pairs(store, "SELECT file, accept FROM resolutions WHERE job = ?1 ORDER BY file", seq,
                          ret);
}

int resolution_store_count(JobStore *store, int64_t seq) {
        return count_for_job(store, "SELECT count(*) FROM resolutions WHERE job = ?1", seq);
}

int resolution_store_clear(JobStore *store, int64_t seq) {
        return run_for_job(store, "DELETE FROM resolutions WHERE job = ?1", seq);
}

int resolution_store_add_text(JobStore *store, int64_t seq, const char *file, const JobBytes *text) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(job_store_db(store),
                           "INSERT INTO resolutions (job, file, accept, content) VALUES (?1, ?2, ?3, ?4)"
                           " ON CONFLICT (job, file) DO UPDATE SET accept = ?3, content = ?4",
                           &s);

        r = r < 0 ? r : db_bind_int(s, 1, seq);
        r = r < 0 ? r : db_bind_text(s, 2, file);
        r = r < 0 ? r : db_bind_text(s, 3, JOB_ACCEPT_TEXT);
        r = r < 0 ? r : db_bind_blob(s, 4, text->data, text->size);
        return r < 0 ? r : db_run(s);
}

int resolution_store_read_text(JobStore *store, int64_t seq, const char *file, JobBytes *ret) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        const void *data;
        size_t size;
        int r = db_prepare(job_store_db(store),
                           "SELECT content FROM resolutions WHERE job = ?1 AND file = ?2"
                           " AND content IS NOT NULL",
                           &s);

        r = r < 0 ? r : db_bind_int(s, 1, seq);
        r = r < 0 ? r : db_bind_text(s, 2, file);
        r = r < 0 ? r : db_step(s);
        if (r <= 0) {
                return r;
        }
        data = db_column_blob(s, 0, &size);
        r = job_bytes_copy(ret, data, size);
        return r < 0 ? r : 1;
}

int resolution_store_count_texts(JobStore *store, int64_t seq) {
        return count_for_job(store,
                             "SELECT count(*) FROM resolutions WHERE job = ?1 AND content IS NOT NULL", seq);
}

/* --- credentials ----------------------------------------------------------------------------------------------------- */

static int run_for_name(JobStore *store, const char *sql, const char *name) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(job_store_db(store), sql, &s);

        r = r < 0 ? r : db_bind_text(s, 1, name);
        return r < 0 ? r : db_run(s);
}

int credential_store_add(JobStore *store, const char *name) {
        return run_for_name(store,
                            "INSERT INTO credentials (name) VALUES (?1)"
                            " ON CONFLICT (name) DO UPDATE SET is_dropping = 0",
                            name);
}

int credential_store_release(JobStore *store, int64_t seq) {
        return run_for_job(store,
                           "UPDATE credentials SET is_dropping = 1"
                           " WHERE name = (SELECT id FROM jobs WHERE seq = ?1)",
                           seq);
}

int credential_store_release_name(JobStore *store, const char *name) {
        return run_for_name(store, "UPDATE credentials SET is_dropping = 1 WHERE name = ?1", name);
}

int credential_store_release_orphans(JobStore *store) {
        return db_execute(job_store_db(store), "UPDATE credentials SET is_dropping = 1 WHERE name NOT IN"
                                               " (SELECT id FROM jobs WHERE finished_at = 0)");
}

int credential_store_next(JobStore *store, char **ret) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(job_store_db(store),
                           "SELECT name FROM credentials WHERE is_dropping = 1 ORDER BY name LIMIT 1", &s);

        r = r < 0 ? r : db_step(s);
        if (r <= 0) {
                return r;
        }
        r = string_copy(ret, db_column_text(s, 0));
        return r < 0 ? r : 1;
}

int credential_store_remove(JobStore *store, const char *name) {
        return run_for_name(store, "DELETE FROM credentials WHERE name = ?1 AND is_dropping = 1", name);
}
