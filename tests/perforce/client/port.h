/*
 * P4PORT: `[prefix:][host:]port` with the prefixes tcp, tcp4, tcp6, tcp46, tcp64 and ssl of the same kinds.
 */
#pragma once

#include "message.h"

typedef struct Port {
        char *host; /* NULL: this machine */
        char *service;
        char *address;   /* what follows the prefix, as given: the name of the server in messages */
        int families[2]; /* address families in the order to try, 0 ends */
        bool ssl;
} Port;

/* Returns 0, or -EINVAL with the reason added to the message. */
int port_parse(Port *ret_port, const char *text, Message *message);
void port_done(Port *port);

/* The key of the tickets file: a P4PORT without a host is `localhost:PORT`. Owned by the caller. */
char *port_ticket_key(const char *text);

/* Connects. Returns the descriptor, or a negative errno with the reasons added to the message. */
int port_connect(const Port *port, Message *message);
