/* Running the `p4` program: the only way weir talks to Perforce. One process per command, -G output, typed
 * errors.
 *
 * What a command means is decided in p4_class.h on Perforce's own error numbers; the server's text is kept
 * for people. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"
#include "formats/marshal.h"
#include "resources/p4_class.h"

typedef struct P4Server {
        const char *name;    /* weir's name of it: logs */
        const char *port;    /* P4PORT */
        const char *user;    /* P4USER */
        const char *client;  /* may be NULL: a client name that does not exist is used */
        const char *tickets; /* P4TICKETS file */
        const char *trust;   /* P4TRUST file */
        const char *home;    /* private HOME, a directory */
        const char *directory; /* where p4 runs: a client with AltRoots has the root that this is below; NULL: home */
        const char *charset;   /* NULL: none */
        const char *program;   /* path of p4; NULL: "p4" from PATH of the process */
        uint64_t timeout_usec; /* per command; 0: P4_TIMEOUT_DEFAULT_USEC */
} P4Server;
#define P4_TIMEOUT_DEFAULT_USEC (30 * 60 * UINT64_C(1000000))

typedef struct P4Message {
        int severity;
        int generic;
        P4Class p4_class;
        const char *text; /* the server's own words, trailing newlines stripped */
} P4Message;

typedef struct P4Command {
        const char *const *arguments; /* command and arguments: {"sizes", "-s", "//demo/...", NULL} */
        /* More arguments, given one per line by `-x -`; NULL: none. p4 makes one server command of each 128.
         * Newlines, empty ones and an empty list are refused with -EINVAL. */
        const char *const *batch;
        /* stdin: for `-i` one marshalled dictionary of the form's fields (marshal_write_…; plain form text
         * is not understood under -G), for passwords plain lines. Not together with batch. It is never
         * logged or copied; wiping a secret is the caller's part. */
        const void *input;
        size_t input_length;
        bool input_is_secret; /* a password: p4 prompts for it, see p4.c */
        /* Each code=stat record. A negative return ends the command and becomes the result. May be NULL. */
        int (*on_record)(const MarshalRecord *record, void *userdata);
        /* Each info and error record, in order. May be NULL. */
        void (*on_message)(const P4Message *message, void *userdata);
        /* Each text/binary chunk (print). May be NULL. */
        int (*on_text)(const void *data, size_t length, void *userdata);
        void *userdata;
        int cancel_fd; /* negative: none. NOTE: zero-initialised means fd 0, use P4_COMMAND_INIT */
        uid_t uid;     /* with set_ids: run p4 as this user */
        gid_t gid;
        bool set_ids;
} P4Command;
#define P4_COMMAND_INIT ((P4Command) { .cancel_fd = -1 })

typedef struct P4Result {
        P4Class p4_class;      /* the worst class seen; P4_OK/P4_EMPTY are success */
        int severity, generic; /* of the message that decided the class */
        char *text; /* its text, or p4's stderr for failures outside the format; NULL: nothing; owned */
        uint64_t n_records;
        uint64_t duration_usec;
        int exit_status;
        bool connected; /* at least one record arrived: a later P4_CONNECT means the outcome is unknown */
} P4Result;
void p4_result_done(P4Result *result);

/* Runs one command to its end. 0 with *ret filled (whatever the class); negative errno only for our own
 * failures (memory, fork) or what on_record/on_text returned. Logs one journal record (WEIR_SERVER,
 * WEIR_COMMAND, WEIR_EXIT, WEIR_DURATION_USEC, WEIR_ROWS, WEIR_CLASS). Thread-safe. */
int p4_run(const P4Server *server, const P4Command *command, P4Result *ret);
