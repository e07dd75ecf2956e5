#include "services/ctl_job_login.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/fd_util.h"
#include "base/seal.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "resources/p4_login.h"
#include "resources/process.h"
#include "resources/terminal.h"

#define PASSWORD_MAX 1024
#define OUTPUT_MAX ((size_t) 1024 * 1024)
#define TIMEOUT_USEC (60 * USEC_PER_SEC)
#define USERS_MAX 3
#define KEYS_MAX 4

typedef struct Attempt {
        const Ctl *ctl;
        const Server *config;
        JobLogin *login;
        const char *users[USERS_MAX + 1]; /* who the caller may be, the likeliest first */
        char *keys[KEYS_MAX + 1];         /* how p4 may call the server in its tickets file */
        char *entries;                    /* what `p4 tickets` printed */
} Attempt;

static void attempt_done(Attempt *attempt) {
        for (size_t i = 0; i < KEYS_MAX; i++) {
                free(attempt->keys[i]);
        }
        wipe_text(&attempt->entries);
}

void job_login_done(JobLogin *login) {
        wipe_text(&login->credential);
        if (login->folder) {
                (void) unlink(login->tickets);
                if (string_has_prefix(login->trust, login->folder)) {
                        (void) unlink(login->trust);
                }
                (void) rmdir(login->folder);
        }
        free(login->user);
        free(login->folder);
        free(login->tickets);
        free(login->trust);
        *login = (JobLogin) {};
}

/* --- failures -------------------------------------------------------------------------------------------------------- */

static int fail(const Attempt *attempt, const P4Result *result, int *ret_status) {
        static const struct {
                P4Class p4_class;
                int status;
                const char *next;
        } table[] = {
                { P4_AUTH, CTL_EXIT_NO_PERMISSION,
                  "`p4 login`, or run it on a terminal and type the password." },
                { P4_CONNECT, 1,
                  "Check p4port in servers.yaml, and that the server runs and can be reached." },
                { P4_TIMEOUT, 1,
                  "The server takes connections but does not answer; ask its administrator." },
                { P4_TRUST, 1, "Run `p4 trust`, or put the fingerprint into servers.yaml as trust." },
                { P4_UNKNOWN, 1, "Give your Perforce user with --user=NAME." },
                { P4_MISSING, 1, "Install Perforce's `p4`, or name it in weir.yaml." },
                { P4_CONFIG, 1,
                  "Check charset in weir.yaml: a server in unicode mode needs one, any other takes none." },
                { _P4_CLASS_MAX, 1, NULL },
        };
        const char *said = result->text ? result->text : p4_class_to_string(result->p4_class);
        size_t i = 0, length = strlen(said);
        _cleanup_free_ char *next = NULL;

        while (i + 1 < ELEMENTSOF(table) && table[i].p4_class != result->p4_class) {
                i++;
        }
        if (result->p4_class == P4_AUTH) {
                (void) string_format(
                                &next,
                                "`p4 -p %s -u %s login`, or run it on a terminal and type the password.",
                                attempt->config->p4port, attempt->login->user);
        }
        *ret_status = ctl_fail(attempt->ctl, table[i].status, next ? next : table[i].next,
                               "Not logged in to %s (%s) as %s: %s%s", attempt->config->name,
                               attempt->config->p4port, attempt->login->user, said,
                               length > 0 && said[length - 1] == '.' ? "" : ".");
        return -EACCES;
}

static int fail_errno(const Attempt *attempt, int error, const char *what, int *ret_status) {
        *ret_status = ctl_fail(attempt->ctl, 1, NULL, "Failed to %s: %s.", what, strerror(-error));
        return error;
}

/* --- who, where ------------------------------------------------------------------------------------------------------ */

static void find_users(Attempt *attempt, const char *user) {
        const struct passwd *self = getpwuid(getuid());
        const char *variable = getenv("P4USER");
        size_t n = 0;

        if (user) {
                attempt->users[n++] = user;
                return;
        }
        if (!string_is_empty(variable)) {
                attempt->users[n++] = variable;
        }
        if (self && self->pw_uid != 0) { /* nobody is called root in Perforce */
                attempt->users[n++] = self->pw_name;
        }
        attempt->users[n++] = attempt->config->p4user;
}

