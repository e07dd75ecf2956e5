/* A question to one of weir's own services behind a socket in the file system: texts, each ended by a NUL; the answer ends with the
 * connection. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Connects to path, or to what the environment's variable says instead, and sends parts. Returns the connection, whose reads end with -EAGAIN
 * after timeout_usec. -ECONNREFUSED: nobody is there, or nobody who is let in. */
int local_socket_ask(const char *path, const char *variable, uint64_t timeout_usec, const char *const *parts,
                     size_t n_parts);
