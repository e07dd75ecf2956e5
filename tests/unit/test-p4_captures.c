/* p4_run() against what the genuine client printed: a p4 of our own plays the captures back, standard
 * output, standard error and exit status. They are not part of the tree; without them there is nothing to
 * play. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd_util.h"
#include "base/log.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "resources/p4.h"

#define CAPTURES "../shared/reference/perforce/clientfmt"

static const char player[] =
                "#!/usr/bin/python3 -IS\n"
                "import os, re, sys\n"
                "path = sys.argv[sys.argv.index('-p') + 1]\n"
                "text = open(path, 'rb').read()\n"
                "head, rest = text.split(b'--- stdout\\n', 1)\n"
                "out, errors = rest.split(b'--- stderr', 1)\n"
                "if os.path.exists(path[:-4] + '.bin'): out = open(path[:-4] + '.bin', 'rb').read()\n"
                "sys.stdout.buffer.write(out); sys.stdout.flush()\n"
                "sys.stderr.buffer.write(errors.lstrip(b'\\n')); sys.stderr.flush()\n"
                "sys.exit(int(re.search(rb'^# exit: (\\d+)', head, re.M)[1]))\n";

static char home[] = "/tmp/weir-test-captures-XXXXXX";
static char program[64], top[PATH_MAX];

static int set_up(void **state) {
        (void) setenv("WEIR_LOG_LEVEL", "warning", 1);
        log_setup("test-p4_captures");
        if (!mkdtemp(home) || !getcwd(top, sizeof(top))) {
                return -1;
        }
        (void) snprintf(program, sizeof(program), "%s/p4", home);
        return file_write_atomic(program, player, sizeof(player) - 1, 0755);
}

static int tear_down(void **state) {
        (void) unlink(program);
        return rmdir(home);
}

static const struct {
        const char *name, *command;
        P4Class p4_class;
        int exit_status;
        uint64_t n_records;
        const char *text; /* contained; NULL: none at all */
} captures[] = {
        { "change-i-form", "change", P4_CONFIG, 1, 0, "Invalid marshalled data supplied as input." },
        { "change-o", "change", P4_OK, 0, 1, NULL },
        { "changes-l", "changes", P4_OK, 0, 1, NULL },
        { "changes-m2", "changes", P4_OK, 0, 2, NULL },
        { "conn-badhost", "info", P4_CONNECT, 1, 0, "TCP connect to " },
        { "conn-refused", "info", P4_CONNECT, 1, 0, "Connect to server failed; check $P4PORT." },
        { "desc-utf8-invalid", "changes", P4_OK, 0, 1, NULL },
        { "describe-s", "describe", P4_OK, 0, 1, NULL },
        { "drop", "sync", P4_CONNECT, 1, 0, "Partner exited unexpectedly." },
        { "empty-ok", "sync", P4_OK, 0, 0, NULL },
        { "err-badcommand", "nonsense", P4_USAGE, 1, 0, "Unknown command." },
        { "err-clientunknown", "files", P4_UNKNOWN, 1, 0, "command to create it." },
        { "err-expired", "files", P4_AUTH, 1, 0, "session has expired" },
        { "err-loggedout", "files", P4_AUTH, 1, 0, "session was logged out" },
        { "err-maxlocktime", "files", P4_LIMIT, 1, 0, "maxlocktime" },
        { "err-maxscanrows", "files", P4_LIMIT, 1, 0, "maxscanrows" },
        { "err-password", "files", P4_AUTH, 1, 0, "(P4PASSWD) invalid or unset" },
        { "files-none", "files", P4_EMPTY, 0, 0, "no such file(s)." },
        { "info", "info", P4_OK, 0, 1, NULL },
        { "login-prompt", "login", P4_OK, 0, 0, NULL },
        { "login-s", "login", P4_OK, 0, 1, NULL },
        { "login-s-expired", "login", P4_AUTH, 1, 0, "session has expired" },
        { "merge-none", "merge", P4_EMPTY, 0, 0, NULL },
        { "nocommand", "p4", P4_CONNECT, 1, 0, "TCP connect to " },
        { "opened-none", "opened", P4_EMPTY, 0, 0, NULL },
        { "set", "set", P4_OK, 0, 0, NULL },
        { "sizes", "sizes", P4_OK, 0, 2, NULL },
        { "sizes-s", "sizes", P4_OK, 0, 1, NULL },
        { "streams", "streams", P4_OK, 0, 2, NULL },
        { "submit-mustresolve", "submit", P4_NOT_YET, 1, 0, "Merges still pending" },
        { "submit-nodefault", "submit", P4_EMPTY, 1, 0, "No files to submit" },
        { "sync-uptodate", "sync", P4_EMPTY, 0, 0, "up-to-date." },
        { "tickets-empty", "tickets", P4_OK, 0, 0, NULL },
        { "usage", "-Z", P4_USAGE, 1, 0, "Option: -Z needs argument." },
};

static void test_captures(void **state) {
        P4Server server = { .name = "capture", .user = "u", .home = home, .program = program };

        if (access(CAPTURES, X_OK) < 0) {
                print_message("# " CAPTURES " is not here\n");
                skip();
        }
        for (size_t i = 0; i < ELEMENTSOF(captures); i++) {
                _cleanup_free_ char *path = NULL;
                P4Command command = P4_COMMAND_INIT;
                P4Result result = {};

                assert_int_equal(string_format(&path, "%s/" CAPTURES "/%s--G.txt", top, captures[i].name),
                                 0);
                server.port = path;
                command.arguments = (const char *const[]) { captures[i].command, NULL };
                assert_int_equal(p4_run(&server, &command, &result), 0);
                if (result.p4_class != captures[i].p4_class || result.n_records != captures[i].n_records ||
                    result.exit_status != captures[i].exit_status ||
                    (captures[i].text && (!result.text || !strstr(result.text, captures[i].text)))) {
                        fail_msg("%s: %s, %llu records, exit %d, '%s'", captures[i].name,
                                 p4_class_to_string(result.p4_class), (unsigned long long) result.n_records,
                                 result.exit_status, result.text ? result.text : "");
                }
                p4_result_done(&result);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_captures) };

        return cmocka_run_group_tests_name("p4_captures", tests, set_up, tear_down);
}
