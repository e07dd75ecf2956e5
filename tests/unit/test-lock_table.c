/* The lock table: Gray's matrix whole, the rules of the tree, order, and long random runs against a naive
 * model that keeps every lock as the set of (resource, mode) pairs a textbook would take: the intentions on
 * all ancestors and the mode itself. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/string_util.h"
#include "domain/lock_resource.h"
#include "domain/lock_table.h"

/* The matrix as the literature prints it, not as the code stores it. Rows and columns: IS IX S SIX X. */
static const char *const matrix[_LOCK_MODE_MAX] = {
        "yyyyn", "yynnn", "ynynn", "ynnnn", "nnnnn",
};

static const LockOwner somebody = { .holder = (char *) "weir-measure@demo.service",
                                    .why = (char *) "measuring",
                                    .uid = 7,
                                    .pid = 8,
                                    .since = 9 };

static void test_matrix(void **state) {
        for (LockMode a = 0; a < _LOCK_MODE_MAX; a++) {
                for (LockMode b = 0; b < _LOCK_MODE_MAX; b++) {
                        assert_int_equal(lock_modes_are_compatible(a, b), matrix[a][b] == 'y');
                        assert_int_equal(lock_conflicts("server/a", a, "server/a", b), matrix[a][b] != 'y');
                }
        }
}

static void test_mode_names(void **state) {
        for (LockMode mode = 0; mode < _LOCK_MODE_MAX; mode++) {
                assert_int_equal(lock_mode_from_string(lock_mode_to_string(mode)), mode);
        }
        assert_null(lock_mode_to_string(_LOCK_MODE_MAX));
        assert_null(lock_mode_to_string(_LOCK_MODE_INVALID));
        assert_int_equal(lock_mode_from_string("Exclusive"), _LOCK_MODE_INVALID);
        assert_int_equal(lock_mode_from_string(""), _LOCK_MODE_INVALID);
}

static void test_tree_rules(void **state) {
        /* What was promised: everything, one server, one stream. */
        static const struct {
                const char *a;
                LockMode mode_a;
                const char *b;
                LockMode mode_b;
                bool conflict;
        } cases[] = {
                { "server", LOCK_EXCLUSIVE, "server/a", LOCK_EXCLUSIVE, true },
                { "server", LOCK_EXCLUSIVE, "server/a/stream///d/s", LOCK_SHARED, true },
                { "server", LOCK_EXCLUSIVE, "config", LOCK_EXCLUSIVE, false },
                { "server/a", LOCK_EXCLUSIVE, "server/b", LOCK_EXCLUSIVE, false },
                { "server/a", LOCK_EXCLUSIVE, "server/a/stream///d/s", LOCK_EXCLUSIVE, true },
                { "server/a/stream///d/s", LOCK_EXCLUSIVE, "server/a/stream///d/t", LOCK_EXCLUSIVE, false },
                { "server/a/stream///d/s", LOCK_EXCLUSIVE, "server/a/stream///d/s/t", LOCK_EXCLUSIVE,
                  false },
                { "server/a", LOCK_SHARED, "server/a/stream///d/s", LOCK_SHARED, false },
                { "server/a", LOCK_SHARED, "server/a/stream///d/s", LOCK_EXCLUSIVE, true },
                { "server/a", LOCK_SHARED_INTENT_EXCLUSIVE, "server/a/stream///d/s", LOCK_SHARED, false },
                { "server/a", LOCK_SHARED_INTENT_EXCLUSIVE, "server/a/stream///d/s", LOCK_EXCLUSIVE, true },
                { "server/a", LOCK_INTENT_EXCLUSIVE, "server/a/stream///d/s", LOCK_EXCLUSIVE, false },
                { "/", LOCK_EXCLUSIVE, "workspace/h/c", LOCK_SHARED, true },
                { "/", LOCK_SHARED, "workspace/h/c", LOCK_EXCLUSIVE, true },
                { "/", LOCK_SHARED, "workspace/h/c", LOCK_SHARED, false },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                assert_int_equal(lock_conflicts(cases[i].a, cases[i].mode_a, cases[i].b, cases[i].mode_b),
                                 cases[i].conflict);
                assert_int_equal(lock_conflicts(cases[i].b, cases[i].mode_b, cases[i].a, cases[i].mode_a),
                                 cases[i].conflict);
        }
}

