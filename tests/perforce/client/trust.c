/*
 * See trust.h. Everything it says is plain text whatever the format, except refusals and warnings.
 */
#include "trust.h"

#include "tickets.h"

#include <errno.h>
#include <stdio.h>

/* Users of the trust file: the fingerprint in force, and one that may replace it. */
static const char primary[] = "**++**", replacement[] = "++++++";

static const char help[] = "\n"
                           "\ttrust -- Decide whether the key of an SSL server is the right one\n"
                           "\n"
                           "\tp4 trust [ -l | -y | -n | -d | -i fingerprint ] [ -f ] [ -r ]\n"
                           "\n"
                           "\t-l lists the fingerprints known, -y and -n answer the question beforehand,\n"
                           "\t-d forgets this server's, -i enters one, -f replaces one that differs,\n"
                           "\t-r is about the fingerprint that the server will have next.\n"
                           "\n";

static char *trust_file(const Session *session) {
        return environment_home_file(session->environment, "P4TRUST", ".p4trust");
}

static bool is_known(const char *file, const char *peer, const char *user, const char *fingerprint) {
        _cleanup_(free_charp) char *known = tickets_find(file, peer, user);

        return known && str_is(str_from(fingerprint), known);
}

static const MessageId *problem(const char *file, const char *peer, const char *fingerprint) {
        _cleanup_(free_charp) char *known = tickets_find(file, peer, primary);

        if (!known) {
                return &MSG_HOST_KEY_UNKNOWN;
        }
        if (str_is(str_from(fingerprint), known)) {
                return NULL;
        }
        if (!is_known(file, peer, replacement, fingerprint)) {
                return &MSG_HOST_KEY_MISMATCH;
        }
        (void) tickets_store(file, peer, primary, fingerprint);
        (void) tickets_store(file, peer, replacement, "");
        return NULL;
}

int trust_check(const Session *session, Message *message) {
        _cleanup_(free_charp) char *file = trust_file(session);
        const MessageId *id;

        if (!session->fingerprint) {
                return 0;
        }
        id = problem(file, session->peer, session->fingerprint);
        if (!id) {
                return 0;
        }
        message_add(message, id, "host", session->peer, "key", session->fingerprint, "cmd", "p4 trust");
        return -EACCES;
}

static void say(Session *session, const char *text) {
        ui_text(session->ui, str_from(text));
}

static void say_done(Session *session, const char *what) {
        _cleanup_(buffer_done) Buffer text = {};

        buffer_printf(&text, "%s trust for P4PORT '%s' (%s)\n", what, session->port, session->peer);
        say(session, text.data);
}

/* The server's fingerprint is new, or another one than it was. */
static void say_problem(Session *session, const MessageId *id) {
        _cleanup_(buffer_done) Buffer text = {};
        _cleanup_(message_done) Message message = {};
        unsigned failed = session->ui->n_failed;

        if (id == &MSG_HOST_KEY_MISMATCH) {
                message_add(&message, id, "host", session->peer, "key", session->fingerprint);
                ui_message(session->ui, &message);
                session->ui->n_failed = failed; /* shown, but no failure of this command */
                return;
        }
        buffer_printf(&text,
                      "The fingerprint of the server of your P4PORT setting\n'%s' (%s) is not known.\n"
                      "That fingerprint is %s\n",
                      session->port, session->peer, session->fingerprint);
        say(session, text.data);
}

static int store(Session *session, const char *file, const char *user, const char *fingerprint) {
        if (tickets_store(file, session->peer, user, fingerprint) < 0) {
                return 1;
        }
        say_done(session, fingerprint[0] ? "Added" : "Removed");
        return 0;
}

static bool agrees(Session *session, const Options *options) {
        _cleanup_(buffer_done) Buffer answer = {};

        if (options_get(options, 'y')) {
                return true;
        }
        return ui_prompt(session->ui, STR("Are you sure you want to establish trust (yes/no)? "), false,
                         &answer) == 0 &&
               (str_is(buffer_str(&answer), "y") || str_is(buffer_str(&answer), "yes"));
}

/* Without -i and -d: the fingerprint that the server shows is entered, if one may and wants to. */
static int establish(Session *session, const Options *options, const char *file, const char *user,
                     const MessageId *id) {
        if (!id) {
                say(session, "Trust already established.\n");
                return 0;
        }
        if (options_get(options, 'n')) {
                return 1;
        }
        if (id == &MSG_HOST_KEY_MISMATCH && !options_get(options, 'f')) {
                say(session, "Can't trust mismatched P4PORT key without the '-f' force option.\n");
                return 1;
        }
        return agrees(session, options) ? store(session, file, user, session->fingerprint) : 1;
}

static int run(Session *session, const Options *options) {
        const char *user = options_get(options, 'r') ? replacement : primary;
        const char *entered = options_get(options, 'i');
        _cleanup_(free_charp) char *file = trust_file(session);
        _cleanup_(buffer_done) Buffer list = {};
        const MessageId *id;

        if (!session->fingerprint) {
                ui_info(session->ui, 0, STR("Only SSL connections require trust"));
                return 0;
        }
        if (options_get(options, 'l')) {
                tickets_list(file, user, &list);
                ui_text(session->ui, buffer_str(&list));
                return 0;
        }
        id = problem(file, session->peer, session->fingerprint);
        if (id) {
                say_problem(session, id);
        }
        if (entered || options_get(options, 'd')) {
                return store(session, file, user, entered ? entered : "");
        }
        return establish(session, options, file, user, id);
}

int trust_run(Session *session, int argc, char **argv, Message *message) {
        static const char exclusive[] = "yndlh";
        Options options = {};
        unsigned given = 0;

        if (options_parse(&options, &argc, &argv, "hyndflri:", message) < 0) {
                message_add(message, &MSG_TRUST_USAGE);
                return 1;
        }
        for (const char *letter = exclusive; *letter; letter++) {
                given += options_get(&options, *letter) ? 1 : 0;
        }
        if (argc > 0 || given > (options_get(&options, 'i') ? 0 : 1)) {
                message_add(message, argc > 0 ? &MSG_EXTRA_ARGUMENT : &MSG_TOO_MANY_OPTIONS);
                message_add(message, &MSG_TRUST_USAGE);
                return 1;
        }
        if (options_get(&options, 'h')) {
                say(session, help);
                return 0;
        }
        return run(session, &options);
}
