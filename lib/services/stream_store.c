#include "services/stream_store.h"

#include "base/string_util.h"

/* --- reading ---------------------------------------------------------------------------------------- */

void stream_store_read(DbStatement *s, MonitorStream *ret) {
        *ret = (MonitorStream) {
                .id = db_column_int(s, 0),
                .server_id = db_column_int(s, 1),
                .server = db_column_text(s, 2),
                .path = db_column_text(s, 3),
                .name = db_column_text(s, 4),
                .type = db_column_text(s, 5),
                .parent = db_column_text(s, 6),
                .is_gone = db_column_int(s, 7) != 0,
                .is_server_retired = db_column_int(s, 8) != 0,
                .is_measured = !db_column_is_null(s, 9),
                .size_bytes = db_column_int(s, 9),
                .file_count = db_column_int(s, 10),
                .is_direct = db_column_int(s, 11) != 0,
                .is_volatile = db_column_int(s, 12) != 0,
                .is_stale = db_column_int(s, 13) != 0,
                .missing_listings = (unsigned) db_column_int(s, 14),
                .spec_stamp = db_column_int(s, 15),
                .measured_at = db_column_int(s, 16),
                .change = db_column_int(s, 17),
                .created_at = db_column_int(s, 18),
                .gone_at = db_column_int(s, 19),
                .error_text = db_column_text(s, 20),
        };
}

static int prepare_filter(Db *db, const MonitorStreamFilter *filter, DbStatement **ret) {
        /* Two statements, because one that leaves every condition open cannot use an index for any. */
        int r = filter->stream_id > 0 ? db_prepare(db,
                                                   STREAM_STORE_COLUMNS
                                                   "WHERE t.id = ?2 AND (?1 = 0 OR t.server_id = ?1)"
                                                   " AND (?3 IS NULL OR t.path = ?3)"
                                                   " AND (t.state = 'active' OR ?4)"
                                                   " AND (v.retired_at IS NULL OR ?5)",
                                                   ret) :
                                        db_prepare(db,
                                                   STREAM_STORE_COLUMNS "WHERE (?1 = 0 OR t.server_id = ?1)"
                                                                        " AND (?2 = 0 OR t.id = ?2)"
                                                                        " AND (?3 IS NULL OR t.path = ?3)"
                                                                        " AND (t.state = 'active' OR ?4)"
                                                                        " AND (v.retired_at IS NULL OR ?5)"
                                                                        " ORDER BY v.name, v.id, t.path",
                                                   ret);
        r = r < 0 ? r : db_bind_int(*ret, 1, filter->server_id);
        r = r < 0 ? r : db_bind_int(*ret, 2, filter->stream_id);
        r = r < 0 ? r : db_bind_text(*ret, 3, filter->path);
        r = r < 0 ? r : db_bind_int(*ret, 4, filter->with_gone);
        return r < 0 ? r : db_bind_int(*ret, 5, filter->with_retired);
}

int stream_store_each(MonitorStore *store, const MonitorStreamFilter *filter,
                      int (*function)(const MonitorStream *stream, void *userdata), void *userdata) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = prepare_filter(monitor_store_db(store), filter, &s);
        while (r >= 0 && (r = db_step(s)) > 0) {
                MonitorStream row;
                stream_store_read(s, &row);
                r = function(&row, userdata);
                if (r != 0) {
                        return r;
                }
        }
        return r;
}

/* Ordered so that the first row is the one to take; a second active row of another server makes it
 * ambiguous. */
int stream_store_find(MonitorStore *store, int64_t server_id, const char *path, int64_t *ret_id) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(
                        monitor_store_db(store),
                        "SELECT t.id, t.state = 'gone' OR v.retired_at IS NOT NULL AS old FROM streams t"
                        " JOIN servers v ON v.id = t.server_id WHERE t.path = ?2 AND (?1 = 0 OR t.server_id = ?1)"
                        " ORDER BY old, t.id DESC LIMIT 2",
                        &s);
        r = r < 0 ? r : db_bind_int(s, 1, server_id);
        r = r < 0 ? r : db_bind_text(s, 2, path);
        r = r < 0 ? r : db_step(s);
        if (r <= 0) {
                return r < 0 ? r : -ENOENT;
        }
        int64_t id = db_column_int(s, 0), old = db_column_int(s, 1);
        r = db_step(s);
        if (r < 0 || (r > 0 && db_column_int(s, 1) == old)) {
                return r < 0 ? r : -ENOTUNIQ;
        }
        *ret_id = id;
        return 0;
}

static int own_text(const char **text) {
        char *copy = NULL;
        int r = string_copy(&copy, *text);
        *text = copy;
        return r;
}

