/* Running a command for the person who typed it: it inherits terminal, environment and folder, and gets the
 * signals sent to us. For processes of weir's own there is resources/process.h. */
#pragma once

#include "base/macro.h"

typedef struct ForegroundSpec {
        char *const *argv; /* argv[0] is looked up in $PATH */
        int watch_fd; /* negative: none. When it reports an error or a hang-up, on_watch is called, once */
        void (*on_watch)(void *userdata);
        void *userdata;
} ForegroundSpec;

/* Waits for the command. Returns its exit status, 128 + N when signal N ended it; -ENOENT, -EACCES… when it
 * could not be started. The command ends (SIGTERM) when we are killed. */
int foreground_run(const ForegroundSpec *spec);
