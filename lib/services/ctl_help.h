/* What weirctl says about itself: its verbs, and the options of one. Called by services/ctl.c only. */
#pragma once

#include "services/ctl.h"

/* Prints a verb's help, or that of all (verb: NULL), on stdout. */
void ctl_help(const CtlVerb *verbs, const CtlVerb *verb, const CtlOption *common_options);
