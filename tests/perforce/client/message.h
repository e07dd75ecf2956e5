/*
 * A message as the product knows it: a chain of numbered templates with shared arguments. Servers send them
 * (message_from_frame), the client makes its own (message_add); the user interface only renders them.
 */
#pragma once

#include "text.h"

typedef enum Severity {
        SEVERITY_EMPTY,
        SEVERITY_INFO,
        SEVERITY_WARNING,
        SEVERITY_FAILED,
        SEVERITY_FATAL,
} Severity;

typedef enum Generic {
        GENERIC_NONE = 0,
        GENERIC_USAGE = 1,
        GENERIC_FAULT = 33,
        GENERIC_CLIENT = 34,
        GENERIC_COMM = 38,
} Generic;

enum {
        MESSAGE_CHAIN_MAX = 20, /* the product keeps no more than that */
        SUBSYSTEM_OS = 0,
        SUBSYSTEM_SUPP = 1,
        SUBSYSTEM_RPC = 3,
        SUBSYSTEM_CLIENT = 8,
};

/* severity, argument count, generic code, subsystem, number within the subsystem */
#define MESSAGE_CODE(severity, args, generic, subsystem, sub)                                               \
        ((uint32_t) (severity) << 28 | (uint32_t) (args) << 24 | (uint32_t) (generic) << 16 |               \
         (uint32_t) (subsystem) << 10 | (uint32_t) (sub))

typedef struct MessageId {
        uint32_t code;
        const char *format;
} MessageId;

/* The messages the client itself can give. */
extern const MessageId MSG_USAGE, MSG_INVALID_OPTION, MSG_OPTION_NEEDS_ARGUMENT, MSG_OPTION_NEEDS_NUMBER,
                MSG_EXTRA_ARGUMENT, MSG_TOO_MANY_OPTIONS, MSG_HIDES_VARIABLE, MSG_UNKNOWN_VARIABLE,
                MSG_NO_REGISTRY, MSG_SYS, MSG_NET, MSG_NET_IPV6, MSG_CONNECT, MSG_CLOBBER, MSG_MKDIR,
                MSG_EOF, MSG_BAD_MARSHAL, MSG_DIGEST_MISMATCH, MSG_CLOSED, MSG_NOT_P4, MSG_TCP_CONNECT,
                MSG_TCP_RECEIVE, MSG_TCP_SEND, MSG_TCP_PORT_INVALID, MSG_BAD_PORT, MSG_MAX_WAIT,
                MSG_PLAIN_COMM, MSG_SSL_CONNECT, MSG_SSL_RECEIVE, MSG_SSL_SEND, MSG_SSL_CLEARTEXT,
                MSG_HOST_KEY_UNKNOWN, MSG_HOST_KEY_MISMATCH, MSG_TRUST_USAGE, MSG_FIELD_UNKNOWN,
                MSG_FILE_KEPT, MSG_TOO_BIG;

typedef struct Message {
        uint32_t codes[MESSAGE_CHAIN_MAX];
        Str formats[MESSAGE_CHAIN_MAX];
        size_t n_ids;
        const Dict *values; /* arguments by name: the frame itself, or `own` */
        Dict own;           /* copies of the arguments given to message_add */
} Message;

/* Reads code/fmt or code0/fmt0… of a frame; the frame must outlive the message. A frame without a code is an
 * info message of its data. */
void message_from_frame(Message *message, const Dict *frame);

/* Adds an id on top of the chain (the last one is printed first), with name, value pairs of arguments. They are
 * copied; names that an earlier id uses are replaced. A message that was added to must not be moved. */
#define message_add(message, ...) message_add_pairs(message, __VA_ARGS__, (const char *) NULL)
void message_add_pairs(Message *message, const MessageId *id, ...) __attribute__((sentinel));
void message_done(Message *message);

static inline bool message_is_set(const Message *message) {
        return message->n_ids > 0;
}

Severity message_severity(const Message *message);
unsigned message_generic(const Message *message);
const char *severity_to_string(Severity severity);
bool message_has_subsystem(const Message *message, unsigned subsystem);

/* One line per id, the last first. `indent` puts a tab before each, `newline` ends the last line too. */
void message_render(const Message *message, Buffer *out, bool indent, bool newline);

/* The "Perforce client error:" block on stderr: how everything before or beside the user interface is
 * told. */
void message_report(const Message *message);
