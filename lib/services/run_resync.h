/* After a submit was refused: what is the matter with the files, and getting what others submitted. Decided on what the server says of each
 * file, never on how it worded the refusal. */
#pragma once

#include "base/macro.h"
#include "services/run.h"

typedef struct RunFileState {
        char **stale;  /* depot files: a newer revision is there, to be synced and resolved */
        char **redone; /* a newer revision is there and cannot be synced into what is open: integrated anew */
        size_t n_unresolved, n_opened;
        char *locked; /* "//depot/file, locked by user@client" of the first one; NULL: none */
} RunFileState;
void run_file_state_done(RunFileState *state);
/* Looks at the files that are open in the job's changelist. */
int run_file_state_ask(Run *run, RunFileState *ret);

/* The shelf's files are opened again. */
int run_unshelve(Run *run);
/* Unshelves, syncs what is stale and schedules its resolves. */
int run_resync(Run *run);
