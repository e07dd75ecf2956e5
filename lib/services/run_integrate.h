#pragma once

#include "base/macro.h"
#include "services/run.h"

/* `integrate` once more, for files that were reverted since; those still open are passed over without complaint. */
int run_integrate_again(Run *run);

int stage_integrate(Run *run, JobStage *ret_next);
