/*
 * Names of character sets: -C, -Q, P4CHARSET and P4COMMANDCHARSET are checked; no text is translated,
 * because the stand-in's servers and files are bytes.
 */
#pragma once

#include "environment.h"

/* Complains on stdout as the product does. `charset` and `command` are the options or NULL. Returns 0 or
 * -EINVAL. */
int charset_check(const Environment *environment, const char *charset, const char *command);
