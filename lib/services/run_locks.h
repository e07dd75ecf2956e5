/* The locks of one run, taken one after the other and held until the end (or the death) of the process.
 * What cannot be had is reported here. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"

typedef struct RunLocks RunLocks;
/* wait_usec is for all locks of the run together; 0: none waits. */
int run_locks_new(uint64_t wait_usec, RunLocks **ret);
RunLocks *run_locks_free(RunLocks *locks); /* gives them back */
DEFINE_TRIVIAL_CLEANUP_FUNC(RunLocks *, run_locks_free);

/* Takes one, or reports who holds it: -EBUSY; other errors (reported, too): the lock daemon cannot be
 * asked. */
int run_locks_take(RunLocks *locks, const char *resource, const char *mode, const char *why);
/* Takes one at once if it is free, quietly: 1 taken, 0 not. Negative errno: it could not be asked for.
 * Thread-safe. */
int run_locks_try(RunLocks *locks, const char *resource, const char *mode, const char *why);
