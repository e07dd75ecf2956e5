/* Telling the service manager what goes on (sd_notify(3)); without one, nothing happens. */
#pragma once

#include <stdint.h>

#include "base/macro.h"

void notify_status(const char *format, ...) _printf_(1, 2); /* STATUS=, shown by `systemctl status` */
void notify_need_time(
                uint64_t usec); /* EXTEND_TIMEOUT_USEC=: starting or stopping takes this much longer, from now on */
