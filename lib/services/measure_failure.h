/* What a failed p4 command means for measuring: for the stream, for the server, in words. */
#pragma once

#include <stdbool.h>

#include "base/macro.h"
#include "domain/server.h"
#include "resources/p4.h"

/* It says nothing about the one stream that was asked for: the next question would fail, too. */
bool measure_failure_is_servers(P4Class p4_class);
ServerState measure_failure_state(P4Class p4_class);
/* The server's own words, or a sentence where there are none (owned by the caller). */
int measure_failure_text(const P4Result *result, char **ret);
/* What a person can do about it, or NULL. */
const char *measure_failure_hint(ServerState state);
