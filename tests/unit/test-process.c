/* process_run(): output, status, input, environment, descriptors, signals, timeout, cancel, what is left
 * behind. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/fd_util.h"
#include "base/time_util.h"
#include "resources/process.h"

#include "many_threads.h"

typedef struct Collected {
        Buffer output, errors;
        int answer; /* of on_stdout */
} Collected;

static int collect_output(const void *data, size_t length, void *userdata) {
        Collected *collected = userdata;
        int r = buffer_append(&collected->output, data, length);

        return collected->answer < 0 ? collected->answer : r;
}

static int collect_errors(const void *data, size_t length, void *userdata) {
        return buffer_append(&((Collected *) userdata)->errors, data, length);
}

static void collected_done(Collected *collected) {
        buffer_done(&collected->output);
        buffer_done(&collected->errors);
}

#define SHELL(script) ((const char *const[]) { "/bin/sh", "-c", (script), NULL })

static ProcessSpec spec_for(const char *const *argv, Collected *collected) {
        ProcessSpec spec = PROCESS_SPEC_INIT;

        spec.argv = argv;
        spec.on_stdout = collect_output;
        spec.on_stderr = collect_errors;
        spec.userdata = collected;
        return spec;
}

static void test_results(void **state) {
        static const struct {
                const char *script, *output, *errors;
                int exit_status, signal;
        } table[] = {
                { "exit 0", "", "", 0, 0 },
                { "exit 7", "", "", 7, 0 },
                { "echo out; echo err >&2; exit 3", "out\n", "err\n", 3, 0 },
                { "kill -SEGV $$", "", "", 0, SIGSEGV },
                { "cat", "", "", 0, 0 }, /* stdin is /dev/null */
                { "pwd", "/\n", "", 0, 0 },
                { "exec >&- 2>&-; exit 5", "", "", 5, 0 },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                Collected collected = {};
                ProcessSpec spec = spec_for(SHELL(table[i].script), &collected);
                ProcessResult result;

                assert_int_equal(process_run(&spec, &result), 0);
                assert_int_equal(result.exit_status, table[i].exit_status);
                assert_int_equal(result.signal, table[i].signal);
                assert_false(result.timed_out || result.cancelled);
                assert_string_equal(collected.output.data ? collected.output.data : "", table[i].output);
                assert_string_equal(collected.errors.data ? collected.errors.data : "", table[i].errors);
                collected_done(&collected);
        }
}

static void test_cannot_start(void **state) {
        static const struct {
                const char *program;
                int error;
        } table[] = {
                { "/nonexistent/program", -ENOENT },
                { "weir-no-such-program", -ENOENT },
                { "/etc/passwd", -EACCES },
                { "/", -EACCES },
                { "", -ENOENT },
        };
        ProcessResult result = { .exit_status = 4711 };
        ProcessSpec spec = PROCESS_SPEC_INIT;

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                spec.argv = (const char *const[]) { table[i].program, NULL };
                assert_int_equal(process_run(&spec, &result), table[i].error);
        }
        spec.argv = (const char *const[]) { NULL };
        assert_int_equal(process_run(&spec, &result), -EINVAL);
        spec.argv = SHELL("exit 0");
        spec.directory = "/nonexistent";
        assert_int_equal(process_run(&spec, &result), -ENOENT);
        assert_int_equal(result.exit_status, 4711);       /* untouched on failure */
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* and no zombie */
}

static void test_program_from_path(void **state) {
        ProcessSpec spec = PROCESS_SPEC_INIT;
        ProcessResult result;

        spec.argv = (const char *const[]) { "true", NULL };
        assert_int_equal(process_run(&spec, &result), 0);
        assert_int_equal(result.exit_status, 0);
}

static void test_environment_is_exact(void **state) {
        Collected collected = {};
        ProcessSpec spec = spec_for((const char *const[]) { "/usr/bin/env", NULL }, &collected);
        ProcessResult result;

        spec.environment = (const char *const[]) { "A=1", "B=two words", NULL };
        assert_int_equal(process_run(&spec, &result), 0);
        assert_string_equal(collected.output.data, "A=1\nB=two words\n");
        buffer_clear(&collected.output);
        spec.environment = NULL;
        assert_int_equal(process_run(&spec, &result), 0);
        assert_string_equal(collected.output.data, "");
        collected_done(&collected);
}

