#include "resources/own_cgroup.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <time.h>
#include <unistd.h>

#include "base/fd_util.h"
#include "base/parse_util.h"
#include "base/string_util.h"
#include "base/time_util.h"

#define LIMIT_USEC (5 * USEC_PER_SEC)
#define PAUSE_NSEC 2000000
#define LIST_MAX ((size_t) 4 * 1024 * 1024)

/* "0::/weir.slice/…/weir-job-INT-20261121-001-1.service": the path, when its last part is the unit. */
static int cgroup_of(const char *process, const char *unit, char **ret) {
        _cleanup_free_ char *file = NULL, *text = NULL, *end = NULL;
        char *rest, *line;
        int r = string_format(&file, "/proc/%s/cgroup", process);

        r = r < 0 ? r : string_format(&end, "/%s", unit);
        r = r < 0 ? r : file_read(file, LIST_MAX, &text, NULL);
        if (r < 0) {
                return r;
        }
        rest = text;
        while ((line = strsep(&rest, "\n"))) {
                if (string_has_prefix(line, "0::") && string_has_suffix(line, end)) {
                        return string_copy(ret, line + strlen("0::"));
                }
        }
        return -ESRCH;
}

/* Where the hierarchy is mounted: alone, or beside older ones. */
static int read_processes(const char *path, char **ret) {
        static const char *const mounts[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };
        int r = -ENOENT;

        for (size_t i = 0; i < ELEMENTSOF(mounts) && r == -ENOENT; i++) {
                _cleanup_free_ char *file = NULL;

                r = string_format(&file, "%s%s/cgroup.procs", mounts[i], path);
                r = r < 0 ? r : file_read(file, LIST_MAX, ret, NULL);
        }
        return r;
}

/* Its number may be somebody else's by now: what the descriptor means is looked at once more before the signal. */
static void kill_process(const char *process, pid_t pid, const char *unit) {
        _cleanup_free_ char *path = NULL;
        _cleanup_close_ int fd = pidfd_open(pid, 0);

        if (fd >= 0 && cgroup_of(process, unit, &path) >= 0) {
                (void) pidfd_send_signal(fd, SIGKILL, NULL, 0);
        }
}

/* How many there were. */
static int kill_all(const char *path, const char *unit) {
        _cleanup_free_ char *list = NULL;
        char *rest, *process;
        int n = 0, r = read_processes(path, &list);

        rest = list;
        while (r >= 0 && (process = strsep(&rest, "\n"))) {
                uint32_t pid;

                if (parse_uint32(process, &pid) >= 0 && pid > 0 && (pid_t) pid != getpid()) {
                        kill_process(process, (pid_t) pid, unit);
                        n++;
                }
        }
        return r < 0 ? r : n;
}

int own_cgroup_kill_others(const char *unit) {
        static const struct timespec pause = { .tv_nsec = PAUSE_NSEC };
        _cleanup_free_ char *path = NULL;
        uint64_t until = now_monotonic() + LIMIT_USEC;
        int n, r = string_is_empty(unit) ? -ESRCH : cgroup_of("self", unit, &path);

        if (r < 0) {
                return r;
        }
        while ((n = kill_all(path, unit)) > 0) {
                if (now_monotonic() >= until) {
                        return -ETIMEDOUT;
                }
                (void) nanosleep(&pause, NULL);
        }
        return n;
}
