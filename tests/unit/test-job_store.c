/* jobs.db: what is saved is read again, lists of a job, paging, retention, numbers that are never used twice, and how long listing takes. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/string_util.h"
#include "base/time_util.h"
#include "services/job_list_store.h"
#include "services/job_parts_store.h"

static char directory[64];
static JobStore *store;

static int set_up(void **state) {
        strcpy(directory, "/tmp/weir-jobs-XXXXXX");
        if (!mkdtemp(directory)) {
                return -1;
        }
        return job_store_open(directory, DB_READ_WRITE, &store);
}

static int tear_down(void **state) {
        char command[128];

        store = job_store_close(store);
        (void) snprintf(command, sizeof(command), "rm -rf '%s'", directory);
        return system(command);
}

static void reopen(void) {
        store = job_store_close(store);
        assert_int_equal(job_store_open(directory, DB_READ_WRITE, &store), 0);
}

static int64_t add(const char *id, const char *owner, const char *server, const char *key) {
        const JobNewRow row = { .id = id,
                                .kind = "integrate",
                                .owner = owner,
                                .spec = "{\"server\":\"demo\",\"path\":\"//demo/dev/...\"}",
                                .server = server,
                                .client = key ? "ws" : NULL,
                                .host = "here",
                                .key = key,
                                .p4user = "alice",
                                .has_credential = true,
                                .now = 1000 };
        int64_t seq = 0;

        assert_int_equal(job_store_insert(store, &row, &seq), 0);
        return seq;
}

static const JobState queued = { .status = JOB_STATUS_QUEUED, .pending = JOB_STATUS_FAILED };

static void end(int64_t seq, JobStatus status, int64_t now) {
        const JobState ended = { .status = status, .stage = JOB_DONE, .attempt = 1 };
        const JobChange change = { .finishes = true, .starts = true };

        assert_int_equal(job_store_save(store, seq, &queued, &ended, &change, now), 0);
}

/* --- states ---------------------------------------------------------------------------------------------------------- */

typedef struct Seen {
        JobState state;
        char ids[8][JOB_ID_MAX];
        bool has_key, has_credential, has_intent;
        size_t n;
} Seen;

static int see(const JobLiveRow *row, void *userdata) {
        Seen *seen = userdata;

        seen->state = row->state;
        seen->has_key = row->key;
        seen->has_credential = row->has_credential;
        seen->has_intent = row->has_intent;
        (void) snprintf(seen->ids[seen->n++], JOB_ID_MAX, "%s", row->id);
        return 0;
}

static void test_state(void **state) {
        const JobState running = { .status = JOB_STATUS_CANCELLING,
                                   .stage = JOB_BUILD,
                                   .wish = JOB_WISH_CANCEL,
                                   .is_immediate = true,
                                   .attempt = 4,
                                   .n_run = 3,
                                   .n_clean = 1,
                                   .is_clean_mode = true,
                                   .pending = JOB_STATUS_CANCELLED,
                                   .is_launched = true,
                                   .go_on = true,
                                   .active_usec = 5000000,
                                   .active_since = 77 };
        const JobChange change = { .intent = "{\"submit\":1}", .cancelled_by = "bob" };
        Seen seen = {};
        int64_t seq = add("INT-20261121-001", "alice", "demo", "here/demo/ws");

        assert_int_equal(job_store_each_live(store, see, &seen), 0);
        assert_int_equal(seen.n, 1);
        assert_int_equal(seen.state.status, JOB_STATUS_QUEUED);
        assert_int_equal(seen.state.stage, JOB_INIT);
        assert_int_equal(seen.state.attempt, 0);
        assert_false(seen.state.is_launched || seen.has_intent);
        assert_true(seen.has_key && seen.has_credential);

        assert_int_equal(job_store_save(store, seq, &queued, &running, &change, 2000), 0);
        reopen();
        memset(&seen, 0, sizeof(seen));
        assert_int_equal(job_store_each_live(store, see, &seen), 0);
        assert_int_equal(seen.state.status, running.status);
        assert_int_equal(seen.state.stage, running.stage);
        assert_int_equal(seen.state.wish, running.wish);
        assert_int_equal(seen.state.pending, running.pending);
        assert_int_equal(seen.state.attempt, 4);
        assert_int_equal(seen.state.n_run, 3);
        assert_int_equal(seen.state.n_clean, 1);
        assert_int_equal(seen.state.active_usec, 5000000);
        assert_int_equal(seen.state.active_since, 77);
        assert_true(seen.state.is_immediate && seen.state.is_clean_mode && seen.state.is_launched &&
                    seen.state.go_on);
        assert_true(seen.has_intent);
        assert_int_equal(job_store_save(store, seq + 1, &queued, &running, NULL, 2000), -ENOENT);
}

