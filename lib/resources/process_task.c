#include "resources/process_task.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fd_util.h"
#include "resources/spawn.h"

typedef struct Task {
        Spawned child;
        sd_event_source *end, *timeout;
        ProcessTaskHandler on_end;
        void *userdata;
} Task;

static Task *task_free(Task *task) {
        if (task) {
                (void) sd_event_source_disable_unref(task->end);
                (void) sd_event_source_disable_unref(task->timeout);
                spawned_close(&task->child);
                free(task);
        }
        return NULL;
}
DEFINE_TRIVIAL_CLEANUP_FUNC(Task *, task_free);

static void reap(const Task *task, ProcessResult *result) {
        (void) kill(-task->child.pid, SIGKILL); /* itself, or whatever it left behind in its group */
        (void) spawned_reap(&task->child, result);
}

static void read_all(int fd, Buffer *buffer) {
        while (buffer_read(buffer, fd, 0) > 0) {}
}

static void finish(Task *owned, bool timed_out) {
        _cleanup_(task_freep) Task *task = owned;
        ProcessTaskEnd end = { .result.timed_out = timed_out };

        reap(task, &end.result);
        read_all(task->child.fds[STDOUT_FILENO], &end.output);
        read_all(task->child.fds[STDERR_FILENO], &end.errors);
        task->on_end(&end, task->userdata);
        buffer_done(&end.output);
        buffer_done(&end.errors);
}

static int on_exit_of_child(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        finish(userdata, false);
        return 0;
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *userdata) {
        finish(userdata, true);
        return 0;
}

static int start(Task *task, sd_event *event, const ProcessSpec *spec) {
        int *input = &task->child.fds[STDIN_FILENO], r;

        r = sd_event_add_io(event, &task->end, task->child.pidfd, EPOLLIN, on_exit_of_child, task);
        r = r < 0 ? r :
                    sd_event_add_time_relative(event, &task->timeout, CLOCK_MONOTONIC, spec->timeout_usec, 0,
                                               on_timeout, task);
        if (r >= 0 && spec->input) {
                (void) fd_write_all(*input, spec->input,
                                    spec->input_length); /* it may have ended: it tells */
                *input = fd_close(*input);
        }
        return r;
}

int process_task_start(sd_event *event, const ProcessSpec *spec, ProcessTaskHandler on_end, void *userdata) {
        _cleanup_(task_freep) Task *task = calloc(1, sizeof(*task));
        int r;

        if (!task) {
                return -ENOMEM;
        }
        *task = (Task) { .child = { .pidfd = -EBADF, .fds = { -EBADF, -EBADF, -EBADF } },
                         .on_end = on_end,
                         .userdata = userdata };
        r = spawn(spec, &task->child);
        if (r < 0) {
                return r;
        }
        r = start(task, event, spec);
        if (r < 0) {
                ProcessResult unused = {};

                reap(task, &unused);
                return r;
        }
        TAKE_PTR(task); /* the loop's */
        return 0;
}
