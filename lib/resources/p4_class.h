/* What a p4 message means to weir. Decided on severity and generic, Perforce's own error numbers; on the
 * text only where one number means several things (an expired session is "illegal", a refused path is an
 * "empty" warning) or where there is no number at all (what p4 prints before any output format applies).
 * P4LANGUAGE=en is fixed, so the texts are. */
#pragma once

#include <stdbool.h>

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

enum {
        P4_GENERIC_NONE = 0,
        P4_GENERIC_USAGE = 1,
        P4_GENERIC_UNKNOWN = 2,
        P4_GENERIC_CONTEXT = 3,
        P4_GENERIC_ILLEGAL = 4,
        P4_GENERIC_NOTYET = 5,
        P4_GENERIC_PROTECT = 6,
        P4_GENERIC_EMPTY = 17,
        P4_GENERIC_FAULT = 33,
        P4_GENERIC_CLIENT = 34,
        P4_GENERIC_ADMIN = 35,
        P4_GENERIC_CONFIG = 36,
        P4_GENERIC_UPGRADE = 37,
        P4_GENERIC_COMM = 38,
        P4_GENERIC_TOOBIG = 39,
};

static inline bool p4_class_is_success(P4Class p4_class) {
        return p4_class == P4_OK || p4_class == P4_EMPTY;
}

/* Of two classes in one command, the one that decides. */
bool p4_class_is_worse(P4Class a, P4Class than_b);

/* Class of one error record; text may be NULL. */
P4Class p4_classify(int severity, int generic, const char *text);
/* Class of a failure that p4 printed as plain text (connection, trust, options), before any format applies.
 * */
P4Class p4_classify_stderr(const char *text);
