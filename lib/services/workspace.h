/* The folder of a client that a job made for itself: STATE/ID, below which p4 puts files and people may look. What is in it is not trusted:
 * hooks and depots put there what they like, symbolic links included. */
#pragma once

#include "base/macro.h"

/* "STATE/ID". -EINVAL when id is no job's. Owned by the caller. */
int workspace_path(const char *state_directory, const char *id, char **ret);
int workspace_create(const char *path);
/* Removes everything, for good, links as links, never through them and never on another file system. A folder that is not there is no error. */
int workspace_remove(const char *state_directory, const char *id);
