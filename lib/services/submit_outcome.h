/* What became of a submit whose answer never came. The server knows, whatever number the changelist has now. */
#pragma once

#include <stdint.h>

#include "base/macro.h"
#include "services/run.h"

typedef struct SubmitOutcome {
        uint64_t submitted; /* its number; 0: it was not submitted */
        bool is_same; /* it is the job's own changelist, by its number or its number before: nothing is left of that one */
} SubmitOutcome;
/* Looks for change among what was submitted since it was made: by number, by its number before it was renamed, or else by the job's tag in
 * a changelist of the job's user, as site tools make it. The class of ret_result is the caller's to judge. */
int submit_outcome_ask(Run *run, uint64_t change, SubmitOutcome *ret, P4Result *ret_result);
