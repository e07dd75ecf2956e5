/*
 * See session.h.
 */
#include "session.h"

#include "asks.h"
#include "port.h"
#include "tickets.h"
#include "trust.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>

static const char own_version[] = "2023.2/LINUX26X86_64/2535420";

/* -z KEY[=VALUE] and -Z KEY[=VALUE] */
static bool has_variable(const Options *options, const char *name) {
        static const char letters[] = "zZ";

        for (const char *letter = letters; *letter; letter++) {
                const char *value;

                for (size_t i = 0; (value = options_get_nth(options, *letter, i)); i++) {
                        if (str_is((Str) { .data = value, .length = strcspn(value, "=") }, name)) {
                                return true;
                        }
                }
        }
        return false;
}

bool session_wants_tags(const Options *options) {
        _cleanup_(free_listp) const char **fields = options_list(options, OPTION_FIELD, true);

        return has_variable(options, "tag") || options_get(options, 'G') || options_get(options, 'R') ||
               *fields;
}

bool session_wants_specs(const Options *options) {
        _cleanup_(free_listp) const char **fields = options_list(options, OPTION_FIELD, true);

        return has_variable(options, "specstring") || options_get(options, 'G') ||
               options_get(options, 'R') || options_get(options, 'M') || *fields;
}

/* -vnet.maxwait=N */
static unsigned max_wait(const Options *options) {
        const char *value;

        for (size_t i = 0; (value = options_get_nth(options, 'v', i)); i++) {
                if (str_starts(str_from(value), "net.maxwait=")) {
                        uint64_t seconds = str_number(str_from(strchr(value, '=') + 1));

                        return seconds > INT_MAX / 1000 ? INT_MAX / 1000 : (unsigned) seconds;
                }
        }
        return 0;
}

void session_init(Session *session, const Options *options, const Environment *environment, Ui *ui) {
        *session = (Session) {
                .options = options,
                .environment = environment,
                .ui = ui,
                .port = environment_port(environment, options_get(options, 'p')),
                .user = environment_user(environment, options_get(options, 'u')),
                .host = environment_host(environment, options_get(options, 'H')),
                .tickets_file = environment_home_file(environment, "P4TICKETS", ".p4tickets"),
        };
        session->client = environment_client(environment, options_get(options, 'c'), session->host);
        wire_init(&session->wire, -EBADF, max_wait(options));
}

void session_done(Session *session) {
        transfers_done(&session->transfers);
        wire_done(&session->wire);
        free(session->port);
        free(session->user);
        free(session->host);
        free(session->client);
        free(session->tickets_file);
        free(session->server_address);
        free(session->ticket);
        free(session->peer);
        free(session->fingerprint);
        *session = (Session) {};
}

char *session_ticket_user(const Session *session, Str user) {
        char *copy = str_dup(user);

        for (char *c = copy; session->case_insensitive && *c; c++) {
                *c = (char) tolower((unsigned char) *c);
        }
        return copy;
}

static char *find_ticket(const Session *session, const char *server) {
        _cleanup_(free_charp) char *user = session_ticket_user(session, str_from(session->user));

        return tickets_find(session->tickets_file, server, user);
}

/* -P before a ticket before P4PASSWD; an unused P4PASSWD goes along, in case the ticket has expired. */
static void choose_ticket(Session *session, Dict *fields) {
        const char *given = options_get(session->options, 'P');
        const char *password = environment_get(session->environment, "P4PASSWD");

        if (given) {
                session->ticket = str_dup(str_from(given));
        } else {
                session->ticket = find_ticket(session, session->port);
        }
        if (session->ticket && !given && password) {
                dict_set(fields, STR("password2"), str_from(password));
        }
        if (!session->ticket) {
                session->ticket = str_dup(str_from(password));
        }
        dict_set(fields, STR("ticket"), str_from(session->ticket));
}

static void add_variables(const Options *options, Dict *fields) {
        static const char letters[] = "zZ";

        for (const char *letter = letters; *letter; letter++) {
                const char *value;

                for (size_t i = 0; (value = options_get_nth(options, *letter, i)); i++) {
                        size_t length = strcspn(value, "=");

                        if (length > 0 && !str_is((Str) { .data = value, .length = length }, "func")) {
                                dict_set(fields, (Str) { .data = value, .length = length },
                                         str_from(value[length] ? value + length + 1 : ""));
                        }
                }
        }
}

static const char *first_of(const char *a, const char *b, const char *c) {
        return a ? a : b ? b : c;
}

static void send_protocol(Session *session) {
        const Options *o = session->options;
        const Environment *e = session->environment;
        _cleanup_(dict_done) Dict fields = {};
        const struct {
                const char *key, *value;
        } own[] = {
                { "prog", "p4" },
                { "version", own_version },
                { "user", session->user },
                { "client", session->client },
                { "host", session->host },
                { "cwd", e->cwd },
                { "port", session->port },
                { "charset", first_of(options_get(o, 'C'), environment_get(e, "P4CHARSET"), "auto") },
                { "language", first_of(options_get(o, 'L'), environment_get(e, "P4LANGUAGE"), "") },
                { "os", "UNIX" },
                { "api", "92" },
                { "tag", session_wants_tags(o) ? "" : NULL },
                { "specstring", session_wants_specs(o) ? "" : NULL },
        };

        for (size_t i = 0; i < ELEMENTSOF(own); i++) {
                if (own[i].value) {
                        dict_set(&fields, str_from(own[i].key), str_from(own[i].value));
                }
        }
        add_variables(o, &fields);
        choose_ticket(session, &fields);
        wire_begin(&session->wire, STR("protocol"));
        for (size_t i = 0; i < fields.n_pairs; i++) {
                wire_add(&session->wire, fields.pairs[i].key, fields.pairs[i].value);
        }
        (void) wire_send(&session->wire);
}

