#pragma once

#include "base/macro.h"
#include "services/run.h"

int stage_sync(Run *run, JobStage *ret_next);
