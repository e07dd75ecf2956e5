/*
 * The user's editor on a form.
 */
#pragma once

#include "environment.h"

/* Runs P4EDITOR (EDITOR, vi) on a temporary file with the data and appends what it left. Returns 0 or a
 * negative errno with the message. */
int editor_run(const Environment *environment, Str data, Buffer *ret_data, Message *message);
