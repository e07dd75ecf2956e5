#include "services/sample_store.h"

/* --- reading ---------------------------------------------------------------------------------------- */

/* The newest ones are chosen before they are turned round, so that a limit cuts off the oldest. */
int sample_store_each(MonitorStore *store, int64_t stream_id, int64_t from, int64_t to, uint64_t limit,
                      int (*function)(const MonitorSample *sample, void *userdata), void *userdata) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(
                        monitor_store_db(store),
                        "SELECT * FROM (SELECT first_at, last_at, size_bytes, file_count, change FROM samples"
                        " WHERE stream_id = ?1 AND last_at >= ?2 AND (?3 = 0 OR first_at <= ?3)"
                        " ORDER BY first_at DESC LIMIT ?4) ORDER BY first_at",
                        &s);
        r = r < 0 ? r : db_bind_int(s, 1, stream_id);
        r = r < 0 ? r : db_bind_int(s, 2, from);
        r = r < 0 ? r : db_bind_int(s, 3, to);
        r = r < 0 ? r : db_bind_int(s, 4, limit == 0 || limit > INT64_MAX ? -1 : (int64_t) limit);
        while (r >= 0 && (r = db_step(s)) > 0) {
                MonitorSample sample = {
                        .first_at = db_column_int(s, 0),
                        .last_at = db_column_int(s, 1),
                        .size_bytes = db_column_int(s, 2),
                        .file_count = db_column_int(s, 3),
                        .change = db_column_int(s, 4),
                };
                r = function(&sample, userdata);
                if (r != 0) {
                        return r;
                }
        }
        return r;
}

/* --- writing ---------------------------------------------------------------------------------------- */

typedef struct Measurement {
        int64_t stream_id, size_bytes, file_count, change, now;
} Measurement;

static int bind_measurement(DbStatement *s, const Measurement *m) {
        int r = db_bind_int(s, 1, m->stream_id);
        r = r < 0 ? r : db_bind_int(s, 2, m->size_bytes);
        r = r < 0 ? r : db_bind_int(s, 3, m->file_count);
        r = r < 0 ? r : db_bind_int(s, 4, m->change);
        return r < 0 ? r : db_bind_int(s, 5, m->now);
}

/* Moves the newest sample's end if it says the same and the stream was not gone in between. */
static int extend_sample(Db *db, const Measurement *m) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(db,
                           "UPDATE samples SET last_at = max(last_at, ?5), change = ?4 WHERE stream_id = ?1"
                           " AND first_at = (SELECT max(first_at) FROM samples WHERE stream_id = ?1)"
                           " AND size_bytes = ?2 AND file_count = ?3"
                           " AND last_at >= (SELECT coalesce(gone_at, 0) FROM streams WHERE id = ?1)",
                           &s);
        r = r < 0 ? r : bind_measurement(s, m);
        return r < 0 ? r : db_run(s);
}

/* A clock that was turned back does not make a newer measurement older than the one before it. */
static int insert_sample(Db *db, const Measurement *m) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(
                        db,
                        "INSERT INTO samples (stream_id, first_at, last_at, size_bytes, file_count, change)"
                        " SELECT ?1, at, at, ?2, ?3, ?4 FROM (SELECT max(?5, coalesce(1 +"
                        " (SELECT max(last_at) FROM samples WHERE stream_id = ?1), 0)) AS at)",
                        &s);
        r = r < 0 ? r : bind_measurement(s, m);
        return r < 0 ? r : db_run(s);
}

static int set_stream(Db *db, const Measurement *m) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(
                        db,
                        "UPDATE streams SET size_bytes = ?2, file_count = ?3, change = ?4, measured_at = ?5, stale = 0,"
                        " error_text = NULL WHERE id = ?1",
                        &s);
        r = r < 0 ? r : bind_measurement(s, m);
        return r < 0 ? r : db_run(s);
}

static int write_measurement(Db *db, const Measurement *m) {
        int r = set_stream(db, m);
        if (r < 0 || db_changes(db) == 0) {
                return r < 0 ? r : -ENOENT;
        }
        r = extend_sample(db, m);
        if (r < 0 || db_changes(db) > 0) {
                return r;
        }
        return insert_sample(db, m);
}

int sample_store_measured(MonitorStore *store, int64_t stream_id, int64_t size_bytes, int64_t file_count,
                          int64_t change, int64_t now) {
        Db *db = monitor_store_db(store);
        Measurement m = { stream_id, size_bytes, file_count, change, now };
        int r = db_begin(db);
        if (r < 0) {
                return r;
        }
        r = write_measurement(db, &m);
        r = r < 0 ? r : db_commit(db);
        if (r < 0) {
                db_rollback(db);
        }
        return r;
}

int sample_store_failed(MonitorStore *store, int64_t stream_id, const char *error_text) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(monitor_store_db(store),
                           "UPDATE streams SET stale = 1, error_text = ?2 WHERE id = ?1", &s);
        r = r < 0 ? r : db_bind_int(s, 1, stream_id);
        r = r < 0 ? r : db_bind_text(s, 2, error_text);
        return r < 0 ? r : db_run(s);
}

int sample_store_unchanged(MonitorStore *store, int64_t stream_id, int64_t change, int64_t now) {
        _cleanup_(db_releasep) DbStatement *s = NULL, *t = NULL;
        Db *db = monitor_store_db(store);
        int r = db_prepare(db, "UPDATE streams SET measured_at = ?2, change = ?3 WHERE id = ?1", &s);
        r = r < 0 ? r : db_bind_int(s, 1, stream_id);
        r = r < 0 ? r : db_bind_int(s, 2, now);
        r = r < 0 ? r : db_bind_int(s, 3, change);
        r = r < 0 ? r : db_run(s);
        r = r < 0 ? r :
                    db_prepare(db,
                               "UPDATE samples SET last_at = max(last_at, ?2), change = ?3 WHERE stream_id = ?1"
                               " AND first_at = (SELECT max(first_at) FROM samples WHERE stream_id = ?1)",
                               &t);
        r = r < 0 ? r : db_bind_int(t, 1, stream_id);
        r = r < 0 ? r : db_bind_int(t, 2, now);
        r = r < 0 ? r : db_bind_int(t, 3, change);
        return r < 0 ? r : db_run(t);
}

int sample_store_prune(MonitorStore *store, int64_t before, int64_t *ret_dropped) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        Db *db = monitor_store_db(store);
        int r = db_prepare(db,
                           "DELETE FROM samples WHERE last_at < ?1 AND first_at <"
                           " (SELECT max(first_at) FROM samples n WHERE n.stream_id = samples.stream_id)",
                           &s);
        r = r < 0 ? r : db_bind_int(s, 1, before);
        r = r < 0 ? r : db_run(s);
        if (r < 0) {
                return r;
        }
        *ret_dropped = db_changes(db);
        return 0;
}
