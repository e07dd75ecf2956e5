/* monitor.db: servers, streams, views, samples, runs. On a real SQLite in a folder of its own. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/string_util.h"
#include "base/time_util.h"
#include "services/sample_store.h"

static char directory[64];
static MonitorStore *store;

static int open_store(void **state) {
        strcpy(directory, "/tmp/weir-store-XXXXXX");
        if (!mkdtemp(directory)) {
                return -1;
        }
        return monitor_store_open(directory, DB_READ_WRITE, &store);
}

static int close_store(void **state) {
        char command[128];
        store = monitor_store_close(store);
        (void) snprintf(command, sizeof(command), "rm -rf '%s'", directory);
        return system(command);
}

/* --- servers ---------------------------------------------------------------------------------------- */

static Server make_server(const char *name, const char *p4port) {
        return (Server) { .name = (char *) name,
                          .p4port = (char *) p4port,
                          .p4user = (char *) "u",
                          .stream_mask = (char *) "*" };
}

static MonitorSync sync_servers(Server *servers, size_t n, int64_t now) {
        MonitorSync sync = {};
        assert_int_equal(server_store_sync(store, servers, n, now, &sync), 0);
        return sync;
}

static int64_t server_id(const char *name) {
        MonitorServer row = {};
        assert_int_equal(server_store_find(store, name, &row), 0);
        int64_t id = row.id;
        monitor_server_done(&row);
        return id;
}

static void test_sync(void **state) {
        Server both[] = { make_server("a", "a:1"), make_server("b", "b:1") };
        MonitorSync sync = sync_servers(both, 2, 100);
        assert_int_equal(sync.added, 2);
        sync = sync_servers(both, 2, 200);
        assert_int_equal(sync.unchanged, 2);
        assert_int_equal(sync.added + sync.updated + sync.retired + sync.returned, 0);

        /* The port is the identity: names may even be swapped. */
        int64_t a = server_id("a"), b = server_id("b");
        Server swapped[] = { make_server("b", "a:1"), make_server("a", "b:1") };
        sync = sync_servers(swapped, 2, 300);
        assert_int_equal(sync.updated, 2);
        assert_int_equal(server_id("b"), a);
        assert_int_equal(server_id("a"), b);
}

static void test_retire_and_return(void **state) {
        Server both[] = { make_server("a", "a:1"), make_server("b", "b:1") };
        MonitorServer *rows = NULL;
        size_t n = 0;
        (void) sync_servers(both, 2, 100);
        int64_t b = server_id("b");
        assert_int_equal(sync_servers(both, 1, 200).retired, 1);
        assert_int_equal(server_store_list(store, false, &rows, &n), 0);
        assert_int_equal(n, 1);
        monitor_servers_free(rows, n);
        assert_int_equal(server_store_list(store, true, &rows, &n), 0);
        assert_int_equal(n, 2);
        assert_string_equal(rows[1].server.name, "b");
        assert_int_equal(rows[1].retired_at, 200);
        monitor_servers_free(rows, n);

        /* Another one may take the name of a retired one meanwhile; the name means the active one. */
        Server other[] = { make_server("b", "c:1") };
        assert_int_equal(sync_servers(other, 1, 300).added, 1);
        assert_int_not_equal(server_id("b"), b);
        MonitorSync sync = sync_servers(both, 2, 400);
        assert_int_equal(sync.returned, 2);
        assert_int_equal(sync.retired, 1);
        assert_int_equal(server_id("b"), b);
        assert_int_equal(monitor_store_purge_server(store, b), -EBUSY);
        assert_int_equal(monitor_store_purge_server(store, 999), -ENOENT);
        assert_int_equal(sync_servers(NULL, 0, 500).retired, 2);
        assert_int_equal(monitor_store_purge_server(store, b), 0);
        assert_int_equal(monitor_store_purge_server(store, b), -ENOENT);
}

