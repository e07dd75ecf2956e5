#include "clients/login_client.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/fd_util.h"
#include "base/string_util.h"

#define SOCKET_PATH "/run/weir/login" /* of weir-login.socket */
#define TIMEOUT_SEC 25
#define ANSWER_MAX 1024

static int connect_socket(void) {
        const char *path = getenv("WEIR_LOGIN_SOCKET");
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        struct timeval timeout = { .tv_sec = TIMEOUT_SEC };
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        path = path ? path : SOCKET_PATH;
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

static int send_question(int fd, const char *server, const char *user, const char *password) {
        const char *const parts[] = { server, user, password };
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(parts) && r >= 0; i++) {
                r = fd_write_all(fd, parts[i], strlen(parts[i]) + 1);
        }
        return r;
}

/* "ok TICKET", or one word. */
static int understand(const char *answer, char **ret_ticket) {
        static const struct {
                const char *answer;
                int result;
        } table[] = {
                { "auth", 0 },
                { "unknown", 0 }, /* no such user: the same to whoever tries names */
                { "server", -ENOENT },
                { "connect", -EHOSTUNREACH },
                { "timeout", -EHOSTUNREACH },
                { "trust", -EHOSTUNREACH },
                { "permission", -EACCES },
                { "limit", -EACCES },
        };

        if (string_has_prefix(answer, "ok ")) {
                int r = string_copy(ret_ticket, answer + strlen("ok "));
                return r < 0 ? r : 1;
        }
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                if (strcmp(table[i].answer, answer) == 0) {
                        return table[i].result;
                }
        }
        return -EIO;
}

int login_client_check(const char *server, const char *user, const char *password, char **ret_ticket) {
        _cleanup_(buffer_done) Buffer answer = { .max = ANSWER_MAX };
        _cleanup_close_ int fd = connect_socket();
        ssize_t n;
        int r = fd < 0 ? fd : send_question(fd, server, user, password);

        if (r < 0) {
                return r;
        }
        while ((n = buffer_read(&answer, fd, ANSWER_MAX)) > 0) {}
        if (n < 0) {
                return n == -EAGAIN ? -EHOSTUNREACH : (int) n;
        }
        r = understand(answer.data ? answer.data : "", ret_ticket);
        if (answer.data) {
                explicit_bzero(answer.data, answer.length);
        }
        return r;
}
