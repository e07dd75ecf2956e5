/* For the tests of daemons: a real dbus-daemon of our own, and what PID 1 does for a service: starting it,
 * listening to its notifications and keeping its descriptors. As PID 1 does, messages are read before a
 * death is believed. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd_util.h"
#include "base/macro.h"
#include "base/string_util.h"
#include "base/time_util.h"

#define STORE_MAX 8192

typedef struct PrivateBus {
        char directory[64];
        pid_t dbus_pid, service_pid;
        int notify_fd;
        pthread_t listener;
        pthread_mutex_t mutex;
        bool ready, closing;
        char status[256];
        struct {
                char name[64];
                int fd;
        } store[STORE_MAX];
        size_t n_stored;
        bool polls_store; /* as systemd does without FDPOLL=0: what hung up is thrown away */
} PrivateBus;

static PrivateBus private_bus = { .mutex = PTHREAD_MUTEX_INITIALIZER, .polls_store = true };

/* --- the bus --- */

/* Like session.conf, but other users may come in, too. */
static const char bus_config[] =
                "<busconfig><type>session</type><listen>unix:path=%s/bus</listen><auth>EXTERNAL</auth>"
                "<policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/>"
                "<allow own=\"*\"/><allow user=\"*\"/></policy>"
                "<limit name=\"max_replies_per_connection\">50000</limit></busconfig>\n";

