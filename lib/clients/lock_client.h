/* Taking locks from weir-lockd (org.weir.Locks1). A lock is a file descriptor: close it, or die, and it is
 * free. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"

typedef struct LockHolder {
        char *resource;
        char *mode;   /* "exclusive" | "shared" */
        char *holder; /* unit, or command and pid where there is no unit */
        char *why;
        uint32_t uid, pid;
        int64_t since; /* realtime µs; for a waiter: waiting since */
        bool waiting;
} LockHolder;
void lock_holder_done(LockHolder *holder);
void lock_holders_free(LockHolder *holders, size_t n);

typedef struct LockClient LockClient;
int lock_client_new(LockClient **ret); /* connects to the system bus */
LockClient *lock_client_free(LockClient *client);
DEFINE_TRIVIAL_CLEANUP_FUNC(LockClient *, lock_client_free);

/* timeout_usec: 0 = do not wait, USEC_INFINITY = for ever. Returns the fd (>= 0); -EBUSY with *ret_busy
 * filled with the first conflicting holder (owned by the caller; lock_holder_done) and *ret_message a
 * sentence; -EACCES not allowed, -EINVAL bad resource or mode, -ECONNREFUSED/-EHOSTDOWN no lockd;
 * *ret_message (owned, may be NULL) says what happened. */
int lock_client_acquire(LockClient *client, const char *resource, const char *mode, const char *why,
                        uint64_t timeout_usec, LockHolder *ret_busy, char **ret_message);
int lock_client_list(LockClient *client, LockHolder **ret, size_t *ret_n, char **ret_message);
int lock_client_break(LockClient *client, const char *resource, uint32_t *ret_broken, char **ret_message);
