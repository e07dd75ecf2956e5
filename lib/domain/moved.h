/* Where a submitted change lies. Perforce keeps the common path of a change's files beside it
 * ("//depot/main/src/..."): when no stream's view begins below that, it says as much as the list of files
 * does, and the list need not be asked for. */
#pragma once

#include <stdbool.h>

#include "base/macro.h"

typedef struct MovedPath {
        char *directory; /* see depot_path_directory(); folded where the server ignores case */
        bool is_subtree; /* the files lie anywhere below it; else all directly in it */
} MovedPath;
void moved_path_done(MovedPath *path);

/* path NULL or empty: nothing is known, so anywhere. */
int moved_path_parse(const char *path, bool ignore_case, MovedPath *ret);
/* The directory of one changed file. */
int moved_file_directory(const char *depot_file, bool ignore_case, char **ret);