static Lock *add(LockTable *table, const char *resource, LockMode mode) {
        Lock *lock = NULL;

        assert_int_equal(lock_table_add(table, resource, mode, &somebody, 0, &lock), 0);
        return lock;
}

/* A stream of readers must not starve a writer, and the writer's wait must not stop the unconcerned. */
static void test_order(void **state) {
        LockTable table = {};
        Lock *reader = add(&table, "server/a", LOCK_SHARED),
             *writer = add(&table, "server/a", LOCK_EXCLUSIVE);
        Lock *late = add(&table, "server/a", LOCK_SHARED),
             *below = add(&table, "server/a/stream///d/s", LOCK_SHARED);
        Lock *other = add(&table, "server/b", LOCK_EXCLUSIVE);

        assert_true(reader->held);
        assert_false(writer->held);
        assert_false(late->held);
        assert_false(below->held);
        assert_true(other->held);
        assert_ptr_equal(lock_table_find_blocker_of(&table, writer), reader);
        assert_ptr_equal(lock_table_find_blocker_of(&table, late), writer);
        assert_ptr_equal(lock_table_find_blocker(&table, "server", LOCK_EXCLUSIVE), reader);
        assert_null(lock_table_find_blocker(&table, "config", LOCK_EXCLUSIVE));
        assert_null(lock_table_grant_next(&table));

        lock_table_remove(&table, reader);
        assert_ptr_equal(lock_table_grant_next(&table), writer);
        assert_null(lock_table_grant_next(&table));
        lock_table_remove(&table, writer);
        assert_ptr_equal(lock_table_grant_next(&table), late);
        assert_ptr_equal(lock_table_grant_next(&table), below);
        assert_null(lock_table_grant_next(&table));
        assert_int_equal(table.n_held, 3);
        assert_int_equal(table.n_waiting, 0);
        lock_table_done(&table);
        assert_null(table.first);
}

/* A waiter that leaves opens the way for those behind it. */
static void test_waiter_leaves(void **state) {
        LockTable table = {};
        Lock *reader = add(&table, "server/a", LOCK_SHARED),
             *writer = add(&table, "server/a", LOCK_EXCLUSIVE);
        Lock *late = add(&table, "server/a", LOCK_SHARED);

        assert_false(late->held);
        lock_table_remove(&table, writer);
        assert_ptr_equal(lock_table_grant_next(&table), late);
        assert_true(reader->held);
        lock_table_done(&table);
}

static void test_restore(void **state) {
        LockTable table = {};
        Lock *second = NULL, *first = NULL, *lock = NULL;

        assert_int_equal(lock_table_restore(&table, "server/a", LOCK_EXCLUSIVE, &somebody, 20, &second), 0);
        assert_int_equal(lock_table_restore(&table, "config", LOCK_SHARED, &somebody, 10, &first), 0);
        assert_int_equal(lock_table_restore(&table, "config", LOCK_SHARED, &somebody, 20, &lock), -EEXIST);
        assert_ptr_equal(table.first, first);
        assert_ptr_equal(table.last, second);
        assert_true(first->held && second->held);
        lock = add(&table, "server/a", LOCK_SHARED);
        assert_int_equal(lock->id, 21);
        assert_false(lock->held);
        assert_string_equal(second->owner.holder, somebody.holder);
        assert_string_equal(second->owner.why, somebody.why);
        assert_int_equal(second->owner.since, 9);
        lock_table_done(&table);
}

/* --- the naive model --- */

static const char *const tree[] = { "/",
                                    "config",
                                    "server",
                                    "server/a",
                                    "server/b",
                                    "server/a/stream///d/s",
                                    "server/a/stream///d/s/t",
                                    "server/b/stream///d/s",
                                    "workspace",
                                    "workspace/h",
                                    "workspace/h/c",
                                    "workspace/h/d" };
static const int parent_of[] = { -1, 0, 0, 2, 2, 3, 3, 4, 0, 8, 9, 9 };

typedef struct ModelLock {
        uint64_t id;
        bool held;
        int modes[ELEMENTSOF(tree)]; /* -1: none there */
} ModelLock;

#define MODEL_MAX 40
typedef struct Model {
        ModelLock locks[MODEL_MAX]; /* in the order of asking */
        size_t n;
} Model;

static bool model_conflict(const ModelLock *a, const ModelLock *b) {
        for (size_t i = 0; i < ELEMENTSOF(tree); i++) {
                if (a->modes[i] >= 0 && b->modes[i] >= 0 && matrix[a->modes[i]][b->modes[i]] != 'y') {
                        return true;
                }
        }
        return false;
}

