/*
 * p4: the command line client of the Perforce stand-in. It behaves as the product's does (formats, streams,
 * exit status, settings, tickets, workspace files) and knows nothing about version control: that is the
 * server's part (../WIRE.md).
 */
#include "batch.h"
#include "charset.h"
#include "local.h"
#include "temporary.h"
#include "trust.h"

#include <stdio.h>
#include <unistd.h>

enum {
        OUTPUT_BUFFER = 64 * 1024,
};

/* In the product's order: the first option that asks for a format has it. */
static const UiFormat *choose_format(const Options *options) {
        const char *machine = options_get(options, 'M');
        _cleanup_(free_listp) const char **fields = options_list(options, OPTION_FIELD, true);

        if (options_get(options, 's')) {
                return &ui_format_tagged;
        }
        if (options_get(options, 'e')) {
                return &ui_format_codes;
        }
        if (options_get(options, 'F')) {
                return &ui_format_expand;
        }
        if (*fields) {
                return &ui_format_field;
        }
        if (options_get(options, 'G') || (machine && str_is(str_from(machine), "g"))) {
                return &ui_format_marshal;
        }
        if (machine && str_is(str_from(machine), "j")) {
                return &ui_format_json;
        }
        return &ui_format_plain;
}

/* `trust` is the client's own, but only once it knows how it is connected. */
static int run_connected(Session *session, int argc, char **argv, Message *message) {
        if (session->any_key) {
                return trust_run(session, argc - 1, argv + 1, message);
        }
        batch_run(session, argc, argv, message);
        return 0;
}

/* Connects, runs, closes; once more, as often as -r allows, if the network failed. */
static int run_commands(const Options *options, const Environment *environment, int argc, char **argv) {
        _cleanup_(free_listp) const char **fields = options_list(options, OPTION_FIELD, true);
        const char *retries = options_get(options, 'r'), *expand = options_get(options, 'F');
        uint64_t left = retries ? str_number(str_from(retries)) : 0;

        for (;; left--) {
                _cleanup_(ui_done) Ui ui = {
                        .format = choose_format(options),
                        .quiet = options_get(options, 'q'),
                        .expand = str_from(expand),
                        .fields = fields,
                };
                _cleanup_(message_done) Message message = {};
                _cleanup_(session_done) Session session;
                bool failed;
                int status = 0;

                session_init(&session, options, environment, &ui);
                session.any_key = argc > 0 && str_is(str_from(argv[0]), "trust");
                if (session_open(&session) == 0) {
                        status = run_connected(&session, argc, argv, &message);
                }
                failed = message_is_set(&message) || session_is_broken(&session);
                if (failed && left > 0 && message_has_subsystem(&session.wire.error, SUBSYSTEM_RPC)) {
                        continue;
                }
                if (failed) {
                        message_report(message_is_set(&message) ? &message : &session.wire.error);
                }
                return failed || status > 0 || ui.n_failed > 0;
        }
}

static int run(const Options *options, const Environment *environment, int argc, char **argv) {
        _cleanup_(message_done) Message message = {};
        int status;

        if (!local_run_command(options, environment, argc, argv, &status, &message)) {
                status = run_commands(options, environment, argc, argv);
        }
        if (message_is_set(&message)) {
                message_report(&message);
        }
        if (options_get(options, 's') || options_get(options, 'e')) {
                (void) printf("exit: %d\n", status);
        }
        return status;
}

/* A password on the command line does not stay for `ps` to see; whoever needs it has its own copy. */
static void hide_password(Options *options, char **ret_copy) {
        for (size_t i = 0; i < options->n_given; i++) {
                Option *o = &options->given[i];

                if (o->letter == 'P' && !o->long_only && !*ret_copy) {
                        *ret_copy = str_dup(str_from(o->value));
                        memset((char *) o->value, 0, strlen(o->value));
                        o->value = *ret_copy;
                }
        }
}

static int prepare_and_run(Options *options, int argc, char **argv) {
        _cleanup_(environment_done) Environment environment = {};
        _cleanup_(free_listp) const char **updates = options_list(options, 'E', false);
        _cleanup_(free_charp) char *password = NULL;

        hide_password(options, &password);
        environment_load(&environment, options_get(options, 'd'), updates);
        if (charset_check(&environment,
                          options_get(options, 'C') ? options_get(options, 'C') : options_get(options, 'l'),
                          options_get(options, 'Q')) < 0) {
                return 1;
        }
        if (local_run_option(options)) {
                return 0;
        }
        return run(options, &environment, argc, argv);
}

int main(int argc, char **argv) {
        static char output[OUTPUT_BUFFER];
        static Options options;
        _cleanup_(message_done) Message message = {};
        int status = 1;

        if (!isatty(STDOUT_FILENO)) {
                (void) setvbuf(stdout, output, _IOFBF, sizeof(output));
        }
        temporary_catch_signals();
        argc--;
        argv++;
        if (options_parse(&options, &argc, &argv, options_global, &message) < 0) {
                message_report(&message);
        } else {
                status = prepare_and_run(&options, argc, argv);
        }
        /* Output that nobody got is a failure, whatever the server said. */
        return fflush(stdout) == EOF || ferror(stdout) ? 1 : status;
}