static void show_message(Session *session, const Dict *frame) {
        Message message;

        message_from_frame(&message, frame);
        ui_message(session->ui, &message);
}

static void show_info(Session *session, const Dict *frame) {
        ui_info(session->ui, (unsigned) str_number(dict_text(frame, "level")), dict_text(frame, "data"));
}

static void show_text(Session *session, const Dict *frame) {
        ui_text(session->ui, dict_text(frame, "data"));
}

static void show_binary(Session *session, const Dict *frame) {
        ui_binary(session->ui, dict_text(frame, "data"));
}

static void show_record(Session *session, const Dict *frame) {
        ui_record(session->ui, frame);
}

static void take_hello(Session *session, const Dict *frame) {
        const Str *address = dict_get(frame, "serverAddress");

        free(session->server_address);
        session->server_address = address && address->length > 0 ? str_dup(*address) : NULL;
        session->case_insensitive = str_is(dict_text(frame, "caseHandling"), "insensitive");
        session->opened = true;
}

/* What the server may send; the rest are the asks. */
static const struct {
        const char *function;
        void (*handle)(Session *session, const Dict *frame);
} functions[] = {
        { "record", show_record },      { "message", show_message }, { "info", show_info },
        { "text", show_text },          { "form", show_text },       { "binary", show_binary },
        { "server-hello", take_hello },
};

static void dispatch(Session *session, const Dict *frame) {
        Str function = frame->pairs[0].value;

        for (size_t i = 0; i < ELEMENTSOF(functions); i++) {
                if (str_is(function, functions[i].function)) {
                        functions[i].handle(session, frame);
                        return;
                }
        }
        asks_handle(session, frame);
}

/* IP:PORT of the other end. */
static char *peer_address(int fd) {
        struct sockaddr_storage address;
        socklen_t length = sizeof(address);
        char host[NI_MAXHOST] = "?", service[NI_MAXSERV] = "?";
        Buffer text = {};

        if (getpeername(fd, (struct sockaddr *) &address, &length) == 0) {
                (void) getnameinfo((struct sockaddr *) &address, length, host, sizeof(host), service,
                                   sizeof(service), NI_NUMERICHOST | NI_NUMERICSERV);
        }
        buffer_printf(&text, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, service);
        return text.data;
}

static int start_tls(Session *session, Message *error) {
        Buffer fingerprint = {};

        session->wire.tls = tls_connect(session->wire.fd, session->port, session->wire.max_wait, error);
        if (!session->wire.tls) {
                return -EPROTO;
        }
        tls_fingerprint(session->wire.tls, &fingerprint);
        session->fingerprint = fingerprint.data;
        session->peer = peer_address(session->wire.fd);
        return 0;
}

int session_open(Session *session) {
        Message *error = &session->wire.error;
        Port port = {};
        int r;

        r = port_parse(&port, session->port, error);
        if (r == 0) {
                r = session->wire.fd = port_connect(&port, error);
        }
        if (r >= 0 && port.ssl) {
                r = start_tls(session, error);
        }
        if (r < 0) {
                message_add(error, &MSG_CONNECT);
        }
        port_done(&port);
        if (r >= 0 && !session->any_key) {
                r = trust_check(session, error);
        }
        if (r >= 0) {
                send_protocol(session);
        }
        while (!session_is_broken(session) && !session->opened) {
                const Dict *frame;

                if (wire_receive(&session->wire, &frame) == 0) {
                        dispatch(session, frame);
                }
        }
        return session_is_broken(session) ? -ENOTCONN : 0;
}

/* The server's own name for itself may have a newer ticket than P4PORT; a login of this very connection
 * too. And only now is it known whether the server ignores case. */
static void refresh_ticket(Session *session) {
        _cleanup_(free_charp) char *ticket = NULL;

        if (options_get(session->options, 'P') || !(session->server_address || session->case_insensitive)) {
                return;
        }
        ticket = find_ticket(session, session->server_address ? session->server_address : session->port);
        if (ticket && !str_is(str_from(ticket), session->ticket)) {
                wire_add_text(&session->wire, "ticket", ticket);
                free(session->ticket);
                session->ticket = str_dup(str_from(ticket));
        }
}

static void send_command(Session *session, const char *command, const Str *arguments, size_t n_arguments) {
        _cleanup_(buffer_done) Buffer function = {};

        buffer_printf(&function, "user-%s", command ? command : "help");
        wire_begin(&session->wire, buffer_str(&function));
        for (size_t i = 0; i < n_arguments; i++) {
                char key[32];

                (void) snprintf(key, sizeof(key), "arg%zu", i);
                wire_add(&session->wire, str_from(key), arguments[i]);
        }
        refresh_ticket(session);
        (void) wire_send(&session->wire);
}

void session_run(Session *session, const char *command, const Str *arguments, size_t n_arguments) {
        send_command(session, command, arguments, n_arguments);
        while (!session_is_broken(session)) {
                const Dict *frame;

                if (ferror(stdout)) {
                        return; /* nobody reads on; main tells by the exit status */
                }
                if (wire_receive(&session->wire, &frame) < 0) {
                        break;
                }
                if (str_is(frame->pairs[0].value, "release")) {
                        return;
                }
                dispatch(session, frame);
        }
        ui_message(session->ui, &session->wire.error);
}
