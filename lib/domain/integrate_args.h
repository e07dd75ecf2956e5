/* The command line of `p4 integrate` for a specification. Pure, and in one place, so that what a preview shows is what a job does. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"
#include "domain/job_spec.h"

typedef struct IntegrateOptions {
        uint64_t source_changelist;  /* take what was submitted up to it; 0: everything */
        uint64_t pending_changelist; /* where the files are opened; 0: the default changelist */
        bool preview;                /* -n, with the bases and the resolves that would be scheduled */
} IntegrateOptions;
/* A NULL-terminated vector, owned by the caller: {"integrate", "-c", "12", "-S", "//demo/dev", "//...@40", NULL}.
 *
 * stream: its changes go to its parent, reversed the parent's come into it. branch spec: left to right, or reversed. source and target:
 * as they are. path: a part of a stream, into which the parent's changes come. */
int integrate_args_make(const JobSpec *spec, const IntegrateOptions *options, char ***ret);

/* The stream a single path is in: "//demo/dev/src/..." is in "//demo/dev". -EINVAL when it is in none. Owned by the caller. */
int integrate_path_stream(const char *path, char **ret);
