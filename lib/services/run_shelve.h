/* The shelf: what will be submitted, in the server's keeping. */
#pragma once

#include "base/buffer.h"
#include "base/macro.h"
#include "services/run.h"

typedef struct RunShelf {
        uint64_t digest, n_files;
        Buffer *list; /* depot files, one per line, are added to it; NULL: not wanted */
} RunShelf;
/* Puts the changelist's files into its shelf, in place of what was there. n_files 0: there was nothing to shelve. */
int run_shelf_put(Run *run, RunShelf *shelf);
/* Reads it back. n_files 0: there is no shelf. */
int run_shelf_read(Run *run, RunShelf *shelf);
/* Somebody may have finished the work while the job waited for people. 1: the changelist was submitted, the job is done. 0: not. */
int run_submitted_by_hand(Run *run, JobStage *ret_next);

int stage_shelve(Run *run, JobStage *ret_next);
