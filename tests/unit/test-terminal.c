/* Secrets from a real terminal (a pty) and from a pipe. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/fd_util.h"
#include "base/macro.h"
#include "resources/terminal.h"

static void test_pipe(void **state) {
        static const struct {
                const char *input;
                int result;
                const char *secret;
        } cases[] = {
                { "secret\n", 6, "secret" },
                { "no newline", 10, "no newline" },
                { "\n", 0, "" },
                { "", -ENODATA, NULL },
                { "a b\xd1\x8f \nrest", 6, "a b\xd1\x8f " },
                { "123456789012345\n", 15, "123456789012345" },
                { "1234567890123456\n", -ENOBUFS, NULL },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                int ends[2], before = dup(STDIN_FILENO), r;
                char secret[16] = "";

                assert_int_equal(pipe(ends), 0);
                assert_int_equal(fd_write_all(ends[1], cases[i].input, strlen(cases[i].input)), 0);
                (void) close(ends[1]);
                (void) dup2(ends[0], STDIN_FILENO);
                (void) close(ends[0]);
                r = terminal_read_secret("Password: ", secret, sizeof(secret));
                (void) dup2(before, STDIN_FILENO);
                (void) close(before);
                assert_int_equal(r, cases[i].result);
                if (cases[i].secret) {
                        assert_string_equal(secret, cases[i].secret);
                }
        }
}

/* A child that asks on a terminal of its own; its exit status is the length it read. */
static pid_t ask_on_terminal(int *ret_master) {
        pid_t pid = forkpty(ret_master, NULL, NULL, NULL);

        assert_true(pid >= 0);
        if (pid == 0) {
                char secret[64];
                int r = terminal_read_secret("Password: ", secret, sizeof(secret));

                _exit(r < 0 ? 200 : strcmp(secret, "hush") == 0 ? r : 100);
        }
        return pid;
}

/* Everything the terminal showed until text came, or until the other side is gone. */
static void read_until(int master, const char *text, char *seen, size_t size) {
        size_t n = strlen(seen);

        while (!text || !strstr(seen, text)) {
                struct pollfd one = { .fd = master, .events = POLLIN };
                ssize_t r;

                assert_true(poll(&one, 1, 10000) > 0);
                r = read(master, seen + n, size - n - 1);
                if (r <= 0) {
                        return;
                }
                n += (size_t) r;
                seen[n] = '\0';
        }
}

static bool echoes(int master) {
        struct termios settings;

        assert_int_equal(tcgetattr(master, &settings), 0);
        return settings.c_lflag & ECHO;
}

static void test_terminal(void **state) {
        char seen[256] = "";
        int master, status;
        pid_t pid = ask_on_terminal(&master);

        read_until(master, "Password: ", seen, sizeof(seen));
        while (echoes(master)) {
                (void) usleep(1000);
        }
        assert_int_equal(fd_write_all(master, "hush\n", 5), 0);
        read_until(master, "\n", seen, sizeof(seen));
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(WEXITSTATUS(status), 4);
        assert_null(strstr(seen, "hush"));
        assert_true(echoes(master));
        (void) close(master);
}

/* ^C ends the program as always, with a terminal that shows again what is typed. */
static void test_interrupted(void **state) {
        char seen[256] = "";
        int master, status;
        pid_t pid = ask_on_terminal(&master);

        read_until(master, "Password: ", seen, sizeof(seen));
        while (echoes(master)) {
                (void) usleep(1000);
        }
        assert_int_equal(fd_write_all(master, "hu\003", 3), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGINT);
        assert_true(echoes(master));
        (void) close(master);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_pipe),
                cmocka_unit_test(test_terminal),
                cmocka_unit_test(test_interrupted),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