/* "ssl:host:1666" without its transport. */
static const char *without_transport(const char *port) {
        size_t n = strspn(port, "abcdefghijklmnopqrstuvwxyz46");
        const char *colon = strchr(port, ':');

        return colon && port + n == colon &&
                                               (string_has_prefix(port, "tcp") ||
                                                string_has_prefix(port, "ssl")) ?
                               colon + 1 :
                               port;
}

/* Releases of p4 differ in how they write the server's name; what the server calls itself comes last. */
static int find_keys(Attempt *attempt) {
        const char *port = attempt->config->p4port, *bare = without_transport(port);
        int r = string_copy(&attempt->keys[0], port);

        r = r < 0 ? r : string_copy(&attempt->keys[1], bare);
        return r < 0 ? r : string_format(&attempt->keys[2], "localhost:%s", bare);
}

static int on_info(const MarshalRecord *record, void *userdata) {
        const char *address = marshal_record_get(record, "serverAddress");

        return address ? string_replace(userdata, address) : 0;
}

/* Tells early whether the server can be reached at all. */
static int ask_address(Attempt *attempt, int *ret_status) {
        static const char *const arguments[] = { "info", "-s", NULL };
        _cleanup_(p4_result_done) P4Result result = {};
        P4Command command = P4_COMMAND_INIT;
        int r;

        command.arguments = arguments;
        command.on_record = on_info;
        command.userdata = &attempt->keys[3];
        r = p4_run(&attempt->login->server, &command, &result);
        if (r < 0) {
                return fail_errno(attempt, r, "run p4", ret_status);
        }
        return p4_class_is_success(result.p4_class) ? 0 : fail(attempt, &result, ret_status);
}

/* --- the tickets that are there -------------------------------------------------------------------------------------- */

static int on_output(const void *data, size_t length, void *userdata) {
        return buffer_append(userdata, data, length);
}

/* As p4 itself finds them here: its settings may come from files of the folder we are in, if we may be in it. */
static int list_tickets(Attempt *attempt) {
        const char *program = attempt->login->server.program;
        const char *const argv[] = { program ? program : "p4", "tickets", NULL };
        _cleanup_free_ char *here = getcwd(NULL, 0);
        Buffer output = { .max = OUTPUT_MAX };
        ProcessResult result = {};
        const ProcessSpec spec = { .argv = argv,
                                   .environment = (const char *const *) environ,
                                   .directory = here && access(here, X_OK) >= 0 ? here : NULL,
                                   .timeout_usec = TIMEOUT_USEC,
                                   .cancel_fd = -1,
                                   .on_stdout = on_output,
                                   .userdata = &output };
        int r = process_run(&spec, &result);

        r = r < 0 || output.length == 0 ? r : buffer_take_string(&output, &attempt->entries);
        buffer_done(&output);
        return r == -ENOENT ? 0 : r;
}

static bool is_key(const Attempt *attempt, const char *key, size_t length) {
        for (size_t i = 0; i < KEYS_MAX; i++) {
                const char *own = attempt->keys[i];

                if (own && strlen(own) == length && strncasecmp(own, key, length) == 0) {
                        return true;
                }
        }
        return false;
}

/* The ticket of a line "port (user) TICKET" that is this user's for this server (which may write him in lower case);
 * NULL: it is another one. */
static const char *ticket_of(const Attempt *attempt, const char *line, const char *user) {
        const char *open = strstr(line, " ("), *close = open ? strstr(open, ") ") : NULL;
        size_t length = close ? (size_t) (close - open - 2) : 0;

        if (!close || strlen(user) != length || strncasecmp(open + 2, user, length) != 0 ||
            !is_key(attempt, line, (size_t) (open - line))) {
                return NULL;
        }
        return close + 2;
}

/* --- trying ---------------------------------------------------------------------------------------------------------- */

static int add_entry(Buffer *lines, const char *key, const char *user, const char *ticket) {
        _cleanup_free_ char *lower = NULL;
        int r = string_copy_lower(&lower, user);

        r = r < 0 ? r : buffer_append_format(lines, "%s=%s:%s\n", key, user, ticket);
        return r < 0 || string_equal(lower, user) ?
                               r :
                               buffer_append_format(lines, "%s=%s:%s\n", key, lower, ticket);
}

/* An entry for each way to call the server, and the user in lower case as well: so p4 looks for him at servers that
 * ignore case. One that is not asked for does no harm. */
