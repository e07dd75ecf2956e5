#pragma once

#include "services/ctl.h"

/* Starts the unit, shows its progress on a terminal, waits for its end and says what it was. Returns the exit status. */
int ctl_run_unit(Ctl *ctl, const char *unit);