static void test_another_user_sees_other_files(void **state) {
        Server server = make_server("a", "a:1");
        MonitorServer row = {};
        (void) sync_servers(&server, 1, 100);
        assert_int_equal(server_store_finish(store, server_id("a"), 5, 6, true, 700), 0);
        server.stream_mask = (char *) "x*";
        (void) sync_servers(&server, 1, 200);
        assert_int_equal(server_store_find(store, "a", &row), 0);
        assert_int_equal(row.full_at, 700);
        assert_int_equal(row.change, 5);
        assert_int_equal(row.change_time, 6);
        monitor_server_done(&row);
        server.p4user = (char *) "v";
        (void) sync_servers(&server, 1, 300);
        assert_int_equal(server_store_find(store, "a", &row), 0);
        assert_int_equal(row.full_at, 0);
        monitor_server_done(&row);
}

static void test_state(void **state) {
        Server server = make_server("it's \"a\"; DROP TABLE servers; --", "a:1");
        MonitorServer row = {};
        server.trust = (char *) "AA:BB";
        server.interval_usec = 7;
        server.parallel = 3;
        server.timeout_usec = 9;
        (void) sync_servers(&server, 1, 100);
        int64_t id = server_id(server.name);
        assert_int_equal(server_store_set_state(store, id, SERVER_AUTH, "Your session has expired", 300), 0);
        assert_int_equal(server_store_set_ticket(store, id, 4000), 0);
        assert_int_equal(server_store_find(store, server.name, &row), 0);
        assert_int_equal(row.state, SERVER_AUTH);
        assert_string_equal(row.state_text, "Your session has expired");
        assert_int_equal(row.checked_at, 300);
        assert_int_equal(row.ticket_expires_at, 4000);
        assert_string_equal(row.server.trust, "AA:BB");
        assert_int_equal(row.server.interval_usec + row.server.parallel + row.server.timeout_usec, 19);
        monitor_server_done(&row);
        assert_int_equal(server_store_find(store, "none", &row), -ENOENT);
}

/* --- streams ---------------------------------------------------------------------------------------- */

static int64_t a_server(void) {
        Server server = make_server("a", "a:1");
        (void) sync_servers(&server, 1, 100);
        return server_id("a");
}

static int64_t list_stream(int64_t server, const char *path, int expected) {
        StreamListing listing = { .path = path, .name = path, .type = "mainline", .parent = NULL };
        int64_t id = 0;
        assert_int_equal(stream_store_list(store, server, &listing, 100, &id), expected);
        assert_true(id > 0);
        return id;
}

static MonitorStream get_stream(int64_t id) {
        MonitorStream row = {};
        assert_int_equal(stream_store_get(store, id, &row), 0);
        return row;
}

static bool is_nothing_listed(const char *path, void *userdata) {
        return false;
}

static bool is_not_hidden(const char *path, void *userdata) {
        return strstr(path, "hidden") == NULL;
}

static void count_gone(const char *path, void *userdata) {
        (*(unsigned *) userdata)++;
}

static void test_all_250_vanish(void **state) {
        int64_t server = a_server();
        unsigned told = 0;
        char path[64];
        for (int i = 0; i < 250; i++) {
                (void) snprintf(path, sizeof(path), "//d/s%03d", i);
                (void) list_stream(server, path, 1);
        }
        StreamMissing missing = { .is_listed = is_nothing_listed, .on_gone = count_gone, .userdata = &told };
        assert_int_equal(stream_store_mark_missing(store, server, &missing, 200), 0);
        assert_int_equal(missing.n_missing, 250);
        assert_int_equal(missing.n_gone, 0);
        assert_int_equal(stream_store_mark_missing(store, server, &missing, 300), 0);
        assert_int_equal(missing.n_gone, 250);
        assert_int_equal(told, 250);
        assert_int_equal(stream_store_mark_missing(store, server, &missing, 400), 0);
        assert_int_equal(missing.n_missing, 0);
}

