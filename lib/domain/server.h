/* A Perforce server as the configuration describes it, and the state measuring found it in. Pure: rules
 * and words, no I/O. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"

#define SERVER_STREAM_MASK_DEFAULT "*role*"
#define SERVER_NAME_MAX 100         /* bytes */
#define SERVER_NAME_ESCAPED_MAX 200 /* as part of a unit name */
#define SERVER_PARALLEL_MAX 32

typedef struct Server {
        char *name;
        char *p4port; /* the identity; lower case */
        char *p4user;
        char *stream_mask;
        char *trust;            /* pinned SSL fingerprint, upper case with colons; NULL: none */
        uint64_t interval_usec; /* measured by a timer of its own this often; 0: by the common timer */
        uint64_t timeout_usec;  /* per p4 command; 0: the common one */
        uint64_t parallel;      /* p4 commands at once; 0: the common number */
        unsigned line;          /* in servers.yaml; 0 from elsewhere */
} Server;
void server_done(Server *server);
int server_copy(Server *ret, const Server *server);

/* What is wrong with a value, as the second half of a sentence ("p4port " …), or NULL. */
const char *server_name_problem(const char *name);
const char *server_port_problem(const char *p4port);
const char *server_user_problem(const char *p4user);
const char *server_mask_problem(const char *stream_mask);
const char *server_trust_problem(const char *trust);
/* One spelling per value: p4port in lower case without "tcp:", trust in upper case. */
void server_normalise(Server *server);
bool server_is_ssl(const char *p4port);

/* What measuring last found. The server's own words stand beside it in the database. */
typedef enum ServerState {
        SERVER_NEVER, /* not measured yet */
        SERVER_OK,
        SERVER_UNREACHABLE, /* no connection, or no answer in time */
        SERVER_AUTH,        /* not logged in, ticket expired */
        SERVER_TRUST,       /* SSL fingerprint unknown or changed */
        SERVER_LIMIT,       /* MaxResults, MaxScanRows, MaxLockTime, licence */
        SERVER_PERMISSION,  /* protections */
        SERVER_FAILED,      /* anything else */
        _SERVER_STATE_MAX,
        _SERVER_STATE_INVALID = -EINVAL,
} ServerState;
const char *server_state_to_string(ServerState state);
ServerState server_state_from_string(const char *text);
