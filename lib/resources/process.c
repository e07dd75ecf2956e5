/* Running one child to its end. Called by resources/p4.c and by whatever starts a helper; from any thread,
 * several at once.
 *
 * The child is watched through a pidfd in one poll() with its pipes, the caller's cancel descriptor and the
 * deadline: no signal handlers, no busy waiting. The child stays a zombie until its output is drained, so
 * that its process group's number cannot be given to somebody else while we may still kill it. */
#include "resources/process.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd_util.h"
#include "base/time_util.h"
#include "resources/spawn.h"

#define KILL_DELAY (2 * USEC_PER_SEC)
#define READ_SIZE ((size_t) 65536)

enum { INPUT, OUTPUT, ERRORS, EXIT, CANCEL, N_POLLED };

typedef struct Run {
        const ProcessSpec *spec;
        Spawned child;
        size_t input_written;
        char *chunk; /* READ_SIZE bytes; not on the stack, which is small in worker threads */
        uint64_t deadline, kill_at;
        int result;  /* of a callback or of our own failure; ends the run */
        bool ending; /* TERM was sent */
        bool timed_out, cancelled;
} Run;

static void run_close(Run *run, int which) {
        run->child.fds[which] = fd_close(run->child.fds[which]);
}

/* The group, and the child itself in case it moved to another group. */
static void run_signal(Run *run, int number) {
        (void) kill(-run->child.pid, number);
        (void) pidfd_send_signal(run->child.pidfd, number, NULL, 0);
}

static void run_end(Run *run) {
        if (!run->ending) {
                run->ending = true;
                run->kill_at = now_monotonic() + KILL_DELAY;
                run_signal(run, SIGTERM);
                (void) kill(-run->child.pid, SIGCONT); /* a stopped process would not see it */
        }
}

static void run_fail(Run *run, int error) {
        if (run->result >= 0) {
                run->result = error;
        }
        run_end(run);
}

/* A child that does not read its input is no failure: what it says and its exit status decide. */
static void run_write(Run *run) {
        const ProcessSpec *spec = run->spec;
        ssize_t n = 0;

        if (run->input_written < spec->input_length) {
                n = write(run->child.fds[INPUT], (const char *) spec->input + run->input_written,
                          spec->input_length - run->input_written);
        }
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
                return;
        }
        run->input_written += n > 0 ? (size_t) n : 0;
        if (n < 0 || run->input_written >= spec->input_length) {
                run_close(run, INPUT);
        }
}

/* Reads once and hands it on; returns the number of bytes, 0 when there was nothing. */
static size_t run_read(Run *run, int which) {
        int (*callback)(const void *, size_t, void *) =
                        which == OUTPUT ? run->spec->on_stdout : run->spec->on_stderr;
        ssize_t n;
        int r;

        if (run->child.fds[which] < 0) {
                return 0;
        }
        n = read(run->child.fds[which], run->chunk, READ_SIZE);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
                return 0;
        }
        if (n <= 0) {
                run_close(run, which);
                return 0;
        }
        if (callback && run->result >= 0) {
                r = callback(run->chunk, (size_t) n, run->spec->userdata);
                if (r < 0) {
                        run_fail(run, r);
                }
        }
        return (size_t) n;
}

/* After the child's end: what it wrote itself is in the pipe already and fits in it. Grandchildren that
 * escaped the group may hold the pipe open, and may go on writing, for ever; so neither its end nor its
 * emptiness is awaited. */
static void run_drain(Run *run, int which) {
        int capacity = run->child.fds[which] < 0 ? 0 : fcntl(run->child.fds[which], F_GETPIPE_SZ);
        size_t n, left = capacity > 0 ? (size_t) capacity : 0;

        while (left > 0 && (n = run_read(run, which)) > 0) {
                left -= n < left ? n : left;
        }
        run_close(run, which);
}

static void run_check_clock(Run *run) {
        uint64_t now = now_monotonic();

        if (run->ending && now >= run->kill_at) {
                run_signal(run, SIGKILL);
                run->kill_at = USEC_INFINITY;
        }
        if (!run->ending && now >= run->deadline) {
                run->timed_out = true;
                run_end(run);
        }
}

