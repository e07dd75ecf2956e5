/*
 * See message.h.
 */
#include "message.h"

#include "template.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define ID(name, severity, args, generic, subsystem, sub, text)                                             \
        const MessageId name = { MESSAGE_CODE(severity, args, generic, subsystem, sub), text }

ID(MSG_USAGE, 3, 0, 0, 0, 0, "p4 -h for usage.");
ID(MSG_TOO_MANY_OPTIONS, 4, 0, 33, 1, 3, "Too many options on command!");
ID(MSG_INVALID_OPTION, 3, 1, 1, 1, 4, "Invalid option: -%option%.");
ID(MSG_OPTION_NEEDS_ARGUMENT, 3, 1, 1, 1, 5, "Option: -%option% needs argument.");
ID(MSG_EXTRA_ARGUMENT, 3, 0, 1, 1, 6, "Unexpected arguments.");
ID(MSG_OPTION_NEEDS_NUMBER, 3, 1, 1, 1, 33, "Option: -%option% needs a non-negative integer argument.");
ID(MSG_NO_REGISTRY, 2, 0, 0, 1, 10, "Can't set registry on UNIX.");
ID(MSG_HIDES_VARIABLE, 2, 1, 0, 1, 11, "Warning: environment variable hides registry definition of %name%.");
ID(MSG_UNKNOWN_VARIABLE, 2, 1, 0, 1, 34,
   "Unrecognized variable name %varName%. Comment lines should contain '#' in column 1.");
ID(MSG_SYS, 3, 3, 33, 0, 1, "%operation%: %arg%: %errmsg%");
ID(MSG_NET, 3, 3, 38, 0, 3, "%operation%: %arg%: %errmsg%");
ID(MSG_NET_IPV6, 3, 3, 38, 0, 26, "%operation%: %arg%: %errmsg%");
ID(MSG_CLOSED, 3, 0, 38, 3, 1, "Partner exited unexpectedly.");
ID(MSG_NOT_P4, 3, 0, 38, 3, 6, "RpcTransport: partner is not a Perforce client/server.");
ID(MSG_TCP_CONNECT, 3, 1, 38, 3, 12, "TCP connect to %host% failed.");
ID(MSG_TCP_RECEIVE, 3, 0, 38, 3, 15, "TCP receive failed.");
ID(MSG_TCP_SEND, 3, 0, 38, 3, 16, "TCP send failed.");
ID(MSG_TOO_BIG, 4, 0, 38, 3, 18, "Rpc buffer too big to send!");
ID(MSG_TCP_PORT_INVALID, 3, 1, 38, 3, 22, "TCP port number %service% is out of range.");
ID(MSG_SSL_CONNECT, 3, 2, 38, 3, 23,
   "SSL connect to %host% failed %error%.\n\tRemove SSL protocol prefix from P4PORT or fix the TLS settings.");
ID(MSG_SSL_RECEIVE, 3, 0, 38, 3, 25, "SSL receive failed.");
ID(MSG_SSL_SEND, 3, 0, 38, 3, 26, "SSL send failed.");
ID(MSG_SSL_CLEARTEXT, 3, 0, 38, 3, 33,
   "Failed client connect, server using SSL.\nClient must add SSL protocol prefix to P4PORT.");
ID(MSG_MAX_WAIT, 3, 2, 38, 3, 39,
   "TCP %operation% exceeded maximum configured duration of %seconds% seconds.");
ID(MSG_HOST_KEY_UNKNOWN, 3, 3, 38, 3, 48,
   "The authenticity of '%host%' can't be established,\nthis may be your first attempt to connect to this P4PORT.\n"
   "The fingerprint for the key sent to your client is\n%key%[\nTo allow connection use the '%cmd%' command.]");
ID(MSG_HOST_KEY_MISMATCH, 3, 3, 38, 3, 49,
   "******* WARNING P4PORT IDENTIFICATION HAS CHANGED! *******\n"
   "It is possible that someone is intercepting your connection\nto the Perforce P4PORT '%host%'\n"
   "If this is not a scheduled key change, then you should contact\nyour Perforce administrator.\n"
   "The fingerprint for the mismatched key sent to your client is\n"
   "%key%[\nTo allow connection use the '%cmd%' command.]");
ID(MSG_TRUST_USAGE, 3, 0, 0, 0, 0,
   "p4 [ -p port ] trust [ -y -n -d -l -f -r -i <fingerprint> ]\n\tOnly one of -y -n -d -l -i is allowed.\n"
   "\tUse p4 trust -h for detailed help.\n");
