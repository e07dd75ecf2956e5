#include "clients/login_client.h"

#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/fd_util.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "clients/local_socket.h"

#define SOCKET_PATH "/run/weir/login" /* of weir-login.socket */
#define TIMEOUT_USEC (25 * USEC_PER_SEC)
#define ANSWER_MAX 1024

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
        _cleanup_(buffer_wipe) Buffer answer = { .max = ANSWER_MAX };
        const char *const parts[] = { server, user, password };
        _cleanup_close_ int fd = local_socket_ask(SOCKET_PATH, "WEIR_LOGIN_SOCKET", TIMEOUT_USEC, parts,
                                                  ELEMENTSOF(parts));
        ssize_t n;

        if (fd < 0) {
                return fd;
        }
        while ((n = buffer_read(&answer, fd, ANSWER_MAX)) > 0) {}
        if (n < 0) {
                return n == -EAGAIN ? -EHOSTUNREACH : (int) n;
        }
        return understand(answer.data ? answer.data : "", ret_ticket);
}
