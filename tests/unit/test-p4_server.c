/* p4_run() against a whole server and client, the stand-in's: forms in and records out, bytes, logins,
 * limits, lost connections. The same p4 program and the same server as in the machine's tests. */
#include <arpa/inet.h>
#include <limits.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/fd_util.h"
#include "base/log.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "resources/p4.h"
#include "resources/process.h"

#define ODD_NAME "caf\xe9 \xff+1.txt" /* Latin-1: no UTF-8 */

static char root[] = "/tmp/weir-test-p4d-XXXXXX";
static char address[32], program[PATH_MAX], tickets[64];
static pid_t p4d_pid;

/* --- the server
 * ------------------------------------------------------------------------------------------------ */

static int free_port(void) {
        struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t length = sizeof(in);
        _cleanup_close_ int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        assert_int_equal(bind(fd, (struct sockaddr *) &in, length), 0);
        assert_int_equal(getsockname(fd, (struct sockaddr *) &in, &length), 0);
        return ntohs(in.sin_port);
}

static void start_p4d(void) {
        p4d_pid = fork();
        if (p4d_pid == 0) {
                (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
                (void) execl("tests/perforce/p4d", "p4d", "-q", "-r", root, "-p", address, NULL);
                _exit(127);
        }
}

/* Programs are built next to the folder of the tests. */
static void find_program(void) {
        ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 4);

        assert_true(n > 0);
        program[n] = 0;
        *strrchr(program, '/') = 0;
        strcpy(strrchr(program, '/'), "/p4");
}

static void control(const char *const *words) {
        const char *argv[12] = { "tests/perforce/p4d-control", "-r", root };
        ProcessSpec spec = PROCESS_SPEC_INIT;
        ProcessResult result;
        char directory[PATH_MAX];

        for (size_t i = 0; words[i]; i++) {
                argv[3 + i] = words[i];
        }
        spec.argv = argv;
        spec.directory = getcwd(directory, sizeof(directory));
        assert_int_equal(process_run(&spec, &result), 0);
        assert_int_equal(result.exit_status, 0);
}

/* --- commands
 * --------------------------------------------------------------------------------------------------- */

#define WORDS(...) ((const char *const[]) { __VA_ARGS__, NULL })

/* The values of one field of all records, one per line. */
typedef struct Wanted {
        const char *field;
        Buffer values;
} Wanted;

static int take_value(const MarshalRecord *record, void *userdata) {
        Wanted *wanted = userdata;
        const char *value = marshal_record_get(record, wanted->field);

        return value ? buffer_append_format(&wanted->values, "%s\n", value) : 0;
}

static P4Server demo(void) {
        return (P4Server) {
                .name = "demo",
                .port = address,
                .user = "weir",
                .client = "ws",
                .tickets = tickets,
                .home = root,
                .program = program,
                .timeout_usec = 20 * USEC_PER_SEC,
        };
}

static P4Result run(const P4Command *command) {
        P4Server server = demo();
        P4Result result = {};

        assert_int_equal(p4_run(&server, command, &result), 0);
        return result;
}

/* Runs and compares class and text (a part of it; NULL: any). */
static void expect(const P4Command *command, P4Class p4_class, const char *text) {
        P4Result result = run(command);

        if (result.p4_class != p4_class || (text && (!result.text || !strstr(result.text, text)))) {
                fail_msg("p4 %s: %s, '%s'", command->arguments[0], p4_class_to_string(result.p4_class),
                         result.text ? result.text : "");
        }
        p4_result_done(&result);
}

static void expect_words(const char *const *arguments, P4Class p4_class, const char *text) {
        P4Command command = P4_COMMAND_INIT;

        command.arguments = arguments;
        expect(&command, p4_class, text);
}

static void save_form(const char *kind, const char *const *fields) {
        P4Command command = P4_COMMAND_INIT;
        Buffer form = {};

        assert_int_equal(marshal_write_begin(&form), 0);
        for (size_t i = 0; fields[i]; i += 2) {
                assert_int_equal(marshal_write_field(&form, fields[i], fields[i + 1], strlen(fields[i + 1])),
                                 0);
        }
        assert_int_equal(marshal_write_end(&form), 0);
        command.arguments = WORDS(kind, "-i");
        command.input = form.data;
        command.input_length = form.length;
        expect(&command, P4_OK, NULL);
        buffer_done(&form);
}

