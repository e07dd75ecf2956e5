/* `weirctl lock` and `weirctl locks`, run as programs against a weir-lockd on a bus of its own: exit statuses, who is named, what JSON says. */
#undef NDEBUG
#include "lock_peer.h"

#include "base/buffer.h"
#include "resources/process.h"

typedef struct Output {
        Buffer out, err;
} Output;

static int on_out(const void *data, size_t length, void *userdata) {
        return buffer_append(&((Output *) userdata)->out, data, length);
}

static int on_err(const void *data, size_t length, void *userdata) {
        return buffer_append(&((Output *) userdata)->err, data, length);
}

/* Runs weirctl with the words and compares its exit status; output is kept for the looks that follow. */
static Output output;
static void weirctl(int status, const char *const *words) {
        _cleanup_free_ char *path = program_path("weirctl"), *address = NULL;
        const char *argv[16] = { path };
        ProcessSpec spec = PROCESS_SPEC_INIT;
        ProcessResult result;

        buffer_clear(&output.out);
        buffer_clear(&output.err);
        assert_int_equal(buffer_append_string(&output.out, ""), 0);
        assert_int_equal(buffer_append_string(&output.err, ""), 0);
        for (size_t i = 0; words[i]; i++) {
                argv[i + 1] = words[i];
        }
        assert_int_equal(string_format(&address, "DBUS_SYSTEM_BUS_ADDRESS=%s",
                                       getenv("DBUS_SYSTEM_BUS_ADDRESS")),
                         0);
        spec.argv = argv;
        spec.environment = (const char *const[]) { address, "PATH=/usr/bin:/bin", NULL };
        spec.on_stdout = on_out;
        spec.on_stderr = on_err;
        spec.userdata = &output;
        spec.timeout_usec = 30 * USEC_PER_SEC;
        assert_int_equal(process_run(&spec, &result), 0);
        if (result.signal != 0 || result.exit_status != status) {
                print_message("# status %d: %s%s\n", result.exit_status, output.out.data, output.err.data);
        }
        assert_int_equal(result.signal, 0);
        assert_int_equal(result.exit_status, status);
}
#define WEIRCTL(status, ...) weirctl(status, (const char *const[]) { __VA_ARGS__, NULL })

static void assert_says(const Buffer *buffer, const char *text) {
        if (!buffer->data || !strstr(buffer->data, text)) {
                print_message("# not in it: %s\n# %s\n", text, buffer->data ? buffer->data : "");
        }
        assert_true(buffer->data && strstr(buffer->data, text));
}

static int hold(const char *resource, const char *mode) {
        int fd = lock_client_acquire(client, resource, mode, "held by the test", 10 * USEC_PER_SEC, NULL,
                                     NULL);

        assert_true(fd >= 0);
        return fd;
}

static void test_command_runs_under_the_lock(void **state) {
        _cleanup_free_ char *path = program_path("weirctl");
        int fd;

        WEIRCTL(0, "lock", "--why=nightly job", "server/demo", "--", path, "locks", "--json");
        assert_says(&output.out, "\"resource\":\"server/demo\"");
        assert_says(&output.out, "\"mode\":\"exclusive\"");
        assert_says(&output.out, "\"why\":\"nightly job\"");
        assert_says(&output.out, "\"waiting\":false");
        assert_says(&output.out, "\"holder\":\"weirctl (pid ");
        WEIRCTL(0, "lock", "-m", "shared", "server/demo", path, "locks",
                "--json"); /* --json is the command's */
        assert_says(&output.out, "\"mode\":\"shared\"");
        assert_says(&output.out, "locks --json\"");
        fd = hold("server/demo", "exclusive");
        (void) close(fd);
}

