/* Removing what a job made. */
#pragma once

#include "base/macro.h"
#include "services/run.h"

/* Removes what the ledger says: files, shelf, changelist, client, workspace; adds to removed what is gone. 1: nothing is left. 0: something
 * is, and the log says what. vanished: something was gone already. */
int finish_clean(Run *run, JobPairs *removed, bool *ret_vanished);