/* Descriptors that are not close-on-exec, blocked and ignored signals: nothing of it reaches the child. */
static void test_child_is_clean(void **state) {
        int leaks[3] = { open("/dev/null", O_RDONLY), open("/dev/null", O_WRONLY), dup(2) };
        Collected collected = {};
        ProcessSpec spec =
                        spec_for(SHELL("ls /proc/self/fd | wc -l; grep -E 'Sig(Blk|Ign)' /proc/self/status;"
                                       "set -- $(cat /proc/$$/stat); [ $5 = $$ ] && echo own group"),
                                 &collected);
        ProcessResult result;
        sigset_t set, before;

        spec.environment = (const char *const[]) { "PATH=/usr/bin:/bin", NULL };
        (void) sigemptyset(&set);
        (void) sigaddset(&set, SIGTERM);
        (void) sigaddset(&set, SIGUSR1);
        assert_int_equal(sigprocmask(SIG_BLOCK, &set, &before), 0);
        (void) signal(SIGINT, SIG_IGN);
        assert_int_equal(process_run(&spec, &result), 0);
        (void) signal(SIGINT, SIG_DFL);
        assert_int_equal(sigprocmask(SIG_SETMASK, &before, NULL), 0);
        assert_string_equal(collected.output.data, /* ls itself has the folder open: four */
                            "4\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\nown group\n");
        collected_done(&collected);
        for (size_t i = 0; i < ELEMENTSOF(leaks); i++) {
                (void) fd_close(leaks[i]);
        }
}

static void test_input(void **state) {
        size_t length = 3 * 1024 * 1024;
        char *input = malloc(length);
        Collected collected = {};
        ProcessSpec spec = spec_for((const char *const[]) { "/bin/cat", NULL }, &collected);
        ProcessResult result;

        assert_non_null(input);
        for (size_t i = 0; i < length; i++) {
                input[i] = (char) (i * 7);
        }
        spec.input = input;
        spec.input_length = length;
        assert_int_equal(process_run(&spec, &result), 0);
        assert_int_equal(collected.output.length, length);
        assert_memory_equal(collected.output.data, input, length);
        buffer_clear(&collected.output);

        spec.input = ""; /* given, but empty: end of file at once */
        spec.input_length = 0;
        assert_int_equal(process_run(&spec, &result), 0);
        assert_int_equal(collected.output.length, 0);

        /* A child that does not read: no SIGPIPE for us, its own status counts. */
        spec.argv = SHELL("exec <&-; sleep 0.1; exit 9");
        spec.input = input;
        spec.input_length = length;
        assert_int_equal(process_run(&spec, &result), 0);
        assert_int_equal(result.exit_status, 9);
        collected_done(&collected);
        free(input);
}

static void test_timeout(void **state) {
        static const struct {
                const char *script;
                int signal;
                uint64_t at_least, at_most; /* ms */
        } table[] = {
                { "exec sleep 60", SIGTERM, 100, 1500 },
                { "trap '' TERM; sleep 60 & while :; do sleep 1; done", SIGKILL, 2000, 5000 },
                { "sleep 60; exit 0", SIGTERM, 100, 1500 },      /* the grandchild is in the group too */
                { "kill -STOP $$; exit 0", SIGTERM, 100, 1500 }, /* a stopped one */
                /* output does not extend it */
                { "while :; do echo drip; sleep 0.05; done", SIGTERM, 100, 1500 },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                Collected collected = {};
                ProcessSpec spec = spec_for(SHELL(table[i].script), &collected);
                uint64_t start = now_monotonic(), msec;
                ProcessResult result;

                spec.timeout_usec = 100 * USEC_PER_MSEC;
                assert_int_equal(process_run(&spec, &result), 0);
                msec = (now_monotonic() - start) / USEC_PER_MSEC;
                assert_true(result.timed_out);
                assert_false(result.cancelled);
                assert_int_equal(result.signal, table[i].signal);
                assert_in_range(msec, table[i].at_least, table[i].at_most);
                collected_done(&collected);
        }
}

static void *cancel_soon(void *fd) {
        (void) usleep(100000);
        (void) !write(*(int *) fd, "x", 1);
        return NULL;
}

