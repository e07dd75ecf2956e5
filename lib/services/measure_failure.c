#include "services/measure_failure.h"

#include "base/string_util.h"
#include "base/time_util.h"

static const struct {
        bool is_servers;
        ServerState state;
        const char *words; /* where the server had none */
} meanings[_P4_CLASS_MAX] = {
        [P4_OK] = { false, SERVER_OK, "ok" },
        [P4_EMPTY] = { false, SERVER_OK, "nothing there" },
        [P4_NOT_YET] = { false, SERVER_FAILED, "not possible now" },
        [P4_AUTH] = { true, SERVER_AUTH, "not logged in" },
        [P4_TRUST] = { true, SERVER_TRUST, "the server's SSL fingerprint is not trusted" },
        [P4_CONNECT] = { true, SERVER_UNREACHABLE, "the server cannot be reached" },
        [P4_LIMIT] = { false, SERVER_LIMIT, "over a limit of the server" },
        [P4_PERMISSION] = { false, SERVER_PERMISSION, "not permitted" },
        [P4_USAGE] = { false, SERVER_FAILED, "the server did not understand" },
        [P4_UNKNOWN] = { false, SERVER_FAILED, "no such object" },
        [P4_CONFIG] = { false, SERVER_FAILED, "p4 is configured wrongly" },
        [P4_FAULT] = { false, SERVER_FAILED, "fault of the server" },
        [P4_TIMEOUT] = { false, SERVER_UNREACHABLE, "no answer in time" },
        [P4_CANCELLED] = { true, SERVER_FAILED, "stopped" },
        [P4_PROTOCOL] = { false, SERVER_FAILED, "p4 printed what is no answer" },
        [P4_MISSING] = { true, SERVER_FAILED, "the program p4 is not installed" },
};

bool measure_failure_is_servers(P4Class p4_class) {
        return (size_t) p4_class < _P4_CLASS_MAX && meanings[p4_class].is_servers;
}

ServerState measure_failure_state(P4Class p4_class) {
        return (size_t) p4_class < _P4_CLASS_MAX ? meanings[p4_class].state : SERVER_FAILED;
}

int measure_failure_text(const P4Result *result, char **ret) {
        char span[TIME_TEXT_MAX];
        if (result->p4_class == P4_TIMEOUT) {
                return string_format(ret, "no answer within %s",
                                     time_format_span(span, result->duration_usec));
        }
        return string_copy(ret,
                           string_is_empty(result->text) ? meanings[result->p4_class].words : result->text);
}

const char *measure_failure_hint(ServerState state) {
        static const char *const hints[_SERVER_STATE_MAX] = {
                [SERVER_UNREACHABLE] = "is p4port right, and is the server up?",
                [SERVER_AUTH] = "log in with `weirctl login`",
                [SERVER_TRUST] = "compare the fingerprint and pin it as trust: in servers.yaml",
                [SERVER_LIMIT] = "give the user a group with higher limits",
                [SERVER_PERMISSION] = "the user needs list and open permission",
        };
        return state >= 0 && state < _SERVER_STATE_MAX ? hints[state] : NULL;
}
