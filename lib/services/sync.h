/* weir-sync: puts the configuration files into force. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"

#define SYNC_EXIT_BUSY 75
#define SYNC_EXIT_CONFIG 78

typedef struct SyncOptions {
        const char *config_directory, *state_directory;
        uint64_t wait_usec; /* for the configuration's lock; 0: not at all, USEC_INFINITY: for ever */
        bool check_only;    /* only say whether the files are good */
} SyncOptions;

/* Logs what happened. Returns the exit status: 0, 1 failed, 75 busy, 78 a mistake in the configuration
 * (the last good one stays in force). */
int sync_run(const SyncOptions *options);
