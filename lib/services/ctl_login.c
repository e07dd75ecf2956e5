/* `weirctl login`: makes the ticket that measuring uses. The password goes from the terminal (or a pipe) to
 * p4's standard input and is wiped; what stays is the ticket, in a file that only the measuring user reads.
 * */
#include <stdio.h>
#include <string.h>

#include "base/string_util.h"
#include "base/time_util.h"
#include "resources/p4_login.h"
#include "resources/terminal.h"
#include "services/ctl_output.h"
#include "services/ctl_perforce.h"
#include "services/ctl_verbs.h"

#define PASSWORD_MAX 1024

typedef struct Login {
        const Ctl *ctl;
        const Server *server;
        P4Session session;
} Login;

/* The server's own words, and what to do about each class of failure. */
static int explain(const Login *login, const P4Result *result) {
        static const struct {
                P4Class p4_class;
                const char *next;
        } table[] = {
                { P4_AUTH, "Try again; the password is that of the Perforce user, not of this machine." },
                { P4_CONNECT, "Check p4port in servers.yaml, and that the server runs and can be reached." },
                { P4_TIMEOUT, "The server takes connections but does not answer; ask its administrator." },
                { P4_TRUST,
                  "Compare the fingerprint with the server's administrator, and put it into servers.yaml as trust." },
                { P4_UNKNOWN, "Check p4user in servers.yaml." },
                { P4_MISSING, "Install Perforce's `p4`, or name it in weir.yaml." },
        };
        const char *next = "`journalctl -t weirctl` has the details.";

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                next = table[i].p4_class == result->p4_class ? table[i].next : next;
        }
        return ctl_fail(login->ctl, 1, next, "Failed to log in to %s (%s) as %s: %s", login->server->name,
                        login->server->p4port, login->server->p4user,
                        result->text ? result->text : p4_class_to_string(result->p4_class));
}

static int read_password(const Login *login, char *password, size_t size, int *ret_status) {
        _cleanup_free_ char *prompt = NULL;
        int r = string_format(&prompt, "Password of %s on %s (%s): ", login->server->p4user,
                              login->server->name, login->server->p4port);

        r = r < 0 ? r : terminal_read_secret(prompt, password, size);
        if (r == 0 || r == -ENODATA) {
                *ret_status = ctl_fail(login->ctl, 1, "Type it, or send it to standard input.",
                                       "There was no password.");
                return -ENODATA;
        }
        if (r < 0) {
                *ret_status = ctl_fail(login->ctl, 1, NULL, "Failed to read the password: %s.",
                                       strerror(-r));
        }
        return r;
}

/* `p4 login` with the password on its standard input. */
static int send_password(const Login *login, P4Result *ret_result, int *ret_status) {
        char password[PASSWORD_MAX] = "";
        int r = read_password(login, password, PASSWORD_MAX, ret_status);

        if (r >= 0) {
                r = p4_login(&login->session.server, password, NULL, ret_result);
                if (r < 0) {
                        *ret_status = ctl_fail(login->ctl, 1, NULL, "Failed to run p4: %s.", strerror(-r));
                }
        }
        explicit_bzero(password, sizeof(password));
        return r;
}

static int tell(const Login *login, const char *outcome, int64_t expires_in) {
        const Server *server = login->server;
        char span[TIME_TEXT_MAX];
        CtlJson json;

        if (!login->ctl->json) {
                printf("%s: %s as %s%s%s.\n", server->name, outcome, server->p4user,
                       expires_in > 0 ? ", for " : ", and that does not expire",
                       expires_in > 0 ? time_format_span(span, (uint64_t) expires_in * USEC_PER_SEC) : "");
                return 0;
        }
        ctl_json_begin(&json);
        json_object_begin(&json.writer, NULL);
        json_string(&json.writer, "server", server->name);
        json_string(&json.writer, "p4port", server->p4port);
        json_string(&json.writer, "p4user", server->p4user);
        json_time(&json.writer, "ticket_expires_at",
                  expires_in > 0 ? now_realtime() + expires_in * (int64_t) USEC_PER_SEC : 0);
        json_object_end(&json.writer);
        return ctl_json_print(&json);
}

static int log_in(const Login *login) {
        _cleanup_(p4_result_done) P4Result before = {}, result = {}, after = {};
        int64_t expires_in = 0;
        int status = 1, r = p4_query_login(&login->session, &expires_in, &before);

        if (r >= 0 && p4_class_is_success(before.p4_class) && expires_in == 0) {
                return tell(login, "Already logged in", 0); /* or no password is needed there */
        }
        if (r >= 0 && !p4_class_is_success(before.p4_class) && before.p4_class != P4_AUTH) {
                return explain(login, &before); /* no use asking for a password */
        }
        r = r < 0 ? r : send_password(login, &result, &status);
        if (r < 0) {
                return status;
        }
        if (!p4_class_is_success(result.p4_class)) {
                return explain(login, &result);
        }
        /* The server has the last word on whether that worked. */
        r = p4_query_login(&login->session, &expires_in, &after);
        if (r < 0 || !p4_class_is_success(after.p4_class)) {
                return explain(login, &after);
        }
        return tell(login, "Logged in", expires_in);
}

static int pin_trust(const Login *login) {
        _cleanup_(p4_result_done) P4Result result = {};
        int r;

        if (!login->server->trust || !server_is_ssl(login->server->p4port)) {
                return 0;
        }
        r = p4_query_trust(&login->session, login->server->trust, &result);
        if (r < 0) {
                return ctl_fail(login->ctl, 1, NULL, "Failed to run p4: %s.", strerror(-r));
        }
        return p4_class_is_success(result.p4_class) ? 0 : explain(login, &result);
}

int ctl_login(Ctl *ctl) {
        _cleanup_(ctl_perforce_done) CtlPerforce perforce = {};
        _cleanup_free_ char *message = NULL;
        Login login = { .ctl = ctl };
        int status, r = ctl_perforce_open(ctl, &perforce, &message);

        if (r < 0) {
                return ctl_fail(ctl, CTL_EXIT_CONFIG, "`weirctl doctor` says what is wrong with it.",
                                "The list of servers cannot be read: %s.", message ? message : strerror(-r));
        }
        login.server = ctl_perforce_find(&perforce, ctl->arguments[0]);
        if (!login.server) {
                return ctl_fail(ctl, CTL_EXIT_USAGE,
                                "`weirctl servers` lists them; they are configured in servers.yaml.",
                                "There is no server %s.", ctl->arguments[0]);
        }
        r = ctl_become_owner(ctl);
        if (r <= 0) {
                return ctl_fail(ctl, CTL_EXIT_NO_PERMISSION, "Run it as root.",
                                "The tickets below %s are not yours to make%s%s.", ctl->state_directory,
                                r < 0 ? ": " : "", r < 0 ? strerror(-r) : "");
        }
        login.session = ctl_perforce_session(&perforce, login.server);
        status = pin_trust(&login);
        return status != 0 ? status : log_in(&login);
}
