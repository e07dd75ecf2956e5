/* The lock table. A plain list in the order of asking: the number of locks is bounded by its user (a few
 * thousand at most), and "is anything in the way" is one pass over it, which costs less than the system call
 * that carried the question here. */
#include "domain/lock_table.h"

#include <string.h>

#include "base/string_util.h"
#include "domain/lock_resource.h"

static const char *const mode_names[_LOCK_MODE_MAX] = {
        [LOCK_INTENT_SHARED] = "intent-shared",
        [LOCK_INTENT_EXCLUSIVE] = "intent-exclusive",
        [LOCK_SHARED] = "shared",
        [LOCK_SHARED_INTENT_EXCLUSIVE] = "shared-intent-exclusive",
        [LOCK_EXCLUSIVE] = "exclusive",
};

const char *lock_mode_to_string(LockMode mode) {
        return mode >= 0 && mode < _LOCK_MODE_MAX ? mode_names[mode] : NULL;
}

LockMode lock_mode_from_string(const char *text) {
        for (LockMode mode = 0; mode < _LOCK_MODE_MAX; mode++) {
                if (string_equal(text, mode_names[mode])) {
                        return mode;
                }
        }
        return _LOCK_MODE_INVALID;
}

/* Gray's matrix: the modes each mode can stand beside. */
#define WITH(mode) (1U << (mode))
static const unsigned compatible_modes[_LOCK_MODE_MAX] = {
        [LOCK_INTENT_SHARED] = WITH(LOCK_INTENT_SHARED) | WITH(LOCK_INTENT_EXCLUSIVE) | WITH(LOCK_SHARED) |
                               WITH(LOCK_SHARED_INTENT_EXCLUSIVE),
        [LOCK_INTENT_EXCLUSIVE] = WITH(LOCK_INTENT_SHARED) | WITH(LOCK_INTENT_EXCLUSIVE),
        [LOCK_SHARED] = WITH(LOCK_INTENT_SHARED) | WITH(LOCK_SHARED),
        [LOCK_SHARED_INTENT_EXCLUSIVE] = WITH(LOCK_INTENT_SHARED),
        [LOCK_EXCLUSIVE] = 0,
};

bool lock_modes_are_compatible(LockMode a, LockMode b) {
        return compatible_modes[a] & WITH(b);
}

/* What a lock means for everything above it. */
static LockMode intention_of(LockMode mode) {
        return mode == LOCK_INTENT_SHARED || mode == LOCK_SHARED ? LOCK_INTENT_SHARED :
                                                                   LOCK_INTENT_EXCLUSIVE;
}

bool lock_conflicts(const char *resource_a, LockMode mode_a, const char *resource_b, LockMode mode_b) {
        if (string_equal(resource_a, resource_b)) {
                return !lock_modes_are_compatible(mode_a, mode_b);
        }
        if (lock_resource_is_above(resource_a, resource_b)) {
                return !lock_modes_are_compatible(mode_a, intention_of(mode_b));
        }
        if (lock_resource_is_above(resource_b, resource_a)) {
                return !lock_modes_are_compatible(intention_of(mode_a), mode_b);
        }
        return false;
}

static Lock *lock_free(Lock *lock) {
        if (lock) {
                free(lock->resource);
                free(lock->owner.holder);
                free(lock->owner.why);
                free(lock);
        }
        return NULL;
}
DEFINE_TRIVIAL_CLEANUP_FUNC(Lock *, lock_free);

static int lock_new(const char *resource, LockMode mode, const LockOwner *owner, Lock **ret) {
        _cleanup_(lock_freep) Lock *lock = calloc(1, sizeof(*lock));

        if (!lock || string_copy(&lock->resource, resource) < 0 ||
            string_copy(&lock->owner.holder, owner->holder) < 0 ||
            string_copy(&lock->owner.why, owner->why) < 0) {
                return -ENOMEM;
        }
        lock->mode = mode;
        lock->owner.uid = owner->uid;
        lock->owner.pid = owner->pid;
        lock->owner.since = owner->since;
        *ret = TAKE_PTR(lock);
        return 0;
}

/* before NULL: at the end */
static void link_lock(LockTable *table, Lock *lock, Lock *before) {
        lock->next = before;
        lock->previous = before ? before->previous : table->last;
        *(lock->previous ? &lock->previous->next : &table->first) = lock;
        *(before ? &before->previous : &table->last) = lock;
        *(lock->held ? &table->n_held : &table->n_waiting) += 1;
}

void lock_table_remove(LockTable *table, Lock *lock) {
        *(lock->previous ? &lock->previous->next : &table->first) = lock->next;
        *(lock->next ? &lock->next->previous : &table->last) = lock->previous;
        *(lock->held ? &table->n_held : &table->n_waiting) -= 1;
        (void) lock_free(lock);
}

void lock_table_done(LockTable *table) {
        while (table->first) {
                lock_table_remove(table, table->first);
        }
}

/* Held locks block wherever they stand in the list, waiting ones only those who came after them, that is:
 * `until` ends them. */
static const Lock *find_blocker(const LockTable *table, const char *resource, LockMode mode,
                                const Lock *until) {
        const Lock *earlier_waiter = NULL;
        bool earlier = true;

        for (const Lock *lock = table->first; lock; lock = lock->next) {
                if (lock == until) {
                        earlier = false;
                        continue;
                }
                if ((!lock->held && (!earlier || earlier_waiter)) ||
                    !lock_conflicts(lock->resource, lock->mode, resource, mode)) {
                        continue;
                }
                if (lock->held) {
                        return lock;
                }
                earlier_waiter = lock;
        }
        return earlier_waiter;
}

const Lock *lock_table_find_blocker(const LockTable *table, const char *resource, LockMode mode) {
        return find_blocker(table, resource, mode, NULL);
}

const Lock *lock_table_find_blocker_of(const LockTable *table, const Lock *waiter) {
        return find_blocker(table, waiter->resource, waiter->mode, waiter);
}

int lock_table_add(LockTable *table, const char *resource, LockMode mode, const LockOwner *owner,
                   uint64_t minimum_id, Lock **ret) {
        Lock *lock = NULL;
        int r = lock_new(resource, mode, owner, &lock);

        if (r < 0) {
                return r;
        }
        lock->id = minimum_id > table->last_id ? minimum_id : table->last_id + 1;
        lock->held = !lock_table_find_blocker(table, resource, mode);
        table->last_id = lock->id;
        link_lock(table, lock, NULL);
        *ret = lock;
        return 0;
}

int lock_table_restore(LockTable *table, const char *resource, LockMode mode, const LockOwner *owner,
                       uint64_t id, Lock **ret) {
        Lock *before = table->first, *lock = NULL;
        int r;

        while (before && before->id < id) {
                before = before->next;
        }
        if (before && before->id == id) {
                return -EEXIST;
        }
        r = lock_new(resource, mode, owner, &lock);
        if (r < 0) {
                return r;
        }
        lock->id = id;
        lock->held = true;
        table->last_id = id > table->last_id ? id : table->last_id;
        link_lock(table, lock, before);
        *ret = lock;
        return 0;
}

Lock *lock_table_grant_next(LockTable *table) {
        for (Lock *lock = table->first; lock; lock = lock->next) {
                if (!lock->held && !lock_table_find_blocker_of(table, lock)) {
                        lock->held = true;
                        table->n_waiting--;
                        table->n_held++;
                        return lock;
                }
        }
        return NULL;
}
