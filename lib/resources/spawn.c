/* Starting one child: fork, prepare, exec. Called by resources/process.c only.
 *
 * Between fork() and execve() of a program with threads only async-signal-safe calls are allowed, so
 * everything that allocates or looks things up happens before, and the child's part is kept together at the
 * top of this file. PR_SET_PDEATHSIG is bound to the *thread* that forked: the caller stays in that thread
 * for the child's whole life. */
#include "resources/spawn.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd_util.h"
#include "base/string_util.h"

/* --- in the child: async-signal-safe calls only ------------------------------------------------------- */

typedef struct ChildPlan {
        const ProcessSpec *spec;
        const char *path;
        int fds[3];
        char uid_map[32], gid_map[32]; /* for hidden: our own id is itself */
        int error_fd;                  /* close-on-exec: silence on it means exec worked */
        pid_t parent;
} ChildPlan;

/* All 64, by the raw call: glibc's keeps 32 and 33 to itself, and whoever started us may have had them ignored. */
static int child_reset_signals(void) {
        static const unsigned long kernel_sigaction[8]; /* all zero: SIG_DFL, no flags, empty mask */
        sigset_t none;

        for (int number = 1; number < NSIG; number++) {
                (void) syscall(SYS_rt_sigaction, number, kernel_sigaction, NULL,
                               (size_t) NSIG / 8); /* not KILL, STOP */
        }
        (void) sigemptyset(&none);
        return RET_NERRNO(sigprocmask(SIG_SETMASK, &none, NULL));
}

/* First out of the way of 0-3, then into place: the descriptors may be any numbers, also those. */
static int child_place_descriptors(ChildPlan *plan) {
        int *fds[] = { &plan->fds[0], &plan->fds[1], &plan->fds[2], &plan->error_fd };

        for (size_t i = 0; i < ELEMENTSOF(fds); i++) {
                *fds[i] = fcntl(*fds[i], F_DUPFD_CLOEXEC, 4);
                if (*fds[i] < 0) {
                        return -errno;
                }
        }
        for (int i = 0; i < 3; i++) {
                if (dup2(plan->fds[i], i) < 0) {
                        return -errno;
                }
        }
        if (dup3(plan->error_fd, 3, O_CLOEXEC) < 0) {
                return -errno;
        }
        plan->error_fd = 3;
        return RET_NERRNO(close_range(4, UINT_MAX, 0));
}

/* The raw calls: glibc's wrappers want to tell the other threads, which do not exist here. */
static int child_drop_ids(const ProcessSpec *spec) {
        if (!spec->set_ids) {
                return 0;
        }
        if (syscall(SYS_setgroups, 1, &spec->gid) < 0 ||
            syscall(SYS_setresgid, spec->gid, spec->gid, spec->gid) < 0 ||
            syscall(SYS_setresuid, spec->uid, spec->uid, spec->uid) < 0) {
                return -errno;
        }
        return 0;
}

static int child_write(const char *path, const char *text) {
        int fd = open(path, O_WRONLY | O_CLOEXEC), r;

        if (fd < 0) {
                return -errno;
        }
        r = RET_NERRNO(write(fd, text, strlen(text)) < 0 ? -1 : 0);
        (void) close(fd);
        return r;
}

/* A user name space gives the right to mount, until execve() takes it away; what is mounted here cannot be taken off further in. */
static int child_hide(const ChildPlan *plan) {
        int r;

        if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0) {
                return -errno;
        }
        r = child_write("/proc/self/setgroups", "deny");
        r = r < 0 ? r : child_write("/proc/self/uid_map", plan->uid_map);
        r = r < 0 ? r : child_write("/proc/self/gid_map", plan->gid_map);
        r = r < 0 ? r : RET_NERRNO(mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL));
        for (const char *const *hidden = plan->spec->hidden; r >= 0 && *hidden; hidden++) {
                r = RET_NERRNO(mount("tmpfs", *hidden, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
                                     "mode=0,nr_inodes=1"));
                r = r == -ENOENT ? 0 : r;
        }
        return r;
}

/* After the change of ids, which would clear the setting; and once more against a parent that died before
 * it. */
static int child_bind_to_parent(pid_t parent) {
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) {
                return -errno;
        }
        return getppid() == parent ? 0 : -ESRCH;
}

static int child_prepare(ChildPlan *plan) {
        int r = child_place_descriptors(plan);

        if (r >= 0) {
                r = child_reset_signals();
        }
        if (r >= 0) {
                r = RET_NERRNO(setpgid(0, 0));
        }
        if (r >= 0) {
                r = child_drop_ids(plan->spec);
        }
        if (r >= 0 && plan->spec->hidden) {
                r = child_hide(plan) < 0 ? -ENOSYS : 0;
        }
        if (r >= 0) {
                r = child_bind_to_parent(plan->parent);
        }
        if (r >= 0) {
                r = RET_NERRNO(chdir(plan->spec->directory ? plan->spec->directory : "/"));
        }
        return r;
}

static void __attribute__((noreturn)) child_main(ChildPlan *plan) {
        static const char *const no_environment[] = { NULL };
        const char *const *environment = plan->spec->environment ? plan->spec->environment : no_environment;
        int r = child_prepare(plan);

        if (r >= 0) {
                (void) execve(plan->path, (char *const *) plan->spec->argv, (char *const *) environment);
                r = -errno;
        }
        (void) !write(plan->error_fd, &r, sizeof(r));
        _exit(EXIT_FAILURE);
}

/* --- starting it -------------------------------------------------------------------------------------- */

