/* Running the `p4` program: the only way weir talks to Perforce. One process per command, -G output, typed
 * errors.
 *
 * Decisions are made on severity and generic (Perforce's own error numbers), never on English text; the
 * server's text is kept for people. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"
#include "formats/marshal.h"

typedef enum P4Class {
        P4_OK,         /* nothing at severity 3 or above (and no empty warning) */
        P4_EMPTY,      /* generic EMPTY: no such file(s), up-to-date… : a success with no rows */
        P4_NOT_YET,    /* generic NOTYET: must resolve, out of date, couldn't be locked */
        P4_AUTH,       /* not logged in, expired, password invalid */
        P4_TRUST,      /* SSL fingerprint unknown or changed */
        P4_CONNECT,    /* server cannot be reached, or the connection was lost (see P4Result.connected) */
        P4_LIMIT,      /* MaxResults, MaxScanRows, MaxLockTime, licence */
        P4_PERMISSION, /* protections */
        P4_USAGE,      /* we asked wrongly: usage, context, illegal values */
        P4_UNKNOWN,    /* named object does not exist */
        P4_CONFIG,     /* client side configuration: charset, need a client */
        P4_FAULT,      /* server fault, too big, upgrade needed */
        P4_TIMEOUT,    /* our own timeout ended it */
        P4_CANCELLED,  /* cancel_fd ended it */
        P4_PROTOCOL,   /* p4 printed what is no record, one larger than 16 MiB, or died of a signal */
        P4_MISSING,    /* no p4 program */
        _P4_CLASS_MAX,
} P4Class;
const char *p4_class_to_string(P4Class p4_class); /* "auth", "connect", … */

enum { P4_SEVERITY_EMPTY, P4_SEVERITY_INFO, P4_SEVERITY_WARNING, P4_SEVERITY_FAILED, P4_SEVERITY_FATAL };

typedef struct P4Server {
        const char *name;    /* weir's name of it: logs */
        const char *port;    /* P4PORT */
        const char *user;    /* P4USER */
        const char *client;  /* may be NULL: a client name that does not exist is used */
        const char *tickets; /* P4TICKETS file */
        const char *trust;   /* P4TRUST file */
        const char *home;    /* private HOME, a directory */
        const char *charset; /* NULL: none */
        const char *program; /* path of p4; NULL: "p4" from PATH of the process */
        uint64_t timeout_usec; /* per command; 0: P4_TIMEOUT_DEFAULT */
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
        const char *const *batch; /* more arguments, given by `-x -`, NULL-terminated; NULL: none */
        const void *input;            /* stdin for -i forms and passwords; not together with batch */
        size_t input_length;
        bool input_is_secret; /* neither logged nor kept; memory wiped is the caller's part */
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
#define P4_COMMAND_INIT ((P4Command){ .cancel_fd = -1 })

typedef struct P4Result {
        P4Class p4_class; /* the worst class seen; P4_OK/P4_EMPTY are success */
        int severity, generic; /* of the message that decided the class */
        char *text; /* its text, or p4's stderr for failures outside the format; NULL: nothing; owned */
        uint64_t n_records;
        uint64_t duration_usec;
        int exit_status;
        bool connected; /* at least one record arrived: a later P4_CONNECT means the outcome is unknown */
} P4Result;
void p4_result_done(P4Result *result);

static inline bool p4_class_is_success(P4Class p4_class) {
        return p4_class == P4_OK || p4_class == P4_EMPTY;
}

/* Runs one command to its end. 0 with *ret filled (whatever the class); negative errno only for our own
 * failures (memory, fork) or what on_record/on_text returned. Logs one journal record (WEIR_SERVER,
 * WEIR_COMMAND, WEIR_EXIT, WEIR_DURATION_USEC, WEIR_ROWS, WEIR_CLASS). Thread-safe. */
int p4_run(const P4Server *server, const P4Command *command, P4Result *ret);

/* Pure: class of one error record. */
P4Class p4_classify(int severity, int generic, const char *text);
/* Pure: class of a failure that p4 printed as plain text (connection, trust, options), before any format
 * applies. */
P4Class p4_classify_stderr(const char *text);