static void test_missing_twice_in_a_row(void **state) {
        int64_t server = a_server(), id = list_stream(server, "//d/hidden", 1);
        int64_t other = list_stream(server, "//d/seen", 1);
        StreamMissing missing = { .is_listed = is_not_hidden };
        assert_int_equal(stream_store_mark_missing(store, server, &missing, 200), 0);
        (void) list_stream(server, "//d/hidden", 0); /* back: the count begins anew */
        MonitorStream back = get_stream(id);
        assert_true(back.is_stale); /* a change made while it was missing was not counted as its own */
        assert_int_equal(back.missing_listings, 0);
        monitor_stream_done(&back);
        assert_int_equal(stream_store_mark_missing(store, server, &missing, 300), 0);
        assert_int_equal(missing.n_gone, 0);
        assert_int_equal(monitor_store_purge_stream(store, id), -EBUSY);
        assert_int_equal(stream_store_mark_missing(store, server, &missing, 400), 0);
        assert_int_equal(missing.n_gone, 1);

        MonitorStream row = get_stream(id);
        assert_true(row.is_gone);
        assert_int_equal(row.gone_at, 400);
        monitor_stream_done(&row);
        row = get_stream(other);
        assert_false(row.is_gone);
        monitor_stream_done(&row);

        /* What was submitted meanwhile is not looked at again, so it must be measured. */
        assert_int_equal(list_stream(server, "//d/hidden", 1), id);
        row = get_stream(id);
        assert_false(row.is_gone);
        assert_true(row.is_stale);
        monitor_stream_done(&row);
}

static void test_odd_names(void **state) {
        static const char *const paths[] = { "//d/a-b",
                                             "//d/100%25",
                                             "//d/a_b",
                                             "//d/it's",
                                             "//d/\"q\"",
                                             "//d/a b",
                                             "//d/\xd0\xbf\xd0\xbe\xd1\x82\xd0\xbe\xd0\xba",
                                             "//d/inv\xff\xfe",
                                             "//d/;--",
                                             "//d/%25_x" };
        int64_t server = a_server(), found = 0;
        for (size_t i = 0; i < ELEMENTSOF(paths); i++) {
                int64_t id = list_stream(server, paths[i], 1);
                assert_int_equal(list_stream(server, paths[i], 0), id);
                assert_int_equal(stream_store_find(store, server, paths[i], &found), 0);
                assert_int_equal(found, id);
                MonitorStream row = get_stream(id);
                assert_string_equal(row.path, paths[i]);
                assert_string_equal(row.server, "a");
                assert_false(row.is_measured);
                monitor_stream_done(&row);
        }
        assert_int_equal(stream_store_find(store, server, "//d/a", &found), -ENOENT);
}

static void test_find_on_several_servers(void **state) {
        Server both[] = { make_server("a", "a:1"), make_server("b", "b:1") };
        int64_t found = 0;
        (void) sync_servers(both, 2, 100);
        int64_t on_a = list_stream(server_id("a"), "//d/main", 1),
                on_b = list_stream(server_id("b"), "//d/main", 1);
        assert_int_equal(stream_store_find(store, 0, "//d/main", &found), -ENOTUNIQ);
        assert_int_equal(stream_store_find(store, server_id("b"), "//d/main", &found), 0);
        assert_int_equal(found, on_b);
        (void) sync_servers(both, 1, 200); /* b retires */
        assert_int_equal(stream_store_find(store, 0, "//d/main", &found), 0);
        assert_int_equal(found, on_a);
}

static int count_rows(const MonitorStream *stream, void *userdata) {
        (*(int *) userdata)++;
        return 0;
}

static int count_streams(MonitorStreamFilter filter) {
        int n = 0;
        assert_int_equal(stream_store_each(store, &filter, count_rows, &n), 0);
        return n;
}

static void test_filters(void **state) {
        Server both[] = { make_server("a", "a:1"), make_server("b", "b:1") };
        StreamMissing missing = { .is_listed = is_not_hidden };
        (void) sync_servers(both, 2, 100);
        int64_t a = server_id("a"), b = server_id("b"), id = list_stream(a, "//d/one", 1);
        (void) list_stream(a, "//d/hidden", 1);
        (void) list_stream(b, "//d/two", 1);
        assert_int_equal(stream_store_mark_missing(store, a, &missing, 200), 0);
        assert_int_equal(stream_store_mark_missing(store, a, &missing, 300), 0);
        (void) sync_servers(both, 1, 400);
        assert_int_equal(count_streams((MonitorStreamFilter) {}), 1);
        assert_int_equal(count_streams((MonitorStreamFilter) { .with_gone = true }), 2);
        assert_int_equal(count_streams((MonitorStreamFilter) { .with_gone = true, .with_retired = true }),
                         3);
        assert_int_equal(count_streams((MonitorStreamFilter) { .server_id = b, .with_retired = true }), 1);
        assert_int_equal(count_streams((MonitorStreamFilter) { .stream_id = id }), 1);
        assert_int_equal(count_streams((MonitorStreamFilter) { .path = "//d/one" }), 1);
        assert_int_equal(count_streams((MonitorStreamFilter) { .path = "//d/hidden" }), 0);
}

