/* A program that runs beside an event loop: what process_run() is for threads that may wait. For small programs: the input, and what is
 * printed, must each fit into a pipe (64 KiB); one that prints more stands still until its time-out. */
#pragma once

#include <systemd/sd-event.h>

#include "base/buffer.h"
#include "resources/process.h"

typedef struct ProcessTaskEnd {
        ProcessResult result;
        Buffer output, errors; /* what it printed, NUL-terminated if anything; freed after the call */
} ProcessTaskEnd;

typedef void (*ProcessTaskHandler)(const ProcessTaskEnd *end, void *userdata);

/* argv, environment, directory, input and timeout_usec of spec count, and are not needed after the call; the time-out must be there. on_end is
 * called once, from the loop: when the program has ended, or was killed at its time-out with all of its group. It dies with this process.
 * The input is wiped nowhere: that is the caller's part. SIGPIPE must be ignored. */
int process_task_start(sd_event *event, const ProcessSpec *spec, ProcessTaskHandler on_end, void *userdata);
