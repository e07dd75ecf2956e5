/* What the conflicts of the job say: base, theirs, yours and the three merged, read for people who want to see them. */
#pragma once

#include "base/macro.h"
#include "services/run.h"

/* Reads and tells what is asked for; run->conflicts must be known with their depot paths. What cannot be read is told as that. */
int run_texts_tell(Run *run);