static int set_up(void **state) {
        P4Command info = P4_COMMAND_INIT;
        bool up = false;

        (void) setenv("WEIR_LOG_LEVEL", "warning", 1);
        log_setup("test-p4_server");
        assert_non_null(mkdtemp(root));
        (void) snprintf(address, sizeof(address), "127.0.0.1:%d", free_port());
        (void) snprintf(tickets, sizeof(tickets), "%s/tickets", root);
        find_program();
        start_p4d();
        info.arguments = WORDS("info");
        for (int i = 0; i < 100 && !up; i++) {
                P4Result result = run(&info);

                up = result.p4_class == P4_OK;
                p4_result_done(&result);
                (void) usleep(up ? 0 : 100000);
        }
        return up ? 0 : -1;
}

static int tear_down(void **state) {
        ProcessSpec spec = PROCESS_SPEC_INIT;
        ProcessResult result;

        (void) kill(p4d_pid, SIGKILL);
        (void) waitpid(p4d_pid, NULL, 0);
        spec.argv = WORDS("/bin/rm", "-rf", root);
        return process_run(&spec, &result);
}

/* --- the tests, in this order: each stands on what those before it made
 * -------------------------------------------- */

static void test_empty_server(void **state) {
        expect_words(WORDS("streams"), P4_EMPTY, NULL);
        expect_words(WORDS("files", "//nothing/..."), P4_UNKNOWN, NULL);
        expect_words(WORDS("nonsense"), P4_USAGE, "Unknown command");
        expect_words(WORDS("sizes", "-s", "-z", "//..."), P4_USAGE, "Usage");
}

/* Forms go in as marshalled fields; a bad one is refused with the server's words. */
static void test_forms(void **state) {
        P4Command command = P4_COMMAND_INIT;
        Wanted wanted = { .field = "Stream" };

        save_form("depot", WORDS("Depot", "demo", "Owner", "weir", "Type", "stream", "Map", "demo/...",
                                 "StreamDepth", "//demo/1"));
        save_form("stream",
                  WORDS("Stream", "//demo/main", "Owner", "weir", "Name", "main", "Parent", "none", "Type",
                        "mainline", "Options", "allsubmit unlocked notoparent nofromparent mergedown",
                        "Paths0", "share ..."));
        save_form("client", WORDS("Client", "ws", "Owner", "weir", "Root", root, "Stream", "//demo/main"));
        command.arguments = WORDS("streams");
        command.on_record = take_value;
        command.userdata = &wanted;
        expect(&command, P4_OK, NULL);
        assert_string_equal(wanted.values.data, "//demo/main\n");
        buffer_done(&wanted.values);

        command = P4_COMMAND_INIT;
        command.arguments = WORDS("stream", "-i");
        command.input = "Stream: //demo/plain\n"; /* plain form text is not what -G wants */
        command.input_length = strlen(command.input);
        expect(&command, P4_CONFIG, "Invalid marshalled data");
}

static void test_odd_bytes(void **state) {
        P4Command command = P4_COMMAND_INIT;
        Wanted wanted = { .field = "depotFile" };
        _cleanup_free_ char *path = NULL;

        assert_int_equal(string_format(&path, "%s/" ODD_NAME, root), 0);
        assert_int_equal(file_write_atomic(path, "12345", 5, 0644), 0);
        expect_words(WORDS("add", path), P4_OK, NULL);
        expect_words(WORDS("submit", "-d", "odd \xfe bytes"), P4_OK, NULL);

        command.arguments = WORDS("sizes");
        command.batch = WORDS("//demo/main/...", "//demo/main/" ODD_NAME, "//demo/main/none");
        command.on_record = take_value;
        command.userdata = &wanted;
        expect(&command, P4_EMPTY, "//demo/main/none - no such file(s).");
        assert_string_equal(wanted.values.data, "//demo/main/" ODD_NAME "\n//demo/main/" ODD_NAME "\n");
        buffer_clear(&wanted.values);

        wanted.field = "fileSize";
        command.batch = NULL;
        command.arguments = WORDS("sizes", "-s", "//demo/main/...");
        expect(&command, P4_OK, NULL);
        assert_string_equal(wanted.values.data, "5\n");
        buffer_done(&wanted.values);
}

static int take_text(const void *data, size_t length, void *userdata) {
        return buffer_append(userdata, data, length);
}

static void test_content(void **state) {
        P4Command command = P4_COMMAND_INIT;
        Buffer content = {};

        command.arguments = WORDS("print", "//demo/main/" ODD_NAME);
        command.on_text = take_text;
        command.userdata = &content;
        expect(&command, P4_OK, NULL);
        assert_string_equal(content.data, "12345");
        buffer_done(&content);
}

