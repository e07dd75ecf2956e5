/* The table from Perforce's error numbers to our classes. Called by resources/p4.c for each error record. */
#include "resources/p4_class.h"

#include <string.h>

#include "base/macro.h"

static const char *const class_names[_P4_CLASS_MAX] = {
        [P4_OK] = "ok",           [P4_EMPTY] = "empty",           [P4_NOT_YET] = "not-yet",
        [P4_AUTH] = "auth",       [P4_TRUST] = "trust",           [P4_CONNECT] = "connect",
        [P4_LIMIT] = "limit",     [P4_PERMISSION] = "permission", [P4_USAGE] = "usage",
        [P4_UNKNOWN] = "unknown", [P4_CONFIG] = "config",         [P4_FAULT] = "fault",
        [P4_TIMEOUT] = "timeout", [P4_CANCELLED] = "cancelled",   [P4_PROTOCOL] = "protocol",
        [P4_MISSING] = "missing",
};

const char *p4_class_to_string(P4Class p4_class) {
        return (size_t) p4_class < ELEMENTSOF(class_names) ? class_names[p4_class] : "unknown";
}

/* From harmless to decisive: what makes everything else meaningless comes last. */
static const P4Class by_weight[] = {
        P4_OK,         P4_EMPTY, P4_UNKNOWN, P4_NOT_YET, P4_USAGE,    P4_CONFIG,  P4_LIMIT,     P4_FAULT,
        P4_PERMISSION, P4_AUTH,  P4_TRUST,   P4_CONNECT, P4_PROTOCOL, P4_TIMEOUT, P4_CANCELLED, P4_MISSING,
};

static size_t weight_of(P4Class p4_class) {
        size_t i = 0;

        while (i < ELEMENTSOF(by_weight) && by_weight[i] != p4_class) {
                i++;
        }
        return i;
}

bool p4_class_is_worse(P4Class a, P4Class than_b) {
        return weight_of(a) > weight_of(than_b);
}

enum { ANY = -1 };

/* The first row that fits decides. severity: at least. */
static const struct {
        int severity, generic;
        const char *text; /* contained in the message; NULL: any */
        P4Class p4_class;
} rules[] = {
        /* Refused paths come as a mere warning of generic EMPTY; taken for "no files", a stream would shrink
         * to 0. */
        { P4_SEVERITY_WARNING, P4_GENERIC_EMPTY, "permission for operation", P4_PERMISSION },
        { P4_SEVERITY_WARNING, P4_GENERIC_EMPTY, "namespace - access denied", P4_PERMISSION },
        { P4_SEVERITY_WARNING, ANY, "not currently logged in", P4_AUTH },
        { P4_SEVERITY_FAILED, P4_GENERIC_EMPTY, "newly opened or reverted", P4_NOT_YET },
        { P4_SEVERITY_FAILED, P4_GENERIC_EMPTY, "No ", P4_EMPTY },
        { P4_SEVERITY_FAILED, P4_GENERIC_EMPTY, NULL, P4_FAULT },
        { P4_SEVERITY_WARNING, P4_GENERIC_EMPTY, NULL, P4_EMPTY },

        /* Sessions, tickets and passwords are spread over five generics. */
        { P4_SEVERITY_FAILED, P4_GENERIC_ILLEGAL, "session has expired", P4_AUTH },
        { P4_SEVERITY_FAILED, P4_GENERIC_ILLEGAL, "session was logged out", P4_AUTH },
        { P4_SEVERITY_FAILED, P4_GENERIC_ILLEGAL, "password has expired", P4_AUTH },
        { P4_SEVERITY_FAILED, P4_GENERIC_ILLEGAL, "Password invalid", P4_AUTH },
        { P4_SEVERITY_FAILED, P4_GENERIC_ILLEGAL, "Passwords don't match", P4_AUTH },
        { P4_SEVERITY_FAILED, P4_GENERIC_ILLEGAL, "Login invalid", P4_AUTH },
        { P4_SEVERITY_FAILED, P4_GENERIC_ILLEGAL, "ulti factor authentication", P4_AUTH },
        { P4_SEVERITY_FAILED, P4_GENERIC_ILLEGAL, "empty password", P4_AUTH },
        { P4_SEVERITY_FAILED, P4_GENERIC_CONFIG, "(P4PASSWD) invalid or unset", P4_AUTH },
        { P4_SEVERITY_FAILED, P4_GENERIC_CONFIG, "ulti factor authentication", P4_AUTH },
        { P4_SEVERITY_FAILED, P4_GENERIC_USAGE, "Password must be set", P4_AUTH },
        { P4_SEVERITY_FAILED, P4_GENERIC_USAGE, "requires the password to be reset", P4_AUTH },
        { P4_SEVERITY_FAILED, P4_GENERIC_USAGE, "Password not allowed at this", P4_AUTH },
        { P4_SEVERITY_FAILED, P4_GENERIC_USAGE, "ulti factor authentication rejected", P4_AUTH },
        { P4_SEVERITY_FAILED, P4_GENERIC_UNKNOWN, "ulti factor authentication", P4_AUTH },
        { P4_SEVERITY_FAILED, P4_GENERIC_UNKNOWN, "Authentication failed", P4_AUTH },
        { P4_SEVERITY_FAILED, P4_GENERIC_UNKNOWN, "Authentication as ", P4_AUTH },
        { P4_SEVERITY_FAILED, P4_GENERIC_UNKNOWN, "Single sign-on on client failed", P4_AUTH },

        { P4_SEVERITY_FAILED, P4_GENERIC_USAGE, "simultaneous commands", P4_LIMIT }, /* server.maxcommands */
        { P4_SEVERITY_FAILED, P4_GENERIC_UNKNOWN, "The filesystem '", P4_FAULT },    /* disk space low */
        { P4_SEVERITY_FAILED, P4_GENERIC_CONTEXT, "access denied", P4_PERMISSION },
        { P4_SEVERITY_FAILED, P4_GENERIC_CONTEXT, "does not have list access", P4_PERMISSION },
        { P4_SEVERITY_FAILED, P4_GENERIC_ADMIN, "command has been cancelled", P4_FAULT },
        { P4_SEVERITY_FAILED, P4_GENERIC_ADMIN, "p4 monitor terminate", P4_FAULT },
        { P4_SEVERITY_FAILED, P4_GENERIC_COMM, "The authenticity of", P4_TRUST },
        { P4_SEVERITY_FAILED, P4_GENERIC_COMM, "IDENTIFICATION HAS CHANGED", P4_TRUST },
        { P4_SEVERITY_FAILED, P4_GENERIC_COMM, "failed SSL/trust verification", P4_TRUST },
        { P4_SEVERITY_FAILED, P4_GENERIC_COMM, "ertificate", P4_TRUST },

        { P4_SEVERITY_FAILED, P4_GENERIC_NONE, NULL, P4_USAGE },
        { P4_SEVERITY_FAILED, P4_GENERIC_USAGE, NULL, P4_USAGE },
        { P4_SEVERITY_FAILED, P4_GENERIC_UNKNOWN, NULL, P4_UNKNOWN },
        { P4_SEVERITY_FAILED, P4_GENERIC_CONTEXT, NULL, P4_USAGE },
        { P4_SEVERITY_FAILED, P4_GENERIC_ILLEGAL, NULL, P4_USAGE },
        { P4_SEVERITY_FAILED, P4_GENERIC_NOTYET, NULL, P4_NOT_YET },
        { P4_SEVERITY_FAILED, P4_GENERIC_PROTECT, NULL, P4_PERMISSION },
        { P4_SEVERITY_FAILED, P4_GENERIC_CLIENT, NULL, P4_CONFIG },
        { P4_SEVERITY_FAILED, P4_GENERIC_ADMIN, NULL, P4_LIMIT },
        { P4_SEVERITY_FAILED, P4_GENERIC_CONFIG, NULL, P4_CONFIG },
        { P4_SEVERITY_FAILED, P4_GENERIC_COMM, NULL, P4_CONNECT },
        { P4_SEVERITY_FAILED, ANY, NULL, P4_FAULT }, /* FAULT, UPGRADE, TOOBIG, what is not invented yet */
};

