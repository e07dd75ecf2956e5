#include "domain/calendar.h"

#include "base/string_util.h"
#include "base/time_util.h"

int calendar_from_interval(uint64_t interval_usec, char **ret) {
        uint64_t minutes = interval_usec / USEC_PER_MINUTE, hours = minutes / 60;
        bool is_whole = interval_usec % USEC_PER_MINUTE == 0;
        if (minutes == 0) {
                return -ERANGE;
        }
        if (is_whole && minutes < 60 && 60 % minutes == 0) {
                return string_format(ret, "OnCalendar=*-*-* *:00/%llu:00\n", (unsigned long long) minutes);
        }
        if (is_whole && minutes % 60 == 0 && hours < 24 && 24 % hours == 0) {
                return string_format(ret, "OnCalendar=*-*-* 00/%llu:00:00\n", (unsigned long long) hours);
        }
        if (interval_usec == USEC_PER_DAY) {
                return string_copy(ret, "OnCalendar=*-*-* 00:00:00\n");
        }
        if (interval_usec == 7 * USEC_PER_DAY) {
                return string_copy(ret, "OnCalendar=Mon *-*-* 00:00:00\n");
        }
        return string_format(ret, "OnBootSec=5min\nOnUnitActiveSec=%llus\n",
                             (unsigned long long) (interval_usec / USEC_PER_SEC));
}
