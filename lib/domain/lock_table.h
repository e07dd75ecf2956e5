/* Who holds and who waits for which lock: multi-granularity locking (Gray 1975) over the tree of
 * domain/lock_resource.h. Pure logic: no clock, no bus, no descriptors. services/lockd.c is its only user.
 *
 * A lock on a resource implies the intention to lock there on everything above it: S implies IS on the
 * ancestors, X implies IX. Two locks conflict when they meet on one resource in modes that are not
 * compatible. Two implied intentions are always compatible, so a conflict can only be where one of the two
 * is asked for explicitly; that is all lock_conflicts() has to look at.
 *
 * Order: a request has to wait for every conflicting lock that is held *or was asked for earlier*. That
 * makes waiting first in, first out among those who conflict, lets everyone else pass, and nobody starves:
 * only finitely many came earlier. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/macro.h"

typedef enum LockMode {
        LOCK_INTENT_SHARED,           /* IS: shared locks below */
        LOCK_INTENT_EXCLUSIVE,        /* IX: exclusive locks below */
        LOCK_SHARED,                  /* S */
        LOCK_SHARED_INTENT_EXCLUSIVE, /* SIX: all of it shared, some below exclusive */
        LOCK_EXCLUSIVE,               /* X */
        _LOCK_MODE_MAX,
        _LOCK_MODE_INVALID = -EINVAL,
} LockMode;
/* "intent-shared", "intent-exclusive", "shared", "shared-intent-exclusive", "exclusive" */
const char *lock_mode_to_string(LockMode mode);
LockMode lock_mode_from_string(const char *text); /* or _LOCK_MODE_INVALID */

bool lock_modes_are_compatible(LockMode a, LockMode b);
bool lock_conflicts(const char *resource_a, LockMode mode_a, const char *resource_b, LockMode mode_b);

/* What is told about a lock to whoever is refused. Strings are owned by the lock. */
typedef struct LockOwner {
        char *holder; /* unit, or command and pid */
        char *why;
        uid_t uid;
        pid_t pid;
        int64_t since; /* realtime µs: held since, or waiting since */
} LockOwner;

typedef struct Lock Lock;
struct Lock {
        uint64_t id;    /* grows in the order of asking */
        char *resource; /* canonical */
        LockMode mode;
        bool held; /* false: waiting */
        LockOwner owner;
        void *userdata;        /* of the table's user */
        Lock *next, *previous; /* in the order of asking */
};

typedef struct LockTable {
        Lock *first, *last;
        uint64_t last_id;
        size_t n_held, n_waiting;
} LockTable;

void lock_table_done(LockTable *table);

/* The lock a new request would have to wait for: a held one if there is any, else the earliest waiting one.
 * NULL: it would be held at once. */
const Lock *lock_table_find_blocker(const LockTable *table, const char *resource, LockMode mode);
/* The same for a request that is waiting already. */
const Lock *lock_table_find_blocker_of(const LockTable *table, const Lock *waiter);

/* Adds a request: held if nothing is in its way, else waiting. resource is canonical; strings are copied.
 * minimum_id: the id is at least that (and always larger than every earlier one). */
int lock_table_add(LockTable *table, const char *resource, LockMode mode, const LockOwner *owner,
                   uint64_t minimum_id, Lock **ret);
/* Puts a lock back that was held before a restart, whatever else the table says: it is held, that is a fact.
 * -EEXIST if the id is there. */
int lock_table_restore(LockTable *table, const char *resource, LockMode mode, const LockOwner *owner,
                       uint64_t id, Lock **ret);
/* Takes a lock or a request out and frees it. Afterwards call lock_table_grant_next() until it returns NULL.
 * */
void lock_table_remove(LockTable *table, Lock *lock);
/* Turns the earliest waiting request that nothing blocks any more into a held lock. */
Lock *lock_table_grant_next(LockTable *table);
