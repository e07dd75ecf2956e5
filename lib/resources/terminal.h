/* Asking a person for a secret, or taking it from a pipe. */
#pragma once

#include <stddef.h>

#include "base/macro.h"

/* Reads one line into secret (NUL-terminated, its newline left out): from the terminal with a prompt and
 * without echo when standard input is one, else from standard input as it is. Returns its length; -ENOBUFS
 * when it is too long, -ENODATA at end of input, -EINTR when a signal (^C) came, which is raised again after
 * the terminal is itself again. The caller wipes secret. */
int terminal_read_secret(const char *prompt, char *secret, size_t size);
