/* How p4 is called: argument vector, environment and `-x` input of one command. Used by resources/p4.c only.
 * */
#pragma once

#include "base/buffer.h"
#include "resources/p4.h"

typedef struct P4CommandLine {
        char **argv;
        char **environment;
        Buffer batch;
        char *text; /* the command as one would type it, printable and bounded: for logs; no secret */
} P4CommandLine;

/* -EINVAL: no command, no port or user, both batch and input, a batch argument that `-x` cannot carry. */
int p4_command_line_make(const P4Server *server, const P4Command *command, P4CommandLine *ret);
void p4_command_line_done(P4CommandLine *line);
