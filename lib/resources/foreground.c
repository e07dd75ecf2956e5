/* See foreground.h. The terminal sends SIGINT and SIGQUIT to the command itself, as it is in our process
 * group; signals sent to us alone are passed on. */
#include "resources/foreground.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd_util.h"

static const int signals[] = { SIGCHLD, SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2 };

/* The child: becomes the command, or says over report_fd why not. */
_Noreturn static void become(const ForegroundSpec *spec, const sigset_t *mask, pid_t parent, int report_fd) {
        int error;

        if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != parent) {
                _exit(128 + SIGTERM);
        }
        (void) sigprocmask(SIG_SETMASK, mask, NULL);
        (void) execvp(spec->argv[0], spec->argv);
        error = errno;
        _exit(fd_write_all(report_fd, &error, sizeof(error)) < 0 ? 126 : 127);
}

/* 0 when the command runs, the negative errno of its exec otherwise. */
static int start(const ForegroundSpec *spec, const sigset_t *mask, pid_t *ret) {
        _cleanup_close_ int read_end = -EBADF, write_end = -EBADF;
        int ends[2], error;
        pid_t parent = getpid(), pid;

        if (pipe2(ends, O_CLOEXEC) < 0) {
                return -errno;
        }
        read_end = ends[0];
        write_end = ends[1];
        pid = fork();
        if (pid < 0) {
                return -errno;
        }
        if (pid == 0) {
                become(spec, mask, parent, write_end);
        }
        write_end = fd_close(write_end);
        if (read(read_end, &error, sizeof(error)) == sizeof(error)) {
                (void) waitpid(pid, NULL, 0);
                return -error;
        }
        *ret = pid;
        return 0;
}

/* Returns the exit status once the command ended, else -EAGAIN. */
static int take_signal(int signal_fd, pid_t pid) {
        struct signalfd_siginfo info;
        int status;

        if (read(signal_fd, &info, sizeof(info)) != sizeof(info)) {
                return -EAGAIN;
        }
        if (info.ssi_signo != SIGCHLD) {
                /* From the terminal the command has it already. */
                if (info.ssi_code <= 0 || info.ssi_signo == SIGHUP) {
                        (void) kill(pid, (int) info.ssi_signo);
                }
                return -EAGAIN;
        }
        if (waitpid(pid, &status, WNOHANG) != pid) {
                return -EAGAIN;
        }
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int wait_for(const ForegroundSpec *spec, int signal_fd, pid_t pid) {
        struct pollfd fds[] = { { .fd = signal_fd, .events = POLLIN }, { .fd = spec->watch_fd } };

        for (;;) {
                int r = RET_NERRNO(poll(fds, ELEMENTSOF(fds), -1));

                if (r < 0 && r != -EINTR) {
                        return r;
                }
                if (fds[1].revents) {
                        fds[1].fd = -1;
                        fds[1].revents = 0;
                        spec->on_watch(spec->userdata);
                }
                r = take_signal(signal_fd, pid);
                if (r != -EAGAIN) {
                        return r;
                }
        }
}

int foreground_run(const ForegroundSpec *spec) {
        _cleanup_close_ int signal_fd = -EBADF;
        sigset_t set, before;
        pid_t pid = -1;
        int r;

        (void) sigemptyset(&set);
        for (size_t i = 0; i < ELEMENTSOF(signals); i++) {
                (void) sigaddset(&set, signals[i]);
        }
        if (sigprocmask(SIG_BLOCK, &set, &before) < 0) {
                return -errno;
        }
        signal_fd = RET_NERRNO(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
        r = signal_fd < 0 ? signal_fd : start(spec, &before, &pid);
        if (r >= 0) {
                r = wait_for(spec, signal_fd, pid);
        }
        (void) sigprocmask(SIG_SETMASK, &before, NULL);
        return r;
}
