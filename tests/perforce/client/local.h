/*
 * What p4 does without a server: -h, -V, `set` and `tickets`.
 */
#pragma once

#include "environment.h"
#include "options.h"

/* -h, -? and -V; returns true if it was one of these. */
bool local_run_option(const Options *options);

/* Returns true if the command is a local one, with its exit status; mistakes are added to the message. */
bool local_run_command(const Options *options, const Environment *environment, int argc, char **argv,
                       int *ret_status, Message *message);