static bool model_is_blocked(const Model *model, size_t index) {
        for (size_t i = 0; i < model->n; i++) {
                if (i != index && (model->locks[i].held || i < index) &&
                    model_conflict(&model->locks[i], &model->locks[index])) {
                        return true;
                }
        }
        return false;
}

static void model_grant(Model *model) {
        for (size_t i = 0; i < model->n; i++) {
                model->locks[i].held = model->locks[i].held || !model_is_blocked(model, i);
        }
}

static void model_add(Model *model, uint64_t id, size_t resource, LockMode mode) {
        ModelLock *lock = &model->locks[model->n++];

        lock->id = id;
        lock->held = false;
        memset(lock->modes, 0xff, sizeof(lock->modes));
        lock->modes[resource] = mode;
        for (int i = parent_of[resource]; i >= 0; i = parent_of[i]) {
                lock->modes[i] = mode == LOCK_SHARED || mode == LOCK_INTENT_SHARED ? LOCK_INTENT_SHARED :
                                                                                     LOCK_INTENT_EXCLUSIVE;
        }
        model_grant(model);
}

static void model_remove(Model *model, uint64_t id) {
        for (size_t i = 0; i < model->n; i++) {
                if (model->locks[i].id == id) {
                        memmove(model->locks + i, model->locks + i + 1,
                                (--model->n - i) * sizeof(ModelLock));
                        break;
                }
        }
        model_grant(model);
}

static void assert_same(const LockTable *table, const Model *model) {
        size_t i = 0, held = 0;

        for (const Lock *lock = table->first; lock; lock = lock->next, i++) {
                assert_true(i < model->n);
                assert_int_equal(lock->id, model->locks[i].id);
                assert_int_equal(lock->held, model->locks[i].held);
                assert_int_equal(!lock->held, lock_table_find_blocker_of(table, lock) && !lock->held);
                held += lock->held;
        }
        assert_int_equal(i, model->n);
        assert_int_equal(held, table->n_held);
        assert_int_equal(i - held, table->n_waiting);
        /* What locking is for: no two held locks conflict. */
        for (size_t a = 0; a < model->n; a++) {
                for (size_t b = 0; b < a; b++) {
                        assert_false(model->locks[a].held && model->locks[b].held &&
                                     model_conflict(&model->locks[a], &model->locks[b]));
                }
        }
}

static uint64_t random_state;
static unsigned next_random(unsigned below) {
        random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407;
        return (unsigned) (random_state >> 33) % below;
}

static Lock *pick(const LockTable *table, size_t n) {
        Lock *lock = table->first;

        while (n-- > 0) {
                lock = lock->next;
        }
        return lock;
}

static void random_step(LockTable *table, Model *model) {
        if (model->n < MODEL_MAX && (model->n == 0 || next_random(100) < 55)) {
                size_t resource = next_random(ELEMENTSOF(tree));
                LockMode mode = next_random(_LOCK_MODE_MAX);
                Lock *lock = add(table, tree[resource], mode);

                model_add(model, lock->id, resource, mode);
        } else {
                Lock *lock = pick(table, next_random((unsigned) model->n));
                uint64_t id = lock->id;

                lock_table_remove(table, lock);
                while (lock_table_grant_next(table)) {}
                model_remove(model, id);
        }
}

static void test_random(void **state) {
        for (unsigned seed = 1; seed <= 60; seed++) {
                LockTable table = {};
                Model model = {};

                random_state = seed;
                for (unsigned step = 0; step < 500; step++) {
                        random_step(&table, &model);
                        assert_same(&table, &model);
                }
                /* Everybody who waits is served in the end: holders leave one by one, the queue runs dry. */
                while (table.first) {
                        Lock *lock = table.first;

                        while (lock && !lock->held) {
                                lock = lock->next;
                        }
                        assert_non_null(lock);
                        lock_table_remove(&table, lock);
                        while (lock_table_grant_next(&table)) {}
                }
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_matrix),        cmocka_unit_test(test_mode_names),
                cmocka_unit_test(test_tree_rules),    cmocka_unit_test(test_order),
                cmocka_unit_test(test_restore),       cmocka_unit_test(test_random),
                cmocka_unit_test(test_waiter_leaves),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
