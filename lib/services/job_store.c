#include "services/job_store.h"

#include <string.h>
#include <sys/stat.h>

#include "base/string_util.h"
#include "services/job_parts_store.h"

struct JobStore {
        Db *db;
};

/* Every step is final once released; a change of the schema is a new one. What may be long stands last: listing need not read it. */
static const char *const migrations[] = {
        "CREATE TABLE jobs ("
        " seq INTEGER PRIMARY KEY AUTOINCREMENT," /* the order of asking */
        " id TEXT NOT NULL UNIQUE,"
        " kind TEXT NOT NULL,"
        " owner TEXT NOT NULL,"
        " server TEXT NOT NULL,"
        " client TEXT NOT NULL,"
        " host TEXT NOT NULL,"
        " workspace_key TEXT," /* NULL: a client of its own */
        " p4user TEXT NOT NULL,"
        " retry_of TEXT NOT NULL,"
        " trial INTEGER NOT NULL,"
        " credential INTEGER NOT NULL,"
        " created_at INTEGER NOT NULL,"
        " updated_at INTEGER NOT NULL,"
        " started_at INTEGER NOT NULL DEFAULT 0,"
        " finished_at INTEGER NOT NULL DEFAULT 0,"
        " status TEXT NOT NULL,"
        " stage TEXT NOT NULL,"
        " wish TEXT NOT NULL DEFAULT '',"
        " cancel_mode TEXT NOT NULL DEFAULT 'graceful',"
        " mode TEXT NOT NULL DEFAULT 'run',"
        " pending TEXT NOT NULL DEFAULT '',"
        " attempt INTEGER NOT NULL DEFAULT 0,"
        " run_attempts INTEGER NOT NULL DEFAULT 0,"
        " clean_attempts INTEGER NOT NULL DEFAULT 0,"
        " launched INTEGER NOT NULL DEFAULT 0,"
        " go_on INTEGER NOT NULL DEFAULT 0,"
        " active_usec INTEGER NOT NULL DEFAULT 0,"
        " active_since INTEGER NOT NULL DEFAULT 0,"
        " changelist INTEGER NOT NULL DEFAULT 0,"
        " source_changelist INTEGER NOT NULL DEFAULT 0,"
        " shelf INTEGER NOT NULL DEFAULT 0,"
        " conflicts INTEGER NOT NULL DEFAULT 0,"
        " reason TEXT NOT NULL DEFAULT '',"
        " cancelled_by TEXT NOT NULL DEFAULT '',"
        " status_text TEXT NOT NULL DEFAULT '',"
        " error TEXT NOT NULL DEFAULT '',"
        " spec TEXT NOT NULL,"
        " intent TEXT NOT NULL DEFAULT '',"
        " checkpoint TEXT NOT NULL DEFAULT '') STRICT;"
        "CREATE INDEX jobs_status ON jobs(status, seq);"
        "CREATE INDEX jobs_owner ON jobs(owner, seq);"
        "CREATE INDEX jobs_server ON jobs(server, seq);"
        "CREATE INDEX jobs_finished ON jobs(finished_at) WHERE finished_at > 0;"

        "CREATE TABLE history ("
        " n INTEGER PRIMARY KEY AUTOINCREMENT,"
        " job INTEGER NOT NULL REFERENCES jobs(seq) ON DELETE CASCADE,"
        " at INTEGER NOT NULL,"
        " from_stage TEXT NOT NULL,"
        " to_stage TEXT NOT NULL) STRICT;"
        "CREATE INDEX history_job ON history(job, n);"

        "CREATE TABLE conflicts ("
        " job INTEGER NOT NULL REFERENCES jobs(seq) ON DELETE CASCADE,"
        " n INTEGER NOT NULL,"
        " type TEXT, depot_path TEXT, local_path TEXT, base TEXT, theirs TEXT, yours TEXT,"
        " chunks_yours INTEGER NOT NULL, chunks_theirs INTEGER NOT NULL,"
        " chunks_both INTEGER NOT NULL, chunks_conflicting INTEGER NOT NULL,"
        " state TEXT,"
        " PRIMARY KEY (job, n)) STRICT, WITHOUT ROWID;"

        "CREATE TABLE ledger ("
        " job INTEGER NOT NULL REFERENCES jobs(seq) ON DELETE CASCADE,"
        " kind TEXT NOT NULL,"
        " name TEXT NOT NULL,"
        " added_at INTEGER NOT NULL,"
        " done_at INTEGER NOT NULL DEFAULT 0,"
        " PRIMARY KEY (job, kind, name)) STRICT, WITHOUT ROWID;"

        "CREATE TABLE resolutions ("
        " job INTEGER NOT NULL REFERENCES jobs(seq) ON DELETE CASCADE,"
        " file TEXT NOT NULL,"
        " accept TEXT NOT NULL,"
        " PRIMARY KEY (job, file)) STRICT, WITHOUT ROWID;"

        "CREATE TABLE credentials ("
        " name TEXT PRIMARY KEY," /* a job's id; no secret is in here */
        " is_dropping INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;"

        "CREATE TABLE numbering ("
        " day INTEGER PRIMARY KEY,"
        " number INTEGER NOT NULL) STRICT;",

        /* How many of whose jobs are in which state: lists tell it however many jobs there are. */
        "CREATE TABLE counts ("
        " owner TEXT NOT NULL,"
        " status TEXT NOT NULL,"
        " n INTEGER NOT NULL,"
        " PRIMARY KEY (owner, status)) STRICT, WITHOUT ROWID;"
        "INSERT INTO counts SELECT owner, status, count(*) FROM jobs GROUP BY owner, status;"
        "CREATE TRIGGER jobs_added AFTER INSERT ON jobs BEGIN"
        " INSERT INTO counts VALUES (new.owner, new.status, 1) ON CONFLICT DO UPDATE SET n = n + 1; END;"
        "CREATE TRIGGER jobs_changed AFTER UPDATE OF status ON jobs WHEN old.status <> new.status BEGIN"
        " UPDATE counts SET n = n - 1 WHERE owner = old.owner AND status = old.status;"
        " INSERT INTO counts VALUES (new.owner, new.status, 1) ON CONFLICT DO UPDATE SET n = n + 1; END;"
        "CREATE TRIGGER jobs_removed AFTER DELETE ON jobs BEGIN"
        " UPDATE counts SET n = n - 1 WHERE owner = old.owner AND status = old.status; END;"
        /* The same of all that ever ended, with how long they worked and waited; it only grows. */
        "CREATE TABLE ended ("
        " status TEXT PRIMARY KEY,"
        " n INTEGER NOT NULL,"
        " usec INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
        "INSERT INTO ended SELECT status, count(*), sum(finished_at - iif(started_at > 0, started_at,"
        " finished_at)) FROM jobs WHERE finished_at > 0 GROUP BY status;"
        "CREATE TRIGGER jobs_ended AFTER UPDATE OF finished_at ON jobs"
        " WHEN old.finished_at = 0 AND new.finished_at > 0 BEGIN"
        " INSERT INTO ended VALUES (new.status, 1, new.finished_at - iif(new.started_at > 0, new.started_at,"
        " new.finished_at)) ON CONFLICT DO UPDATE SET n = n + 1, usec = usec + excluded.usec; END;",

        /* What a person merged by hand, until it was put into the workspace. */
        "ALTER TABLE conflicts ADD COLUMN is_text INTEGER NOT NULL DEFAULT 0;"
        "ALTER TABLE resolutions ADD COLUMN content BLOB;",
        NULL,
};

