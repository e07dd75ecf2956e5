#pragma once

#include "base/macro.h"
#include "services/run.h"

/* Resolves one file to that text, or (NULL) to what it is now in the workspace, recorded as an edited merge. What p4 will not do is said in
 * the log. */
int run_edit_accept(Run *run, const JobConflict *conflict, const JobBytes *text);
