/* "Every so often" as the [Timer] settings of a systemd timer. */
#pragma once

#include <stdint.h>

#include "base/macro.h"

/* An interval that divides an hour, a day or is a day or a week becomes OnCalendar=, which a reboot does
 * not move; any other one counts from the last run. Ends with a newline; at least a minute: -ERANGE. */
int calendar_from_interval(uint64_t interval_usec, char **ret);
