/*
 * TLS over a connected socket, as far as the stand-in needs it: a handshake that accepts any certificate (it is
 * the fingerprint that is trusted or not, see trust.h), reading, writing. Never blocks after the handshake.
 */
#pragma once

#include "message.h"

#include <sys/types.h>

typedef struct Tls Tls;

/* Shakes hands, waiting no longer than so many seconds for each answer (0: for ever). Returns NULL with the
 * reason added to the message; the descriptor stays the caller's. */
Tls *tls_connect(int fd, const char *host, unsigned max_wait, Message *message);
void tls_free(Tls **tls);

/* Bytes, 0 at the end of the connection, -EAGAIN (wait for tls_events) or another negative errno. */
ssize_t tls_read(Tls *tls, void *data, size_t length);
ssize_t tls_write(Tls *tls, const void *data, size_t length);
/* What poll has to wait for after -EAGAIN. */
short tls_events(const Tls *tls);

/* Fingerprint of the server's certificate: SHA-1, upper case pairs of hex digits with colons. */
void tls_fingerprint(const Tls *tls, Buffer *ret);
