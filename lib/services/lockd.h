/* The keeper of weir-lockd: a lock table whose held locks are pipes. Whoever has the write end holds the
 * lock; when the last copy of it is closed, the read end here hangs up and the lock is free. No bus in here:
 * services/lock_bus.c speaks for it.
 *
 * Restarts. The read end is also given to systemd's descriptor store, under the name lock-ID, and the lock's
 * record (domain/lock_record.h) lies unread in the pipe. The order makes kill -9 harmless at every point:
 * taking    pipe, record, store, and only then does anybody get the write end. Killed before that: the write
 * end dies with us, the stored read end hangs up, and systemd throws it away (that is why FDPOLL=0 is not
 * asked for). freeing   the hang-up is the truth, ours or the next daemon's; telling the store is only
 * tidying. breaking  the store forgets it first; what is not stored is not restored. systemd reads a message
 * sent by a process before it notices that the process died, so a message sent is as good as done. */
#pragma once

#include <systemd/sd-event.h>

#include "base/macro.h"
#include "domain/lock_table.h"

#define LOCKD_LOCKS_MAX 4096 /* held and waiting; FileDescriptorStoreMax= must be as large */

typedef enum LockEnd { LOCK_END_RELEASED, LOCK_END_BROKEN } LockEnd;

typedef struct LockdObserver {
        /* A waiting request got its lock: fd is the write end, the observer's to hand over and close. With
         * fd negative (an errno) it could not be had, and the request is gone. request is what
         * lockd_acquire() was given. */
        void (*granted)(const Lock *lock, int fd, void *request, void *userdata);
        /* A held lock ended; it is about to be freed. */
        void (*ended)(const Lock *lock, LockEnd end, void *userdata);
        /* The table is another one than before, and settled. */
        void (*changed)(void *userdata);
        void *userdata;
} LockdObserver;

typedef struct Lockd Lockd;
int lockd_new(sd_event *event, const LockdObserver *observer, Lockd **ret);
/* Closes everything without freeing any lock: the store keeps the read ends. */
Lockd *lockd_free(Lockd *lockd);
DEFINE_TRIVIAL_CLEANUP_FUNC(Lockd *, lockd_free);

/* Takes over the locks that systemd's descriptor store kept ($LISTEN_FDS); what is no lock or nobody's any
 * more is dropped from it. */
int lockd_restore(Lockd *lockd);

const LockTable *lockd_table(const Lockd *lockd);

/* 1: held, *ret_fd is the write end. 0: waiting, *ret_lock is the request, for lockd_cancel(). -ENOBUFS when
 * the table is full, other errors when no pipe could be had or stored; nothing has changed then. resource is
 * canonical. */
int lockd_acquire(Lockd *lockd, const char *resource, LockMode mode, const LockOwner *owner, void *request,
                  Lock **ret_lock, int *ret_fd);
/* Forgets a waiting request. */
void lockd_cancel(Lockd *lockd, Lock *waiter);
/* Frees every lock held on exactly this resource, whoever holds it. Returns how many. The holders notice by
 * their end: POLLERR. */
unsigned lockd_break(Lockd *lockd, const char *resource);
