#include "domain/server.h"

#include <string.h>

#include "base/parse_util.h"
#include "base/string_util.h"
#include "formats/unit_name.h"

void server_done(Server *server) {
        free(server->name);
        free(server->p4port);
        free(server->p4user);
        free(server->stream_mask);
        free(server->trust);
        *server = (Server) {};
}

int server_copy(Server *ret, const Server *server) {
        _cleanup_(server_done) Server copy = {
                .interval_usec = server->interval_usec,
                .timeout_usec = server->timeout_usec,
                .parallel = server->parallel,
                .line = server->line,
        };
        int r = string_copy(&copy.name, server->name);
        r = r < 0 ? r : string_copy(&copy.p4port, server->p4port);
        r = r < 0 ? r : string_copy(&copy.p4user, server->p4user);
        r = r < 0 ? r : string_copy(&copy.stream_mask, server->stream_mask);
        r = r < 0 ? r : string_copy(&copy.trust, server->trust);
        if (r < 0) {
                return r;
        }
        *ret = copy;
        copy = (Server) {};
        return 0;
}

static bool is_alpha(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c) {
        return c >= '0' && c <= '9';
}

static const char *text_problem(const char *text, size_t max) {
        if (string_is_empty(text)) {
                return "must not be empty";
        }
        if (strlen(text) > max) {
                return "is too long";
        }
        if (string_has_control(text)) {
                return "must not contain control characters";
        }
        return string_is_utf8(text, strlen(text)) ? NULL : "must be UTF-8";
}

/* A name stands in lock names, unit names and scopes; what would be ambiguous there is refused here,
 * once. */
const char *server_name_problem(const char *name) {
        const char *problem = text_problem(name, SERVER_NAME_MAX);
        if (problem) {
                return problem;
        }
        if (strpbrk(name, "/#")) {
                return "must not contain '/' or '#'";
        }
        if (string_equal(name, "all")) {
                return "must not be 'all', which means every server";
        }
        if (name[0] == '-' || name[0] == '.' || name[0] == ' ' || name[strlen(name) - 1] == ' ') {
                return "must not begin with '-', '.' or a blank, nor end with a blank";
        }
        _cleanup_free_ char *escaped = NULL;
        if (unit_name_escape(name, &escaped) < 0 || strlen(escaped) > SERVER_NAME_ESCAPED_MAX) {
                return "is too long for the name of a systemd unit";
        }
        return NULL;
}

/* Those without a word of their own: rsh: would run a program of the writer's choice, a bare port number
 * would hide a typing mistake. */
static const char *skip_protocol(const char *port) {
        static const char *const protocols[] = { "tcp", "tcp4", "tcp6", "tcp46", "tcp64",
                                                 "ssl", "ssl4", "ssl6", "ssl46", "ssl64" };
        for (size_t i = 0; i < ELEMENTSOF(protocols); i++) {
                size_t length = strlen(protocols[i]);
                if (strncasecmp(port, protocols[i], length) == 0 && port[length] == ':') {
                        return port + length + 1;
                }
        }
        return port;
}

static bool is_host(const char *host, size_t length) {
        if (length >= 2 && host[0] == '[' && host[length - 1] == ']') {
                return length > 2 && strspn(host + 1, "0123456789abcdefABCDEF:.%") >= length - 2;
        }
        for (size_t i = 0; i < length; i++) {
                if (!is_alpha(host[i]) && !is_digit(host[i]) && !strchr("._-", host[i])) {
                        return false;
                }
        }
        return length > 0 && length <= 253 && host[0] != '-';
}

const char *server_port_problem(const char *p4port) {
        static const char expected[] = "must be HOST:PORT or ssl:HOST:PORT";
        uint32_t number = 0;
        if (string_is_empty(p4port)) {
                return expected;
        }
        const char *host = skip_protocol(p4port);
        const char *colon = strrchr(host, ':');
        if (!colon || !is_host(host, (size_t) (colon - host))) {
                return expected;
        }
        if (!is_digit(colon[1]) || parse_uint32(colon + 1, &number) < 0 || number == 0 || number > 65535) {
                return "must end with a port number from 1 to 65535";
        }
        return NULL;
}

bool server_is_ssl(const char *p4port) {
        return strncasecmp(p4port, "ssl", 3) == 0 && skip_protocol(p4port) != p4port;
}

const char *server_user_problem(const char *p4user) {
        const char *problem = text_problem(p4user, 200);
        if (problem) {
                return problem;
        }
        return strpbrk(p4user, " @#%*") || p4user[0] == '-' ? "is no name of a Perforce user" : NULL;
}

const char *server_mask_problem(const char *stream_mask) {
        return text_problem(stream_mask, 200);
}

const char *server_trust_problem(const char *trust) {
        static const char expected[] =
                        "must be a fingerprint as `p4 trust -l` prints it: 20 or 32 pairs of hex digits with colons";
        size_t length = strlen(trust);
        if (length != 20 * 3 - 1 && length != 32 * 3 - 1) {
                return expected;
        }
        for (size_t i = 0; i < length; i++) {
                bool good = i % 3 == 2 ? trust[i] == ':' :
                                         strchr("0123456789abcdefABCDEF", trust[i]) != NULL;
                if (!good) {
                        return expected;
                }
        }
        return NULL;
}

static void convert(char *text, char from, char to, int distance) {
        for (; text && *text; text++) {
                if (*text >= from && *text <= to) {
                        *text = (char) (*text + distance);
                }
        }
}

/* "tcp:" is what p4 takes for granted, and zeros before a number say nothing: all these are one server. */
static void shorten_port(char *p4port) {
        if (string_has_prefix(p4port, "tcp:")) {
                memmove(p4port, p4port + strlen("tcp:"), strlen(p4port) - strlen("tcp:") + 1);
        }
        char *number = strrchr(p4port, ':');
        if (number) {
                number++;
                size_t zeros = strspn(number, "0");
                memmove(number, number + zeros, strlen(number) - zeros + 1);
        }
}

void server_normalise(Server *server) {
        convert(server->p4port, 'A', 'Z', 'a' - 'A');
        if (server->p4port) {
                shorten_port(server->p4port);
        }
        convert(server->trust, 'a', 'z', 'A' - 'a');
}

static const char *const state_names[_SERVER_STATE_MAX] = {
        [SERVER_NEVER] = "never",
        [SERVER_OK] = "ok",
        [SERVER_UNREACHABLE] = "unreachable",
        [SERVER_AUTH] = "auth",
        [SERVER_TRUST] = "trust",
        [SERVER_LIMIT] = "limit",
        [SERVER_PERMISSION] = "permission",
        [SERVER_FAILED] = "failed",
};

const char *server_state_to_string(ServerState state) {
        return state >= 0 && state < _SERVER_STATE_MAX ? state_names[state] : NULL;
}

ServerState server_state_from_string(const char *text) {
        for (int i = 0; i < _SERVER_STATE_MAX; i++) {
                if (string_equal(state_names[i], text)) {
                        return (ServerState) i;
                }
        }
        return _SERVER_STATE_INVALID;
}