ID(MSG_BAD_PORT, 4, 1, 38, 3, 70, "P4PORT for this server is not valid: %p4port%.");
ID(MSG_PLAIN_COMM, 3, 1, 38, 3, 0, "%text%");
ID(MSG_FIELD_UNKNOWN, 3, 1, 1, 4, 47, "Unknown field name '%field%'.");
ID(MSG_CONNECT, 3, 0, 38, 8, 1, "Connect to server failed; check $P4PORT.");
ID(MSG_CLOBBER, 3, 1, 34, 8, 4, "Can't clobber writable file %file%");
ID(MSG_MKDIR, 3, 1, 34, 8, 5, "can't create directory for %file%");
ID(MSG_EOF, 3, 0, 34, 8, 6, "EOF reading terminal.");
ID(MSG_BAD_MARSHAL, 3, 0, 34, 8, 29, "Invalid marshalled data supplied as input.");
ID(MSG_DIGEST_MISMATCH, 3, 3, 34, 8, 37,
   "%clientFile% corrupted during transfer (or bad on the server) %clientDigest% vs %serverDigest%");
ID(MSG_FILE_KEPT, 3, 1, 34, 8, 43, "Edited File %file% kept due to errors.");

static uint32_t frame_code(Str code) {
        uint64_t value = str_number(code);

        return value > UINT32_MAX ? MESSAGE_CODE(SEVERITY_FATAL, 0, GENERIC_COMM, SUBSYSTEM_RPC, 0) :
                                    (uint32_t) value;
}

static bool frame_add(Message *message, const Dict *frame, const char *code_key, const char *format_key) {
        const Str *code = dict_get(frame, code_key);

        if (!code || message->n_ids == MESSAGE_CHAIN_MAX) {
                return false;
        }
        message->codes[message->n_ids] = frame_code(*code);
        message->formats[message->n_ids] = dict_text(frame, format_key);
        message->n_ids++;
        return true;
}

void message_from_frame(Message *message, const Dict *frame) {
        *message = (Message) { .values = frame };

        if (frame_add(message, frame, "code", "fmt")) {
                return;
        }
        for (unsigned i = 0; i < MESSAGE_CHAIN_MAX; i++) {
                char code_key[16], format_key[16];

                (void) snprintf(code_key, sizeof(code_key), "code%u", i);
                (void) snprintf(format_key, sizeof(format_key), "fmt%u", i);
                if (!frame_add(message, frame, code_key, format_key)) {
                        break;
                }
        }
        if (message->n_ids == 0) {
                message->codes[0] = MESSAGE_CODE(SEVERITY_INFO, 0, GENERIC_NONE, 0, 0);
                message->formats[0] = STR("%data%");
                message->n_ids = 1;
        }
}

/* Argument names are literals, values are ours. */
static void set_argument(Message *message, const char *name, const char *value) {
        Str copy = { .data = memory_string(value, strlen(value)), .length = strlen(value) };
        const Str *old = dict_get(&message->own, name);

        if (old) {
                free((char *) old->data);
        }
        dict_set(&message->own, str_from(name), copy);
}

void message_add_pairs(Message *message, const MessageId *id, ...) {
        const char *name;
        va_list ap;

        if (message->n_ids == MESSAGE_CHAIN_MAX) {
                return;
        }
        message->codes[message->n_ids] = id->code;
        message->formats[message->n_ids] = str_from(id->format);
        message->n_ids++;

        va_start(ap, id);
        while ((name = va_arg(ap, const char *))) {
                set_argument(message, name, va_arg(ap, const char *));
        }
        va_end(ap);
        message->values = &message->own;
}

void message_done(Message *message) {
        for (size_t i = 0; i < message->own.n_pairs; i++) {
                free((char *) message->own.pairs[i].value.data);
        }
        dict_done(&message->own);
        *message = (Message) {};
}

/* The id that decides: the last one set among the most severe. */
static uint32_t leading_code(const Message *message) {
        uint32_t leading = 0;

        for (size_t i = 0; i < message->n_ids; i++) {
                if (message->codes[i] >> 28 >= leading >> 28) {
                        leading = message->codes[i];
                }
        }
        return leading;
}

Severity message_severity(const Message *message) {
        uint32_t severity = leading_code(message) >> 28;

        return severity > SEVERITY_FATAL ? SEVERITY_FATAL : (Severity) severity;
}

unsigned message_generic(const Message *message) {
        return leading_code(message) >> 16 & 0xff;
}

const char *severity_to_string(Severity severity) {
        static const char *const names[] = { "empty", "info", "warning", "error", "error" };

        return names[severity];
}

bool message_has_subsystem(const Message *message, unsigned subsystem) {
        for (size_t i = 0; i < message->n_ids; i++) {
                if ((message->codes[i] >> 10 & 0x3f) == subsystem) {
                        return true;
                }
        }
        return false;
}

void message_render(const Message *message, Buffer *out, bool indent, bool newline) {
        for (size_t i = message->n_ids; i-- > 0;) {
                if (indent) {
                        buffer_append_char(out, '\t');
                }
                template_expand(out, message->formats[i], message->values);
                if (i > 0 || newline) {
                        buffer_append_char(out, '\n');
                }
        }
}

void message_report(const Message *message) {
        _cleanup_(buffer_done) Buffer text = {};

        message_render(message, &text, true, true);
        (void) fflush(stdout);
        (void) fprintf(stderr, "Perforce client %s:\n", severity_to_string(message_severity(message)));
        (void) fwrite(text.data, 1, text.length, stderr);
}
