/* What can be believed after the machine has lost its power. p4 and hooks do not sync what they write: files are then gone or empty that the
 * server takes for resolved, and an empty file would be submitted as a result. Only what we synced ourselves is believed; otherwise the job
 * begins anew. A machine that was shut down in order loses nothing. */
#pragma once

#include "base/macro.h"
#include "services/run.h"

/* For an attempt that goes on: 1: the power failed meanwhile, the workspace was given up and the job begins anew. In NEEDS_RESOLVE it may
 * be good all the same, when nothing was resolved that is not on disk: run->is_doubtful is set, and the list of conflicts will tell. */
int run_boot_check(Run *run);
/* With run->conflicts just asked for. 0: they are as they were told, nothing is in doubt any more. 1: begun anew, *ret_next is next. */
int run_boot_settle(Run *run, JobStage *ret_next);
/* The list of conflicts that has this stamp is about to be told: what was resolved gets on disk first. */
void run_boot_secure(Run *run, uint64_t stamp);
/* The machine goes down in order: the next attempt finds everything as it is. */
int run_boot_keep(Run *run);
