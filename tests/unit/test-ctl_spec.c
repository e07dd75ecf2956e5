/* The options of `weirctl integrate` become a specification, or a sentence that says which of them is wrong. Run through ctl_main(), as typed. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/macro.h"
#include "base/string_util.h"
#include "services/ctl_spec.h"
#include "services/ctl_verbs.h"

static char *got; /* the specification's written form */

static int run_probe(Ctl *ctl) {
        JobSpec spec = {};
        int status = -1, r;

        r = ctl_spec_read(ctl, &spec, &got, &status);
        job_spec_done(&spec);
        return r < 0 ? status : 0;
}

static const CtlVerb verbs[] = {
        { .name = "integrate",
          .synopsis = "",
          .summary = "Integrate",
          .options = ctl_integrate_options,
          .run = run_probe },
        {},
};

#define WORDS_MAX 16

/* What is printed is caught in a memfd in place of stdout and stderr. */
static int run(const char *const *words, char *text, size_t size) {
        const char *argv[WORDS_MAX + 3] = { "weirctl", "integrate" };
        int fd = memfd_create("output", MFD_CLOEXEC), out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO),
            status, argc = 2;
        ssize_t n;

        while (words[argc - 2]) {
                argv[argc] = words[argc - 2];
                argc++;
        }
        free(TAKE_PTR(got));
        (void) fflush(NULL);
        assert_true(dup2(fd, STDOUT_FILENO) >= 0 && dup2(fd, STDERR_FILENO) >= 0);
        status = ctl_main(verbs, argc, (char **) argv);
        (void) fflush(NULL);
        assert_true(dup2(out, STDOUT_FILENO) >= 0 && dup2(err, STDERR_FILENO) >= 0);
        n = pread(fd, text, size - 1, 0);
        assert_true(n >= 0);
        text[n] = 0;
        close(fd);
        close(out);
        close(err);
        return status;
}

#define REST "\"env\":{},\"limits\":{}}"
static void test_good(void **state) {
        static const struct {
                const char *words[WORDS_MAX];
                const char *json;
        } cases[] = {
                { { "--server=demo", "--stream=//demo/dev" },
                  "{\"server\":\"demo\",\"stream\":\"//demo/dev\",\"changelist\":\"latest\",\"hooks\":{}," REST },
                { { "-s", "demo", "--stream=//demo/dev", "-r", "-c", "12", "-t" },
                  "{\"server\":\"demo\",\"stream\":\"//demo/dev\",\"reverse\":true,\"changelist\":12,\"trial\":true,\"hooks\":{}," REST },
                { { "--server=demo", "-b", "dev-main", "--changelist=latest", "--resolve=safe" },
                  "{\"server\":\"demo\",\"branch_spec\":\"dev-main\",\"changelist\":\"latest\",\"resolve\":\"safe\",\"hooks\":{}," REST },
                { { "--server=demo", "--from=//a/x/...", "--to=//a/y/...", "--client=ws", "-d",
                    "why \"this\"" },
                  "{\"server\":\"demo\",\"source\":\"//a/x/...\",\"target\":\"//a/y/...\",\"changelist\":\"latest\",\"client\":\"ws\","
                  "\"description\":\"why \\\"this\\\"\",\"hooks\":{}," REST },
                { { "--server=demo", "--path=//demo/dev/src/...", "--clean-workspace", "--resolve=merge" },
                  "{\"server\":\"demo\",\"path\":\"//demo/dev/src/...\",\"changelist\":\"latest\",\"clean_workspace\":true,\"hooks\":{}," REST },
                { { "--server=demo", "--stream=//demo/dev", "--env=A=1", "--env=B=x=y", "--env=C=" },
                  "{\"server\":\"demo\",\"stream\":\"//demo/dev\",\"changelist\":\"latest\",\"hooks\":{},"
                  "\"env\":{\"A\":\"1\",\"B\":\"x=y\",\"C\":\"\"},\"limits\":{}}" },
                { { "--server=demo", "--stream=//demo/dev", "--limit=MemoryMax=2G", "--limit=CPUWeight=50",
                    "--limit=timeout=90min", "--limit=stop_timeout=1500ms" },
                  "{\"server\":\"demo\",\"stream\":\"//demo/dev\",\"changelist\":\"latest\",\"hooks\":{},\"env\":{},"
                  "\"limits\":{\"MemoryMax\":2147483648,\"CPUWeight\":50,\"timeout\":5400,\"stop_timeout\":2}}" },
                { { "--server=demo", "--stream=//demo/dev", "--limit=TasksMax=9", "--limit=TasksMax=10" },
                  "{\"server\":\"demo\",\"stream\":\"//demo/dev\",\"changelist\":\"latest\",\"hooks\":{},\"env\":{},"
                  "\"limits\":{\"TasksMax\":10}}" },
        };
        char text[4096];

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                if (run(cases[i].words, text, sizeof text) != 0) {
                        fail_msg("case %zu: %s", i, text);
                }
                assert_string_equal(text, "");
                assert_string_equal(got, cases[i].json);
        }
}

