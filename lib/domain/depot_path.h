/* Depot paths as far as measuring needs them: directories, and spelling on servers that ignore case. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/macro.h"

/* The directory part of a depot path or pattern: everything before the last '/' that stands before the
 * first wildcard ("...", "*", "%%"). "//depot/main/..." → "//depot/main", "//depot/m*" → "//depot",
 * "//..." → "/". Owned by the caller. */
int depot_path_directory(const char *path, char **ret);
/* Cuts the last component off, in place: "//depot/main" → "//depot" → "/". False (and untouched) at "/". */
bool depot_path_to_parent(char *directory);

/* Servers that ignore case treat names that differ in case as one. Folds ASCII and, where the bytes are
 * UTF-8, every letter that has a simple lower case; in place, because no such letter of Perforce's grows. */
void depot_path_fold(char *path);
/* Equal to the server? */
bool depot_path_equal(const char *a, const char *b, bool ignore_case);