static void test_records(void **state) {
        const JobState running = { .status = JOB_STATUS_RUNNING, .stage = JOB_SYNC, .attempt = 2 };
        JobChange change = { .status_text = "12 files",
                             .client = "weir-INT-1",
                             .changelist = 77,
                             .source_changelist = 70,
                             .shelf = 75,
                             .error = "no",
                             .reason = "exit",
                             .checkpoint = "{}",
                             .starts = true };
        int64_t seq = add("INT-20261121-001", "alice", "demo", NULL);
        _cleanup_(job_record_done) JobRecord record = {}, again = {};
        _cleanup_(job_work_done) JobWork work = {};
        _cleanup_free_ char *p4user = NULL;

        assert_int_equal(job_store_save(store, seq, &queued, &running, &change, 2000), 0);
        assert_int_equal(job_list_store_get(store, "INT-20261121-001", &record, NULL), 0);
        assert_string_equal(record.status, "running");
        assert_string_equal(record.stage, "SYNC");
        assert_string_equal(record.owner, "alice");
        assert_string_equal(record.client, "weir-INT-1");
        assert_string_equal(record.unit, "weir-job-INT-20261121-001-2.service");
        assert_string_equal(record.status_text, "12 files");
        assert_string_equal(record.error, "no");
        assert_string_equal(record.reason, "exit");
        assert_int_equal(record.changelist, 77);
        assert_int_equal(record.source_changelist, 70);
        assert_int_equal(record.shelf, 75);
        assert_int_equal(record.created_at, 1000);
        assert_int_equal(record.started_at, 2000);
        assert_int_equal(record.updated_at, 2000);
        assert_int_equal(record.finished_at, 0);
        assert_int_equal(record.history.n_items, 1);
        assert_string_equal(record.history.items[0].from, "INIT");
        assert_string_equal(record.history.items[0].to, "SYNC");
        assert_int_equal(record.history.items[0].at, 2000);

        /* What is not mentioned stays; -1 takes away; started is started once. */
        change = (JobChange) { .shelf = -1, .starts = true };
        assert_int_equal(job_store_save(store, seq, &running, &running, &change, 3000), 0);
        assert_int_equal(job_list_store_get(store, "INT-20261121-001", &again, NULL), 0);
        assert_int_equal(again.shelf, 0);
        assert_int_equal(again.changelist, 77);
        assert_int_equal(again.started_at, 2000);
        assert_int_equal(again.updated_at, 3000);
        assert_int_equal(again.history.n_items, 1);
        assert_string_equal(again.status_text, "12 files");

        assert_int_equal(job_list_store_get_work(store, "INT-20261121-001", &work, &p4user), 0);
        assert_string_equal(work.checkpoint, "{}");
        assert_null(work.intent);
        assert_string_equal(p4user, "alice");
        assert_int_equal(job_list_store_get(store, "INT-20261121-002", &again, NULL), -ENOENT);
        assert_int_equal(job_list_store_get_work(store, "INT-20261121-002", &work, &p4user), -ENOENT);
}