/* Looks the program up in the caller's PATH, as execvp() would; here, because the child may not allocate. */
static int program_find(const char *name, char **ret) {
        const char *path = getenv("PATH");
        int r = -ENOENT;

        if (strchr(name, '/')) {
                return string_copy(ret, name);
        }
        path = path ? path : "/usr/local/bin:/usr/bin:/bin";
        while (*name && path) {
                _cleanup_free_ char *candidate = NULL;
                size_t length = strcspn(path, ":");

                if (length > 0 && string_format(&candidate, "%.*s/%s", (int) length, path, name) < 0) {
                        return -ENOMEM;
                }
                if (candidate && access(candidate, X_OK) >= 0) {
                        *ret = TAKE_PTR(candidate);
                        return 0;
                }
                r = candidate && errno == EACCES ? -EACCES : r;
                path = path[length] ? path + length + 1 : NULL;
        }
        return r;
}

/* Both ends of one of the child's standard streams; for the child's input without content: /dev/null. */
static int open_stream(const ProcessSpec *spec, int which, int *ret_ours, int *ret_theirs) {
        int pair[2];

        if (which == STDIN_FILENO && !spec->input) {
                *ret_theirs = open("/dev/null", O_RDONLY | O_CLOEXEC);
                return *ret_theirs < 0 ? -errno : 0;
        }
        if ((which == STDOUT_FILENO && spec->inherit_stdout) ||
            (which == STDERR_FILENO && spec->inherit_stderr)) {
                *ret_theirs = fcntl(which, F_DUPFD_CLOEXEC, 3);
                return *ret_theirs < 0 ? -errno : 0;
        }
        if (pipe2(pair, O_CLOEXEC) < 0) {
                return -errno;
        }
        *ret_ours = pair[which == STDIN_FILENO ? 1 : 0];
        *ret_theirs = pair[which == STDIN_FILENO ? 0 : 1];
        return fd_set_nonblock(*ret_ours);
}

/* With all signals blocked, so that no handler of ours runs in the child before it has reset them. */
static pid_t fork_child(ChildPlan *plan) {
        sigset_t all, before;
        pid_t pid;

        (void) sigfillset(&all);
        (void) pthread_sigmask(SIG_SETMASK, &all, &before);
        pid = fork();
        if (pid == 0) {
                child_main(plan);
        }
        pid = pid < 0 ? -errno : pid;
        (void) pthread_sigmask(SIG_SETMASK, &before, NULL);
        return pid;
}

/* Waits until the child has become the program, or has said why not. */
static int await_exec(int error_fd, pid_t pid) {
        int error = 0;
        ssize_t n;

        do {
                n = read(error_fd, &error, sizeof(error));
        } while (n < 0 && errno == EINTR);
        if (n == 0) {
                return 0;
        }
        (void) waitpid(pid, NULL, 0);
        return n == (ssize_t) sizeof(error) ? error : -EIO;
}

static int fork_and_exec(ChildPlan *plan, Spawned *spawned) {
        _cleanup_close_ int error_fd = -EBADF;
        int pair[2], r;

        if (pipe2(pair, O_CLOEXEC) < 0) {
                return -errno;
        }
        error_fd = pair[0];
        plan->error_fd = pair[1];
        r = fork_child(plan);
        (void) fd_close(pair[1]);
        if (r < 0) {
                return r;
        }
        spawned->pid = r;
        r = await_exec(error_fd, spawned->pid);
        if (r < 0) {
                return r;
        }
        spawned->pidfd = pidfd_open(spawned->pid, 0);
        if (spawned->pidfd < 0) {
                r = -errno;
                (void) kill(-spawned->pid, SIGKILL);
                (void) waitpid(spawned->pid, NULL, 0);
        }
        return r;
}

void spawned_close(Spawned *spawned) {
        for (size_t i = 0; i < ELEMENTSOF(spawned->fds); i++) {
                spawned->fds[i] = fd_close(spawned->fds[i]);
        }
        spawned->pidfd = fd_close(spawned->pidfd);
}

int spawned_reap(const Spawned *spawned, ProcessResult *result) {
        siginfo_t info = {};

        while (waitid(P_PID, (id_t) spawned->pid, &info, WEXITED) < 0) {
                if (errno != EINTR) {
                        return -errno;
                }
        }
        if (info.si_code == CLD_EXITED) {
                result->exit_status = info.si_status;
        } else {
                result->signal = info.si_status;
        }
        return 0;
}

int spawn(const ProcessSpec *spec, Spawned *ret) {
        _cleanup_free_ char *path = NULL;
        ChildPlan plan = { .spec = spec, .fds = { -EBADF, -EBADF, -EBADF }, .parent = getpid() };
        Spawned spawned = { .fds = { -EBADF, -EBADF, -EBADF }, .pidfd = -EBADF };
        int r = program_find(spec->argv[0], &path);

        plan.path = path;
        (void) snprintf(plan.uid_map, sizeof(plan.uid_map), "%u %u 1", geteuid(), geteuid());
        (void) snprintf(plan.gid_map, sizeof(plan.gid_map), "%u %u 1", getegid(), getegid());
        for (int i = 0; i < 3 && r >= 0; i++) {
                r = open_stream(spec, i, &spawned.fds[i], &plan.fds[i]);
        }
        if (r >= 0) {
                r = fork_and_exec(&plan, &spawned);
        }
        for (int i = 0; i < 3; i++) {
                (void) fd_close(plan.fds[i]);
        }
        if (r < 0) {
                spawned_close(&spawned);
                return r;
        }
        *ret = spawned;
        return 0;
}