static void test_cancel(void **state) {
        ProcessSpec spec = PROCESS_SPEC_INIT;
        ProcessResult result;
        pthread_t thread;
        int fds[2];

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        spec.argv = SHELL("exec sleep 60");
        spec.cancel_fd = fds[0];
        assert_int_equal(pthread_create(&thread, NULL, cancel_soon, &fds[1]), 0);
        assert_int_equal(process_run(&spec, &result), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_true(result.cancelled);
        assert_false(result.timed_out);
        assert_int_equal(result.signal, SIGTERM);
        assert_true(result.duration_usec < 2 * USEC_PER_SEC);
        (void) fd_close(fds[0]);
        (void) fd_close(fds[1]);
}

/* What outlives the child must neither hang us by holding the pipes, nor by filling them, nor live on in its
 * group. */
static void test_left_behind(void **state) {
        static const struct {
                const char *script;
                bool escapes;
        } table[] = {
                { "sleep 61 & echo $!; exit 4", false },
                { "setsid sleep 61 & echo $!; sleep 0.2; exit 4", true },
                { "setsid sh -c 'while :; do echo noise; done' & echo $!; sleep 0.2; exit 4", true },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                Collected collected = {};
                ProcessSpec spec = spec_for(SHELL(table[i].script), &collected);
                uint64_t start = now_monotonic();
                ProcessResult result;
                pid_t left;

                spec.environment = (const char *const[]) { "PATH=/usr/bin:/bin", NULL };
                assert_int_equal(process_run(&spec, &result), 0);
                assert_true(now_monotonic() - start < 5 * USEC_PER_SEC);
                assert_int_equal(result.exit_status, 4);
                left = (pid_t) strtol(collected.output.data, NULL, 10);
                assert_true(left > 1);
                (void) usleep(50000);
                if (table[i].escapes) {
                        (void) kill(left, SIGKILL);
                } else {
                        char path[64], line[256] = "";
                        FILE *file;

                        (void) snprintf(path, sizeof(path), "/proc/%d/stat", (int) left);
                        file = fopen(path, "re");
                        if (file) {
                                assert_non_null(fgets(line, sizeof(line), file));
                                (void) fclose(file);
                        }
                        assert_true(!file || strstr(line, ") Z "));
                }
                collected_done(&collected);
        }
}

static void test_callback_ends_it(void **state) {
        Collected collected = { .answer = -EMSGSIZE };
        ProcessSpec spec = spec_for(SHELL("while :; do echo more; done"), &collected);
        ProcessResult result = { .exit_status = 4711 };

        spec.timeout_usec = 20 * USEC_PER_SEC;
        assert_int_equal(process_run(&spec, &result), -EMSGSIZE);
        assert_int_equal(result.exit_status, 4711);
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
        collected_done(&collected);
}

static size_t count_descriptors(void) {
        size_t n = 0;

        for (int fd = 0; fd < 1024; fd++) {
                n += fcntl(fd, F_GETFD) >= 0;
        }
        return n;
}

static void test_no_descriptor_leaks(void **state) {
        size_t before = count_descriptors();
        Collected collected = {};
        ProcessSpec spec = spec_for(SHELL("echo x"), &collected), broken = spec;
        ProcessResult result;

        broken.argv = (const char *const[]) { "/nonexistent", NULL };
        spec.input = broken.input = "text";
        spec.input_length = broken.input_length = 4;
        for (int i = 0; i < 20; i++) {
                assert_int_equal(process_run(&spec, &result), 0);
                assert_int_equal(process_run(&broken, &result), -ENOENT);
        }
        assert_int_equal(count_descriptors(), before);
        collected_done(&collected);
}

static void test_ids(void **state) {
        Collected collected = {};
        ProcessSpec spec = spec_for(SHELL("id -u; id -g; id -G"), &collected);
        ProcessResult result;

        if (geteuid() != 0) {
                skip();
        }
        spec.environment = (const char *const[]) { "PATH=/usr/bin:/bin", NULL };
        spec.set_ids = true;
        spec.uid = 65534;
        spec.gid = 65533;
        assert_int_equal(process_run(&spec, &result), 0);
        assert_string_equal(collected.output.data, "65534\n65533\n65533\n");
        collected_done(&collected);
}

/* Our own death by KILL takes the child along: a helper process runs one, and is killed. */
static void test_dies_with_us(void **state) {
        int fds[2], status;
        char text[32] = "";
        pid_t helper, child;

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        helper = fork();
        assert_true(helper >= 0);
        if (helper == 0) {
                char script[64];
                ProcessSpec spec = PROCESS_SPEC_INIT;
                ProcessResult result;

                (void) snprintf(script, sizeof(script), "echo $$ >/proc/%d/fd/%d; exec sleep 62",
                                (int) getpid(), fds[1]);
                spec.argv = SHELL(script);
                (void) process_run(&spec, &result);
                _exit(0);
        }
        (void) fd_close(fds[1]);
        assert_true(read(fds[0], text, sizeof(text) - 1) > 0);
        child = (pid_t) strtol(text, NULL, 10);
        assert_int_equal(kill(child, 0), 0);
        assert_int_equal(kill(helper, SIGKILL), 0);
        assert_int_equal(waitpid(helper, &status, 0), helper);
        for (int i = 0; i < 100 && kill(child, 0) == 0; i++) {
                char path[64], line[256] = "";
                FILE *file;

                (void) snprintf(path, sizeof(path), "/proc/%d/stat", (int) child);
                file = fopen(path, "re");
                if (!file || !fgets(line, sizeof(line), file) || strstr(line, ") Z ")) {
                        i = 1000;
                }
                if (file) {
                        (void) fclose(file);
                }
                assert_true(i != 99);
                (void) usleep(20000);
        }
        (void) fd_close(fds[0]);
}

static void *run_many(void *failures) {
        for (int i = 0; i < 10; i++) {
                Collected collected = {};
                ProcessSpec spec = spec_for(SHELL("cat; exit 6"), &collected);
                ProcessResult result = {};

                spec.input = "hello";
                spec.input_length = 5;
                if (process_run(&spec, &result) != 0 || result.exit_status != 6 || !collected.output.data ||
                    strcmp(collected.output.data, "hello") != 0) {
                        (void) __atomic_add_fetch((int *) failures, 1, __ATOMIC_SEQ_CST);
                }
                collected_done(&collected);
        }
        return NULL;
}

static void test_threads(void **state) {
        assert_int_equal(threads_run(run_many), 0);
}

/* What is hidden is empty for the child; it may write elsewhere, and is still who it was. */
static void test_hidden(void **state) {
        char folder[] = "/tmp/weir-hidden-XXXXXX", script[512];
        _cleanup_(collected_done) Collected collected = {};
        ProcessSpec spec = spec_for(SHELL(script), &collected);
        ProcessResult result;

        assert_non_null(mkdtemp(folder));
        spec.hidden = (const char *const[]) { folder, "/nonexistent/folder", NULL };
        (void) snprintf(script, sizeof(script), "echo secret >%s/file", folder);
        spec.hidden = NULL;
        assert_int_equal(process_run(&spec, &result), 0);
        spec.hidden = (const char *const[]) { folder, "/nonexistent/folder", NULL };
        (void) snprintf(script, sizeof(script),
                        "ls -A %s; cat %s/file; echo wrong >%s/file; id -u; rm -f %s.beside; touch %s.beside",
                        folder, folder, folder, folder, folder);
        assert_int_equal(process_run(&spec, &result), 0);
        assert_int_equal(result.exit_status, 0);
        (void) snprintf(script, sizeof(script), "%u\n", geteuid());
        assert_string_equal(collected.output.data, script);
        spec.hidden = NULL;
        buffer_clear(&collected.output);
        (void) snprintf(script, sizeof(script), "cat %s/file; rm -r %s %s.beside", folder, folder, folder);
        assert_int_equal(process_run(&spec, &result), 0);
        assert_int_equal(result.exit_status, 0);
        assert_string_equal(collected.output.data, "secret\n");
}

/* Waiting costs no CPU. */
static void test_no_busy_wait(void **state) {
        ProcessSpec spec = PROCESS_SPEC_INIT;
        struct timespec before = {}, after = {};
        ProcessResult result;

        spec.argv = SHELL("exec sleep 1");
        assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before), 0);
        assert_int_equal(process_run(&spec, &result), 0);
        assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after), 0);
        assert_in_range((after.tv_sec - before.tv_sec) * 1000000000L + after.tv_nsec - before.tv_nsec, 0,
                        200000000);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_results),
                cmocka_unit_test(test_cannot_start),
                cmocka_unit_test(test_program_from_path),
                cmocka_unit_test(test_environment_is_exact),
                cmocka_unit_test(test_child_is_clean),
                cmocka_unit_test(test_input),
                cmocka_unit_test(test_timeout),
                cmocka_unit_test(test_cancel),
                cmocka_unit_test(test_left_behind),
                cmocka_unit_test(test_callback_ends_it),
                cmocka_unit_test(test_no_descriptor_leaks),
                cmocka_unit_test(test_ids),
                cmocka_unit_test(test_dies_with_us),
                cmocka_unit_test(test_threads),
                cmocka_unit_test(test_hidden),
                cmocka_unit_test(test_no_busy_wait),
        };

        return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
