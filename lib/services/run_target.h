/* Where an integration reads and where it writes, asked of the server: the branch view of a branch spec, the parent of a stream, the kind of
 * a depot. Nothing here looks at texts that people wrote. */
#pragma once

#include "base/macro.h"
#include "domain/branch_view.h"
#include "services/run.h"

typedef struct RunTarget {
        char *stream; /* a client must show this stream to submit the result; NULL: the targets in a view of its own */
        BranchView view; /* sources and targets as depot patterns */
} RunTarget;
void run_target_done(RunTarget *target);

/* At most three commands. needs_client: the client is made for the job, so it is asked what it has to show. */
int run_target_find(Run *run, bool needs_client, RunTarget *ret);
