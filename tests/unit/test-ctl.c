/* weirctl's command line: every way to write an option, every wrong way, help, errors as text and as JSON. What is printed is caught in
 * a memfd in place of stdout and stderr. */
#undef NDEBUG
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/macro.h"
#include "services/ctl.h"

static char seen[512]; /* what the verb was given, as text */

static int add_each(const char *value, void *userdata) {
        size_t n = strlen(seen);

        (void) snprintf(seen + n, sizeof seen - n, " each:%s", value);
        return strcmp(value, "stop") == 0 ? -ECANCELED : 0;
}

static int run_probe(Ctl *ctl) {
        const char *name = ctl_option(ctl, "name");
        unsigned long long count;
        int n;

        if (ctl_option_uint(ctl, "count", 7, 100, &count) < 0) {
                return CTL_EXIT_USAGE;
        }
        n = snprintf(seen, sizeof seen, "name=%s flag=%d count=%llu json=%d config=%s state=%s",
                     name ? name : "(none)", ctl_flag(ctl, "flag"), count, ctl->json, ctl->config_directory,
                     ctl->state_directory);
        for (size_t i = 0; i < ctl->n_arguments; i++) {
                n += snprintf(seen + n, sizeof seen - (size_t) n, " <%s>", ctl->arguments[i]);
        }
        (void) ctl_option_each(ctl, "each", add_each, NULL);
        return 0;
}

static int run_failing(Ctl *ctl) {
        return ctl_fail(ctl, 42, "Do that.", "Failed to %s \"%s\".", "open", "a\033[1mb");
}

static const CtlOption probe_options[] = {
        { "name", 'n', "NAME", "a name" },
        { "flag", 'f', NULL, "a flag" },
        { "count", 0, "N", "a number" },
        { "each", 'e', "NAME=VALUE…", "something that may be repeated" },
        {},
};
static const CtlVerb verbs[] = {
        { .name = "probe",
          .synopsis = "[A] [B]",
          .summary = "Probe",
          .max_arguments = 2,
          .options = probe_options,
          .run = run_probe },
        { .name = "fail", .synopsis = "", .summary = "Fail", .run = run_failing },
        { .name = "need",
          .synopsis = "A",
          .summary = "Need one",
          .min_arguments = 1,
          .max_arguments = 1,
          .run = run_failing },
        {},
};

static size_t count_words(const char *const argv[]) {
        size_t n = 0;

        while (argv[n]) {
                n++;
        }
        return n;
}

/* Runs weirctl with these words and catches what it prints. */
static int run(char *text, size_t size, const char *const words[]) {
        int fd = memfd_create("output", MFD_CLOEXEC), saved_out = dup(STDOUT_FILENO),
            saved_err = dup(STDERR_FILENO), status;
        ssize_t n;

        assert_true(fd >= 0 && saved_out >= 0 && saved_err >= 0);
        (void) fflush(NULL);
        assert_true(dup2(fd, STDOUT_FILENO) >= 0 && dup2(fd, STDERR_FILENO) >= 0);
        seen[0] = 0;
        status = ctl_main(verbs, (int) count_words(words), (char **) words);
        (void) fflush(NULL);
        assert_true(dup2(saved_out, STDOUT_FILENO) >= 0 && dup2(saved_err, STDERR_FILENO) >= 0);
        n = pread(fd, text, size - 1, 0);
        assert_true(n >= 0);
        text[n] = 0;
        close(fd);
        close(saved_out);
        close(saved_err);
        return status;
}

