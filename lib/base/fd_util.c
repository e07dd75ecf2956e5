/* File descriptors and whole files. */
#include "base/fd_util.h"

#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/string_util.h"

int fd_close(int fd) {
        if (fd >= 0) {
                int saved_errno = errno;

                (void) close(fd); /* on Linux the descriptor is gone even after EINTR */
                errno = saved_errno;
        }
        return -EBADF;
}

void fd_fill_standard(void) {
        for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
                if (fcntl(fd, F_GETFD) < 0) { /* the lowest free one is what open() takes */
                        (void) open("/dev/null", fd == STDOUT_FILENO ? O_RDONLY : O_WRONLY);
                }
        }
}

int fd_set_nonblock(int fd) {
        int flags = fcntl(fd, F_GETFL);

        if (flags < 0) {
                return -errno;
        }
        return RET_NERRNO(fcntl(fd, F_SETFL, flags | O_NONBLOCK));
}

int fd_write_all(int fd, const void *data, size_t length) {
        const char *p = data;

        while (length > 0) {
                ssize_t n = write(fd, p, length);

                if (n < 0 && errno == EINTR) {
                        continue;
                }
                if (n < 0) {
                        return -errno;
                }
                p += n;
                length -= (size_t) n;
        }
        return 0;
}

int file_read(const char *path, size_t max, char **ret, size_t *ret_length) {
        _cleanup_close_ int fd = -EBADF;
        Buffer buffer = { .max = max + 1 }; /* one more tells "as large as allowed" from "larger" */
        ssize_t n;

        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (fd < 0) {
                return -errno;
        }
        do {
                n = buffer_read(&buffer, fd, 0);
        } while (n > 0);
        if (n == 0 && buffer.length > max) {
                n = -EFBIG;
        }
        if (n == 0) {
                size_t length = buffer.length;

                n = buffer_take_string(&buffer, ret);
                if (n == 0 && ret_length) {
                        *ret_length = length;
                }
        }
        buffer_done(&buffer);
        return n == -ENOBUFS ? -EFBIG : (int) n;
}

/* The directory entry itself must be on disk too, or a crash brings the old file back. */
static int directory_sync(const char *path) {
        _cleanup_free_ char *copy = NULL;
        _cleanup_close_ int fd = -EBADF;
        int r = string_copy(&copy, path);

        if (r < 0) {
                return r;
        }
        fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? -errno : RET_NERRNO(fsync(fd));
}

static int file_fill(int fd, const void *data, size_t length, mode_t mode) {
        int r = fd_write_all(fd, data, length);

        if (r < 0) {
                return r;
        }
        if (fchmod(fd, mode) < 0 || fsync(fd) < 0) {
                return -errno;
        }
        return 0;
}

int file_write_atomic(const char *path, const void *data, size_t length, mode_t mode) {
        _cleanup_free_ char *temporary = NULL;
        _cleanup_close_ int fd = -EBADF;
        int r = string_format(&temporary, "%s.XXXXXX", path);

        if (r < 0) {
                return r;
        }
        fd = mkostemp(temporary, O_CLOEXEC);
        if (fd < 0) {
                return -errno;
        }
        r = file_fill(fd, data, length, mode);
        if (r >= 0) {
                r = RET_NERRNO(rename(temporary, path));
        }
        if (r < 0) {
                (void) unlink(temporary);
                return r;
        }
        return directory_sync(path);
}

int file_remove(const char *path) {
        if (unlink(path) < 0 && errno != ENOENT) {
                return -errno;
        }
        return directory_sync(path);
}