static inline void bus_start(void) {
        char path[128], *config = NULL, line[256];
        int ends[2];

        (void) snprintf(private_bus.directory, sizeof(private_bus.directory), "/tmp/weir-test-bus-XXXXXX");
        assert_non_null(mkdtemp(private_bus.directory));
        assert_int_equal(chmod(private_bus.directory, 0755), 0);
        assert_int_equal(string_format(&config, bus_config, private_bus.directory), 0);
        (void) snprintf(path, sizeof(path), "%s/bus.conf", private_bus.directory);
        assert_int_equal(file_write_atomic(path, config, strlen(config), 0644), 0);
        free(config);
        assert_int_equal(pipe(ends), 0);
        private_bus.dbus_pid = fork();
        assert_true(private_bus.dbus_pid >= 0);
        if (private_bus.dbus_pid == 0) {
                char argument[160], print[32];

                (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
                (void) snprintf(argument, sizeof(argument), "--config-file=%s", path);
                (void) snprintf(print, sizeof(print), "--print-address=%d", ends[1]);
                (void) dup2(open("/dev/null", O_WRONLY), STDERR_FILENO); /* it grumbles about limits */
                (void) execlp("dbus-daemon", "dbus-daemon", argument, print, "--nofork", "--nopidfile",
                              "--nosyslog", NULL);
                _exit(127);
        }
        (void) close(ends[1]);
        assert_true(read(ends[0], line, sizeof(line)) > 0); /* it listens now */
        (void) close(ends[0]);
        (void) snprintf(line, sizeof(line), "unix:path=%s/bus", private_bus.directory);
        assert_int_equal(setenv("DBUS_SYSTEM_BUS_ADDRESS", line, 1), 0);
}

/* --- PID 1's part --- */

static inline void store_drop(size_t i) {
        (void) close(private_bus.store[i].fd);
        private_bus.store[i] = private_bus.store[--private_bus.n_stored];
}

static inline void store_apply(char *message, int fd) {
        const char *name = "";
        bool add = false, drop = false;

        for (char *line = strtok(message, "\n"); line; line = strtok(NULL, "\n")) {
                add = add || string_equal(line, "FDSTORE=1");
                drop = drop || string_equal(line, "FDSTOREREMOVE=1");
                private_bus.ready = private_bus.ready || string_equal(line, "READY=1");
                if (string_has_prefix(line, "FDNAME=")) {
                        name = line + strlen("FDNAME=");
                } else if (string_has_prefix(line, "STATUS=")) {
                        (void) snprintf(private_bus.status, sizeof(private_bus.status), "%s",
                                        line + strlen("STATUS="));
                }
        }
        for (size_t i = private_bus.n_stored; drop && i > 0; i--) {
                if (string_equal(private_bus.store[i - 1].name, name)) {
                        store_drop(i - 1);
                }
        }
        if (add && private_bus.n_stored < STORE_MAX) {
                (void) snprintf(private_bus.store[private_bus.n_stored].name, 64, "%s", name);
                private_bus.store[private_bus.n_stored++].fd = fd;
        } else if (fd >= 0) {
                (void) close(fd);
        }
}

/* One notification; false when there is none. */
static inline bool notify_read(void) {
        char text[4096], control[CMSG_SPACE(sizeof(int))];
        struct iovec part = { text, sizeof(text) - 1 };
        struct msghdr message = {
                .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
        };
        struct cmsghdr *header;
        int fd = -1;
        ssize_t n = recvmsg(private_bus.notify_fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

        if (n < 0) {
                return false;
        }
        text[n] = '\0';
        header = CMSG_FIRSTHDR(&message);
        if (header && header->cmsg_type == SCM_RIGHTS) {
                memcpy(&fd, CMSG_DATA(header), sizeof(fd));
        }
        store_apply(text, fd);
        return true;
}

static inline void store_poll(void) {
        for (size_t i = private_bus.n_stored; i > 0 && private_bus.polls_store; i--) {
                struct pollfd one = { .fd = private_bus.store[i - 1].fd };

                if (poll(&one, 1, 0) > 0 && (one.revents & (POLLHUP | POLLERR))) {
                        store_drop(i - 1);
                }
        }
}

static inline void *listen_for_notifications(void *unused) {
        while (!private_bus.closing) {
                struct pollfd one = { .fd = private_bus.notify_fd, .events = POLLIN };

                (void) poll(&one, 1, 10);
                (void) pthread_mutex_lock(&private_bus.mutex);
                while (notify_read()) {}
                store_poll();
                (void) pthread_mutex_unlock(&private_bus.mutex);
        }
        return NULL;
}

static inline void manager_start(void) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int size = 8 * 1024 * 1024;

        (void) snprintf(address.sun_path, sizeof(address.sun_path), "%s/notify", private_bus.directory);
        private_bus.notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        assert_true(private_bus.notify_fd >= 0);
        (void) setsockopt(private_bus.notify_fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
        assert_int_equal(bind(private_bus.notify_fd, (struct sockaddr *) &address, sizeof(address)), 0);
        assert_int_equal(pthread_create(&private_bus.listener, NULL, listen_for_notifications, NULL), 0);
}

/* In the child: the stored descriptors become 3, 4, …, as sd_listen_fds(3) wants them. */
static inline void pass_store(void) {
        _cleanup_free_ char *names = NULL;
        char number[32];
        size_t length = 1;

        for (size_t i = 0; i < private_bus.n_stored; i++) {
                private_bus.store[i].fd = fcntl(private_bus.store[i].fd, F_DUPFD, 3 + STORE_MAX);
                length += strlen(private_bus.store[i].name) + 1;
        }
        names = calloc(1, length);
        for (size_t i = 0; i < private_bus.n_stored; i++) {
                (void) dup2(private_bus.store[i].fd, 3 + (int) i);
                strcat(strcat(names, i > 0 ? ":" : ""), private_bus.store[i].name);
        }
        (void) close_range(3 + (unsigned) private_bus.n_stored, UINT_MAX, 0);
        if (private_bus.n_stored > 0) {
                (void) snprintf(number, sizeof(number), "%zu", private_bus.n_stored);
                (void) setenv("LISTEN_FDS", number, 1);
                (void) setenv("LISTEN_FDNAMES", names, 1);
                (void) snprintf(number, sizeof(number), "%d", getpid());
                (void) setenv("LISTEN_PID", number, 1);
        }
}

/* Programs are built next to the folder of the tests. */
static inline char *program_path(const char *program) {
        char own[PATH_MAX], *path = NULL;
        ssize_t n = readlink("/proc/self/exe", own, sizeof(own) - 1);

        assert_true(n > 0);
        own[n] = '\0';
        *strrchr(own, '/') = '\0';
        *strrchr(own, '/') = '\0';
        assert_int_equal(string_format(&path, "%s/%s", own, program), 0);
        return path;
}

static inline void service_start(const char *program) {
        _cleanup_free_ char *path = program_path(program);
        uint64_t end = now_monotonic() + 20 * USEC_PER_SEC;
        bool ready = false;

        private_bus.ready = false;
        (void) pthread_mutex_lock(&private_bus.mutex);
        private_bus.service_pid = fork();
        if (private_bus.service_pid == 0) {
                char notify[128];

                (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
                (void) snprintf(notify, sizeof(notify), "%s/notify", private_bus.directory);
                (void) setenv("NOTIFY_SOCKET", notify, 1);
                pass_store();
                (void) execl(path, program, NULL);
                _exit(127);
        }
        (void) pthread_mutex_unlock(&private_bus.mutex);
        while (!ready) {
                (void) usleep(1000);
                (void) pthread_mutex_lock(&private_bus.mutex);
                ready = private_bus.ready;
                (void) pthread_mutex_unlock(&private_bus.mutex);
                assert_true(now_monotonic() < end);
        }
}

/* Ends the service by a signal; its last words are heard. Returns the wait status. */
static inline int service_end(int signal_number) {
        int status = 0;

        assert_int_equal(kill(private_bus.service_pid, signal_number), 0);
        assert_int_equal(waitpid(private_bus.service_pid, &status, 0), private_bus.service_pid);
        (void) pthread_mutex_lock(&private_bus.mutex);
        while (notify_read()) {}
        store_poll();
        (void) pthread_mutex_unlock(&private_bus.mutex);
        private_bus.service_pid = 0;
        return status;
}

static inline size_t store_count(void) {
        size_t n;

        (void) pthread_mutex_lock(&private_bus.mutex);
        n = private_bus.n_stored;
        (void) pthread_mutex_unlock(&private_bus.mutex);
        return n;
}

static inline void private_bus_end(void) {
        char command[128];

        private_bus.closing = true;
        (void) pthread_join(private_bus.listener, NULL);
        while (private_bus.n_stored > 0) {
                store_drop(0);
        }
        (void) close(private_bus.notify_fd);
        (void) kill(private_bus.dbus_pid, SIGKILL);
        (void) waitpid(private_bus.dbus_pid, NULL, 0);
        (void) snprintf(command, sizeof(command), "rm -rf '%s'", private_bus.directory);
        assert_int_equal(system(command), 0);
}
