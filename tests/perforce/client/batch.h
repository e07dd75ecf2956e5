/*
 * The ways to run commands: one, one per batch of arguments (-x FILE), or the lines of a file (-x FILE run).
 */
#pragma once

#include "session.h"

/* Runs what the command line says over an open session. Mistakes with the file are added to the message;
 * everything else is told as it happens. */
void batch_run(Session *session, int argc, char **argv, Message *message);
