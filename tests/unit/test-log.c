/* The log: levels, forged lines, the journal's prefix; what a child process writes to its stderr is
 * compared. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/fd_util.h"
#include "base/log.h"

/* Runs body with stderr in a pipe (or a pipe that pretends to be the journal) and WEIR_LOG_LEVEL as given.
 * */
static void capture(void (*body)(void), const char *level, bool journal, const char *expected) {
        Buffer buffer = {};
        int fds[2], status;
        pid_t child;

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        child = fork();
        if (child == 0) {
                struct stat st;
                char stream[64];

                (void) dup2(fds[1], STDERR_FILENO);
                (void) fstat(STDERR_FILENO, &st);
                (void) snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long) st.st_dev,
                                (unsigned long long) st.st_ino + (journal ? 0 : 1));
                (void) setenv("JOURNAL_STREAM", stream, 1);
                (void) (level ? setenv("WEIR_LOG_LEVEL", level, 1) : unsetenv("WEIR_LOG_LEVEL"));
                log_setup("tester");
                body();
                _exit(0);
        }
        (void) fd_close(fds[1]);
        while (buffer_read(&buffer, fds[0], 0) > 0) {}
        (void) fd_close(fds[0]);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        assert_string_equal(buffer.data ? buffer.data : "", expected);
        buffer_done(&buffer);
}

static void one_of_each(void) {
        (void) log_error(0, "e%d", 1);
        (void) log_warning(0, "w");
        log_notice("n");
        log_info("i");
        log_debug("d");
}

static void test_levels(void **state) {
        static const struct {
                const char *level, *expected;
        } table[] = {
                { NULL, "tester: e1\ntester: w\ntester: n\ntester: i\n" },
                { "debug", "tester: e1\ntester: w\ntester: n\ntester: i\ntester: d\n" },
                { "7", "tester: e1\ntester: w\ntester: n\ntester: i\ntester: d\n" },
                { "Warning", "tester: e1\ntester: w\n" },
                { "4", "tester: e1\ntester: w\n" },
                { "err", "tester: e1\n" },
                { "error", "tester: e1\n" },
                { "nonsense",
                  "tester: WEIR_LOG_LEVEL=nonsense is no level (3 to 7, err to debug), ignoring it\n"
                  "tester: e1\ntester: w\ntester: n\ntester: i\n" },
                { "2", "tester: WEIR_LOG_LEVEL=2 is no level (3 to 7, err to debug), ignoring it\n"
                       "tester: e1\ntester: w\ntester: n\ntester: i\n" },
                { "emerg", "tester: WEIR_LOG_LEVEL=emerg is no level (3 to 7, err to debug), ignoring it\n"
                           "tester: e1\ntester: w\ntester: n\ntester: i\n" },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                capture(one_of_each, table[i].level, false, table[i].expected);
        }
        capture(one_of_each, NULL, true, "<3>e1\n<4>w\n<5>n\n<6>i\n");
}

static void forged(void) {
        log_info("first\n\n<0>forged\033[2J\r\xff");
        log_info("%s", "%s%n");
}

static void test_no_forging(void **state) {
        capture(forged, NULL, false, "tester: first\ntester: <0>forged\\x1b[2J\\x0d\\xff\ntester: %s%n\n");
        capture(forged, NULL, true, "<6>first\n<6><0>forged\\x1b[2J\\x0d\\xff\n<6>%s%n\n");
}

static void long_line(void) {
        char text[20000];

        memset(text, 'x', sizeof(text));
        text[sizeof(text) - 1] = 0;
        log_info("%s", text);
}

static void test_long_line(void **state) {
        char expected[8300];

        memcpy(expected, "tester: ", 8);
        memset(expected + 8, 'x', 8189);
        strcpy(expected + 8 + 8189, "\xe2\x80\xa6\n");
        capture(long_line, NULL, false, expected);
}

static void test_returns_its_error(void **state) {
        errno = EXDEV;
        assert_int_equal(log_full(LOG_LEVEL_DEBUG, -EPERM, "not shown"), -EPERM);
        assert_int_equal(errno, EXDEV);
        assert_int_equal(log_max_level(), LOG_LEVEL_INFO);
        assert_string_equal(log_program_name(), program_invocation_short_name);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_levels),
                cmocka_unit_test(test_no_forging),
                cmocka_unit_test(test_long_line),
                cmocka_unit_test(test_returns_its_error),
        };

        return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
