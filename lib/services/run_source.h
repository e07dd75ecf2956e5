/* Up to which changelist is integrated. */
#pragma once

#include "base/macro.h"
#include "services/run.h"

/* Keeps the source's paths for GET_LATEST_CL, which comes right after. */
int run_source_remember(Run *run, char *const *paths);
/* The newest submitted changelist in paths, 0 when there is none. Whoever is behind a path that does not exist gets 0, too. */
int run_source_newest(Run *run, char *const *paths, uint64_t *ret);

int stage_get_latest_cl(Run *run, JobStage *ret_next);
