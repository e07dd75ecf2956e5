#include "services/run_locks.h"

#include <pthread.h>
#include <string.h>

#include "base/fd_util.h"
#include "base/log.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "clients/lock_client.h"
#include "services/report.h"

struct RunLocks {
        pthread_mutex_t mutex; /* a bus connection is one thread's at a time */
        LockClient *client;    /* connected when the first lock is wanted */
        uint64_t deadline;     /* monotonic; 0: no waiting; USEC_INFINITY: for ever */
        int *fds;
        size_t n_fds;
};

int run_locks_new(uint64_t wait_usec, RunLocks **ret) {
        RunLocks *locks = calloc(1, sizeof(*locks));
        if (!locks) {
                return -ENOMEM;
        }
        (void) pthread_mutex_init(&locks->mutex, NULL);
        uint64_t now = now_monotonic();
        locks->deadline =
                        wait_usec == 0 ? 0 :
                                         (wait_usec > USEC_INFINITY - now ? USEC_INFINITY : now + wait_usec);
        *ret = locks;
        return 0;
}

RunLocks *run_locks_free(RunLocks *locks) {
        if (locks) {
                while (locks->n_fds > 0) {
                        (void) fd_close(locks->fds[--locks->n_fds]);
                }
                free(locks->fds);
                (void) lock_client_free(locks->client);
                (void) pthread_mutex_destroy(&locks->mutex);
                free(locks);
        }
        return NULL;
}

static uint64_t time_left(const RunLocks *locks) {
        if (locks->deadline == 0 || locks->deadline == USEC_INFINITY) {
                return locks->deadline;
        }
        uint64_t now = now_monotonic();
        return now >= locks->deadline ? 0 : locks->deadline - now;
}

static int acquire(RunLocks *locks, const char *resource, const char *mode, const char *why,
                   uint64_t wait_usec, LockHolder *ret_busy, char **ret_message) {
        int r = locks->client ? 0 : lock_client_new(&locks->client);
        if (r < 0) {
                return r;
        }
        int *fds = reallocarray(locks->fds, locks->n_fds + 1, sizeof(*fds));
        if (!fds) {
                return -ENOMEM;
        }
        locks->fds = fds;
        r = lock_client_acquire(locks->client, resource, mode, why, wait_usec, ret_busy, ret_message);
        if (r < 0) {
                return r;
        }
        locks->fds[locks->n_fds++] = r;
        return 0;
}

static void report_busy(const char *resource, const LockHolder *holder) {
        char since[TIME_TEXT_MAX];
        Report busy = { .priority = LOG_LEVEL_WARNING, .lock = resource, .holder = holder->holder };
        report(&busy, "Busy: %s %s %s, %s since %s%s%s", holder->holder ?: "someone",
               holder->waiting ? "waits for" : "holds", holder->resource ?: resource,
               holder->mode ?: "exclusive", time_format_local(since, holder->since),
               string_is_empty(holder->why) ? "" : ": ", holder->why ?: "");
}

int run_locks_take(RunLocks *locks, const char *resource, const char *mode, const char *why) {
        _cleanup_(lock_holder_done) LockHolder holder = {};
        _cleanup_free_ char *message = NULL;
        int r = acquire(locks, resource, mode, why, time_left(locks), &holder, &message);
        if (r == -EBUSY) {
                report_busy(resource, &holder);
        } else if (r < 0) {
                Report failure = { .priority = LOG_LEVEL_ERROR, .lock = resource };
                report(&failure, "Failed to lock %s: %s", resource, message ?: strerror(-r));
        }
        return r;
}

int run_locks_try(RunLocks *locks, const char *resource, const char *mode, const char *why) {
        _cleanup_(lock_holder_done) LockHolder holder = {};
        _cleanup_free_ char *message = NULL;
        (void) pthread_mutex_lock(&locks->mutex);
        int r = acquire(locks, resource, mode, why, 0, &holder, &message);
        (void) pthread_mutex_unlock(&locks->mutex);
        return r == -EBUSY ? 0 : (r < 0 ? r : 1);
}
