/* Conflicts: from tagged records to a typed list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/macro.h"
#include "base/string_util.h"
#include "domain/conflict.h"

#define RECORD(...) record_of((const char *const[]) { __VA_ARGS__, NULL })

static MarshalField fields[32];

/* Keys and values in turn; one record at a time. */
static const MarshalRecord *record_of(const char *const *words) {
        static MarshalRecord record;
        record = (MarshalRecord) { .fields = fields };
        for (; *words; words += 2) {
                assert_true(record.n_fields < ELEMENTSOF(fields));
                fields[record.n_fields++] =
                                (MarshalField) { words[0], strlen(words[0]), words[1], strlen(words[1]) };
        }
        return &record;
}

static void test_chunk_lines(void **state) {
        static const struct {
                const char *text;
                int result;
                uint32_t yours, theirs, both, conflicting;
        } rows[] = {
                { "Diff chunks: 1 yours + 2 theirs + 3 both + 4 conflicting", 0, 1, 2, 3, 4 },
                { "Non-text diff: 0 yours + 1 theirs + 0 both + 0 conflicting", 0, 0, 1, 0, 0 },
                { "Diff chunks: 2 between yours and theirs (no common base)", -EINVAL, 0, 0, 0, 0 },
                { "//ws/a1 - resolve skipped.", -EINVAL, 0, 0, 0, 0 },
                { "Diff chunks: 1 yours + 2 theirs + 3 both + 99999999999 conflicting", -EINVAL, 0, 0, 0,
                  0 },
                { "Diff chunks: 1 yours + 2 theirs + 3 both + 4294967296 conflicting", -EINVAL, 0, 0, 0, 0 },
                { "", -EINVAL, 0, 0, 0, 0 },
        };
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                ChunkCount count = {};
                assert_int_equal(chunk_count_parse(rows[i].text, &count), rows[i].result);
                assert_int_equal(count.yours, rows[i].yours);
                assert_int_equal(count.theirs, rows[i].theirs);
                assert_int_equal(count.both, rows[i].both);
                assert_int_equal(count.conflicting, rows[i].conflicting);
        }
}

static void test_local_paths(void **state) {
        static const struct {
                const char *path, *client, *root, *local;
        } rows[] = {
                { "//ws/dir/f.c", "ws", "/w", "/w/dir/f.c" },
                { "//ws/f%40%23%2A%25.c", "ws", "/w/", "/w/f@#*%.c" },
                { "//ws/f%4.c", "ws", "/w", "/w/f%4.c" },
                { "//ws2/f.c", "ws", "/w", "//ws2/f.c" },
                { "/w/dir/f.c", "ws", "/w", "/w/dir/f.c" },
                { "//w", "ws", "/w", "//w" },
        };
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_free_ char *local = NULL;
                assert_int_equal(conflict_local_path(rows[i].path, rows[i].client, rows[i].root, &local), 0);
                assert_string_equal(local, rows[i].local);
        }
}

static void test_list(void **state) {
        _cleanup_(job_conflicts_done) JobConflicts list = {};
        _cleanup_(chunk_counts_done) ChunkCounts counts = {};
        ChunkCount count = { NULL, 1, 2, 3, 4 };
        assert_int_equal(conflicts_add_resolve(&list,
                                               RECORD("clientFile", "/w/a.c", "fromFile", "//d/dev/a.c",
                                                      "startFromRev", "1", "endFromRev", "3", "resolveType",
                                                      "content", "resolveFlag", "c", "contentResolveType",
                                                      "3waytext", "baseFile", "//d/dev/a.c", "baseRev", "1"),
                                               "ws", "/w"),
                         1);
        assert_int_equal(conflicts_add_resolve(&list,
                                               RECORD("clientFile", "//ws/b%40.c", "fromFile",
                                                      "//d/dev/b%40.c", "endFromRev", "2", "resolveType",
                                                      "delete"),
                                               "ws", "/w"),
                         1);
        assert_int_equal(conflicts_add_resolve(&list, RECORD("data", "noise"), "ws", "/w"), 0);
        assert_int_equal(list.n_items, 2);
        uint64_t stamp = conflicts_stamp(&list);
        assert_int_equal(conflicts_add_fstat(&list,
                                             RECORD("depotFile", "//d/main/a.c", "clientFile", "/w/a.c",
                                                    "haveRev", "7", "workRev", "7"),
                                             "ws", "/w"),
                         0);
        assert_int_equal(conflicts_add_fstat(&list,
                                             RECORD("depotFile", "//d/main/b%40.c", "clientFile",
                                                    "//ws/b%40.c", "path", "/w/b@.c", "workRev", "1"),
                                             "ws", "/w"),
                         0);
        assert_int_equal(chunk_counts_set(&counts, "/w/a.c", &count), 0);
        assert_int_equal(chunk_counts_set(&counts, "/w/b@.c", &count), 0);
        conflicts_add_chunks(&list, &counts);
        const JobConflict *a = list.items, *b = list.items + 1;
        assert_string_equal(a->type, "content");
        assert_string_equal(a->depot_path, "//d/main/a.c");
        assert_string_equal(a->local_path, "/w/a.c");
        assert_string_equal(a->base, "//d/dev/a.c#1");
        assert_string_equal(a->theirs, "//d/dev/a.c#3");
        assert_string_equal(a->yours, "//d/main/a.c#7");
        assert_int_equal(a->chunks_conflicting, 4);
        assert_string_equal(a->state, "open");
        assert_string_equal(b->type, "delete");
        assert_string_equal(b->depot_path, "//d/main/b%40.c");
        assert_string_equal(b->local_path, "/w/b@.c");
        assert_null(b->base);
        assert_int_equal(b->chunks_conflicting, 0);      /* there is no content to merge */
        assert_int_equal(conflicts_stamp(&list), stamp); /* details are not another list */
        assert_true(conflict_is_named(b, "//d/main/b%40.c"));
        assert_true(conflict_is_named(b, "/w/b@.c"));
        assert_true(conflict_is_named(b, "*"));
        assert_false(conflict_is_named(b, "/w/b"));
}

