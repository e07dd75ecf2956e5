/*
 * See temporary.h. The handler only calls unlink, signal and raise; the table is a fixed array of pointers,
 * so that it may be read at any moment: a name is entered complete and taken out before it is freed.
 */
#include "temporary.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
        TEMPORARY_MAX = 128, /* files being written at one time */
};

static _Atomic(const char *) registered[TEMPORARY_MAX];

static void on_signal(int signal_number) {
        for (size_t i = 0; i < ELEMENTSOF(registered); i++) {
                const char *name = atomic_load(&registered[i]);

                if (name) {
                        (void) unlink(name);
                }
        }
        /* SA_RESETHAND restored the default action; it takes effect when the handler returns. */
        (void) raise(signal_number);
}

void temporary_catch_signals(void) {
        static const int signals[] = { SIGHUP, SIGINT, SIGTERM, SIGPIPE };
        struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESETHAND }, old;

        for (size_t i = 0; i < ELEMENTSOF(signals); i++) {
                if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN) {
                        (void) sigaction(signals[i], &action, NULL);
                }
        }
}

static bool enter(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(registered); i++) {
                const char *expected = NULL;

                if (atomic_compare_exchange_strong(&registered[i], &expected, name)) {
                        return true;
                }
        }
        return false;
}

static void leave(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(registered); i++) {
                if (atomic_load(&registered[i]) == name) {
                        atomic_store(&registered[i], NULL);
                }
        }
}

/* The product's names, tmp.PID.NUMBER in the directory of the target; the next number if somebody has
 * that one. */
static char *free_name(const char *target) {
        static unsigned counter;
        const char *slash = strrchr(target, '/');
        Buffer name = {};

        do {
                buffer_clear(&name);
                buffer_append(&name, target, slash ? (size_t) (slash - target + 1) : 0);
                buffer_printf(&name, "tmp.%ld.%u", (long) getpid(), ++counter);
        } while (faccessat(AT_FDCWD, name.data, F_OK, AT_SYMLINK_NOFOLLOW) == 0);
        return name.data;
}

int temporary_name(const char *target, char **ret_name) {
        char *name = free_name(target);

        if (!enter(name)) {
                free(name);
                return -EMFILE;
        }
        *ret_name = name;
        return 0;
}

int temporary_create(const char *target, mode_t mode, char **ret_name) {
        char *name;
        int r, fd;

        r = temporary_name(target, &name);
        if (r < 0) {
                return r;
        }
        fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        if (fd < 0) {
                r = -errno;
                leave(name);
                free(name);
                return r;
        }
        *ret_name = name;
        return fd;
}

int temporary_rename(const char *name, const char *target) {
        if (rename(name, target) < 0) {
                return -errno;
        }
        leave(name);
        return 0;
}

void temporary_remove(const char *name) {
        int saved = errno;

        (void) unlink(name);
        leave(name);
        errno = saved;
}

int write_all(int fd, Str content) {
        while (content.length > 0) {
                ssize_t n = write(fd, content.data, content.length);

                if (n < 0 && errno != EINTR) {
                        return -errno;
                }
                if (n > 0) {
                        content = str_sub(content, (size_t) n, content.length - (size_t) n);
                }
        }
        return 0;
}

int file_replace(const char *target, Str content, mode_t mode) {
        _cleanup_(free_charp) char *name = NULL;
        _cleanup_(close_fd) int fd = temporary_create(target, mode, &name);
        int r;

        if (fd < 0) {
                return fd;
        }
        r = write_all(fd, content);
        if (r == 0) {
                r = temporary_rename(name, target);
        }
        if (r < 0) {
                temporary_remove(name);
        }
        return r;
}