static int open_database(const char *path, DbMode mode, JobStore **ret) {
        _cleanup_(job_store_closep) JobStore *store = calloc(1, sizeof(*store));
        int r = store ? db_open(path, mode, migrations, 0, &store->db) : -ENOMEM;

        r = r < 0 ? r : db_execute(store->db, "PRAGMA synchronous = FULL");
        r = r < 0 ? r : db_execute(store->db, "PRAGMA cache_size = -1024"); /* KiB: it is small when idle */
        if (r < 0) {
                return r;
        }
        *ret = TAKE_PTR(store);
        return 0;
}

int job_store_open(const char *state_directory, DbMode mode, JobStore **ret) {
        _cleanup_free_ char *directory = NULL, *path = NULL;
        int r = string_format(&directory, "%s/jobs", state_directory);

        r = r < 0 ? r : string_format(&path, "%s/jobs.db", directory);
        if (r < 0) {
                return r;
        }
        if (mode == DB_READ_WRITE && mkdir(directory, 0750) < 0 && errno != EEXIST) {
                return -errno;
        }
        return open_database(path, mode, ret);
}

JobStore *job_store_close(JobStore *store) {
        if (store) {
                (void) db_close(store->db);
                free(store);
        }
        return NULL;
}

Db *job_store_db(JobStore *store) {
        return store->db;
}

