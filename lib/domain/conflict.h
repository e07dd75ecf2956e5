/* Files that a person has to resolve: the open resolves of a changelist, as `resolve -n -o` lists them in tagged records, typed, with the
 * depot path and the revision in the workspace from fstat and the chunk counts that the automatic resolve printed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "clients/job_record.h"
#include "formats/marshal.h"

/* What the automatic resolve counted for one file. */
typedef struct ChunkCount {
        char *path; /* as resolve names the file: its local path */
        uint32_t yours, theirs, both, conflicting;
} ChunkCount;
typedef struct ChunkCounts {
        ChunkCount *items;
        size_t n_items;
} ChunkCounts;
void chunk_counts_done(ChunkCounts *counts);
/* "Diff chunks: 1 yours + 2 theirs + 0 both + 3 conflicting" and its binary sister: the four numbers in their order. -EINVAL: no such
 * line. For people; nothing is decided on it. */
int chunk_count_parse(const char *text, ChunkCount *ret);
/* Replaces what is known of path; beyond a bound the counts of further files are not kept. */
int chunk_counts_set(ChunkCounts *counts, const char *path, const ChunkCount *count);
const ChunkCount *chunk_counts_find(const ChunkCounts *counts, const char *path);

#define CONFLICTS_MAX 1000 /* a list for people; what is beyond it shows as the others get resolved */

/* One record of `resolve -n -o`: the row is added with its local path; a depot path is added later. root and client turn client syntax into
 * local paths. 1; 0: it is no resolve. */
int conflicts_add_resolve(JobConflicts *conflicts, const MarshalRecord *record, const char *client,
                          const char *root);
/* One record of fstat: depot path and yours for the rows of that file. */
int conflicts_add_fstat(JobConflicts *conflicts, const MarshalRecord *record, const char *client,
                        const char *root);
void conflicts_add_chunks(JobConflicts *conflicts, const ChunkCounts *counts);
/* A number that changes when the list does. */
uint64_t conflicts_stamp(const JobConflicts *conflicts);

/* "//client/dir/f%40.c" below root is "ROOT/dir/f@.c"; other paths are copied. Owned by the caller. */
int conflict_local_path(const char *path, const char *client, const char *root, char **ret);

/* The other way: "ROOT/dir/f@.c" is "//client/dir/f%40.c". */
int conflict_client_path(const char *path, const char *client, const char *root, char **ret);

/* How a person wants files resolved. */
typedef enum ConflictAccept {
        CONFLICT_THEIRS,
        CONFLICT_YOURS,
        CONFLICT_MERGED,
        CONFLICT_EDIT, /* the file as it is now in the workspace */
        CONFLICT_TEXT, /* a text that weir-jobd has */
        _CONFLICT_ACCEPT_MAX,
        _CONFLICT_ACCEPT_INVALID = -EINVAL,
} ConflictAccept;
ConflictAccept conflict_accept_from_string(const char *text);
const char *conflict_accept_option(ConflictAccept accept); /* "-at"; NULL for edit and text */
/* file is a depot path, a local path, or "*"; paths that are no UTF-8 also as D-Bus carries them, "\xNN". */
bool conflict_is_named(const JobConflict *conflict, const char *file);
