/* How p4 is called: the vector, the exact environment, `-x` input, the line for the log. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/string_util.h"
#include "resources/p4_command.h"

#define STRINGS(...) ((const char *const[]) { __VA_ARGS__, NULL })

static const P4Server server = {
        .name = "demo",
        .port = "ssl:p4.example.com:1666",
        .user = "weir",
        .home = "/var/lib/weir/home",
        .tickets = "/var/lib/weir/tickets",
        .trust = "/var/lib/weir/trust",
};

static void assert_joined(char *const *vector, const char *separator, const char *expected) {
        _cleanup_free_ char *joined = NULL;

        assert_int_equal(string_join(&joined, vector, separator), 0);
        assert_string_equal(joined, expected);
}

static void test_vector(void **state) {
        _cleanup_(p4_command_line_done) P4CommandLine plain = {}, all = {};
        P4Command command = P4_COMMAND_INIT;
        P4Server full = server;

        log_setup("weir-test");
        command.arguments = STRINGS("sizes", "-s", "//demo/main/...");
        assert_int_equal(p4_command_line_make(&server, &command, &plain), 0);
        assert_joined(plain.argv, " ",
                      "p4 -G -zprog=weir-test -p ssl:p4.example.com:1666 -u weir -c weir-no-client "
                      "sizes -s //demo/main/...");
        assert_int_equal(plain.batch.length, 0);

        full.client = "ws";
        full.charset = "utf8";
        full.program = "/opt/p4";
        command.batch = STRINGS("//a/...", "//b b/\xff...", "-not-an-option");
        assert_int_equal(p4_command_line_make(&full, &command, &all), 0);
        assert_joined(all.argv, " ",
                      "/opt/p4 -G -zprog=weir-test -p ssl:p4.example.com:1666 -u weir -c ws -C utf8 -x - "
                      "sizes -s //demo/main/...");
        assert_string_equal(all.batch.data, "//a/...\n//b b/\xff...\n-not-an-option\n");
}

static void test_environment(void **state) {
        _cleanup_(p4_command_line_done) P4CommandLine line = {}, bare = {};
        P4Server small = { .port = "1666", .user = "u" };
        P4Command command = P4_COMMAND_INIT;

        command.arguments = STRINGS("info");
        assert_int_equal(p4_command_line_make(&server, &command, &line), 0);
        assert_joined(line.environment, "\n",
                      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
                      "LC_ALL=C.UTF-8\nP4CONFIG=/dev/null\nP4ENVIRO=/dev/null\nP4ALIASES=/dev/null\n"
                      "P4LANGUAGE=en\nP4EDITOR=/bin/false\nHOME=/var/lib/weir/home\n"
                      "P4TICKETS=/var/lib/weir/tickets\nP4TRUST=/var/lib/weir/trust");
        assert_int_equal(p4_command_line_make(&small, &command, &bare), 0);
        assert_string_equal(bare.environment[strv_length(bare.environment) - 1], "HOME=/nonexistent");
}

static void test_refused(void **state) {
        static const char *const words[] = { "sizes", NULL }, *const none[] = { NULL },
                                 *const empty[] = { "", NULL };
        static const P4Server bad_servers[] = {
                { .user = "u" },
                { .port = "1666" },
                { .port = "", .user = "u" },
                { .port = "1666", .user = "" },
        };
        static const char *const bad_batches[][3] = {
                { NULL }, { "", NULL }, { "a\nb", NULL }, { "a", "b\r", NULL }, { "a", "", NULL },
        };
        _cleanup_(p4_command_line_done) P4CommandLine line = {};
        P4Command command = P4_COMMAND_INIT;

        assert_int_equal(p4_command_line_make(&server, &command, &line), -EINVAL);
        command.arguments = none;
        assert_int_equal(p4_command_line_make(&server, &command, &line), -EINVAL);
        command.arguments = empty;
        assert_int_equal(p4_command_line_make(&server, &command, &line), -EINVAL);
        command.arguments = words;
        for (size_t i = 0; i < ELEMENTSOF(bad_servers); i++) {
                assert_int_equal(p4_command_line_make(&bad_servers[i], &command, &line), -EINVAL);
        }
        for (size_t i = 0; i < ELEMENTSOF(bad_batches); i++) {
                command.batch = bad_batches[i];
                assert_int_equal(p4_command_line_make(&server, &command, &line), -EINVAL);
        }
        command.batch = words;
        command.input = "x";
        assert_int_equal(p4_command_line_make(&server, &command, &line), -EINVAL);
        assert_null(line.argv); /* untouched */
}

static void test_text(void **state) {
        static const struct {
                const char *arguments[6];
                const char *text;
        } table[] = {
                { { "info" }, "info" },
                { { "sizes", "-s", "//demo/a b/..." }, "sizes -s '//demo/a b/...'" },
                { { "files", "it's" }, "files 'it'\\''s'" },
                { { "files", "" }, "files ''" },
                { { "files", "$(reboot)", "a;b", "%40" }, "files '$(reboot)' 'a;b' %40" },
                { { "files", "//demo/\xff/\xc3\xa9" }, "files //demo/\\xff/\xc3\xa9" },
                { { "files", "a\n\033[2J" }, "files 'a\\x0a\\x1b[2J'" },
        };
        P4Command command = P4_COMMAND_INIT;
        char *many[300] = {};

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                _cleanup_(p4_command_line_done) P4CommandLine line = {};

                command.arguments = table[i].arguments;
                assert_int_equal(p4_command_line_make(&server, &command, &line), 0);
                assert_string_equal(line.text, table[i].text);
        }
        for (size_t i = 0; i < ELEMENTSOF(many) - 1; i++) {
                many[i] = (char *) "//demo/some/long/path/...";
        }
        for (size_t batch = 0; batch <= 1; batch++) {
                _cleanup_(p4_command_line_done) P4CommandLine line = {};

                command.arguments = batch ? STRINGS("sizes") : (const char *const *) many;
                command.batch = batch ? (const char *const *) many : NULL;
                assert_int_equal(p4_command_line_make(&server, &command, &line), 0);
                assert_in_range(strlen(line.text), 1000, 1024);
                assert_true(string_has_suffix(line.text, "\xe2\x80\xa6"));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_vector),
                cmocka_unit_test(test_environment),
                cmocka_unit_test(test_refused),
                cmocka_unit_test(test_text),
        };

        return cmocka_run_group_tests_name("p4_command", tests, NULL, NULL);
}
