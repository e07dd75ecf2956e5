/* The lock of a job's workspace at weir-lockd, held by a file descriptor until the process ends. */
#pragma once

#include "base/macro.h"
#include "services/run.h"

/* "workspace/HOST/CLIENT", taken for the job; waited for a while, because a finishing attempt may still have it. */
int run_workspace_lock(Run *run);
/* The name of the job's client: the spec's, or the one made for the job. Owned by the caller. */
int run_client_name(const Run *run, char **ret);