P4Class p4_classify(int severity, int generic, const char *text) {
        for (size_t i = 0; i < ELEMENTSOF(rules); i++) {
                if (severity >= rules[i].severity &&
                    (rules[i].generic == ANY || rules[i].generic == generic) &&
                    (!rules[i].text || (text && strstr(text, rules[i].text)))) {
                        return rules[i].p4_class;
                }
        }
        return P4_OK;
}

static const struct {
        const char *text;
        P4Class p4_class;
} plain_rules[] = {
        { "The authenticity of", P4_TRUST },
        { "IDENTIFICATION HAS CHANGED", P4_TRUST },
        { "trust verification", P4_TRUST },
        { "ertificate", P4_TRUST },
        { "(P4PASSWD) invalid or unset", P4_AUTH },
        { "session has expired", P4_AUTH },
        { "session was logged out", P4_AUTH },
        { "Password invalid", P4_AUTH },
        { "Connect to server failed", P4_CONNECT },
        { "TCP ", P4_CONNECT },
        { "SSL ", P4_CONNECT },
        { "host unknown", P4_CONNECT },
        { "service unknown", P4_CONNECT },
        { "Partner exited unexpectedly", P4_CONNECT },
        { "RpcTransport", P4_CONNECT },
        { "Connection reset", P4_CONNECT },
        { "server using SSL", P4_CONNECT },
        { "Character set must be one of", P4_CONFIG },
        { "P4CHARSET", P4_CONFIG },
        { "unicode", P4_CONFIG },
        { "p4 -h for usage", P4_USAGE },
        { "Usage:", P4_USAGE },
        { "Invalid option", P4_USAGE },
        { "Perforce client error", P4_CONFIG },
};

P4Class p4_classify_stderr(const char *text) {
        for (size_t i = 0; i < ELEMENTSOF(plain_rules); i++) {
                if (strstr(text, plain_rules[i].text)) {
                        return plain_rules[i].p4_class;
                }
        }
        return P4_PROTOCOL; /* not p4's words: a wrapper's, the loader's */
}
