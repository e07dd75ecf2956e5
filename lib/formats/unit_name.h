/* Names of systemd units: the escaping of systemd.unit(5), as `systemd-escape` does it. */
#pragma once

#include <stdbool.h>

#include "base/macro.h"

#define UNIT_NAME_MAX 255 /* bytes of a whole unit name, terminator left out */

/* "demo//demo/main" becomes "demo--demo-main"; everything but ASCII letters, digits, ':', '_', '.' becomes
 * \xNN. */
int unit_name_escape(const char *text, char **ret);
/* Back again. -EINVAL when it is no escaped text. */
int unit_name_unescape(const char *text, char **ret);
/* "weir-measure", "demo", ".service" become "weir-measure@demo.service", the instance escaped. -ENAMETOOLONG
 * beyond UNIT_NAME_MAX. */
int unit_name_instance(const char *prefix, const char *instance, const char *suffix, char **ret);