static void test_history_bound(void **state) {
        JobState a = { .status = JOB_STATUS_RUNNING, .stage = JOB_RESOLVE_CHECK };
        JobState b = { .status = JOB_STATUS_NEEDS_RESOLVE, .stage = JOB_NEEDS_RESOLVE };
        int64_t seq = add("INT-20261121-001", "alice", "demo", NULL);
        _cleanup_(job_record_done) JobRecord record = {};

        assert_int_equal(db_execute(job_store_db(store), "PRAGMA synchronous = OFF"), 0);
        for (int i = 0; i < JOB_STORE_HISTORY_MAX + 10; i++) {
                assert_int_equal(job_store_save(store, seq, i % 2 ? &b : &a, i % 2 ? &a : &b, NULL, i + 1),
                                 0);
        }
        assert_int_equal(job_list_store_get(store, "INT-20261121-001", &record, NULL), 0);
        assert_int_equal(record.history.n_items, JOB_STORE_HISTORY_MAX);
        assert_int_equal(record.history.items[JOB_STORE_HISTORY_MAX - 1].at, JOB_STORE_HISTORY_MAX + 10);
}

/* --- lists ----------------------------------------------------------------------------------------------------------- */

static void test_conflicts(void **state) {
        const JobConflict one = { .type = (char *) "content",
                                  .depot_path = (char *) "//demo/main/a b.c",
                                  .local_path = (char *) "/ws/a b.c",
                                  .base = (char *) "//demo/main/a b.c#1",
                                  .theirs = (char *) "//demo/dev/a b.c#3",
                                  .yours = (char *) "//demo/main/a b.c#2",
                                  .chunks_yours = 1,
                                  .chunks_theirs = 2,
                                  .chunks_both = 3,
                                  .chunks_conflicting = 4,
                                  .state = (char *) "open" };
        const JobConflict other = { .type = (char *) "delete", .depot_path = (char *) "//demo/main/ж" };
        _cleanup_(job_conflicts_done) JobConflicts conflicts = {}, many = {};
        _cleanup_(job_record_done) JobRecord record = {}, large = {}, none = {};
        JobChange change = { .conflicts = &conflicts };
        int64_t seq = add("INT-20261121-001", "alice", "demo", NULL);
        uint64_t start;

        assert_int_equal(job_conflicts_append(&conflicts, &one), 0);
        assert_int_equal(job_conflicts_append(&conflicts, &other), 0);
        assert_int_equal(job_store_save(store, seq, &queued, &queued, &change, 1), 0);
        assert_int_equal(job_list_store_get(store, "INT-20261121-001", &record, NULL), 0);
        assert_int_equal(record.n_conflicts, 2);
        assert_int_equal(record.conflicts.n_items, 2);
        assert_string_equal(record.conflicts.items[0].theirs, "//demo/dev/a b.c#3");
        assert_int_equal(record.conflicts.items[0].chunks_conflicting, 4);
        assert_string_equal(record.conflicts.items[1].depot_path, "//demo/main/ж");
        assert_null(record.conflicts.items[1].base);
        assert_int_equal(conflict_store_has(store, seq, "//demo/main/a b.c"), 1);
        assert_int_equal(conflict_store_has(store, seq, "/ws/a b.c"), 1);
        assert_int_equal(conflict_store_has(store, seq, "/ws/a"), 0);

        /* As many as there may be, in reasonable time; then none again. */
        for (int i = 0; i < 20000; i++) {
                assert_int_equal(job_conflicts_append(&many, &one), 0);
        }
        change.conflicts = &many;
        start = now_monotonic();
        assert_int_equal(job_store_save(store, seq, &queued, &queued, &change, 2), 0);
        assert_true(now_monotonic() - start < 5 * USEC_PER_SEC);
        assert_int_equal(job_list_store_get(store, "INT-20261121-001", &large, NULL), 0);
        assert_int_equal(large.conflicts.n_items, 20000);
        job_conflicts_done(&conflicts);
        change.conflicts = &conflicts;
        assert_int_equal(job_store_save(store, seq, &queued, &queued, &change, 3), 0);
        assert_int_equal(job_list_store_get(store, "INT-20261121-001", &none, NULL), 0);
        assert_int_equal(none.n_conflicts, 0);
}

