/* SQLite, opened one way only: defensive, trusted_schema off, foreign keys on, WAL kept persistent, busy
 * timeout, migrations by user_version. The only includer of sqlite3.h. Stores write SQL through prepared
 * statements and bindings; text is never formatted into SQL. A connection is used by one thread at a time.
 * */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"

typedef struct Db Db;
typedef struct DbStatement DbStatement;

typedef enum DbMode { DB_READ_ONLY, DB_READ_WRITE /* creates and migrates */ } DbMode;

/* For programs of one thread that live for one answer: SQLite then takes no lock and keeps no account of memory. Before the first
 * db_open() of the process; later it has no effect. */
void db_single_threaded(void);

/* migrations: NULL-terminated SQL scripts; script N brings user_version N to N+1, each in its own IMMEDIATE
 * transaction. A database newer than the program: -EPROTONOSUPPORT; an older one opened read-only: -ESTALE;
 * a missing one opened read-only: -ENOENT. busy_usec: 0 = 5 s. */
int db_open(const char *path, DbMode mode, const char *const *migrations, uint64_t busy_usec, Db **ret);
/* What such an error means to people, to follow "cannot be read: ". */
const char *db_strerror(int error);
Db *db_close(Db *db); /* NULL is fine */
DEFINE_TRIVIAL_CLEANUP_FUNC(Db *, db_close);
const char *db_error(const Db *db); /* SQLite's text of the last failure, for logs */

/* The same of the last failure of any connection of this thread, also one that is no more; "": none since it was forgotten. */
const char *db_last_error(void);
void db_forget_error(void);

int db_begin(Db *db); /* BEGIN IMMEDIATE */
int db_commit(Db *db);
void db_rollback(Db *db);                /* no-op outside a transaction */
int db_execute(Db *db, const char *sql); /* no parameters, no rows */

/* Statements are cached by the SQL text's address, so callers pass string literals. Acquire, bind, step,
 * release. Acquiring one that is still in use gives a second one. */
int db_prepare(Db *db, const char *sql, DbStatement **ret);
void db_release(DbStatement *statement); /* resets and unbinds */
DEFINE_TRIVIAL_CLEANUP_FUNC(DbStatement *, db_release);
int db_bind_int(DbStatement *statement, int index, int64_t value);      /* 1-based */
int db_bind_text(DbStatement *statement, int index, const char *value); /* NULL binds NULL; copied */
int db_bind_blob(DbStatement *statement, int index, const void *value, size_t length);
int db_bind_null(DbStatement *statement, int index);
/* 1 row, 0 done, -EBUSY, -EUCLEAN corrupt, -EEXIST constraint, -EROFS, -ENOSPC, -EIO. */
int db_step(DbStatement *statement);
int db_run(DbStatement *statement); /* steps to the end (rows are ignored) and resets: 0 or as db_step */
int64_t db_column_int(DbStatement *statement, int column); /* 0-based; NULL reads as 0 */
/* Valid until the next step; NULL for NULL. */
const char *db_column_text(DbStatement *statement, int column);
/* The same; an empty one is not NULL. */
const void *db_column_blob(DbStatement *statement, int column, size_t *ret_length);
bool db_column_is_null(DbStatement *statement, int column);
int64_t db_last_id(const Db *db);
int64_t db_changes(const Db *db); /* rows changed by the last statement */
