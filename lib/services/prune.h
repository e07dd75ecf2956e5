/* weir-prune: daily care of monitor.db: old samples, the planner's statistics, a backup. */
#pragma once

#include "base/macro.h"

typedef struct PruneOptions {
        const char *config_directory, *state_directory;
} PruneOptions;

/* Logs what happened. Returns the exit status. With no database there is nothing to do. */
int prune_run(const PruneOptions *options);
