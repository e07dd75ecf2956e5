/* Commands in the foreground: their exit status is ours, signals reach them, a watched descriptor is told once. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/macro.h"
#include "resources/foreground.h"

static int run(const char *script) {
        char *const argv[] = { (char *) "sh", (char *) "-c", (char *) script, NULL };
        const ForegroundSpec spec = { .argv = argv, .watch_fd = -1 };

        return foreground_run(&spec);
}

static void test_exit_status(void **state) {
        static const struct {
                const char *script;
                int status;
        } cases[] = {
                { "exit 0", 0 },
                { "exit 1", 1 },
                { "exit 75", 75 },
                { "exit 255", 255 },
                { "kill -KILL $$", 137 },
                { "kill -TERM $$", 143 },
                { "sh -c 'exit 9'", 9 },
                { "sleep 0.1; exit 3", 3 },
                { "(sleep 5)& exit 4", 4 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                assert_int_equal(run(cases[i].script), cases[i].status);
        }
}

static void test_not_started(void **state) {
        char *const missing[] = { (char *) "no-such-command-anywhere", NULL }, *const folder[] = {
                (char *) "/", NULL
        };
        ForegroundSpec spec = { .argv = missing, .watch_fd = -1 };

        assert_int_equal(foreground_run(&spec), -ENOENT);
        spec.argv = folder;
        assert_int_equal(foreground_run(&spec), -EACCES);
}

/* The command starts with the signals as we had them, and we have them back afterwards. */
static void test_signals_are_untouched(void **state) {
        sigset_t before, after;

        assert_int_equal(sigprocmask(SIG_SETMASK, NULL, &before), 0);
        assert_int_equal(run("test \"$(grep SigBlk /proc/self/status | cut -f2)\" = 0000000000000000"), 0);
        assert_int_equal(sigprocmask(SIG_SETMASK, NULL, &after), 0);
        for (int number = 1; number < 32; number++) {
                assert_int_equal(sigismember(&before, number), sigismember(&after, number));
        }
}

static void test_signals_are_passed_on(void **state) {
        static const int numbers[] = { SIGTERM, SIGHUP, SIGINT, SIGUSR1 };

        for (size_t i = 0; i < ELEMENTSOF(numbers); i++) {
                int ends[2], status;
                char byte;
                pid_t pid;

                assert_int_equal(pipe(ends), 0);
                pid = fork();
                if (pid == 0) {
                        (void) dup2(ends[1], STDOUT_FILENO);
                        _exit(run("trap 'exit 7' TERM HUP INT USR1; echo; while :; do sleep 0.05; done"));
                }
                assert_int_equal(read(ends[0], &byte, 1), 1); /* the trap is set */
                assert_int_equal(kill(pid, numbers[i]), 0);
                assert_int_equal(waitpid(pid, &status, 0), pid);
                assert_int_equal(WEXITSTATUS(status), 7);
                (void) close(ends[0]);
                (void) close(ends[1]);
        }
}

/* Killed without warning, we take the command with us. */
static void test_dies_with_us(void **state) {
        int ends[2];
        char byte;
        pid_t pid;

        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        pid = fork();
        if (pid == 0) {
                (void) dup2(ends[1], STDOUT_FILENO);
                _exit(run("echo; exec sleep 60"));
        }
        (void) close(ends[1]);
        assert_int_equal(read(ends[0], &byte, 1), 1);
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        assert_int_equal(read(ends[0], &byte, 1), 0); /* nobody has the other end any more */
        (void) close(ends[0]);
}

static void count(void *userdata) {
        ++*(unsigned *) userdata;
}

static void test_watch(void **state) {
        char *const argv[] = { (char *) "sleep", (char *) "0.2", NULL };
        unsigned n = 0;
        int ends[2];
        ForegroundSpec spec = { .argv = argv, .on_watch = count, .userdata = &n };

        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        spec.watch_fd = ends[1];
        assert_int_equal(foreground_run(&spec), 0);
        assert_int_equal(n, 0);
        (void) close(ends[0]); /* a broken lock looks like this */
        assert_int_equal(foreground_run(&spec), 0);
        assert_int_equal(n, 1);
        (void) close(ends[1]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_exit_status),           cmocka_unit_test(test_not_started),
                cmocka_unit_test(test_signals_are_untouched), cmocka_unit_test(test_signals_are_passed_on),
                cmocka_unit_test(test_dies_with_us),          cmocka_unit_test(test_watch),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