static int write_tickets(Attempt *attempt, const char *user, const char *ticket) {
        JobLogin *login = attempt->login;
        Buffer lines = {};
        int r = 0;

        for (size_t i = 0; ticket && i < KEYS_MAX && r >= 0; i++) {
                const char *key = attempt->keys[i];

                if (!string_is_empty(key) && !strpbrk(key, "=\n")) {
                        r = add_entry(&lines, key, user, ticket);
                }
        }
        r = r < 0 ? r : file_write_atomic(login->tickets, lines.data ? lines.data : "", lines.length, 0600);
        wipe_text(&login->credential);
        if (r >= 0 && ticket) {
                r = buffer_take_string(&lines, &login->credential);
        }
        buffer_done(&lines);
        r = r < 0 ? r : string_replace(&login->user, user);
        login->server.user = login->user;
        return r;
}

/* 1: the server takes it. 0: not, *ret_result says why. ticket NULL: none is needed, perhaps. */
static int try_ticket(Attempt *attempt, const char *user, const char *ticket, P4Result *ret_result) {
        static const char *const arguments[] = { "login", "-s", NULL };
        P4Command command = P4_COMMAND_INIT;
        int r = write_tickets(attempt, user, ticket);

        command.arguments = arguments;
        p4_result_done(ret_result);
        r = r < 0 ? r : p4_run(&attempt->login->server, &command, ret_result);
        return r < 0 ? r : p4_class_is_success(ret_result->p4_class);
}

static int try_line(Attempt *attempt, const char *line, P4Result *ret_result) {
        int r = 0;

        for (const char **user = attempt->users; r == 0 && *user; user++) {
                const char *ticket = ticket_of(attempt, line, *user);

                r = ticket ? try_ticket(attempt, *user, ticket, ret_result) : 0;
        }
        return r;
}

static int try_tickets(Attempt *attempt, P4Result *ret_result) {
        char *rest = attempt->entries, *line;
        int r = 0;

        while (r == 0 && (line = strsep(&rest, "\n"))) {
                r = try_line(attempt, line, ret_result);
                explicit_bzero(line, strlen(line));
        }
        return r != 0 ? r : try_ticket(attempt, attempt->users[0], NULL, ret_result);
}

/* --- a password ------------------------------------------------------------------------------------------------------ */

static int read_password(const Attempt *attempt, char password[static PASSWORD_MAX]) {
        _cleanup_free_ char *prompt = NULL;
        int r = string_format(&prompt, "Password of %s on %s (%s): ", attempt->login->user,
                              attempt->config->name, attempt->config->p4port);

        r = r < 0 ? r : terminal_read_secret(prompt, password, PASSWORD_MAX);
        return r == 0 ? -ENODATA : r;
}

static int use_password(Attempt *attempt, const P4Result *refusal, int *ret_status) {
        _cleanup_(p4_result_done) P4Result result = {};
        _cleanup_(wipe_text) char *ticket = NULL;
        char password[PASSWORD_MAX] = "";
        int r = read_password(attempt, password);

        if (r == -ENODATA) {
                return fail(attempt, refusal, ret_status);
        }
        if (r >= 0) {
                r = p4_login(&attempt->login->server, password, &ticket, &result);
        }
        explicit_bzero(password, sizeof(password));
        if (r < 0) {
                return fail_errno(attempt, r, "log in", ret_status);
        }
        if (!p4_class_is_success(result.p4_class) || !ticket) {
                return fail(attempt, &result, ret_status);
        }
        r = write_tickets(attempt, attempt->login->user, ticket);
        return r < 0 ? fail_errno(attempt, r, "keep the ticket", ret_status) : 0;
}

/* --- all ------------------------------------------------------------------------------------------------------------- */

static int make_folder(JobLogin *login) {
        const char *base = getenv("XDG_RUNTIME_DIR");
        _cleanup_free_ char *folder = NULL;
        int r = string_format(&folder, "%s/weirctl.XXXXXX",
                              string_is_empty(base) || access(base, W_OK) < 0 ? "/tmp" : base);

        if (r >= 0 && !mkdtemp(folder)) {
                r = -errno;
        }
        r = r < 0 ? r : string_format(&login->tickets, "%s/tickets", folder);
        if (r >= 0) {
                login->folder = TAKE_PTR(folder);
        }
        return r;
}

