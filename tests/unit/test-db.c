/* The database: opening, migrations, settings, statements, two writers, readers without a writer, what goes
 * wrong. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd_util.h"
#include "base/time_util.h"
#include "resources/db.h"

static const char *const migrations[] = {
        "CREATE TABLE parent (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;"
        "CREATE TABLE child (parent_id INTEGER NOT NULL REFERENCES parent (id), bytes BLOB) STRICT;",
        "ALTER TABLE parent ADD COLUMN size INTEGER",
        NULL,
};

static char directory[] = "/tmp/weir-test-db-XXXXXX";
static char path[64];

static int set_up(void **state) {
        if (!mkdtemp(directory)) {
                return -1;
        }
        (void) snprintf(path, sizeof(path), "%s/test.db", directory);
        return 0;
}

static int remove_files(void **state) {
        static const char *const suffixes[] = { "", "-wal", "-shm", "-journal" };

        for (size_t i = 0; i < ELEMENTSOF(suffixes); i++) {
                char name[80];

                (void) snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
                (void) unlink(name);
        }
        return 0;
}

static int tear_down(void **state) {
        (void) remove_files(state);
        return rmdir(directory);
}

static Db *open_db(DbMode mode) {
        Db *db = NULL;

        assert_int_equal(db_open(path, mode, migrations, 200 * USEC_PER_MSEC, &db), 0);
        return db;
}

static int64_t query_int(Db *db, const char *sql) {
        _cleanup_(db_releasep) DbStatement *statement = NULL;

        assert_int_equal(db_prepare(db, sql, &statement), 0);
        assert_int_equal(db_step(statement), 1);
        return db_column_int(statement, 0);
}

static void insert(Db *db, const char *name, int expected) {
        _cleanup_(db_releasep) DbStatement *statement = NULL;

        assert_int_equal(db_prepare(db, "INSERT INTO parent (name) VALUES (?)", &statement), 0);
        assert_int_equal(db_bind_text(statement, 1, name), 0);
        assert_int_equal(db_run(statement), expected);
}

static void test_settings(void **state) {
        _cleanup_(db_closep) Db *db = open_db(DB_READ_WRITE);
        _cleanup_(db_releasep) DbStatement *statement = NULL;

        assert_int_equal(query_int(db, "PRAGMA user_version"), 2);
        assert_int_equal(query_int(db, "PRAGMA foreign_keys"), 1);
        assert_int_equal(query_int(db, "PRAGMA trusted_schema"), 0);
        assert_int_equal(query_int(db, "PRAGMA busy_timeout"), 200);
        assert_int_equal(db_prepare(db, "PRAGMA journal_mode", &statement), 0);
        assert_int_equal(db_step(statement), 1);
        assert_string_equal(db_column_text(statement, 0), "wal");
        /* defensive: the schema table cannot be written to, even when asked to allow it */
        assert_int_equal(db_execute(db, "PRAGMA writable_schema = ON"), 0);
        assert_true(db_execute(db, "DELETE FROM sqlite_schema") < 0);
        /* "name" in double quotes is a column or an error, never a text */
        assert_int_equal(db_execute(db, "SELECT \"no such column\""), -EINVAL);
        assert_non_null(strstr(db_error(db), "no such column"));
}

static void test_values(void **state) {
        _cleanup_(db_closep) Db *db = open_db(DB_READ_WRITE);
        _cleanup_(db_releasep) DbStatement *write = NULL, *read = NULL;
        static const char name[] = "caf\xe9 %s '; DROP TABLE parent; --";

        assert_int_equal(db_prepare(db, "INSERT INTO parent (name, size) VALUES (?, ?)", &write), 0);
        assert_int_equal(db_bind_text(write, 1, name), 0);
        assert_int_equal(db_bind_int(write, 2, INT64_MIN), 0);
        assert_int_equal(db_run(write), 0);
        assert_int_equal(db_last_id(db), 1);
        assert_int_equal(db_changes(db), 1);
        assert_int_equal(db_bind_text(write, 1, "second"), 0); /* run again without releasing */
        assert_int_equal(db_bind_null(write, 2), 0);
        assert_int_equal(db_run(write), 0);

        assert_int_equal(db_prepare(db, "SELECT name, size FROM parent ORDER BY id", &read), 0);
        assert_int_equal(db_step(read), 1);
        assert_string_equal(db_column_text(read, 0), name);
        assert_true(db_column_int(read, 1) == INT64_MIN);
        assert_int_equal(db_step(read), 1);
        assert_true(db_column_is_null(read, 1));
        assert_int_equal(db_column_int(read, 1), 0);
        assert_null(db_column_text(read, 1));
        assert_int_equal(db_step(read), 0);
        assert_int_equal(db_bind_int(write, 3, 1), -EINVAL); /* no such place */
}

