#include "services/run_ticket.h"

#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/fd_util.h"
#include "base/log.h"
#include "base/seal.h"
#include "base/string_util.h"
#include "resources/p4_login.h"
#include "services/run_p4.h"

#define CREDENTIAL_MAX ((size_t) 4096)

void run_ticket_forget(Run *run) {
        wipe_text(&run->ticket);
}

/* "ssl:host:1666" without its transport: "host:1666". */
static const char *without_transport(const char *port) {
        static const char *const transports[] = { "tcp:", "tcp4:", "tcp6:", "tcp46:", "tcp64:",
                                                  "ssl:", "ssl4:", "ssl6:", "ssl46:", "ssl64:" };
        for (size_t i = 0; i < ELEMENTSOF(transports); i++) {
                if (string_has_prefix(port, transports[i])) {
                        return port + strlen(transports[i]);
                }
        }
        return port;
}

/* Releases of p4 differ in how they write a port as a key. An unused line does no harm. */
static int add_user(Buffer *lines, const char *port, const char *user, const char *ticket) {
        const char *bare = without_transport(port);
        int r = buffer_append_format(lines, "%s=%s:%s\n", port, user, ticket);
        if (r >= 0 && bare != port) {
                r = buffer_append_format(lines, "%s=%s:%s\n", bare, user, ticket);
        }
        if (r >= 0 && !strchr(bare, ':')) {
                r = buffer_append_format(lines, "localhost:%s=%s:%s\n", bare, user, ticket);
        }
        return r;
}

/* At servers that ignore case p4 looks for the user in lower case. */
static int add_lines(Buffer *lines, const char *port, const char *user, const char *ticket) {
        _cleanup_free_ char *lower = NULL;
        int r = string_copy_lower(&lower, user);
        r = r < 0 ? r : add_user(lines, port, user, ticket);
        return r < 0 || string_equal(lower, user) ? r : add_user(lines, port, lower, ticket);
}

/* One line of the credential: a whole entry goes into the file as it is, a ticket alone belongs to the job's server. */
static int take_line(Run *run, const char *line, Buffer *lines) {
        const char *equals = strchr(line, '='), *colon = equals ? strchr(equals, ':') : NULL;
        const char *ticket = colon ? colon + 1 : line;
        if (!*line) {
                return 0;
        }
        if (!p4_ticket_is_valid(ticket)) {
                return -EBADMSG;
        }
        bool is_ours = !colon || ((size_t) (colon - equals - 1) == strlen(run->server.user) &&
                                  strncasecmp(equals + 1, run->server.user, strlen(run->server.user)) == 0);
        int r = colon ? buffer_append_format(lines, "%s\n", line) : 0;
        if (r >= 0 && is_ours) {
                wipe_text(&run->ticket);
                r = string_copy(&run->ticket, ticket);
                r = r < 0 ? r : add_lines(lines, run->server.port, run->server.user, ticket);
        }
        return r;
}

static int write_tickets(Run *run, char *credential) {
        _cleanup_(buffer_wipe) Buffer lines = { .max = 4 * CREDENTIAL_MAX };
        char *rest = credential, *line;
        int r = 0;
        while (r >= 0 && (line = strsep(&rest, "\n"))) {
                line[strcspn(line, "\r")] = 0;
                r = take_line(run, line, &lines);
        }
        return r < 0 ? r : file_write_atomic(run->tickets, lines.data ?: "", lines.length, 0600);
}

int run_ticket_use(Run *run, const char *credential) {
        _cleanup_(wipe_text) char *copy = NULL;
        int r = string_copy(&copy, credential);
        return r < 0 ? r : write_tickets(run, copy);
}

/* -ENOENT: there is none. */
static int read_credential(char **ret, size_t *ret_length) {
        _cleanup_free_ char *path = NULL;
        const char *directory = getenv("CREDENTIALS_DIRECTORY");
        if (string_is_empty(directory)) {
                return -ENOENT;
        }
        int r = string_format(&path, "%s/%s", directory, RUN_CREDENTIAL);
        return r < 0 ? r : file_read(path, CREDENTIAL_MAX, ret, ret_length);
}

int run_ticket_install(Run *run) {
        _cleanup_(wipe_text) char *credential = NULL;
        size_t length = 0;
        int r = read_credential(&credential, &length);
        if (r == -ENOENT || r == -EACCES) {
                /* weir-finish may not be let into the credentials; then weir-integrate was here before. */
                return access(run->tickets, R_OK) >= 0 ? 0 : file_write_atomic(run->tickets, "", 0, 0600);
        }
        if (r >= 0) {
                r = write_tickets(run, credential);
        }
        if (r < 0) {
                return run_fail(run, "bad credential", "Failed to use the job's ticket: %s", strerror(-r));
        }
        return 0;
}

static int on_info(const MarshalRecord *record, void *userdata) {
        char **address = userdata;
        const char *text = marshal_record_get(record, "serverAddress");
        return text && !*address ? string_copy(address, text) : 0;
}

int run_ticket_add_address(Run *run) {
        static const char *const arguments[] = { "info", "-s", NULL };
        _cleanup_(p4_result_done) P4Result result = {};
        _cleanup_(buffer_wipe) Buffer lines = { .max = 8 * CREDENTIAL_MAX };
        _cleanup_(wipe_text) char *before = NULL;
        _cleanup_free_ char *address = NULL;
        size_t length = 0;
        P4Command command = P4_COMMAND_INIT;
        if (!run->ticket) {
                return 0;
        }
        command.arguments = arguments;
        command.on_record = on_info;
        command.userdata = &address;
        int r = run_p4_once(run, &command, &result);
        if (r < 0 || !p4_class_is_success(result.p4_class) || !address || strpbrk(address, "=\n")) {
                return r < 0 ? r : 0;
        }
        r = file_read(run->tickets, 4 * CREDENTIAL_MAX, &before, &length);
        r = r < 0 ? r : buffer_append(&lines, before, length);
        r = r < 0 ? r : add_lines(&lines, address, run->server.user, run->ticket);
        r = r < 0 ? r : file_write_atomic(run->tickets, lines.data, lines.length, 0600);
        run_ticket_forget(run);
        return r < 0 ? r : 1;
}
