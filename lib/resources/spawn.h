/* Starting one child process with pipes on its standard streams; process_run() is the way to use it. */
#pragma once

#include <sys/types.h>

#include "resources/process.h"

typedef struct Spawned {
        pid_t pid;  /* also the number of its process group */
        int pidfd;  /* readable when it has ended */
        int fds[3]; /* our ends of its stdin (negative: /dev/null), stdout and stderr; non-blocking */
} Spawned;

/* Returns when the child has become the program. -ENOENT: no such program; any other error of getting there.
 * The caller reaps the child, from the same thread. */
int spawn(const ProcessSpec *spec, Spawned *ret);
void spawned_close(Spawned *spawned);
/* Waits for its end, which becomes exit_status or signal of *result. -errno when it is no child of ours. */
int spawned_reap(const Spawned *spawned, ProcessResult *result);
