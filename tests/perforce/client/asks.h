/*
 * What the server may ask of the client (the client- functions of ../WIRE.md): input, prompts, tickets,
 * files. One row in a table for each.
 */
#pragma once

#include "session.h"

/* Does what the frame asks and answers it, if it wants an answer. Unknown functions are answered with an
 * error. */
void asks_handle(Session *session, const Dict *frame);