static int take_stream(const MonitorStream *stream, void *userdata) {
        MonitorStream copy = *stream;
        const char **texts[] = { &copy.server, &copy.path,   &copy.name,
                                 &copy.type,   &copy.parent, &copy.error_text };
        int r = 0;
        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                int q = own_text(texts[i]);
                r = r < 0 ? r : q;
        }
        if (r < 0) {
                monitor_stream_done(&copy);
                return r;
        }
        *(MonitorStream *) userdata = copy;
        return 1;
}

int stream_store_get(MonitorStore *store, int64_t stream_id, MonitorStream *ret) {
        MonitorStreamFilter filter = { .stream_id = stream_id, .with_gone = true, .with_retired = true };
        int r = stream_id == 0 ? 0 : stream_store_each(store, &filter, take_stream, ret);
        return r < 0 ? r : (r > 0 ? 0 : -ENOENT);
}

void monitor_stream_done(MonitorStream *stream) {
        free((char *) stream->server);
        free((char *) stream->path);
        free((char *) stream->name);
        free((char *) stream->type);
        free((char *) stream->parent);
        free((char *) stream->error_text);
        *stream = (MonitorStream) {};
}

/* --- listing ---------------------------------------------------------------------------------------- */

static int bind_listing(DbStatement *s, int64_t server_id, const StreamListing *listing, int64_t now) {
        int r = db_bind_int(s, 1, server_id);
        r = r < 0 ? r : db_bind_text(s, 2, listing->path);
        r = r < 0 ? r : db_bind_text(s, 3, listing->name);
        r = r < 0 ? r : db_bind_text(s, 4, listing->type);
        r = r < 0 ? r : db_bind_text(s, 5, listing->parent);
        return r < 0 || now < 0 ? r : db_bind_int(s, 6, now);
}

/* Written only when something differs: a listing of ten thousand known streams writes nothing. A stream that was
 * missing is stale, because the changes made meanwhile are not looked at again. */
static int refresh_listed(Db *db, int64_t server_id, const StreamListing *listing) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(db,
                           "UPDATE streams SET name = ?3, type = ?4, parent = ?5,"
                           " stale = stale OR missing_listings > 0, missing_listings = 0, state = 'active',"
                           " spec_stamp = CASE state WHEN 'gone' THEN 0 ELSE spec_stamp END"
                           " WHERE server_id = ?1 AND path = ?2 AND (missing_listings > 0"
                           " OR name <> ?3 OR type <> ?4 OR parent IS NOT ?5)",
                           &s);
        r = r < 0 ? r : bind_listing(s, server_id, listing, -1);
        return r < 0 ? r : db_run(s);
}

static int insert_listed(Db *db, int64_t server_id, const StreamListing *listing, int64_t now) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(db,
                           "INSERT INTO streams (server_id, path, name, type, parent, created_at)"
                           " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                           &s);
        r = r < 0 ? r : bind_listing(s, server_id, listing, now);
        return r < 0 ? r : db_run(s);
}

int stream_store_list(MonitorStore *store, int64_t server_id, const StreamListing *listing, int64_t now,
                      int64_t *ret_id) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        Db *db = monitor_store_db(store);
        int r = db_prepare(db, "SELECT id, state = 'gone' FROM streams WHERE server_id = ?1 AND path = ?2",
                           &s);
        r = r < 0 ? r : db_bind_int(s, 1, server_id);
        r = r < 0 ? r : db_bind_text(s, 2, listing->path);
        r = r < 0 ? r : db_step(s);
        if (r == 0) {
                r = insert_listed(db, server_id, listing, now);
                if (r < 0) {
                        return r;
                }
                *ret_id = db_last_id(db);
                return 1;
        }
        if (r < 0) {
                return r;
        }
        int64_t id = db_column_int(s, 0);
        bool was_gone = db_column_int(s, 1) != 0;
        r = refresh_listed(db, server_id, listing);
        if (r < 0) {
                return r;
        }
        *ret_id = id;
        return was_gone;
}

static int miss(Db *db, int64_t stream_id, bool is_gone, int64_t now) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(db,
                           "UPDATE streams SET missing_listings = missing_listings + 1,"
                           " state = CASE WHEN ?2 THEN 'gone' ELSE state END,"
                           " gone_at = CASE WHEN ?2 THEN ?3 ELSE gone_at END WHERE id = ?1",
                           &s);
        r = r < 0 ? r : db_bind_int(s, 1, stream_id);
        r = r < 0 ? r : db_bind_int(s, 2, is_gone);
        r = r < 0 ? r : db_bind_int(s, 3, now);
        return r < 0 ? r : db_run(s);
}

#define MISSING_BEFORE_GONE 2 /* listings in a row */

/* One pass over all active rows in the order of ids. The rows change under the cursor, but never their
 * ids, so none is skipped or met twice. */
