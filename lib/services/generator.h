/* weir-generator: timers out of the configuration, at boot and at every daemon-reload. */
#pragma once

#include "base/macro.h"
#include "services/config.h"

/* Writes into unit_directory what weir.yaml and the servers ask for: the common timer's calendar as a
 * drop-in of weir-measure.timer, and a timer weir-measure@NAME.timer, wanted by weir.target, for each
 * server with an interval of its own. */
int generator_write(const char *unit_directory, const WeirConfig *config, const ServerList *servers);
/* Reads the configuration in force and writes; complaints go to the log. Returns the exit status. */
int generator_run(const char *config_directory, const char *state_directory, const char *unit_directory);
