/* The job's numbered pending changelist: everything the job opens is in it, so that it can be told from what others opened. */
#pragma once

#include "base/macro.h"
#include "services/run.h"

/* Makes it if there is none. Its description begins with the job's tag. */
int run_change_ensure(Run *run);
/* Finds a changelist that was made when nobody had time to write its number down. */
int run_change_adopt(Run *run);
/* Reverts what is open in it, nothing else. */
int run_change_revert(Run *run);
/* Before a hook that may open files, and after it: what it opened in the default changelist is moved into the job's. What others had open
 * before, and other changelists, are left alone. */
int run_change_note_others(Run *run);
int run_change_collect(Run *run);

/* Calls on_file for every file that is opened in the client: depot path, action, changelist (0: the default one). */
typedef int (*RunOpenedFile)(const char *depot_file, const char *action, uint64_t change, void *userdata);
int run_change_opened(Run *run, RunOpenedFile on_file, void *userdata);
/* The number as text, for arguments. Returns text. */
#define RUN_NUMBER_MAX 24
char *run_number(char text[static RUN_NUMBER_MAX], uint64_t number);