static int run_poll_timeout(const Run *run) {
        uint64_t until = run->ending ? run->kill_at : run->deadline, now = now_monotonic(), msec;

        if (until == USEC_INFINITY) {
                return -1;
        }
        msec = until > now ? (until - now + USEC_PER_MSEC - 1) / USEC_PER_MSEC : 0;
        return msec < INT_MAX ? (int) msec : INT_MAX;
}

/* One turn. Returns true when the child has ended. */
static bool run_turn(Run *run) {
        struct pollfd polled[N_POLLED] = {
                [INPUT] = { .fd = run->child.fds[INPUT], .events = POLLOUT },
                [OUTPUT] = { .fd = run->child.fds[OUTPUT], .events = POLLIN },
                [ERRORS] = { .fd = run->child.fds[ERRORS], .events = POLLIN },
                [EXIT] = { .fd = run->child.pidfd, .events = POLLIN },
                [CANCEL] = { .fd = run->ending ? -EBADF : run->spec->cancel_fd, .events = POLLIN },
        };

        if (poll(polled, N_POLLED, run_poll_timeout(run)) < 0) {
                if (errno != EINTR) {
                        run_fail(run, -errno);
                }
                return false;
        }
        if (polled[INPUT].revents) {
                run_write(run);
        }
        for (int i = OUTPUT; i <= ERRORS; i++) {
                if (polled[i].revents) {
                        (void) run_read(run, i);
                }
        }
        if (polled[CANCEL].revents && !polled[EXIT].revents) {
                run->cancelled = true;
                run_end(run);
        }
        run_check_clock(run);
        return polled[EXIT].revents;
}

static int run_reap(Run *run, ProcessResult *result) {
        int r;

        (void) kill(-run->child.pid, SIGKILL); /* whatever it left behind in its group */
        run_drain(run, OUTPUT);
        run_drain(run, ERRORS);
        r = spawned_reap(&run->child, result);
        return r < 0 ? r : run->result;
}

/* Writing to a child that has gone away raises SIGPIPE for this thread. It is blocked meanwhile, and one
 * that we caused is taken off again; one that was pending before, or is ignored or handled by the program,
 * is left alone. */
static int run_with_sigpipe_blocked(Run *run, ProcessResult *result) {
        sigset_t pipe_only, before, pending;
        bool was_pending;
        int r;

        (void) sigemptyset(&pipe_only);
        (void) sigaddset(&pipe_only, SIGPIPE);
        (void) sigpending(&pending);
        was_pending = sigismember(&pending, SIGPIPE) > 0;
        (void) pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
        while (!run_turn(run)) {}
        r = run_reap(run, result);
        if (!was_pending) {
                (void) sigtimedwait(&pipe_only, NULL, &(struct timespec) {});
        }
        (void) pthread_sigmask(SIG_SETMASK, &before, NULL);
        return r;
}

int process_run(const ProcessSpec *spec, ProcessResult *ret) {
        Run run = { .spec = spec, .deadline = USEC_INFINITY };
        ProcessResult result = {};
        uint64_t start = now_monotonic();
        int r;

        if (!spec->argv || !spec->argv[0]) {
                return -EINVAL;
        }
        run.chunk = malloc(READ_SIZE);
        if (!run.chunk) {
                return -ENOMEM;
        }
        if (spec->timeout_usec > 0 && spec->timeout_usec < USEC_INFINITY - start) {
                run.deadline = start + spec->timeout_usec;
        }
        r = spawn(spec, &run.child);
        if (r >= 0) {
                r = run_with_sigpipe_blocked(&run, &result);
                spawned_close(&run.child);
        }
        free(run.chunk);
        if (r >= 0) {
                result.timed_out = run.timed_out;
                result.cancelled = run.cancelled;
                result.duration_usec = now_monotonic() - start;
                *ret = result;
        }
        return r;
}
