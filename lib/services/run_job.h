/* The whole of an attempt. */
#pragma once

#include "base/macro.h"
#include "services/run.h"

/* From where the last attempt was, through the stages, to the end, which is committed. */
int run_job(Run *run);