static void login(const char *password, P4Class p4_class, const char *text) {
        P4Command command = P4_COMMAND_INIT;

        command.arguments = WORDS("login");
        command.input = password;
        command.input_length = strlen(password);
        command.input_is_secret = true;
        expect(&command, p4_class, text);
}

static void test_login(void **state) {
        struct stat st;

        control(WORDS("password", "weir", "Secret-1"));
        expect_words(WORDS("streams"), P4_AUTH, "P4PASSWD");
        login("wrong\n", P4_AUTH, "Password invalid");
        assert_int_equal(stat(tickets, &st), -1);
        login("Secret-1\n", P4_OK, NULL);
        assert_int_equal(stat(tickets, &st), 0);
        assert_int_equal(st.st_mode & 0077, 0);
        expect_words(WORDS("login", "-s"), P4_OK, NULL);
        expect_words(WORDS("streams"), P4_OK, NULL);
        control(WORDS("expire", "weir"));
        expect_words(WORDS("streams"), P4_AUTH, "session has expired");
        expect_words(WORDS("login", "-s"), P4_AUTH, "session has expired");
        login("Secret-1\n", P4_OK, NULL);
}

static void test_limits(void **state) {
        for (int i = 0; i < 40; i++) {
                char name[32], value[200];

                (void) snprintf(name, sizeof(name), "c%d", i);
                memset(value, 'v', sizeof(value) - 1);
                value[sizeof(value) - 1] = 0;
                expect_words(WORDS("counter", name, value), P4_OK, NULL);
        }
        control(WORDS("limit", "weir", "maxscanrows", "10"));
        expect_words(WORDS("counters"), P4_LIMIT, "maxscanrows");
        control(WORDS("limit", "weir", "maxscanrows", "off"));
        expect_words(WORDS("counters"), P4_OK, NULL);
}

static void test_lost_connections(void **state) {
        P4Command command = P4_COMMAND_INIT;
        P4Result result;

        control(WORDS("drop", "4000", "1"));
        command.arguments = WORDS("counters");
        result = run(&command);
        assert_int_equal(result.p4_class, P4_CONNECT);
        assert_int_equal(result.generic, P4_GENERIC_COMM);
        assert_true(result.connected && result.n_records > 0 && result.n_records < 40);
        p4_result_done(&result);

        control(WORDS("refuse", "on"));
        result = run(&command);
        assert_int_equal(result.p4_class, P4_CONNECT);
        assert_false(result.connected);
        p4_result_done(&result);
        control(WORDS("reset"));
        expect(&command, P4_OK, NULL);
}

static void test_hang(void **state) {
        P4Command command = P4_COMMAND_INIT;
        P4Server server = demo();
        P4Result result = {};

        control(WORDS("hang", "streams", "30"));
        command.arguments = WORDS("streams");
        server.timeout_usec = 500 * USEC_PER_MSEC;
        assert_int_equal(p4_run(&server, &command, &result), 0);
        assert_int_equal(result.p4_class, P4_TIMEOUT);
        assert_true(result.duration_usec < 4 * USEC_PER_SEC);
        p4_result_done(&result);
        control(WORDS("reset"));
}

static void test_dead_server(void **state) {
        assert_int_equal(kill(p4d_pid, SIGKILL), 0);
        assert_int_equal(waitpid(p4d_pid, NULL, 0), p4d_pid);
        expect_words(WORDS("streams"), P4_CONNECT, "Connect to server failed; check $P4PORT.");
        start_p4d();
        for (int i = 0; i < 100; i++) {
                P4Command command = P4_COMMAND_INIT;
                P4Result result;

                command.arguments = WORDS("streams");
                result = run(&command);
                if (result.p4_class == P4_OK) { /* logged in still, nothing lost */
                        assert_int_equal(result.n_records, 1);
                        p4_result_done(&result);
                        return;
                }
                p4_result_done(&result);
                (void) usleep(100000);
        }
        fail_msg("the server did not come back");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_empty_server),
                cmocka_unit_test(test_forms),
                cmocka_unit_test(test_odd_bytes),
                cmocka_unit_test(test_content),
                cmocka_unit_test(test_login),
                cmocka_unit_test(test_limits),
                cmocka_unit_test(test_lost_connections),
                cmocka_unit_test(test_hang),
                cmocka_unit_test(test_dead_server),
        };

        return cmocka_run_group_tests_name("p4_server", tests, set_up, tear_down);
}
