#include "clients/local_socket.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd_util.h"
#include "base/time_util.h"

static int connect_socket(const char *path, uint64_t timeout_usec) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        struct timeval timeout = { .tv_sec = (time_t) (timeout_usec / USEC_PER_SEC),
                                   .tv_usec = (suseconds_t) (timeout_usec % USEC_PER_SEC) };
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (fd < 0 || strlen(path) >= sizeof address.sun_path) {
                return fd < 0 ? -errno : -ENAMETOOLONG;
        }
        strcpy(address.sun_path, path);
        if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) < 0) {
                return -errno;
        }
        if (connect(fd, (struct sockaddr *) &address, sizeof address) < 0) {
                return errno == ENOENT || errno == EACCES ? -ECONNREFUSED : -errno;
        }
        return TAKE_FD(fd);
}

int local_socket_ask(const char *path, const char *variable, uint64_t timeout_usec, const char *const *parts,
                     size_t n_parts) {
        const char *instead = getenv(variable);
        _cleanup_close_ int fd = connect_socket(instead ? instead : path, timeout_usec);
        int r = fd < 0 ? fd : 0;

        for (size_t i = 0; i < n_parts && r >= 0; i++) {
                r = fd_write_all(fd, parts[i], strlen(parts[i]) + 1);
        }
        return r < 0 ? r : TAKE_FD(fd);
}