/* --- views ------------------------------------------------------------------------------------------ */

static int sum_ids(int64_t stream_id, void *userdata) {
        *(int64_t *) userdata += stream_id;
        return 0;
}

static int64_t with_prefix(int64_t server, const char *prefix) {
        int64_t sum = 0;
        assert_int_equal(stream_store_each_with_prefix(store, server, prefix, sum_ids, &sum), 0);
        return sum;
}

static int64_t below_prefix(int64_t server, const char *prefix) {
        int64_t sum = 0;
        assert_int_equal(stream_store_each_below_prefix(store, server, prefix, sum_ids, &sum), 0);
        return sum;
}

static void test_views(void **state) {
        static const char *const one[] = { "//d/main", "//lib/a", NULL };
        static const char *const two[] = { "//d/main2", "//d/main/sub", "//d/main/sub/x", NULL };
        static const char *const root[] = { "/", NULL };
        int64_t server = a_server(), a = list_stream(server, "//d/a", 1),
                b = list_stream(server, "//d/b", 1);
        int64_t c = list_stream(server, "//d/c", 1);
        assert_int_equal(stream_store_set_view(store, server, a, 11, true, false, (char *const *) one), 0);
        assert_int_equal(stream_store_set_view(store, server, b, 12, false, true, (char *const *) two), 0);
        assert_int_equal(stream_store_set_view(store, server, c, 13, false, false, (char *const *) root), 0);

        assert_int_equal(with_prefix(server, "//d/main"), a);
        assert_int_equal(with_prefix(server, "//d"), 0);
        assert_int_equal(with_prefix(server, "/"), c);
        assert_int_equal(with_prefix(server + 1, "//d/main"), 0);
        assert_int_equal(below_prefix(server, "//d/main"), b); /* once, and not //d/main2 */
        assert_int_equal(below_prefix(server, "//d"), a + b);
        assert_int_equal(below_prefix(server, "/"), a + b);
        assert_int_equal(below_prefix(server, "//lib/a"), 0);
        assert_int_equal(below_prefix(server, "//li"), 0);
        assert_int_equal(below_prefix(server, "//x"), 0);

        MonitorStream row = get_stream(b);
        assert_int_equal(row.spec_stamp, 12);
        assert_false(row.is_direct);
        assert_true(row.is_volatile);
        assert_true(row.is_stale); /* until it is measured with it */
        monitor_stream_done(&row);
        assert_int_equal(stream_store_set_view(store, server, b, 14, true, false, (char *const *) one), 0);
        assert_int_equal(with_prefix(server, "//d/main2"), 0);
        assert_int_equal(with_prefix(server, "//d/main"), a + b);
        assert_int_equal(server_store_set_ignores_case(store, server, false), 0);
        assert_int_equal(server_store_set_ignores_case(store, server, true), 1);
        row = get_stream(a);
        assert_int_equal(row.spec_stamp, 0);
        monitor_stream_done(&row);
}

/* --- samples ---------------------------------------------------------------------------------------- */

static int append_sample(const MonitorSample *sample, void *userdata) {
        char *text = userdata;
        (void) sprintf(text + strlen(text), "%lld-%lld:%lld/%lld@%lld ", (long long) sample->first_at,
                       (long long) sample->last_at, (long long) sample->size_bytes,
                       (long long) sample->file_count, (long long) sample->change);
        return 0;
}

static void check_samples(int64_t id, int64_t from, int64_t to, uint64_t limit, const char *expected) {
        char text[1024] = "";
        assert_int_equal(sample_store_each(store, id, from, to, limit, append_sample, text), 0);
        assert_string_equal(text, expected);
}