static void test_blobs_and_keys(void **state) {
        _cleanup_(db_closep) Db *db = open_db(DB_READ_WRITE);
        _cleanup_(db_releasep) DbStatement *write = NULL;

        insert(db, "p", 0);
        assert_int_equal(db_prepare(db, "INSERT INTO child VALUES (?, ?)", &write), 0);
        assert_int_equal(db_bind_int(write, 1, 1), 0);
        assert_int_equal(db_bind_blob(write, 2, "a\0b", 3), 0);
        assert_int_equal(db_run(write), 0);
        assert_int_equal(db_bind_blob(write, 2, NULL, 0), 0);
        assert_int_equal(db_run(write), 0);
        assert_int_equal(query_int(db, "SELECT sum(length(bytes)) * 10 + count(bytes) FROM child"), 32);
        assert_int_equal(db_bind_int(write, 1, 99), 0);
        assert_int_equal(db_run(write), -EEXIST); /* foreign key */
        insert(db, "p", -EEXIST);
        assert_non_null(strstr(db_error(db), "UNIQUE"));
        insert(db, NULL, -EEXIST);
        assert_int_equal(db_execute(db, "INSERT INTO parent (name, size) VALUES ('q', 'text')"),
                         -EEXIST); /* STRICT */
}

static void test_statement_cache(void **state) {
        _cleanup_(db_closep) Db *db = open_db(DB_READ_WRITE);
        static const char sql[] = "SELECT ?";
        DbStatement *first, *again, *nested;

        assert_int_equal(db_prepare(db, sql, &first), 0);
        assert_int_equal(db_bind_int(first, 1, 7), 0);
        assert_int_equal(db_step(first), 1);
        assert_int_equal(db_prepare(db, sql, &nested), 0); /* in use: another one */
        assert_ptr_not_equal(first, nested);
        assert_int_equal(db_column_int(first, 0), 7);
        db_release(nested);
        db_release(first);
        assert_int_equal(db_prepare(db, sql, &again), 0);
        assert_true(again == first || again == nested);
        assert_int_equal(db_step(again), 1);
        assert_true(db_column_is_null(again, 0)); /* bindings do not survive */
        db_release(again);
        db_release(NULL);
        assert_int_equal(db_prepare(db, "SELEC 1", &first), -EINVAL);
        assert_int_equal(db_prepare(db, "", &first), -EINVAL);
        assert_int_equal(db_prepare(db, "SELECT * FROM nothing", &first), -EINVAL);
}

static void test_transactions(void **state) {
        _cleanup_(db_closep) Db *db = open_db(DB_READ_WRITE);

        db_rollback(db); /* outside of one: nothing */
        assert_int_equal(db_begin(db), 0);
        insert(db, "a", 0);
        db_rollback(db);
        assert_int_equal(query_int(db, "SELECT count(*) FROM parent"), 0);
        assert_int_equal(db_begin(db), 0);
        assert_int_equal(db_begin(db), -EINVAL);
        insert(db, "b", 0);
        assert_int_equal(db_commit(db), 0);
        assert_int_equal(db_commit(db), -EINVAL);
        assert_int_equal(query_int(db, "SELECT count(*) FROM parent"), 1);
}

/* The second writer waits for the first, up to its timeout, and says busy then. */
static void test_two_writers(void **state) {
        _cleanup_(db_closep) Db *a = open_db(DB_READ_WRITE), *b = open_db(DB_READ_WRITE);
        uint64_t start;

        assert_int_equal(db_begin(a), 0);
        start = now_monotonic();
        assert_int_equal(db_begin(b), -EBUSY);
        assert_true(now_monotonic() - start >= 150 * USEC_PER_MSEC);
        assert_int_equal(query_int(b, "SELECT count(*) FROM parent"), 0); /* reading is possible meanwhile */
        assert_int_equal(db_commit(a), 0);
        assert_int_equal(db_begin(b), 0);
        db_rollback(b);
}

/* Readers: no database, no writer alive, no writing. */
static void test_read_only(void **state) {
        Db *db = NULL;

        assert_int_equal(db_open(path, DB_READ_ONLY, migrations, 0, &db), -ENOENT);
        assert_null(db);
        db = open_db(DB_READ_WRITE);
        insert(db, "kept", 0);
        db = db_close(db);
        assert_int_equal(access(path, F_OK), 0);
        db = open_db(DB_READ_ONLY);
        assert_int_equal(query_int(db, "SELECT count(*) FROM parent"), 1);
        insert(db, "x", -EROFS);
        assert_int_equal(db_begin(db), 0); /* in WAL mode this is a reader's transaction until it writes */
        db_rollback(db);
        (void) db_close(db);
        assert_null(db_close(NULL));
}

