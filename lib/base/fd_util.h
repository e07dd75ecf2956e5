/* File descriptors: O_CLOEXEC from birth, "no fd" is negative. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "base/macro.h"

/* Accepts negative; keeps errno; returns -EBADF so that `fd = fd_close(fd)` reads well. */
int fd_close(int fd);
static inline void fd_closep(int *fd) {
        (void) fd_close(*fd);
}
#define _cleanup_close_ _cleanup_(fd_closep)

/* Whichever of 0, 1 and 2 is closed is opened so that using it fails (2: goes nowhere): no file or socket of ours takes its place, to be
 * read or written as if it were it. */
void fd_fill_standard(void);
int fd_set_nonblock(int fd);
int fd_write_all(int fd, const void *data, size_t length); /* blocking, restarts on EINTR and short writes */
/* Reads a whole file of at most max bytes (-EFBIG beyond); *ret is NUL-terminated, owned by the caller. */
int file_read(const char *path, size_t max, char **ret, size_t *ret_length);
/* Writes path atomically: temporary in the same directory, mode, fsync, rename. */
int file_write_atomic(const char *path, const void *data, size_t length, mode_t mode);
/* It is gone, also after a power failure. One that is not there is no error. */
int file_remove(const char *path);
