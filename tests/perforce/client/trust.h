/*
 * Whether the key of an SSL server is the one it had before: the trust file ($P4TRUST or ~/.p4trust), lines
 * `IP:PORT=**++**:FINGERPRINT`, and `p4 trust`, which edits it.
 */
#pragma once

#include "session.h"

/* The server's fingerprint is in the trust file, or 0 without SSL. -EACCES with the reason added to the
 * message. A replacement fingerprint (`trust -r`) that fits takes the place of the old one. */
int trust_check(const Session *session, Message *message);

/* `p4 trust` over a connection that nobody trusts yet; its exit status. Mistakes are added to the message. */
int trust_run(Session *session, int argc, char **argv, Message *message);
