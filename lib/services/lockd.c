/* See lockd.h for the life of a lock. While a lock waits, Lock.userdata is the request of whoever waits;
 * once held, it is its Pipe. */
#include "services/lockd.h"

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/fd_util.h"
#include "base/log.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "domain/lock_record.h"

#define STORE_NAME_PREFIX "lock-"

struct Lockd {
        sd_event *event;
        LockdObserver observer;
        LockTable table;
};

typedef struct Pipe {
        Lockd *lockd;
        Lock *lock;
        int read_fd;
        sd_event_source *hangup;
} Pipe;

static Pipe *pipe_free(Pipe *pipe) {
        if (pipe) {
                (void) sd_event_source_unref(pipe->hangup);
                (void) fd_close(pipe->read_fd);
                free(pipe);
        }
        return NULL;
}
DEFINE_TRIVIAL_CLEANUP_FUNC(Pipe *, pipe_free);

/* --- systemd's descriptor store --- */

static int store_add(uint64_t id, int fd) {
        char message[64];
        int r;

        (void) snprintf(message, sizeof(message), "FDSTORE=1\nFDNAME=" STORE_NAME_PREFIX "%" PRIu64, id);
        r = sd_pid_notify_with_fds(0, false, message, &fd, 1);
        return r < 0 ? r : 0; /* 0: no service manager, then no lock survives us */
}

static void store_remove(const char *name) {
        (void) sd_notifyf(false, "FDSTOREREMOVE=1\nFDNAME=%s", name);
}

static void store_remove_id(uint64_t id) {
        char name[64];

        (void) snprintf(name, sizeof(name), STORE_NAME_PREFIX "%" PRIu64, id);
        store_remove(name);
}

/* --- taking and freeing --- */

static void settle(Lockd *lockd);

static void end_lock(Pipe *pipe, LockEnd end) {
        Lockd *lockd = pipe->lockd;
        Lock *lock = pipe->lock;

        store_remove_id(lock->id);
        (void) pipe_free(pipe);
        lock->userdata = NULL;
        lockd->observer.ended(lock, end, lockd->observer.userdata);
        lock_table_remove(&lockd->table, lock);
}

static int on_hangup(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Pipe *pipe = userdata;
        Lockd *lockd = pipe->lockd;

        end_lock(pipe, LOCK_END_RELEASED);
        settle(lockd);
        return 0;
}

/* Takes read_fd over. No events are asked for: hanging up is always told, and the record in the pipe is to
 * stay there. */
static int attach(Lockd *lockd, Lock *lock, int *read_fd) {
        _cleanup_(pipe_freep) Pipe *pipe = calloc(1, sizeof(*pipe));
        int r;

        if (!pipe) {
                return -ENOMEM;
        }
        *pipe = (Pipe) { .lockd = lockd, .lock = lock, .read_fd = TAKE_FD(*read_fd) };
        r = sd_event_add_io(lockd->event, &pipe->hangup, pipe->read_fd, 0, on_hangup, pipe);
        /* Before the bus: who asks after a holder has gone is not told that it is still there. */
        r = r < 0 ? r : sd_event_source_set_priority(pipe->hangup, SD_EVENT_PRIORITY_IMPORTANT);
        if (r < 0) {
                return r;
        }
        lock->userdata = TAKE_PTR(pipe);
        return 0;
}

static int write_record(const Lock *lock, int fd) {
        Buffer buffer = {};
        int r = lock_record_write(lock, &buffer);

        if (r >= 0) {
                r = fd_write_all(fd, buffer.data, buffer.length);
        }
        buffer_done(&buffer);
        return r;
}

/* Makes the pipe of a lock that the table calls held. */
static int open_lock(Lockd *lockd, Lock *lock, int *ret_fd) {
        int ends[2] = { -EBADF, -EBADF }, r;
        _cleanup_close_ int read_fd = -EBADF, write_fd = -EBADF;

        r = RET_NERRNO(pipe2(ends, O_CLOEXEC | O_NONBLOCK));
        if (r < 0) {
                return r;
        }
        read_fd = ends[0];
        write_fd = ends[1];
        /* One page each, as the kernel counts them per user and makes late pipes too small when there are
         * many large ones. */
        (void) fcntl(write_fd, F_SETPIPE_SZ, LOCK_RECORD_MAX);
        lock->owner.since = now_realtime();
        r = write_record(lock, write_fd);
        if (r < 0) {
                return r;
        }
        r = store_add(lock->id, read_fd);
        if (r < 0) {
                return r; /* a lock that a restart would lose is none */
        }
        r = attach(lockd, lock, &read_fd);
        if (r < 0) {
                store_remove_id(lock->id);
                return r;
        }
        *ret_fd = TAKE_FD(write_fd);
        return 0;
}

/* Something left the table: whoever can have a lock now gets it. */
static void settle(Lockd *lockd) {
        Lock *lock;

        while ((lock = lock_table_grant_next(&lockd->table))) {
                void *request = lock->userdata;
                int fd = -EBADF, r;

                lock->userdata = NULL;
                r = open_lock(lockd, lock, &fd);
                lockd->observer.granted(lock, r < 0 ? r : fd, request, lockd->observer.userdata);
                if (r < 0) {
                        lock_table_remove(&lockd->table, lock);
                }
        }
        lockd->observer.changed(lockd->observer.userdata);
}