static void test_ledger(void **state) {
        _cleanup_(job_pairs_done) JobPairs made = {}, gone = {}, left = {}, again = {};
        JobChange change = { .ledger_add = &made };
        int64_t seq = add("INT-20261121-001", "alice", "demo", NULL);

        assert_int_equal(job_pairs_append(&made, "client", "weir-1"), 0);
        assert_int_equal(job_pairs_append(&made, "changelist", "12"), 0);
        assert_int_equal(job_pairs_append(&gone, "changelist", "12"), 0);
        assert_int_equal(job_store_save(store, seq, &queued, &queued, &change, 1), 0);
        assert_int_equal(job_store_save(store, seq, &queued, &queued, &change, 2), 0); /* said twice */
        assert_int_equal(ledger_store_count(store, seq), 2);
        change = (JobChange) { .ledger_done = &gone };
        assert_int_equal(job_store_save(store, seq, &queued, &queued, &change, 3), 0);
        assert_int_equal(ledger_store_read(store, seq, &left), 0);
        assert_int_equal(left.n_items, 1);
        assert_string_equal(left.items[0].first, "client");
        assert_string_equal(left.items[0].second, "weir-1");
        change = (JobChange) { .ledger_add = &gone }; /* made again */
        assert_int_equal(job_store_save(store, seq, &queued, &queued, &change, 4), 0);
        assert_int_equal(ledger_store_count(store, seq), 2);
        change = (JobChange) { .ledger_clear = true };
        assert_int_equal(job_store_save(store, seq, &queued, &queued, &change, 5), 0);
        assert_int_equal(ledger_store_read(store, seq, &again), 0);
        assert_int_equal(again.n_items, 0);
}

static void test_resolutions(void **state) {
        _cleanup_(job_pairs_done) JobPairs files = {}, other = {}, read = {}, rest = {};
        char *resolved[] = { (char *) "//demo/a", (char *) "never", NULL };
        JobChange change = { .resolutions = &files };
        int64_t seq = add("INT-20261121-001", "alice", "demo", NULL);

        assert_int_equal(job_pairs_append(&files, "//demo/a", "theirs"), 0);
        assert_int_equal(job_pairs_append(&files, "*", "yours"), 0);
        assert_int_equal(job_pairs_append(&other, "//demo/a", "edit"), 0);
        assert_int_equal(job_store_save(store, seq, &queued, &queued, &change, 1), 0);
        change.resolutions = &other; /* another mind */
        assert_int_equal(job_store_save(store, seq, &queued, &queued, &change, 2), 0);
        assert_int_equal(resolution_store_count(store, seq), 2);
        assert_int_equal(resolution_store_read(store, seq, &read), 0);
        assert_string_equal(read.items[1].first, "//demo/a");
        assert_string_equal(read.items[1].second, "edit");
        change = (JobChange) { .resolved = resolved };
        assert_int_equal(job_store_save(store, seq, &queued, &queued, &change, 3), 0);
        assert_int_equal(resolution_store_read(store, seq, &rest), 0);
        assert_int_equal(rest.n_items, 1);
        assert_string_equal(rest.items[0].first, "*");
}

/* --- numbers and credentials ------------------------------------------------------------------------------------------ */

static void test_numbers(void **state) {
        uint32_t number = 0;

        for (uint32_t i = 1; i <= 3; i++) {
                assert_int_equal(job_store_reserve(store, 20261121, false, &number), 0);
                assert_int_equal(number, i);
        }
        assert_int_equal(job_store_reserve(store, 20261122, false, &number), 0);
        assert_int_equal(number, 1);
        reopen();
        /* A clock that goes back does not bring numbers back. */
        assert_int_equal(job_store_reserve(store, 20261121, false, &number), 0);
        assert_int_equal(number, 4);
}

