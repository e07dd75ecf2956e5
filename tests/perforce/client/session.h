/*
 * One connection to a server and the commands run over it.
 */
#pragma once

#include "environment.h"
#include "options.h"
#include "transfer.h"
#include "ui.h"
#include "wire.h"

typedef struct Session {
        const Options *options;
        const Environment *environment;
        Ui *ui;
        Wire wire;
        Transfers transfers;
        char *port;
        char *user;
        char *host;
        char *client;
        char *tickets_file;
        char *server_address; /* what the server calls itself, or NULL */
        bool case_insensitive;
        char *ticket;      /* the one the server was given last */
        char *peer;        /* the server's IP:PORT */
        char *fingerprint; /* of the key of an SSL server, or NULL */
        bool any_key;      /* `p4 trust` talks to servers that are not trusted */
        bool opened;
} Session;

/* Who we are and what we want to talk to; connects nothing yet. */
void session_init(Session *session, const Options *options, const Environment *environment, Ui *ui);
void session_done(Session *session);

/* Connects and introduces us. Returns 0, or a negative errno with the reason in wire.error. */
int session_open(Session *session);

/* Runs one command to its end. Messages go to the user interface; a connection that breaks is told there
 * too and stays in wire.error. `command` may be NULL: help. */
void session_run(Session *session, const char *command, const Str *arguments, size_t n_arguments);

/* The user as the tickets file has him: in lower case if the server ignores case. Owned by the caller. */
char *session_ticket_user(const Session *session, Str user);

static inline bool session_is_broken(const Session *session) {
        return message_is_set(&session->wire.error);
}

/* The output of `tag` is wanted; forms come with their definition. */
bool session_wants_tags(const Options *options);
bool session_wants_specs(const Options *options);