int stream_store_mark_missing(MonitorStore *store, int64_t server_id, StreamMissing *missing, int64_t now) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        Db *db = monitor_store_db(store);
        missing->n_missing = missing->n_gone = 0;
        int r = db_prepare(
                        db,
                        "SELECT id, path, missing_listings FROM streams WHERE server_id = ?1 AND state = 'active'"
                        " ORDER BY id",
                        &s);
        r = r < 0 ? r : db_bind_int(s, 1, server_id);
        while (r >= 0 && (r = db_step(s)) > 0) {
                const char *path = db_column_text(s, 1);
                if (missing->is_listed(path, missing->userdata)) {
                        continue;
                }
                bool is_gone = db_column_int(s, 2) + 1 >= MISSING_BEFORE_GONE;
                missing->n_missing++;
                missing->n_gone += is_gone;
                if (is_gone && missing->on_gone) {
                        missing->on_gone(path, missing->userdata);
                }
                r = miss(db, db_column_int(s, 0), is_gone, now);
        }
        return r;
}

/* --- views ------------------------------------------------------------------------------------------ */

static int add_prefix(Db *db, int64_t server_id, int64_t stream_id, const char *prefix) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(
                        db,
                        "INSERT OR IGNORE INTO stream_paths (server_id, prefix, stream_id) VALUES (?1, ?2, ?3)",
                        &s);
        r = r < 0 ? r : db_bind_int(s, 1, server_id);
        r = r < 0 ? r : db_bind_text(s, 2, prefix);
        r = r < 0 ? r : db_bind_int(s, 3, stream_id);
        return r < 0 ? r : db_run(s);
}

static int drop_prefixes(Db *db, int64_t stream_id) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(db, "DELETE FROM stream_paths WHERE stream_id = ?1", &s);
        r = r < 0 ? r : db_bind_int(s, 1, stream_id);
        return r < 0 ? r : db_run(s);
}

static int set_view_row(Db *db, int64_t stream_id, int64_t spec_stamp, bool is_direct, bool is_volatile) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(
                        db,
                        "UPDATE streams SET spec_stamp = ?2, direct = ?3, volatile = ?4, stale = 1 WHERE id = ?1",
                        &s);
        r = r < 0 ? r : db_bind_int(s, 1, stream_id);
        r = r < 0 ? r : db_bind_int(s, 2, spec_stamp);
        r = r < 0 ? r : db_bind_int(s, 3, is_direct);
        r = r < 0 ? r : db_bind_int(s, 4, is_volatile);
        return r < 0 ? r : db_run(s);
}

/* The new stamp makes the stream look settled before it is measured: it is stale until then, also when we
 * are killed in between. */
int stream_store_set_view(MonitorStore *store, int64_t server_id, int64_t stream_id, int64_t spec_stamp,
                          bool is_direct, bool is_volatile, char *const *prefixes) {
        Db *db = monitor_store_db(store);
        int r = db_begin(db);
        if (r < 0) {
                return r;
        }
        r = set_view_row(db, stream_id, spec_stamp, is_direct, is_volatile);
        r = r < 0 ? r : drop_prefixes(db, stream_id);
        for (char *const *prefix = prefixes; prefix && *prefix && r >= 0; prefix++) {
                r = add_prefix(db, server_id, stream_id, *prefix);
        }
        r = r < 0 ? r : db_commit(db);
        if (r < 0) {
                db_rollback(db);
        }
        return r;
}

static int each_id(DbStatement *s, int (*function)(int64_t stream_id, void *userdata), void *userdata) {
        int r;
        while ((r = db_step(s)) > 0) {
                r = function(db_column_int(s, 0), userdata);
                if (r != 0) {
                        return r;
                }
        }
        return r;
}

int stream_store_each_with_prefix(MonitorStore *store, int64_t server_id, const char *prefix,
                                  int (*function)(int64_t stream_id, void *userdata), void *userdata) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(monitor_store_db(store),
                           "SELECT stream_id FROM stream_paths WHERE server_id = ?1 AND prefix = ?2", &s);
        r = r < 0 ? r : db_bind_int(s, 1, server_id);
        r = r < 0 ? r : db_bind_text(s, 2, prefix);
        return r < 0 ? r : each_id(s, function, userdata);
}

/* Everything below "//a/b" sorts from "//a/b/" up to, not including, "//a/b0": '0' follows '/'. Below the
 * root "/" it is "//" up to "/0". */
int stream_store_each_below_prefix(MonitorStore *store, int64_t server_id, const char *prefix,
                                   int (*function)(int64_t stream_id, void *userdata), void *userdata) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        int r = db_prepare(
                        monitor_store_db(store),
                        "SELECT DISTINCT stream_id FROM stream_paths WHERE server_id = ?1 AND prefix >= ?2 || '/'"
                        " AND prefix < ?2 || '0'",
                        &s);
        r = r < 0 ? r : db_bind_int(s, 1, server_id);
        r = r < 0 ? r : db_bind_text(s, 2, prefix);
        return r < 0 ? r : each_id(s, function, userdata);
}
