/* The listing with ancestors: lookups, and fingerprints that change when a view may have. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/macro.h"
#include "domain/stream_tree.h"

#define NOW 1000000

static StreamSpec family[] = {
        { "//d/main", "main", "mainline", "none", "o", "inherit", 100 },
        { "//d/dev", "dev", "development", "//d/main", "o", "inherit", 200 },
        { "//d/feature", "feature", "development", "//d/dev", "o", "inherit", 300 },
        { "//d/other", "other", "mainline", "none", "o", "inherit", 400 },
};

static int64_t stamp_of(const StreamSpec *specs, size_t n, const char *path, int64_t now) {
        _cleanup_(stream_tree_freep) StreamTree *tree = NULL;
        assert_int_equal(stream_tree_new(false, &tree), 0);
        for (size_t i = 0; i < n; i++) {
                assert_int_equal(stream_tree_add(tree, &specs[i], true), 0);
        }
        stream_tree_finish(tree);
        ssize_t index = stream_tree_find(tree, path);
        assert_true(index >= 0);
        return stream_tree_stamp(tree, (size_t) index, now);
}

static int64_t feature_stamp(const StreamSpec *specs) {
        return stamp_of(specs, ELEMENTSOF(family), "//d/feature", NOW);
}

static void test_stamps(void **state) {
        int64_t before = feature_stamp(family);
        StreamSpec changed[ELEMENTSOF(family)];
        assert_true(before != 0);
        assert_true(before == feature_stamp(family));

        for (size_t field = 0; field < 6; field++) {
                for (size_t who = 0; who < 3; who++) { /* itself, its parent, its grandparent */
                        memcpy(changed, family, sizeof(family));
                        switch (field) {
                        case 0:
                                changed[who].update++;
                                break;
                        case 1:
                                changed[who].type = "release";
                                break;
                        case 2:
                                changed[who].parent = "//d/other";
                                break;
                        case 3:
                                changed[who].options = "p";
                                break;
                        case 4:
                                changed[who].parent_view = "noinherit";
                                break;
                        default:
                                changed[who].parent_view = NULL;
                        }
                        if (feature_stamp(changed) == before) {
                                fail_msg("field %zu of stream %zu is not seen", field, who);
                        }
                }
        }
        memcpy(changed, family, sizeof(family));
        changed[3].update++; /* no ancestor */
        changed[0].name = "renamed";
        assert_true(feature_stamp(changed) == before);
}

/* Times are whole seconds: what was saved just now may be saved once more in the same second. */
static void test_unsettled(void **state) {
        StreamSpec changed[ELEMENTSOF(family)];
        for (size_t who = 0; who < 3; who++) {
                for (int64_t age = -5; age <= 5; age++) {
                        memcpy(changed, family, sizeof(family));
                        changed[who].update = NOW - age;
                        assert_int_equal(feature_stamp(changed) == 0, age < 2);
                }
        }
        assert_true(stamp_of(family, ELEMENTSOF(family), "//d/feature", 0) != 0); /* no clock */
}

static void test_loops_and_orphans(void **state) {
        static const StreamSpec specs[] = {
                { "//d/a", "a", "development", "//d/b", NULL, NULL, 1 },
                { "//d/b", "b", "development", "//d/a", NULL, NULL, 1 },
                { "//d/c", "c", "development", "//d/nowhere", NULL, NULL, 1 },
                { "//d/self", "s", "development", "//d/self", NULL, NULL, 1 },
        };
        static const char *const paths[] = { "//d/a", "//d/b", "//d/c", "//d/self" };
        for (size_t i = 0; i < ELEMENTSOF(paths); i++) {
                assert_true(stamp_of(specs, ELEMENTSOF(specs), paths[i], NOW) != 0);
        }
}

static void test_case(void **state) {
        static const StreamSpec specs[] = {
                { "//D/Main", "Main", "mainline", "none", NULL, NULL, 1 },
                { "//D/Dev", "Dev", "development", "//d/MAIN", NULL, NULL, 1 },
        };
        _cleanup_(stream_tree_freep) StreamTree *tree = NULL;
        StreamSpec spec;
        assert_int_equal(stream_tree_new(true, &tree), 0);
        assert_int_equal(stream_tree_add(tree, &specs[0], false), 0);
        assert_int_equal(stream_tree_add(tree, &specs[1], true), 0);
        stream_tree_finish(tree);
        ssize_t main_index = stream_tree_find(tree, "//d/main"),
                dev_index = stream_tree_find(tree, "//D/DEV");
        assert_true(main_index >= 0 && dev_index >= 0);
        assert_false(stream_tree_at(tree, (size_t) main_index, &spec));
        assert_string_equal(spec.path, "//D/Main"); /* as the server spells it */
        assert_true(stream_tree_at(tree, (size_t) dev_index, &spec));
        assert_string_equal(spec.parent, "//d/MAIN");
        assert_int_equal(stream_tree_find(tree, "//d/x"), -ENOENT);
}

static void test_many(void **state) {
        _cleanup_(stream_tree_freep) StreamTree *tree = NULL;
        char path[64], parent[64];
        assert_int_equal(stream_tree_new(false, &tree), 0);
        assert_int_equal(stream_tree_find(tree, "//d/x"), -ENOENT);
        for (int i = 9999; i >= 0; i--) {
                (void) snprintf(path, sizeof(path), "//d/s%05d", i);
                (void) snprintf(parent, sizeof(parent), i == 0 ? "none" : "//d/s%05d", i / 2);
                StreamSpec spec = { path, path, "development", parent, NULL, NULL, i };
                assert_int_equal(stream_tree_add(tree, &spec, true), 0);
                if (i % 100 == 0) { /* some come twice */
                        assert_int_equal(stream_tree_add(tree, &spec, true), 0);
                }
        }
        stream_tree_finish(tree);
        assert_int_equal(stream_tree_size(tree), 10000);
        for (int i = 0; i < 10000; i++) {
                (void) snprintf(path, sizeof(path), "//d/s%05d", i);
                assert_int_equal(stream_tree_find(tree, path), i);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_stamps),
                cmocka_unit_test(test_unsettled),
                cmocka_unit_test(test_loops_and_orphans),
                cmocka_unit_test(test_case),
                cmocka_unit_test(test_many),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
