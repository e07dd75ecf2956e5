/* What one integration has made and got so far, as weir-integrate keeps it in the job's checkpoint: enough for another attempt to go on,
 * and for weir-finish to clean up. JSON, written by us and read by us; unknown fields of another version are passed over. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"
#include "domain/conflict.h"

typedef struct RunState {
        char *client, *root; /* NULL: not known yet */
        char *stream;        /* of a client of the job's own; NULL: it has a view */
        bool is_managed;     /* the client is the job's own */
        uint64_t change;     /* the pending changelist; 0: none */
        uint64_t source;     /* integrate what was submitted up to it; 0: not known yet */
        uint64_t push_tries; /* submits that were refused because something moved */
        uint64_t lock_waits; /* of these, because somebody had a file locked */
        uint64_t n_files;    /* in the shelf */
        bool is_reverted;    /* the files are in the shelf only */
        char *postponed; /* what can be integrated only when this is submitted, in the server's words; NULL: nothing */
        char *boot; /* of the machine, when the workspace was written; NULL: it is on disk as it is */
        uint64_t conflicts; /* the stamp of the list that people were told when the workspace was synced last; 0: none */
        ChunkCounts chunks;
        char *others; /* what others had open in a client that is not the job's own before a hook began, a file per line; NULL: no hook runs */
        /* Set at the end; NULL before. */
        char *outcome; /* "done", "failed" */
        char *reason, *error, *note;
        uint64_t submitted;
        bool is_consumed;    /* by submitting: shelf and changelist are no more */
        bool is_handed_over; /* shelf, changelist and client stay: somebody else goes on with them */
} RunState;
void run_state_done(RunState *state);

int run_state_format(const RunState *state, char **ret);
/* NULL text: an empty state. -EBADMSG when it is none of ours. */
int run_state_parse(const char *text, RunState *ret);

/* What must not be done twice: a submit of this shelf with this content. */
typedef struct RunIntent {
        uint64_t change;
        uint64_t digest, n_files; /* of the shelf: run_digest_add() over its files */
} RunIntent;
int run_intent_format(const RunIntent *intent, char **ret);
int run_intent_parse(const char *text, RunIntent *ret);

#define RUN_DIGEST_INIT UINT64_C(0)
/* The order of files does not matter. */
uint64_t run_digest_add(uint64_t digest, const char *depot_file, const char *action);

/* "[weir INT-20261121-001]": the first words of every changelist of a job, by which it is found when its number is not known. */
int run_tag(const char *id, char **ret);
bool run_tag_matches(const char *id, const char *description);