/* Several commands of one hook keep their order, whatever stands between them; words are a shell's, the rest is untouched. */
static void test_hooks(void **state) {
        static const char *const words[] = { "--server=demo",
                                             "--stream=//demo/dev",
                                             "--hook=build=make -C '{workspace}' \"a b\" c\\ d",
                                             "--hook",
                                             "pre_submit=./check {workspace} $HOME",
                                             "--hook=build=make check",
                                             NULL };
        char text[4096];

        assert_int_equal(run(words, text, sizeof text), 0);
        assert_non_null(strstr(
                        got,
                        "\"build\":[[\"make\",\"-C\",\"{workspace}\",\"a b\",\"c d\"],[\"make\",\"check\"]]"));
        assert_non_null(strstr(got, "\"pre_submit\":[[\"./check\",\"{workspace}\",\"$HOME\"]]"));
}

static void test_bad(void **state) {
        static const struct {
                const char *words[WORDS_MAX];
                const char *says;
        } cases[] = {
                { { "--stream=//demo/dev" }, "Say on which server" },
                { { "--server=demo" }, "Say what to integrate" },
                { { "--server=demo", "--stream=//demo/dev", "--branch=b" }, "Say what to integrate" },
                { { "--server=demo", "--from=//a/..." }, "Say what to integrate" },
                { { "--server=demo", "--to=//a/..." }, "Say what to integrate" },
                { { "--server=demo", "--path=//demo/dev/...", "--to=//a/..." }, "Say what to integrate" },
                { { "--server=demo", "--from=//a/...", "--to=//b/...", "--reverse" }, "spec.reverse" },
                { { "--server=demo", "--stream=" }, "spec.stream" },
                { { "--server=demo", "--stream=dev" }, "spec.stream" },
                { { "--server=demo", "--from=//a/...", "--to=b/..." }, "spec.target" },
                { { "--server=demo", "--stream=//demo/dev", "--changelist=abc" },
                  "There is no changelist abc" },
                { { "--server=demo", "--stream=//demo/dev", "--changelist=0" }, "There is no changelist 0" },
                { { "--server=demo", "--stream=//demo/dev", "--changelist=-3" },
                  "There is no changelist -3" },
                { { "--server=demo", "--stream=//demo/dev", "--changelist=99999999999999999999" },
                  "There is no changelist" },
                { { "--server=demo", "--stream=//demo/dev", "--changelist=18446744073709551615" },
                  "There is no changelist" },
                { { "--server=demo", "--stream=//demo/dev", "--changelist=" }, "There is no changelist" },
                { { "--server=demo", "--stream=//demo/dev", "--changelist=12x" },
                  "There is no changelist 12x" },
                { { "--server=demo", "--stream=//demo/dev", "--resolve=mine" },
                  "There is no way to resolve mine" },
                { { "--server=demo", "--stream=//demo/dev", "--hook=build" }, "--hook takes NAME=VALUE" },
                { { "--server=demo", "--stream=//demo/dev", "--hook==make" }, "--hook takes NAME=VALUE" },
                { { "--server=demo", "--stream=//demo/dev", "--hook=deploy=make" },
                  "There is no hook deploy" },
                { { "--server=demo", "--stream=//demo/dev", "--hook=build=" }, "That is no command" },
                { { "--server=demo", "--stream=//demo/dev", "--hook=build=make 'x" }, "That is no command" },
                { { "--server=demo", "--stream=//demo/dev", "--hook=build=make {nothing}" }, "{nothing}" },
                { { "--server=demo", "--stream=//demo/dev", "--env=P4PORT=evil:1666" }, "P4PORT" },
                { { "--server=demo", "--stream=//demo/dev", "--env=A B=1" }, "A B" },
                { { "--server=demo", "--stream=//demo/dev", "--env=A" }, "--env takes NAME=VALUE" },
                { { "--server=demo", "--stream=//demo/dev", "--description=caf\xe9" },
                  "That is no UTF-8: caf\\xe9" },
                { { "--server=demo", "--stream=//demo/dev", "--env=A=1", "--env=B=\xff", "--env=C=1" },
                  "That is no UTF-8: B=\\xff" },
                { { "--server=demo", "--stream=//demo/dev", "--limit=Memory=1" },
                  "There is no limit Memory" },
                { { "--server=demo", "--stream=//demo/dev", "--limit=MemoryMax=lots" },
                  "That is no value of a limit" },
                { { "--server=demo", "--stream=//demo/dev", "--limit=MemoryMax=0" },
                  "That is no value of a limit" },
                { { "--server=demo", "--stream=//demo/dev", "--limit=MemoryMax=4K" }, "MemoryMax" },
                { { "--server=demo", "--stream=//demo/dev", "--limit=CPUWeight=10001" }, "CPUWeight" },
                { { "--server=demo", "--stream=//demo/dev", "--limit=timeout=infinity" }, "" },
        };
        char text[4096];

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                int status = run(cases[i].words, text, sizeof text);

                if (status != CTL_EXIT_USAGE || !strstr(text, cases[i].says) || got) {
                        fail_msg("case %zu (%s): %d, %s", i, cases[i].says, status, text);
                }
        }
}

static void test_errors_as_json(void **state) {
        static const char *const words[] = { "--server=demo", "--stream=//demo/dev", "--changelist=\"x\"",
                                             "--json", NULL };
        char text[4096];

        assert_int_equal(run(words, text, sizeof text), CTL_EXIT_USAGE);
        assert_string_equal(
                        text,
                        "{\"error\":{\"message\":\"There is no changelist \\\"x\\\".\",\"next\":\"Give a number, or latest.\"}}\n");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_good),
                cmocka_unit_test(test_hooks),
                cmocka_unit_test(test_bad),
                cmocka_unit_test(test_errors_as_json),
        };
        int n = cmocka_run_group_tests(tests, NULL, NULL);

        free(got);
        return n;
}