static void test_exit_statuses(void **state) {
        WEIRCTL(0, "lock", "config", "true");
        WEIRCTL(7, "lock", "config", "--", "sh", "-c", "exit 7");
        WEIRCTL(137, "lock", "config", "sh", "-c", "kill -9 $$");
        WEIRCTL(127, "lock", "config", "no-such-command-anywhere");
        assert_says(&output.err, "no-such-command-anywhere");
        WEIRCTL(64, "lock", "config");
        WEIRCTL(64, "lock", "nonsense", "true");
        assert_says(&output.err, "nonsense");
        WEIRCTL(64, "lock", "--mode=strong", "config", "true");
        WEIRCTL(64, "lock", "--wait=soon", "config", "true");
        assert_says(&output.err, "soon");
}

static void test_busy(void **state) {
        int fd = hold("server/demo", "shared");

        WEIRCTL(75, "lock", "server", "true");
        assert_says(&output.err, "test-ctl_lock (pid ");
        assert_says(&output.err, "held by the test");
        assert_says(&output.err, "Next: ");
        WEIRCTL(75, "--json", "lock", "server/demo/stream//demo/main", "true");
        assert_says(&output.out,
                    "{\"error\":{\"message\":\"server/demo/stream///demo/main is busy: test-ctl_lock (pid ");
        WEIRCTL(75, "lock", "--wait=0.1", "server", "true");
        WEIRCTL(0, "lock", "--mode=shared", "server", "true");
        (void) close(fd);
        WEIRCTL(0, "lock", "--wait=10", "server", "true");
        WEIRCTL(0, "lock", "--wait", "server", "true");
}

static void test_locks(void **state) {
        int fd;

        WEIRCTL(0, "locks", "--json");
        assert_string_equal(output.out.data, "[]\n");
        WEIRCTL(0, "locks");
        assert_says(&output.out, "Nothing is locked.");
        fd = hold("server/demo", "shared");
        WEIRCTL(0, "locks", "list");
        assert_says(&output.out, "RESOURCE ");
        assert_says(&output.out, "server/demo  shared");
        WEIRCTL(1, "locks", "break", "server");
        WEIRCTL(64, "locks", "break", "nonsense");
        WEIRCTL(64, "locks", "break");
        WEIRCTL(64, "locks", "list", "server");
        WEIRCTL(64, "locks", "free", "server");
        WEIRCTL(0, "locks", "break", "server/demo", "--json");
        assert_string_equal(output.out.data, "{\"broken\":1}\n");
        WEIRCTL(0, "locks", "--json");
        assert_string_equal(output.out.data, "[]\n");
        (void) close(fd);
}

/* The lock goes while the command runs: that is said, and the command ends as it would have. */
static void test_broken_meanwhile(void **state) {
        _cleanup_free_ char *path = program_path("weirctl"), *script = NULL;

        assert_int_equal(string_format(&script, "'%s' locks break config; sleep 0.2; exit 5", path), 0);
        WEIRCTL(5, "lock", "config", "sh", "-c", script);
        assert_says(&output.err, "broken or lost");
}

static void test_no_lock_manager(void **state) {
        client = lock_client_free(client);
        (void) service_end(SIGTERM);
        WEIRCTL(1, "locks");
        assert_says(&output.err, "systemctl status weir-lockd");
        WEIRCTL(1, "lock", "config", "true");
        service_start("weir-lockd");
        assert_int_equal(lock_client_new(&client), 0);
}

static int free_output(void **state) {
        buffer_done(&output.out);
        buffer_done(&output.err);
        return 0;
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_teardown(test_command_runs_under_the_lock, free_output),
                cmocka_unit_test_teardown(test_exit_statuses, free_output),
                cmocka_unit_test_teardown(test_busy, free_output),
                cmocka_unit_test_teardown(test_locks, free_output),
                cmocka_unit_test_teardown(test_broken_meanwhile, free_output),
                cmocka_unit_test_teardown(test_no_lock_manager, free_output),
        };

        return cmocka_run_group_tests(tests, lock_peer_start, lock_peer_stop);
}