static void test_options(void **state) {
        static const struct {
                const char *words[10];
                const char *seen;
        } cases[] = {
                { { "weirctl", "probe", NULL },
                  "name=(none) flag=0 count=7 json=0 config=/etc/weir state=/var/lib/weir" },
                { { "weirctl", "probe", "--name=x", "-f", NULL },
                  "name=x flag=1 count=7 json=0 config=/etc/weir state=/var/lib/weir" },
                { { "weirctl", "probe", "--name", "x", "y", NULL },
                  "name=x flag=0 count=7 json=0 config=/etc/weir state=/var/lib/weir <y>" },
                { { "weirctl", "probe", "-n", "--flag", NULL },
                  "name=--flag flag=0 count=7 json=0 config=/etc/weir state=/var/lib/weir" },
                { { "weirctl", "probe", "--name=", "--count=100", NULL },
                  "name= flag=0 count=100 json=0 config=/etc/weir state=/var/lib/weir" },
                { { "weirctl", "--json", "probe", "a", NULL },
                  "name=(none) flag=0 count=7 json=1 config=/etc/weir state=/var/lib/weir <a>" },
                { { "weirctl", "--state", "/s", "probe", "--config=/c", NULL },
                  "name=(none) flag=0 count=7 json=0 config=/c state=/s" },
                { { "weirctl", "probe", "--", "--flag", "-n", NULL },
                  "name=(none) flag=0 count=7 json=0 config=/etc/weir state=/var/lib/weir <--flag> <-n>" },
                { { "weirctl", "probe", "--each=a=1", "-e", "b", "--each", "--each", "x", "--each=", NULL },
                  "name=(none) flag=0 count=7 json=0 config=/etc/weir state=/var/lib/weir <x> each:a=1 each:b each:--each each:" },
                { { "weirctl", "probe", "-e", "1", "-e", "stop", "-e", "2", NULL },
                  "name=(none) flag=0 count=7 json=0 config=/etc/weir state=/var/lib/weir each:1 each:stop" },
                { { "weirctl", "probe", "-n", "1", "--name=2", NULL },
                  "name=2 flag=0 count=7 json=0 config=/etc/weir state=/var/lib/weir" },
                { { "weirctl", "probe", "-nx", NULL },
                  "name=x flag=0 count=7 json=0 config=/etc/weir state=/var/lib/weir" },
                { { "weirctl", "probe", "-fn5", "y", NULL },
                  "name=5 flag=1 count=7 json=0 config=/etc/weir state=/var/lib/weir <y>" },
                { { "weirctl", "probe", "-fn", "-f", "-ea=1", "-e-b", NULL },
                  "name=-f flag=1 count=7 json=0 config=/etc/weir state=/var/lib/weir each:a=1 each:-b" },
                { { "weirctl", "probe", "-", "", NULL },
                  "name=(none) flag=0 count=7 json=0 config=/etc/weir state=/var/lib/weir <-> <>" },
        };
        char text[4096];

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                assert_int_equal(run(text, sizeof text, cases[i].words), 0);
                assert_string_equal(seen, cases[i].seen);
                assert_string_equal(text, "");
        }
}

static void test_usage_errors(void **state) {
        static const struct {
                const char *words[8];
                const char *says;
        } cases[] = {
                { { "weirctl", NULL }, "Usage: weirctl VERB" },
                { { "weirctl", "nothing", NULL }, "There is no verb nothing." },
                { { "weirctl", "probe", "--nothing", NULL }, "There is no option --nothing of probe." },
                { { "weirctl", "probe", "-x", NULL }, "There is no option -x of probe." },
                { { "weirctl", "probe", "-fx", NULL }, "There is no option -fx of probe." },
                { { "weirctl", "probe", "-fn", NULL }, "--name needs a value" },
                { { "weirctl", "-f", "probe", NULL },
                  "There is no option -f.\n  Next: `weirctl --help` lists them." },
                { { "weirctl", "help", "nothing", NULL }, "There is no verb nothing." },
                { { "weirctl", "--json", NULL }, "{\"error\":{\"message\":\"There is no verb" },
                { { "weirctl", "probe", "--name", NULL }, "--name needs a value" },
                { { "weirctl", "probe", "--flag=1", NULL }, "--flag takes no value." },
                { { "weirctl", "probe", "--count=101", NULL },
                  "--count=101 is not a number from 0 to 100." },
                { { "weirctl", "probe", "--count=-1", NULL }, "--count=-1 is not a number" },
                { { "weirctl", "probe", "a", "b", "c", NULL }, "Usage: weirctl probe [OPTION…] [A] [B]\n" },
                { { "weirctl", "fail", "a", NULL },
                  "fail takes no arguments. Usage: weirctl fail [OPTION…]\n  Next: `weirctl fail --help` tells more.\n" },
                { { "weirctl", "need", NULL },
                  "need needs more arguments. Usage: weirctl need [OPTION…] A\n" },
        };
        char text[4096];

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                assert_int_equal(run(text, sizeof text, cases[i].words), CTL_EXIT_USAGE);
                assert_non_null(strstr(text, cases[i].says));
                assert_string_equal(seen, "");
        }
}