static void test_types(void **state) {
        static const char *const rows[][2] = {
                { "content", "content" },   { "branch", "branch" },     { "delete", "delete" },
                { "move", "move" },         { "filetype", "filetype" }, { "attributes", "attribute" },
                { "charset", "attribute" }, { "", "content" },
        };
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(job_conflicts_done) JobConflicts list = {};
                assert_int_equal(conflicts_add_resolve(&list,
                                                       RECORD("clientFile", "/w/a", "fromFile", "//d/a@=12",
                                                              "resolveType", rows[i][0]),
                                                       "ws", "/w"),
                                 1);
                assert_string_equal(list.items[0].type, rows[i][1]);
                assert_string_equal(list.items[0].theirs, "//d/a@=12");
        }
}

static void test_bound(void **state) {
        _cleanup_(job_conflicts_done) JobConflicts list = {};
        for (size_t i = 0; i < CONFLICTS_MAX + 5; i++) {
                assert_int_equal(conflicts_add_resolve(&list, RECORD("clientFile", "/w/a"), "ws", "/w"), 1);
        }
        assert_int_equal(list.n_items, CONFLICTS_MAX);
}

static void test_stamp(void **state) {
        _cleanup_(job_conflicts_done) JobConflicts one = {}, other = {};
        assert_int_equal(conflicts_add_resolve(&one, RECORD("clientFile", "/w/ab", "fromFile", "//d/c"), "w",
                                               "/w"),
                         1);
        assert_int_equal(conflicts_add_resolve(&other, RECORD("clientFile", "/w/a", "fromFile", "//d/bc"),
                                               "w", "/w"),
                         1);
        assert_true(conflicts_stamp(&one) != conflicts_stamp(&other));
        assert_true(conflicts_stamp(&one) != conflicts_stamp(&(JobConflicts) {}));
}

static void test_client_paths(void **state) {
        static const struct {
                const char *path, *root, *result;
        } rows[] = {
                { "/ws/dir/f@1 #2%*.c", "/ws", "//c/dir/f%401 %232%25%2A.c" },
                { "/ws/f", "/ws/", "//c/f" },
                { "/f", "/", "//c/f" },
                { "/wsx/f", "/ws", "/wsx/f" },
                { "//c/f", "/ws", "//c/f" },
        };
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_free_ char *path = NULL;
                assert_int_equal(conflict_client_path(rows[i].path, "c", rows[i].root, &path), 0);
                assert_string_equal(path, rows[i].result);
        }
}

/* People name a file as it was shown to them. */
static void test_names(void **state) {
        const JobConflict conflict = { .depot_path = (char *) "//d/caf\xe9",
                                       .local_path = (char *) "/w/caf\xe9" };
        static const char *const names[] = { "*", "//d/caf\xe9", "/w/caf\xe9", "//d/caf\\xe9",
                                             "/w/caf\\xe9" };
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                assert_true(conflict_is_named(&conflict, names[i]));
        }
        assert_false(conflict_is_named(&conflict, "//d/caf"));
        assert_false(conflict_is_named(&conflict, "//d/caf\\xea"));
}

/* Text is what p4 may merge by lines on both sides. */
static void test_text(void **state) {
        static const struct {
                const char *kind, *type;
                bool is_text;
        } rows[] = {
                { "3waytext", "text+x", true }, { "2wayraw", "text", true },    { "3wayraw", "text", false },
                { "2wayraw", "binary", false }, { "3waytext", "utf16", false },
        };
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(job_conflicts_done) JobConflicts conflicts = {};
                assert_int_equal(conflicts_add_resolve(&conflicts,
                                                       RECORD("clientFile", "/w/a", "fromFile", "//d/a",
                                                              "contentResolveType", rows[i].kind),
                                                       "c", "/w"),
                                 1);
                assert_int_equal(conflicts_add_fstat(&conflicts,
                                                     RECORD("clientFile", "/w/a", "depotFile", "//m/a",
                                                            "type", rows[i].type),
                                                     "c", "/w"),
                                 0);
                assert_int_equal(conflicts.items[0].is_text, rows[i].is_text);
        }
}

static void test_accepts(void **state) {
        assert_string_equal(conflict_accept_option(conflict_accept_from_string("theirs")), "-at");
        assert_string_equal(conflict_accept_option(conflict_accept_from_string("yours")), "-ay");
        assert_string_equal(conflict_accept_option(conflict_accept_from_string("merged")), "-am");
        assert_null(conflict_accept_option(conflict_accept_from_string("edit")));
        assert_int_equal(conflict_accept_from_string("both"), -EINVAL);
        assert_int_equal(conflict_accept_from_string(NULL), -EINVAL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_chunk_lines), cmocka_unit_test(test_local_paths),
                cmocka_unit_test(test_list),        cmocka_unit_test(test_types),
                cmocka_unit_test(test_bound),       cmocka_unit_test(test_stamp),
                cmocka_unit_test(test_accepts),     cmocka_unit_test(test_client_paths),
                cmocka_unit_test(test_names),       cmocka_unit_test(test_text),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
