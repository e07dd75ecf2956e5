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
#define PAUSE_NSEC 200000 /* shorter than what forks without end rests between */
#define VICTIMS_MAX 256   /* in one round */
#define LIST_MAX ((size_t) 4 * 1024 * 1024)

/* "0::/weir.slice/…/weir-job-INT-20261121-001-1.service": the path, when its last part is the unit. */
static int own_cgroup(const char *unit, char **ret) {
        _cleanup_free_ char *text = NULL, *end = NULL;
        char *rest, *line;
        int r = string_format(&end, "/%s", unit);

        r = r < 0 ? r : file_read("/proc/self/cgroup", LIST_MAX, &text, NULL);
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
static int read_attribute(const char *path, const char *name, char **ret) {
        static const char *const mounts[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };
        int r = -ENOENT;

        for (size_t i = 0; i < ELEMENTSOF(mounts) && r == -ENOENT; i++) {
                _cleanup_free_ char *file = NULL;

                r = string_format(&file, "%s%s/%s", mounts[i], path, name);
                r = r < 0 ? r : file_read(file, LIST_MAX, ret, NULL);
        }
        return r;
}

typedef struct Victim {
        pid_t pid;
        int fd;
} Victim;

/* Of those in the list but ourselves, as many as fit. */
static size_t open_victims(char *list, Victim *victims) {
        char *process;
        size_t n = 0;

        while (n < VICTIMS_MAX && (process = strsep(&list, "\n"))) {
                uint32_t pid;

                if (parse_uint32(process, &pid) >= 0 && pid > 0 && (pid_t) pid != getpid()) {
                        victims[n++] = (Victim) { (pid_t) pid, pidfd_open((pid_t) pid, 0) };
                }
        }
        return n;
}

static void kill_victim(const Victim *victims, size_t n, pid_t pid) {
        for (size_t i = 0; i < n; i++) {
                if (victims[i].pid == pid && victims[i].fd >= 0) {
                        (void) pidfd_send_signal(victims[i].fd, SIGKILL, NULL, 0);
                }
        }
}

/* A number may be somebody else's by the time it is used. One that is still in the list once there is a descriptor for it means the process
 * of the descriptor, or that one is gone. (/proc/PID/cgroup would say it, too, but hooks live in a user name space of their own, and are not
 * for us to look at.) How many there were. */
static int kill_all(const char *path) {
        Victim victims[VICTIMS_MAX];
        _cleanup_free_ char *list = NULL, *again = NULL;
        char *rest, *process;
        int r = read_attribute(path, "cgroup.procs", &list);
        size_t n = r < 0 ? 0 : open_victims(list, victims);

        r = r < 0 ? r : read_attribute(path, "cgroup.procs", &again);
        rest = again;
        while (r >= 0 && (process = strsep(&rest, "\n"))) {
                uint32_t pid;

                if (parse_uint32(process, &pid) >= 0) {
                        kill_victim(victims, n, (pid_t) pid);
                }
        }
        for (size_t i = 0; i < n; i++) {
                (void) fd_close(victims[i].fd);
        }
        return r < 0 ? r : (int) n;
}

int own_cgroup_kill_others(const char *unit) {
        static const struct timespec pause = { .tv_nsec = PAUSE_NSEC };
        _cleanup_free_ char *path = NULL;
        uint64_t until = now_monotonic() + LIMIT_USEC;
        int n, r = string_is_empty(unit) ? -ESRCH : own_cgroup(unit, &path);

        if (r < 0) {
                return r;
        }
        while ((n = kill_all(path)) > 0) {
                if (now_monotonic() >= until) {
                        return -ETIMEDOUT;
                }
                (void) nanosleep(&pause, NULL);
        }
        return n;
}

/* "low 0\nhigh 0\nmax 3\n" */
static uint64_t find_count(char *text, const char *event) {
        size_t length = strlen(event);
        uint64_t count = 0;
        char *line;

        while ((line = strsep(&text, "\n"))) {
                if (string_has_prefix(line, event) && line[length] == ' ') {
                        return parse_uint64(line + length + 1, &count) < 0 ? 0 : count;
                }
        }
        return 0;
}

uint64_t own_cgroup_count(const char *unit, const char *file, const char *event) {
        _cleanup_free_ char *path = NULL, *text = NULL;

        if (own_cgroup(unit, &path) < 0 || read_attribute(path, file, &text) < 0) {
                return 0;
        }
        return find_count(text, event);
}
