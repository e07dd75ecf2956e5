#include "clients/preview_client.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/fd_util.h"
#include "base/time_util.h"
#include "clients/local_socket.h"

#define SOCKET_PATH "/run/weir/preview" /* of weir-preview.socket */
#define TIMEOUT_USEC (45 * USEC_PER_SEC)
#define ANSWER_MAX ((size_t) 3 * 1024 * 1024)

int preview_client_ask(const char *user, const char *ticket, const char *spec_json, char **ret) {
        _cleanup_(buffer_done) Buffer answer = { .max = ANSWER_MAX };
        const char *const parts[] = { user, ticket, spec_json };
        _cleanup_close_ int fd = local_socket_ask(SOCKET_PATH, "WEIR_PREVIEW_SOCKET", TIMEOUT_USEC, parts,
                                                  ELEMENTSOF(parts));
        ssize_t n;

        if (fd < 0) {
                return fd;
        }
        while ((n = buffer_read(&answer, fd, 65536)) > 0) {}
        if (n < 0) {
                return n == -EAGAIN ? -ETIMEDOUT : (int) n;
        }
        return answer.length == 0 ? -EIO : buffer_take_string(&answer, ret);
}