static void test_errors(void **state) {
        char text[4096];

        /* What came from outside must not draw on the terminal. */
        assert_int_equal(run(text, sizeof text, (const char *[]) { "weirctl", "fail", NULL }), 42);
        assert_string_equal(text, "weirctl: Failed to open \"a\\x1b[1mb\".\n  Next: Do that.\n");
        assert_int_equal(run(text, sizeof text, (const char *[]) { "weirctl", "fail", "--json", NULL }), 42);
        assert_string_equal(
                        text,
                        "{\"error\":{\"message\":\"Failed to open \\\"a\\u001b[1mb\\\".\",\"next\":\"Do that.\"}}\n");
        assert_int_equal(run(text, sizeof text, (const char *[]) { "weirctl", "--json", "nothing", NULL }),
                         CTL_EXIT_USAGE);
        assert_true(strncmp(text, "{\"error\":", 9) == 0);
}

static void test_help(void **state) {
        char text[8192];

        assert_int_equal(run(text, sizeof text, (const char *[]) { "weirctl", "--help", NULL }), 0);
        for (const CtlVerb *verb = verbs; verb->name; verb++) {
                assert_non_null(strstr(text, verb->summary));
        }
        assert_int_equal(run(text, sizeof text, (const char *[]) { "weirctl", "probe", "--help", NULL }), 0);
        assert_non_null(strstr(text, "-n, --name=NAME"));
        assert_non_null(strstr(text,
                               "-e, --each=NAME=VALUE…    something")); /* padded by columns, not by bytes */
        assert_non_null(strstr(text, "--json"));
        assert_int_equal(run(text, sizeof text, (const char *[]) { "weirctl", "--version", NULL }), 0);
        assert_true(strncmp(text, "weirctl ", 8) == 0);
}

static void test_help_as_verb(void **state) {
        char text[8192], same[8192];

        assert_int_equal(run(same, sizeof same, (const char *[]) { "weirctl", "--help", NULL }), 0);
        assert_int_equal(run(text, sizeof text, (const char *[]) { "weirctl", "help", NULL }), 0);
        assert_string_equal(text, same);
        assert_int_equal(run(same, sizeof same, (const char *[]) { "weirctl", "probe", "--help", NULL }), 0);
        assert_int_equal(run(text, sizeof text, (const char *[]) { "weirctl", "help", "probe", NULL }), 0);
        assert_string_equal(text, same);
}

/* An answer that did not arrive is no success, however early the room was used up. */
static void test_full_output(void **state) {
        static const char *const words[][4] = {
                { "weirctl", "--version", NULL },
                { "weirctl", "help", "probe", NULL },
        };
        char complaint[256];

        for (size_t i = 0; i < ELEMENTSOF(words); i++) {
                int full = open("/dev/full", O_WRONLY | O_CLOEXEC), out = dup(STDOUT_FILENO),
                    err = dup(STDERR_FILENO), said = memfd_create("complaint", MFD_CLOEXEC), status;
                ssize_t n;

                assert_true(full >= 0 && out >= 0 && err >= 0 && said >= 0);
                (void) fflush(NULL);
                assert_true(dup2(full, STDOUT_FILENO) >= 0 && dup2(said, STDERR_FILENO) >= 0);
                status = ctl_main(verbs, (int) count_words(words[i]), (char **) words[i]);
                clearerr(stdout);
                assert_true(dup2(out, STDOUT_FILENO) >= 0 && dup2(err, STDERR_FILENO) >= 0);
                n = pread(said, complaint, sizeof complaint - 1, 0);
                assert_true(n >= 0);
                complaint[n] = 0;
                assert_int_equal(status, 1);
                assert_string_equal(complaint,
                                    "weirctl: Failed to write the answer: No space left on device.\n");
                close(full), close(out), close(err), close(said);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_options),      cmocka_unit_test(test_usage_errors),
                cmocka_unit_test(test_errors),       cmocka_unit_test(test_help),
                cmocka_unit_test(test_help_as_verb), cmocka_unit_test(test_full_output),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