/* --- new jobs -------------------------------------------------------------------------------------------------------- */

static int next_number(Db *db, uint32_t day, uint32_t *ret) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(db,
                           "INSERT INTO numbering (day, number) VALUES (?1, 1)"
                           " ON CONFLICT (day) DO UPDATE SET number = number + 1 RETURNING number",
                           &s);

        r = r < 0 ? r : db_bind_int(s, 1, day);
        r = r < 0 ? r : db_step(s);
        if (r <= 0) {
                return r < 0 ? r : -EUCLEAN;
        }
        *ret = (uint32_t) db_column_int(s, 0);
        return 0;
}

int job_store_reserve(JobStore *store, uint32_t day, bool with_credential, uint32_t *ret_number) {
        char id[JOB_ID_MAX];
        uint32_t number = 0;
        int r = db_begin(store->db);

        r = r < 0 ? r : next_number(store->db, day, &number);
        if (with_credential) {
                r = r < 0 ? r : credential_store_add(store, job_id_format(id, day, number));
        }
        r = r < 0 ? r : db_commit(store->db);
        db_rollback(store->db);
        if (r < 0) {
                return r;
        }
        *ret_number = number;
        return 0;
}

int job_store_insert(JobStore *store, const JobNewRow *row, int64_t *ret_seq) {
        const char *const texts[] = { row->id,   row->kind, row->owner,  row->server,   row->client,
                                      row->host, row->key,  row->p4user, row->retry_of, row->spec };
        const int key_column = 6;
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(store->db,
                           "INSERT INTO jobs (id, kind, owner, server, client, host, workspace_key, p4user,"
                           " retry_of, spec, trial, credential, created_at, updated_at, status, stage)"
                           " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?13, 'queued',"
                           " 'INIT')",
                           &s);

        for (int i = 0; r >= 0 && i < (int) ELEMENTSOF(texts); i++) {
                r = db_bind_text(s, i + 1, texts[i] || i == key_column ? texts[i] : "");
        }
        r = r < 0 ? r : db_bind_int(s, 11, row->trial);
        r = r < 0 ? r : db_bind_int(s, 12, row->has_credential);
        r = r < 0 ? r : db_bind_int(s, 13, row->now);
        r = r < 0 ? r : db_run(s);
        if (r < 0) {
                return r;
        }
        *ret_seq = db_last_id(store->db);
        return 0;
}

/* --- changes --------------------------------------------------------------------------------------------------------- */