static void test_samples(void **state) {
        int64_t server = a_server(), id = list_stream(server, "//d/a", 1);
        check_samples(id, 0, 0, 0, "");
        assert_int_equal(sample_store_measured(store, id, 0, 0, 5, 1000),
                         0); /* an empty stream has a history, too */
        assert_int_equal(sample_store_measured(store, id, 0, 0, 6, 2000), 0);
        assert_int_equal(sample_store_unchanged(store, id, 7, 3000), 0);
        check_samples(id, 0, 0, 0, "1000-3000:0/0@7 ");
        assert_int_equal(sample_store_measured(store, id, 10, 1, 8, 4000), 0);
        assert_int_equal(sample_store_measured(store, id, 10, 2, 9, 5000), 0);
        assert_int_equal(sample_store_measured(store, id, 0, 0, 9, 6000), 0);
        check_samples(id, 0, 0, 0, "1000-3000:0/0@7 4000-4000:10/1@8 5000-5000:10/2@9 6000-6000:0/0@9 ");
        check_samples(id, 0, 0, 2, "5000-5000:10/2@9 6000-6000:0/0@9 ");
        check_samples(id, 2500, 4500, 0, "1000-3000:0/0@7 4000-4000:10/1@8 ");
        check_samples(id, 3500, 3600, 0, "");

        MonitorStream row = get_stream(id);
        assert_true(row.is_measured);
        assert_int_equal(row.size_bytes, 0);
        assert_int_equal(row.measured_at, 6000);
        assert_int_equal(row.change, 9);
        monitor_stream_done(&row);
        assert_int_equal(sample_store_measured(store, id + 100, 1, 1, 1, 1), -ENOENT);
}

static void test_failure_keeps_values(void **state) {
        int64_t server = a_server(), id = list_stream(server, "//d/a", 1);
        assert_int_equal(sample_store_measured(store, id, 10, 1, 5, 1000), 0);
        assert_int_equal(sample_store_failed(store, id, "Request too large"), 0);
        MonitorStream row = get_stream(id);
        assert_int_equal(row.size_bytes, 10);
        assert_int_equal(row.measured_at, 1000);
        assert_true(row.is_stale);
        assert_string_equal(row.error_text, "Request too large");
        monitor_stream_done(&row);
        check_samples(id, 0, 0, 0, "1000-1000:10/1@5 ");
        assert_int_equal(sample_store_measured(store, id, 10, 1, 6, 2000), 0);
        row = get_stream(id);
        assert_false(row.is_stale);
        assert_null(row.error_text);
        monitor_stream_done(&row);
}

/* What it had while it was away is not known, so the line is broken even when it returns as it was. */
static void test_no_line_through_absence(void **state) {
        int64_t server = a_server(), id = list_stream(server, "//d/hidden", 1);
        StreamMissing missing = { .is_listed = is_nothing_listed };
        assert_int_equal(sample_store_measured(store, id, 10, 1, 5, 1000), 0);
        assert_int_equal(stream_store_mark_missing(store, server, &missing, 2000), 0);
        assert_int_equal(stream_store_mark_missing(store, server, &missing, 3000), 0);
        (void) list_stream(server, "//d/hidden", 1);
        assert_int_equal(sample_store_measured(store, id, 10, 1, 6, 4000), 0);
        assert_int_equal(sample_store_measured(store, id, 10, 1, 7, 5000), 0);
        check_samples(id, 0, 0, 0, "1000-1000:10/1@5 4000-5000:10/1@7 ");
}

static void test_clock_turned_back(void **state) {
        int64_t server = a_server(), id = list_stream(server, "//d/a", 1);
        assert_int_equal(sample_store_measured(store, id, 10, 1, 5, 5000), 0);
        assert_int_equal(sample_store_measured(store, id, 20, 1, 6, 1000), 0);
        assert_int_equal(sample_store_measured(store, id, 30, 1, 7, 1000), 0);
        assert_int_equal(sample_store_measured(store, id, 30, 1, 8, 900), 0);
        check_samples(id, 0, 0, 0, "5000-5000:10/1@5 5001-5001:20/1@6 5002-5002:30/1@8 ");
}

static void test_prune(void **state) {
        int64_t server = a_server(), a = list_stream(server, "//d/a", 1),
                b = list_stream(server, "//d/b", 1);
        int64_t dropped = 0;
        for (int64_t i = 1; i <= 5; i++) {
                assert_int_equal(sample_store_measured(store, a, i, 1, i, i * 1000), 0);
        }
        assert_int_equal(sample_store_measured(store, b, 1, 1, 1, 1000), 0);
        assert_int_equal(sample_store_prune(store, 4000, &dropped), 0);
        assert_int_equal(dropped, 3);
        check_samples(a, 0, 0, 0, "4000-4000:4/1@4 5000-5000:5/1@5 ");
        check_samples(b, 0, 0, 0, "1000-1000:1/1@1 "); /* the newest stays, however old */
}