static void test_credentials(void **state) {
        _cleanup_free_ char *first = NULL, *none = NULL, *orphan = NULL;
        uint32_t number;
        int64_t seq;

        assert_int_equal(job_store_reserve(store, 20261121, true, &number), 0);
        seq = add("INT-20261121-001", "alice", "demo", NULL);
        assert_int_equal(job_store_reserve(store, 20261121, true, &number),
                         0); /* its job never came to be */
        assert_int_equal(credential_store_next(store, &first), 0);

        assert_int_equal(credential_store_release_orphans(store), 0);
        assert_int_equal(credential_store_next(store, &orphan), 1);
        assert_string_equal(orphan, "INT-20261121-002");
        assert_int_equal(credential_store_remove(store, orphan), 0);
        assert_int_equal(credential_store_next(store, &none), 0);

        end(seq, JOB_STATUS_DONE, 5000);
        assert_int_equal(credential_store_next(store, &first), 1);
        assert_string_equal(first, "INT-20261121-001");
        assert_int_equal(credential_store_remove(store, first), 0);
        assert_int_equal(credential_store_next(store, &none), 0);
}

/* --- listing --------------------------------------------------------------------------------------------------------- */

static void expect_list(const JobFilter *filter, const char *expected) {
        _cleanup_(job_records_done) JobRecords records = {};
        char got[256] = "";

        assert_int_equal(job_list_store_list(store, filter, &records), 0);
        for (size_t i = 0; i < records.n_items; i++) {
                strcat(strcat(got, i > 0 ? " " : ""), strrchr(records.items[i].id, '-') + 1);
        }
        assert_string_equal(got, expected);
}

static void test_list(void **state) {
        _cleanup_(job_records_done) JobRecords records = {};

        end(add("INT-20261121-001", "alice", "demo", NULL), JOB_STATUS_DONE, 10);
        end(add("INT-20261121-002", "bob", "demo", NULL), JOB_STATUS_FAILED, 20);
        end(add("INT-20261121-003", "alice", "main", NULL), JOB_STATUS_FAILED, 30);
        (void) add("INT-20261121-004", "alice", "demo", NULL);
        expect_list(&(JobFilter) {}, "004 003 002 001");
        expect_list(&(JobFilter) { .limit = 2 }, "004 003");
        expect_list(&(JobFilter) { .limit = 2, .before = "INT-20261121-003" }, "002 001");
        expect_list(&(JobFilter) { .before = "INT-20261121-001" }, "");
        expect_list(&(JobFilter) { .status = "failed" }, "003 002");
        expect_list(&(JobFilter) { .owner = "alice" }, "004 003 001");
        expect_list(&(JobFilter) { .server = "demo" }, "004 002 001");
        expect_list(&(JobFilter) { .owner = "alice", .status = "done" }, "001");
        expect_list(&(JobFilter) { .owner = "alice", .status = "failed", .server = "main" }, "003");
        expect_list(&(JobFilter) { .status = "done", .server = "main" }, "");
        expect_list(&(JobFilter) { .owner = "al" }, "");
        expect_list(&(JobFilter) { .status = "", .owner = "", .server = "", .before = "" },
                    "004 003 002 001");
        assert_int_equal(job_list_store_list(store, &(JobFilter) { .before = "INT-20261121-009" }, &records),
                         -ENOENT);
        assert_int_equal(job_list_store_list_queued(store, &records), 0);
        assert_int_equal(records.n_items, 1);
        assert_string_equal(records.items[0].id, "INT-20261121-004");
        assert_null(records.items[0].spec);
}

static void expect_counts(const char *owner, int64_t n_queued, int64_t n_done) {
        int64_t counts[_JOB_STATUS_MAX];

        assert_int_equal(job_list_store_count(store, owner, counts), 0);
        assert_int_equal(counts[JOB_STATUS_QUEUED], n_queued);
        assert_int_equal(counts[JOB_STATUS_DONE], n_done);
        assert_int_equal(counts[JOB_STATUS_RUNNING], 0);
}