/* A fingerprint of servers.yaml is trusted in a file of ours, otherwise the caller's own trust counts. */
static int find_trust(Attempt *attempt) {
        const char *variable = getenv("P4TRUST"), *home = getenv("HOME");
        JobLogin *login = attempt->login;

        if (attempt->config->trust && server_is_ssl(attempt->config->p4port)) {
                return string_format(&login->trust, "%s/trust", login->folder);
        }
        return string_is_empty(variable) ?
                               string_format(&login->trust, "%s/.p4trust", home ? home : "/nonexistent") :
                               string_copy(&login->trust, variable);
}

static int pin_trust(Attempt *attempt, int *ret_status) {
        _cleanup_(p4_result_done) P4Result result = {};
        const P4Session session = { .server = attempt->login->server, .cancel_fd = -1 };
        int r;

        if (!attempt->config->trust || !server_is_ssl(attempt->config->p4port)) {
                return 0;
        }
        r = p4_query_trust(&session, attempt->config->trust, &result);
        if (r < 0) {
                return fail_errno(attempt, r, "run p4", ret_status);
        }
        return p4_class_is_success(result.p4_class) ? 0 : fail(attempt, &result, ret_status);
}

static int set_up(Attempt *attempt, const CtlPerforce *perforce) {
        JobLogin *login = attempt->login;
        int r = make_folder(login);

        r = r < 0 ? r : find_trust(attempt);
        r = r < 0 ? r : find_keys(attempt);
        login->server = ctl_perforce_session(perforce, attempt->config).server;
        login->server.tickets = login->tickets;
        login->server.trust = login->trust;
        login->server.home = login->folder;
        login->server.timeout_usec = 0;
        return r < 0 ? r : write_tickets(attempt, attempt->users[0], NULL);
}

static int open_login(Attempt *attempt, const CtlPerforce *perforce, int *ret_status) {
        _cleanup_(p4_result_done) P4Result result = {};
        int r = set_up(attempt, perforce);

        if (r < 0) {
                return fail_errno(attempt, r, "prepare the login", ret_status);
        }
        r = pin_trust(attempt, ret_status);
        r = r < 0 ? r : ask_address(attempt, ret_status);
        if (r < 0) {
                return r;
        }
        r = list_tickets(attempt);
        r = r < 0 ? r : try_tickets(attempt, &result);
        if (r < 0) {
                return fail_errno(attempt, r, "read your tickets", ret_status);
        }
        if (r > 0) {
                return 0;
        }
        return result.p4_class == P4_AUTH ? use_password(attempt, &result, ret_status) :
                                            fail(attempt, &result, ret_status);
}

static int job_login_open(const Ctl *ctl, const CtlPerforce *perforce, const Server *server,
                          const char *user, JobLogin *ret, int *ret_status) {
        JobLogin login = {};
        _cleanup_(attempt_done) Attempt attempt = { .ctl = ctl, .config = server, .login = &login };
        int r;

        find_users(&attempt, user);
        r = open_login(&attempt, perforce, ret_status);
        if (r < 0) {
                job_login_done(&login);
                return r;
        }
        *ret = login;
        return 0;
}

int job_login_lend(const Ctl *ctl, const char *name, CtlPerforce *perforce, JobLogin *ret, int *ret_status) {
        _cleanup_free_ char *message = NULL;
        const Server *server;
        int r = ctl_perforce_open(ctl, perforce, &message);

        if (r < 0) {
                *ret_status = ctl_fail(ctl, CTL_EXIT_CONFIG, "`weirctl doctor` says what is wrong with it.",
                                       "The list of servers cannot be read: %s.",
                                       message ? message : strerror(-r));
                return r;
        }
        server = ctl_perforce_find(perforce, name);
        if (!server) {
                *ret_status = ctl_fail(ctl, CTL_EXIT_USAGE,
                                       "`weirctl servers` lists them; they are configured in servers.yaml.",
                                       "There is no server %s.", name);
                return -ENOENT;
        }
        return job_login_open(ctl, perforce, server, ctl_option(ctl, "user"), ret, ret_status);
}

JobOptions job_login_options(const JobLogin *login) {
        return (JobOptions) {
                .credential = login->credential,
                .credential_size = login->credential ? strlen(login->credential) : 0,
                .p4user = login->user,
        };
}
