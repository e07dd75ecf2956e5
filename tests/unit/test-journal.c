/* Journal records as journald would get them: in a mount namespace of our own a socket stands where its socket is. Without
 * that right, and without a journal, the text goes to stderr. */
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/fd_util.h"
#include "base/log.h"
#include "base/string_util.h"
#include "resources/journal.h"

#define CANNOT 77

typedef struct Told {
        Buffer record, errors; /* the datagram; stderr */
} Told;

static void told_done(Told *told) {
        buffer_done(&told->record);
        buffer_done(&told->errors);
}

/* In the child: an empty /run, and our socket as the journal's. */
static int listen_as_journald(void) {
        struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "/run/systemd/journal/socket" };
        int fd;

        if (mkdir("/run/systemd", 0755) < 0 || mkdir("/run/systemd/journal", 0755) < 0) {
                return -errno;
        }
        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || bind(fd, (const struct sockaddr *) &address, sizeof(address)) < 0) {
                return -errno;
        }
        return fd;
}

/* One datagram, if there is one, to the pipe. */
static void forward_record(int listener, int to) {
        struct pollfd polled = { .fd = listener, .events = POLLIN };
        char record[65536];

        if (listener >= 0 && poll(&polled, 1, 2000) > 0) {
                ssize_t n = recv(listener, record, sizeof(record), 0);

                (void) fd_write_all(to, record, n > 0 ? (size_t) n : 0);
        }
}

/* Runs body in a child with (or without) a journal. Returns false where namespaces are not allowed. */
static bool tell(void (*body)(void), bool journal, Told *ret) {
        int records[2], errors[2], status;
        pid_t child;

        assert_int_equal(pipe2(records, O_CLOEXEC), 0);
        assert_int_equal(pipe2(errors, O_CLOEXEC), 0);
        child = fork();
        if (child == 0) {
                int listener = -1;

                if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
                    mount("tmpfs", "/run", "tmpfs", 0, NULL) < 0) {
                        _exit(CANNOT);
                }
                listener = journal ? listen_as_journald() : -1;
                (void) dup2(errors[1], STDERR_FILENO);
                log_setup("tester");
                body();
                forward_record(listener, records[1]);
                _exit(0);
        }
        (void) fd_close(records[1]);
        (void) fd_close(errors[1]);
        while (buffer_read(&ret->errors, errors[0], 0) > 0) {}
        while (buffer_read(&ret->record, records[0], 0) > 0) {}
        (void) fd_close(records[0]);
        (void) fd_close(errors[0]);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == CANNOT));
        return WEXITSTATUS(status) == 0;
}

static void send_command(void) {
        const JournalField fields[] = {
                { "MESSAGE_ID", WEIR_MESSAGE_P4_COMMAND },
                { "WEIR_SERVER", "demo" },
                { "WEIR_STREAM", NULL },
                { "WEIR_COMMAND", "sizes -s //demo/..." },
        };

        journal_send(LOG_LEVEL_DEBUG, fields, ELEMENTSOF(fields), "demo: %s", "ok");
}

static void test_fields(void **state) {
        Told told = {};

        if (!tell(send_command, true, &told)) {
                skip();
        }
        assert_string_equal(told.record.data, "MESSAGE=demo: ok\nPRIORITY=7\nSYSLOG_IDENTIFIER=tester\n"
                                              "MESSAGE_ID=" WEIR_MESSAGE_P4_COMMAND "\nWEIR_SERVER=demo\n"
                                              "WEIR_COMMAND=sizes -s //demo/...\n");
        assert_int_equal(told.errors.length, 0);
        told_done(&told);
}

static void send_dirty(void) {
        journal_send(LOG_LEVEL_INFO, NULL, 0, "bad \xff\033[2J\nsecond line");
}

/* A MESSAGE of several lines goes in journald's binary form; its bytes are printable in any case. */
static void test_printable(void **state) {
        static const char text[] = "bad \\xff\\x1b[2J\nsecond line";
        Told told = {};

        if (!tell(send_dirty, true, &told)) {
                skip();
        }
        assert_true(string_has_prefix(told.record.data, "MESSAGE\n"));
        assert_memory_equal(told.record.data + strlen("MESSAGE\n") + 8, text, sizeof(text) - 1);
        told_done(&told);
        assert_true(tell(send_dirty, false, &told));
        assert_string_equal(told.errors.data, "tester: bad \\xff\\x1b[2J\ntester: second line\n");
        told_done(&told);
}

static void test_without_journal(void **state) {
        Told told = {};

        if (!tell(send_command, false, &told)) {
                skip();
        }
        assert_int_equal(told.errors.length, 0); /* of level debug */
        assert_int_equal(told.record.length, 0);
        told_done(&told);
}

static void send_too_much(void) {
        JournalField fields[64];

        for (size_t i = 0; i < ELEMENTSOF(fields); i++) {
                fields[i] = (JournalField) { "WEIR_ROWS", "1" };
        }
        journal_send(LOG_LEVEL_INFO, fields, ELEMENTSOF(fields), "too many fields");
}

/* What cannot be a record is at least said. */
static void test_bound(void **state) {
        Told told = {};

        if (!tell(send_too_much, true, &told)) {
                skip();
        }
        assert_string_equal(told.errors.data, "tester: too many fields\n");
        assert_int_equal(told.record.length, 0);
        told_done(&told);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_fields),
                cmocka_unit_test(test_printable),
                cmocka_unit_test(test_without_journal),
                cmocka_unit_test(test_bound),
        };

        return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