static void test_purge_takes_all(void **state) {
        static const char *const prefixes[] = { "//d/a", NULL };
        int64_t server = a_server(), id = list_stream(server, "//d/a", 1), found;
        StreamMissing missing = { .is_listed = is_nothing_listed };
        assert_int_equal(stream_store_set_view(store, server, id, 1, true, false, (char *const *) prefixes),
                         0);
        assert_int_equal(sample_store_measured(store, id, 10, 1, 5, 1000), 0);
        assert_int_equal(stream_store_mark_missing(store, server, &missing, 2000), 0);
        assert_int_equal(stream_store_mark_missing(store, server, &missing, 3000), 0);
        assert_int_equal(monitor_store_purge_stream(store, id), 0);
        assert_int_equal(stream_store_find(store, server, "//d/a", &found), -ENOENT);
        assert_int_equal(with_prefix(server, "//d/a"), 0);
        check_samples(id, 0, 0, 0, "");
        assert_int_not_equal(list_stream(server, "//d/a", 1), id); /* old links stay dead */
}

/* --- runs ------------------------------------------------------------------------------------------- */

static int count_runs(const MonitorRun *run, void *userdata) {
        assert_string_equal(run->scope, "all");
        (*(int *) userdata)++;
        return 0;
}

static int listed_runs(void) {
        int n = 0;
        assert_int_equal(monitor_store_each_run(store, count_runs, &n), 0);
        return n;
}

static void test_runs(void **state) {
        pid_t dead = fork();
        if (dead == 0) {
                _exit(0);
        }
        assert_int_equal(waitpid(dead, NULL, 0), dead);
        MonitorRun run = { .scope = "all",
                           .server = "a",
                           .stage = "measuring",
                           .current = "//d/a",
                           .pid = getpid(),
                           .started_at = now_realtime(),
                           .done = 1,
                           .total = 3 };
        assert_int_equal(monitor_store_set_run(store, &run), 0);
        run.done = 2;
        assert_int_equal(monitor_store_set_run(store, &run), 0);
        assert_int_equal(listed_runs(), 1);
        run.server = "b";
        assert_int_equal(monitor_store_set_run(store, &run), 0);
        assert_int_equal(listed_runs(), 2);
        run.pid = dead;
        assert_int_equal(monitor_store_set_run(store, &run), 0);
        run.pid = 1; /* alive, but it was not this process before the boot */
        run.started_at = 1;
        assert_int_equal(monitor_store_set_run(store, &run), 0);
        assert_int_equal(listed_runs(), 2);
        assert_int_equal(monitor_store_remove_runs(store, getpid()), 0);
        assert_int_equal(listed_runs(), 0);
}

static void test_second_opener_reads(void **state) {
        _cleanup_(monitor_store_closep) MonitorStore *reader = NULL, *none = NULL;
        MonitorServer row = {};
        (void) a_server();
        assert_int_equal(monitor_store_open(directory, DB_READ_ONLY, &reader), 0);
        assert_int_equal(server_store_find(reader, "a", &row), 0);
        assert_int_equal(server_store_set_ticket(reader, row.id, 1), -EROFS);
        monitor_server_done(&row);
        assert_int_equal(monitor_store_open("/nonexistent", DB_READ_ONLY, &none), -ENOENT);
        assert_int_equal(monitor_store_open("/nonexistent", DB_READ_WRITE, &none), -ENOENT);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_store, close_store)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_sync),
                TEST(test_retire_and_return),
                TEST(test_another_user_sees_other_files),
                TEST(test_state),
                TEST(test_all_250_vanish),
                TEST(test_missing_twice_in_a_row),
                TEST(test_odd_names),
                TEST(test_find_on_several_servers),
                TEST(test_filters),
                TEST(test_views),
                TEST(test_samples),
                TEST(test_failure_keeps_values),
                TEST(test_no_line_through_absence),
                TEST(test_clock_turned_back),
                TEST(test_prune),
                TEST(test_purge_takes_all),
                TEST(test_runs),
                TEST(test_second_opener_reads),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