static int bind_state(DbStatement *s, int64_t seq, const JobState *state) {
        const struct {
                int index;
                int64_t value;
        } numbers[] = {
                { 1, seq },
                { 8, state->attempt },
                { 9, state->n_run },
                { 10, state->n_clean },
                { 11, state->is_launched },
                { 12, state->go_on },
                { 13, (int64_t) state->active_usec },
                { 14, state->active_since },
        };
        int r = db_bind_text(s, 2, job_status_to_string(state->status));

        r = r < 0 ? r : db_bind_text(s, 3, job_stage_to_string(state->stage));
        r = r < 0 ? r : db_bind_text(s, 4, job_wish_to_string(state->wish));
        r = r < 0 ? r : db_bind_text(s, 5, state->is_immediate ? "immediate" : "graceful");
        r = r < 0 ? r : db_bind_text(s, 6, state->is_clean_mode ? "clean" : "run");
        r = r < 0 ? r : db_bind_text(s, 7, state->is_clean_mode ? job_status_to_string(state->pending) : "");
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(numbers); i++) {
                r = db_bind_int(s, numbers[i].index, numbers[i].value);
        }
        return r;
}

/* What is not bound is NULL, and leaves the column as it is. */
static int bind_change(DbStatement *s, const JobChange *change, int64_t now) {
        const struct {
                int index;
                const char *value;
        } texts[] = {
                { 15, change->error },       { 16, change->reason }, { 17, change->cancelled_by },
                { 18, change->status_text }, { 19, change->client }, { 20, change->checkpoint },
                { 21, change->intent },
        };
        const struct {
                int index;
                int64_t value;
        } numbers[] = {
                { 22, change->changelist },       { 23, change->source_changelist },  { 24, change->shelf },
                { 25, change->starts ? now : 0 }, { 26, change->finishes ? now : 0 },
        };
        int r = db_bind_int(s, 27, now);

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(texts); i++) {
                r = texts[i].value ? db_bind_text(s, texts[i].index, texts[i].value) : 0;
        }
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(numbers); i++) {
                int64_t value = numbers[i].value;

                r = value != 0 ? db_bind_int(s, numbers[i].index, value < 0 ? 0 : value) : 0;
        }
        return r;
}

static int update_row(JobStore *store, int64_t seq, const JobState *state, const JobChange *change,
                      int64_t now) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(store->db,
                           "UPDATE jobs SET status = ?2, stage = ?3, wish = ?4, cancel_mode = ?5, mode = ?6,"
                           " pending = ?7, attempt = ?8, run_attempts = ?9, clean_attempts = ?10,"
                           " launched = ?11, go_on = ?12, active_usec = ?13, active_since = ?14,"
                           " error = coalesce(?15, error), reason = coalesce(?16, reason),"
                           " cancelled_by = coalesce(?17, cancelled_by),"
                           " status_text = coalesce(?18, status_text), client = coalesce(?19, client),"
                           " checkpoint = coalesce(?20, checkpoint), intent = coalesce(?21, intent),"
                           " changelist = coalesce(?22, changelist),"
                           " source_changelist = coalesce(?23, source_changelist),"
                           " shelf = coalesce(?24, shelf),"
                           " started_at = CASE started_at WHEN 0 THEN coalesce(?25, 0) ELSE started_at END,"
                           " finished_at = coalesce(?26, finished_at), updated_at = ?27 WHERE seq = ?1",
                           &s);

        r = r < 0 ? r : bind_state(s, seq, state);
        r = r < 0 ? r : bind_change(s, change, now);
        r = r < 0 ? r : db_run(s);
        return r < 0 ? r : db_changes(store->db) == 1 ? 0 : -ENOENT;
}

int job_store_save(JobStore *store, int64_t seq, const JobState *was, const JobState *state,
                   const JobChange *change, int64_t now) {
        static const JobChange nothing = {};
        int r = db_begin(store->db);

        change = change ? change : &nothing;
        r = r < 0 ? r : update_row(store, seq, state, change, now);
        if (was->stage != state->stage) {
                r = r < 0 ? r : history_store_add(store, seq, was->stage, state->stage, now);
        }
        if (change->conflicts) {
                r = r < 0 ? r : conflict_store_replace(store, seq, change->conflicts, change->n_conflicts);
        }
        r = r < 0 ? r : ledger_store_add(store, seq, change->ledger_add, now);
        r = r < 0 ? r : ledger_store_end(store, seq, change->ledger_done, change->ledger_clear, now);
        r = r < 0 ? r : resolution_store_add(store, seq, change->resolutions);
        r = r < 0 || !change->edited ? r :
                                       resolution_store_add_text(store, seq, change->edited, &change->edit);
        r = r < 0 ? r : resolution_store_remove(store, seq, change->resolved);
        if (change->finishes) {
                r = r < 0 ? r : credential_store_release(store, seq);
                r = r < 0 ? r : resolution_store_clear(store, seq);
        }
        r = r < 0 ? r : db_commit(store->db);
        db_rollback(store->db);
        return r;
}