static void test_prune(void **state) {
        JobsEnded ended[_JOB_STATUS_MAX];

        for (int i = 1; i <= 5; i++) {
                char id[JOB_ID_MAX];

                end(add(job_id_format(id, 20261121, (uint32_t) i), "alice", "demo", NULL), JOB_STATUS_DONE,
                    i * 1000);
        }
        (void) add("INT-20261121-006", "alice", "demo", NULL); /* still to come, however old */
        assert_int_equal(job_store_prune(store, 4000, 2), 2);
        expect_list(&(JobFilter) {}, "006 005 004 003");
        assert_int_equal(job_store_prune(store, 4000, 2), 1);
        assert_int_equal(job_store_prune(store, 4000, 2), 0);
        expect_list(&(JobFilter) {}, "006 005 004");
        expect_counts("alice", 1, 2); /* counted along with all of that */
        expect_counts(NULL, 1, 2);
        expect_counts("bob", 0, 0);
        assert_int_equal(job_list_store_ended(store, ended), 0);
        assert_int_equal(ended[JOB_STATUS_DONE].n, 5); /* forgotten ones, too */
        assert_int_equal(ended[JOB_STATUS_FAILED].n, 0);
}

/* What a page says beside its jobs: how many there are in each state, of everybody and of one. */
static void check_counting_speed(void) {
        uint64_t best = UINT64_MAX;

        for (int turn = 0; turn < 3; turn++) {
                uint64_t start = now_monotonic(), took;

                expect_counts(NULL, 0, 99900);
                expect_counts("user-8", 0, 1000);
                took = now_monotonic() - start;
                best = took < best ? took : best;
        }
        assert_true(best < 2 * USEC_PER_MSEC);
}

/* 50 of 100,000 that have ended, by every filter, from the newest and from far behind. */
static void test_speed(void **state) {
        static const JobFilter filters[] = {
                { .limit = 50 },
                { .limit = 50, .status = "failed" },
                { .limit = 50, .owner = "user-7" },
                { .limit = 50, .server = "server-3" },
                { .limit = 50, .owner = "user-7", .status = "failed" },
                { .limit = 50, .before = "INT-20261121-50000" },
                { .limit = 50, .status = "cancelled" },
        };

        assert_int_equal(db_execute(job_store_db(store),
                                    "PRAGMA synchronous = OFF; BEGIN;"
                                    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
                                    " WHERE i < 100000) INSERT INTO jobs (id, kind, owner, server,"
                                    " client, host, p4user, retry_of, trial, credential, created_at,"
                                    " updated_at, finished_at, status, stage, spec)"
                                    " SELECT printf('INT-20261121-%03d', i), 'integrate',"
                                    " 'user-' || (i % 100), 'server-' || (i % 5), '', 'here', '', '',"
                                    " 0, 0, i, i, i, CASE WHEN i % 1000 = 7 THEN 'failed'"
                                    " ELSE 'done' END, 'DONE', '{\"server\":\"demo\"}' FROM n;"
                                    "COMMIT"),
                         0);
        for (size_t i = 0; i < ELEMENTSOF(filters); i++) {
                uint64_t best = UINT64_MAX;

                for (int turn = 0; turn < 3; turn++) {
                        _cleanup_(job_records_done) JobRecords records = {};
                        uint64_t start = now_monotonic(), took;

                        assert_int_equal(job_list_store_list(store, &filters[i], &records), 0);
                        took = now_monotonic() - start;
                        best = took < best ? took : best;
                        assert_int_equal(records.n_items,
                                         filters[i].status && *filters[i].status == 'c' ? 0 : 50);
                }
                print_message("# filter %zu: %llu us\n", i, (unsigned long long) best);
                assert_true(best < 10 * USEC_PER_MSEC);
        }
        check_counting_speed();
}

static void test_open(void **state) {
        JobStore *reader = NULL;

        assert_int_equal(job_store_open("/nonexistent", DB_READ_ONLY, &reader), -ENOENT);
        assert_int_equal(job_store_open(directory, DB_READ_ONLY, &reader), 0);
        reader = job_store_close(reader);
        assert_null(job_store_close(NULL));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_state, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_records, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_history_bound, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_conflicts, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_ledger, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_resolutions, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_numbers, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_credentials, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_list, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_prune, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_speed, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_open, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