/* A user who may only read the files reads them also when the last writer has left. */
static void test_reader_without_rights(void **state) {
        Db *db;
        pid_t child;
        int status;

        if (geteuid() != 0) {
                skip();
        }
        db = open_db(DB_READ_WRITE);
        insert(db, "kept", 0);
        (void) db_close(db);
        assert_int_equal(chmod(directory, 0755), 0);
        child = fork();
        if (child == 0) {
                Db *reader = NULL;
                int r = setgid(65534) < 0 || setuid(65534) < 0 ? -errno : 0;

                r = r < 0 ? r : db_open(path, DB_READ_ONLY, migrations, 0, &reader);
                _exit(r < 0 ? 1 : query_int(reader, "SELECT count(*) FROM parent") == 1 ? 0 : 2);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
}

static void test_versions(void **state) {
        static const char *const one[] = { migrations[0], NULL }, *const broken[] = { migrations[0],
                                                                                      "SELEC 1", NULL };
        Db *db = NULL;

        assert_int_equal(db_open(path, DB_READ_WRITE, broken, 0, &db), -EINVAL);
        assert_int_equal(db_open(path, DB_READ_ONLY, migrations, 0, &db),
                         -ESTALE); /* the first step was kept */
        assert_int_equal(db_open(path, DB_READ_WRITE, one, 0, &db), 0);
        insert(db, "old", 0);
        db = db_close(db);
        db = open_db(DB_READ_WRITE); /* upgraded, with its rows */
        assert_int_equal(query_int(db, "SELECT count(*) FROM parent WHERE size IS NULL"), 1);
        db = db_close(db);
        assert_int_equal(db_open(path, DB_READ_WRITE, one, 0, &db), -EPROTONOSUPPORT);
        assert_int_equal(db_open(path, DB_READ_ONLY, one, 0, &db), -EPROTONOSUPPORT);
        assert_null(db);
}

static void *open_at_once(void *failures) {
        Db *db = NULL;

        if (db_open(path, DB_READ_WRITE, migrations, 5 * USEC_PER_SEC, &db) < 0) {
                (void) __atomic_add_fetch((int *) failures, 1, __ATOMIC_SEQ_CST);
        }
        (void) db_close(db);
        return NULL;
}

/* Several processes start at once on a new database: each step is done once. */
static void test_migrating_at_once(void **state) {
        pthread_t threads[4];
        int failures = 0;

        for (size_t i = 0; i < ELEMENTSOF(threads); i++) {
                assert_int_equal(pthread_create(&threads[i], NULL, open_at_once, &failures), 0);
        }
        for (size_t i = 0; i < ELEMENTSOF(threads); i++) {
                assert_int_equal(pthread_join(threads[i], NULL), 0);
        }
        assert_int_equal(failures, 0);
}

static void test_bad_files(void **state) {
        char garbage[8192];
        Db *db = NULL;
        int fd;

        memset(garbage, 'x', sizeof(garbage));
        assert_int_equal(file_write_atomic(path, garbage, sizeof(garbage), 0600), 0);
        assert_int_equal(db_open(path, DB_READ_ONLY, migrations, 0, &db), -EUCLEAN);
        assert_int_equal(db_open(path, DB_READ_WRITE, migrations, 0, &db), -EUCLEAN);
        assert_int_equal(db_open("/nonexistent/x.db", DB_READ_WRITE, migrations, 0, &db), -ENOENT);
        assert_int_equal(db_open(directory, DB_READ_WRITE, migrations, 0, &db), -EISDIR);
        (void) remove_files(NULL);

        /* A page overwritten with garbage. */
        db = open_db(DB_READ_WRITE);
        for (int i = 0; i < 200; i++) {
                char name[200];

                memset(name, 'a', sizeof(name));
                (void) snprintf(name, sizeof(name), "%d", i);
                name[strlen(name)] = '-';
                name[sizeof(name) - 1] = 0;
                insert(db, name, 0);
        }
        assert_int_equal(db_execute(db, "PRAGMA wal_checkpoint(TRUNCATE)"), 0);
        db = db_close(db);
        fd = open(path, O_WRONLY | O_CLOEXEC);
        assert_int_equal(pwrite(fd, garbage, sizeof(garbage), 4096), sizeof(garbage));
        (void) fd_close(fd);
        if (db_open(path, DB_READ_WRITE, migrations, 0, &db) == 0) {
                _cleanup_(db_releasep) DbStatement *statement = NULL;
                int r = db_prepare(db, "SELECT sum(length(name)) FROM parent", &statement);

                assert_int_equal(r < 0 ? r : db_step(statement), -EUCLEAN);
        }
        (void) db_close(db);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_teardown(test_settings, remove_files),
                cmocka_unit_test_teardown(test_values, remove_files),
                cmocka_unit_test_teardown(test_blobs_and_keys, remove_files),
                cmocka_unit_test_teardown(test_statement_cache, remove_files),
                cmocka_unit_test_teardown(test_transactions, remove_files),
                cmocka_unit_test_teardown(test_two_writers, remove_files),
                cmocka_unit_test_teardown(test_read_only, remove_files),
                cmocka_unit_test_teardown(test_reader_without_rights, remove_files),
                cmocka_unit_test_teardown(test_versions, remove_files),
                cmocka_unit_test_teardown(test_migrating_at_once, remove_files),
                cmocka_unit_test_teardown(test_bad_files, remove_files),
        };

        return cmocka_run_group_tests_name("db", tests, set_up, tear_down);
}
