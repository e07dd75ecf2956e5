/* In a client that is not the job's own: files that somebody changed without opening them, and that the integration would open. Their content
 * would be taken for the target's and be submitted with it, and be gone when the job reverts what it opened. */
#pragma once

#include "base/macro.h"
#include "services/run.h"

/* Fails when there are any; with the spec's explicit wish they become what the server has. */
int run_local_check(Run *run);
