/* The site's own commands at fixed points of a job: words, no shell, in the workspace, their output straight into the job's log. */
#pragma once

#include "base/macro.h"
#include "services/run.h"

bool run_hook_exists(const Run *run, JobHook hook);
/* The stage's work needs the files of the workspace, not only those that are integrated. */
bool run_hook_needs_files(const Run *run);

typedef struct RunHookIo {
        const void *input; /* on its standard input; NULL: nothing */
        size_t input_length;
        int (*on_stdout)(const void *data, size_t length,
                         void *userdata); /* NULL: its output goes to the log */
        void *userdata;
} RunHookIo;
/* Runs all commands of the hook, one after another. One that fails fails the job: "hook NAME failed (exit N)". io may be NULL. */
int run_hook(Run *run, JobHook hook, const RunHookIo *io);

/* The stages that are nothing but a hook. */
int stage_update_component(Run *run, JobStage *ret_next);
int stage_pre_submit(Run *run, JobStage *ret_next);
int stage_build(Run *run, JobStage *ret_next);
