#pragma once

#include "base/macro.h"
#include "services/run.h"

int stage_p4push(Run *run, JobStage *ret_next);
