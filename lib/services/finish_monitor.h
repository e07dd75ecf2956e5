/* Commands of the job that still run on the server after their p4 was killed: they may hold locks, or go on opening files. */
#pragma once

#include "base/macro.h"
#include "services/run.h"

/* Ends those of the job's client. To see whose they are takes rights that most users do not have; without them nothing is done. */
int finish_monitor_terminate(Run *run);
