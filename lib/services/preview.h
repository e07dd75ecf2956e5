/* What a job would integrate, asked of the server with the job's own command and -n: nothing is opened, and a client that has to be made for it
 * is deleted whatever happens. For `weirctl integrate --preview` and for weir-preview. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/macro.h"
#include "formats/json_writer.h"
#include "services/run.h"

typedef struct PreviewFile {
        char *depot_path, *action, *from, *base;
        char **resolves; /* types: content, branch, delete, move… NULL: none */
} PreviewFile;

typedef struct Preview {
        size_t max;         /* files that are kept, and as many beyond them that need resolving; 0: all */
        PreviewFile *files; /* n_kept of them */
        size_t n_kept, n_files, n_resolves; /* n_resolves: files that have any */
        char **messages;                    /* of the server, about what it did not list; some */
        size_t n_messages;
        PreviewFile last; /* not yet complete: what follows may be about it */
} Preview;
void preview_done(Preview *preview);

/* An attempt without a job: run has spec, server and cancel_fd. Errors as those of run_*. */
int preview_ask(Run *run, Preview *preview);
/* "files", "messages" and how many there are, into an object that was begun. */
void preview_write(JsonWriter *writer, const Preview *preview);
