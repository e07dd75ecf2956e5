#pragma once

#include "base/macro.h"
#include "services/run.h"

int stage_needs_resolve(Run *run, JobStage *ret_next);