int lockd_acquire(Lockd *lockd, const char *resource, LockMode mode, const LockOwner *owner, void *request,
                  Lock **ret_lock, int *ret_fd) {
        Lock *lock = NULL;
        int r;

        if (lockd->table.n_held + lockd->table.n_waiting >= LOCKD_LOCKS_MAX) {
                return -ENOBUFS;
        }
        /* Ids come from the clock, so that none returns after a restart, when nobody knows the last one. */
        r = lock_table_add(&lockd->table, resource, mode, owner, (uint64_t) now_realtime(), &lock);
        if (r < 0) {
                return r;
        }
        if (!lock->held) {
                lock->userdata = request;
                *ret_lock = lock;
                lockd->observer.changed(lockd->observer.userdata);
                return 0;
        }
        r = open_lock(lockd, lock, ret_fd);
        if (r < 0) {
                lock_table_remove(&lockd->table, lock);
                return r;
        }
        *ret_lock = lock;
        lockd->observer.changed(lockd->observer.userdata);
        return 1;
}

void lockd_cancel(Lockd *lockd, Lock *waiter) {
        lock_table_remove(&lockd->table, waiter);
        settle(lockd);
}

unsigned lockd_break(Lockd *lockd, const char *resource) {
        Lock *lock = lockd->table.first, *next;
        unsigned n = 0;

        for (; lock; lock = next) {
                next = lock->next;
                if (lock->held && string_equal(lock->resource, resource)) {
                        end_lock(lock->userdata, LOCK_END_BROKEN);
                        n++;
                }
        }
        settle(lockd);
        return n;
}

/* --- restarts --- */

/* Reads the record of a pipe and leaves it there: tee(2) copies without consuming. */
static int peek_record(int fd, LockRecord *ret) {
        char text[LOCK_RECORD_MAX + 1];
        int ends[2];
        ssize_t n;

        if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) {
                return -errno;
        }
        n = tee(fd, ends[1], LOCK_RECORD_MAX, SPLICE_F_NONBLOCK);
        n = n < 0 ? -errno : read(ends[0], text, LOCK_RECORD_MAX);
        (void) fd_close(ends[0]);
        (void) fd_close(ends[1]);
        if (n <= 0) {
                return n < 0 ? (int) n : -EBADMSG;
        }
        text[n] = '\0';
        return lock_record_parse(text, ret);
}

static bool has_hung_up(int fd) {
        struct pollfd poll_fd = { .fd = fd };

        return poll(&poll_fd, 1, 0) != 0 && (poll_fd.revents & (POLLHUP | POLLNVAL | POLLERR));
}

/* Takes *fd over when it is a lock. -ESTALE: nobody holds it any more. */
static int restore_lock(Lockd *lockd, const char *name, int *fd) {
        char expected[64];
        LockRecord record = {};
        Lock *lock = NULL;
        int r;

        if (has_hung_up(*fd)) {
                return -ESTALE;
        }
        r = peek_record(*fd, &record);
        if (r < 0) {
                return r;
        }
        (void) snprintf(expected, sizeof(expected), STORE_NAME_PREFIX "%" PRIu64, record.id);
        r = string_equal(name, expected) ? lock_table_restore(&lockd->table, record.resource, record.mode,
                                                              &record.owner, record.id, &lock) :
                                           -EBADMSG;
        lock_record_done(&record);
        if (r < 0) {
                return r;
        }
        r = attach(lockd, lock, fd);
        if (r < 0) {
                lock_table_remove(&lockd->table, lock);
        }
        return r;
}

int lockd_restore(Lockd *lockd) {
        char **names = NULL;
        int n = sd_listen_fds_with_names(true, &names), r;

        for (int i = 0; i < n; i++) {
                _cleanup_close_ int fd = SD_LISTEN_FDS_START + i;

                r = restore_lock(lockd, names[i], &fd);
                if (r < 0) {
                        store_remove(names[i]);
                }
                if (r < 0 && r != -ESTALE) {
                        log_notice("Dropping descriptor \"%s\" from the store, it is no lock: %s", names[i],
                                   strerror(-r));
                }
        }
        strv_free(names);
        return n < 0 ? n : 0;
}

/* --- life --- */

const LockTable *lockd_table(const Lockd *lockd) {
        return &lockd->table;
}

int lockd_new(sd_event *event, const LockdObserver *observer, Lockd **ret) {
        Lockd *lockd = calloc(1, sizeof(*lockd));

        if (!lockd) {
                return -ENOMEM;
        }
        lockd->event = sd_event_ref(event);
        lockd->observer = *observer;
        *ret = lockd;
        return 0;
}

Lockd *lockd_free(Lockd *lockd) {
        if (!lockd) {
                return NULL;
        }
        for (Lock *lock = lockd->table.first; lock; lock = lock->next) {
                if (lock->held) {
                        (void) pipe_free(lock->userdata);
                }
        }
        lock_table_done(&lockd->table);
        (void) sd_event_unref(lockd->event);
        free(lockd);
        return NULL;
}