/* --- loading --------------------------------------------------------------------------------------------------------- */

static int read_state(DbStatement *s, int first, JobState *ret) {
        const char *pending = db_column_text(s, first + 5);
        JobState state = {
                .status = job_status_from_string(db_column_text(s, first)),
                .stage = job_stage_from_string(db_column_text(s, first + 1)),
                .wish = job_wish_from_string(db_column_text(s, first + 2)),
                .is_immediate = string_equal(db_column_text(s, first + 3), "immediate"),
                .is_clean_mode = string_equal(db_column_text(s, first + 4), "clean"),
                .attempt = (uint32_t) db_column_int(s, first + 6),
                .n_run = (uint32_t) db_column_int(s, first + 7),
                .n_clean = (uint32_t) db_column_int(s, first + 8),
                .is_launched = db_column_int(s, first + 9),
                .go_on = db_column_int(s, first + 10),
                .active_usec = (uint64_t) db_column_int(s, first + 11),
                .active_since = db_column_int(s, first + 12),
        };

        state.pending = *pending ? job_status_from_string(pending) : JOB_STATUS_FAILED;
        if (state.status < 0 || state.stage < 0 || state.wish < 0 || state.pending < 0) {
                return -EUCLEAN;
        }
        *ret = state;
        return 0;
}

int job_store_each_live(JobStore *store, int (*function)(const JobLiveRow *row, void *userdata),
                        void *userdata) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(store->db,
                           "SELECT id, owner, server, workspace_key, spec, seq, updated_at, credential,"
                           " intent <> '', status, stage, wish, cancel_mode, mode, pending, attempt,"
                           " run_attempts, clean_attempts, launched, go_on, active_usec, active_since"
                           " FROM jobs WHERE status IN ('queued', 'running', 'needs_resolve', 'cancelling')"
                           " ORDER BY seq",
                           &s);

        while (r >= 0 && (r = db_step(s)) > 0) {
                JobLiveRow row = {
                        .id = db_column_text(s, 0),
                        .owner = db_column_text(s, 1),
                        .server = db_column_text(s, 2),
                        .key = db_column_text(s, 3),
                        .spec = db_column_text(s, 4),
                        .seq = db_column_int(s, 5),
                        .updated_at = db_column_int(s, 6),
                        .has_credential = db_column_int(s, 7),
                        .has_intent = db_column_int(s, 8),
                };

                r = read_state(s, 9, &row.state);
                r = r < 0 ? r : function(&row, userdata);
        }
        return r;
}

int job_store_last_update(JobStore *store, int64_t *ret) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(store->db, "SELECT updated_at FROM jobs ORDER BY seq DESC LIMIT 1", &s);

        r = r < 0 ? r : db_step(s);
        if (r > 0) {
                *ret = db_column_int(s, 0);
        }
        return r < 0 ? r : 0;
}

int job_store_prune(JobStore *store, int64_t before, uint64_t max) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(store->db,
                           "DELETE FROM jobs WHERE seq IN (SELECT seq FROM jobs WHERE finished_at > 0"
                           " AND finished_at < ?1 ORDER BY finished_at LIMIT ?2)",
                           &s);

        r = r < 0 ? r : db_bind_int(s, 1, before);
        r = r < 0 ? r : db_bind_int(s, 2, (int64_t) max);
        r = r < 0 ? r : db_run(s);
        return r < 0 ? r : (int) db_changes(store->db);
}
