/* Who may: weir-lockd as another user than root meets it, with no polkit, with one that says yes, no, "a
 * password first", and with one that takes its time. The polkit here is a bus service of the test; the bus
 * and the other user are real. */
#undef NDEBUG
#include "lock_peer.h"

#include <systemd/sd-bus.h>

#define OTHER_USER 65534

/* --- a polkit --- */

typedef enum Verdict { ALLOW, DENY, CHALLENGE, SILENT } Verdict;
static struct {
        pthread_t thread;
        volatile bool closing, ready;
        Verdict verdict;
        unsigned n_asked;
        char question[512]; /* the last one: action, details, flags */
} polkit;

static int check_authorization(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        const char *kind, *key, *sender, *action, *detail, *value;
        uint32_t flags;
        size_t used;

        assert_true(sd_bus_message_enter_container(message, 'r', "sa{sv}") > 0);
        assert_true(sd_bus_message_read(message, "sa{sv}", &kind, 1, &key, "s", &sender) > 0);
        assert_true(sd_bus_message_exit_container(message) > 0);
        assert_string_equal(kind, "system-bus-name");
        assert_string_equal(key, "name");
        assert_int_equal(sender[0], ':');
        assert_true(sd_bus_message_read(message, "s", &action) > 0);
        used = (size_t) snprintf(polkit.question, sizeof(polkit.question), "%s", action);
        assert_true(sd_bus_message_enter_container(message, 'a', "{ss}") >= 0);
        while (sd_bus_message_read(message, "{ss}", &detail, &value) > 0) {
                used += (size_t) snprintf(polkit.question + used, sizeof(polkit.question) - used, " %s=%s",
                                          detail, value);
        }
        assert_true(sd_bus_message_exit_container(message) >= 0);
        assert_true(sd_bus_message_read(message, "u", &flags) > 0);
        assert_int_equal(flags, 0);
        polkit.n_asked++;
        if (polkit.verdict == SILENT) {
                return 1;
        }
        return sd_bus_reply_method_return(message, "(bba{ss})", polkit.verdict == ALLOW,
                                          polkit.verdict == CHALLENGE, 0);
}

static const sd_bus_vtable polkit_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("CheckAuthorization", "(sa{sv})sa{ss}us", "(bba{ss})", check_authorization,
                      SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

static void *run_polkit(void *unused) {
        sd_bus *bus = NULL;

        assert_true(sd_bus_open_system(&bus) >= 0);
        assert_true(sd_bus_add_object_vtable(bus, NULL, "/org/freedesktop/PolicyKit1/Authority",
                                             "org.freedesktop.PolicyKit1.Authority", polkit_vtable,
                                             NULL) >= 0);
        assert_true(sd_bus_request_name(bus, "org.freedesktop.PolicyKit1", 0) >= 0);
        polkit.ready = true;
        while (!polkit.closing) {
                if (sd_bus_process(bus, NULL) == 0) {
                        (void) sd_bus_wait(bus, 20 * USEC_PER_MSEC);
                }
        }
        sd_bus_close_unref(bus);
        return NULL;
}

static int start_polkit(void **state) {
        if (getuid() != 0) {
                return 0;
        }
        polkit.closing = polkit.ready = false;
        polkit.n_asked = 0;
        assert_int_equal(pthread_create(&polkit.thread, NULL, run_polkit, NULL), 0);
        while (!polkit.ready) {
                (void) usleep(1000);
        }
        return 0;
}

static int stop_polkit(void **state) {
        if (getuid() == 0) {
                polkit.closing = true;
                (void) pthread_join(polkit.thread, NULL);
        }
        return 0;
}

/* --- another user --- */

static int other_result(const char *method, char *text, size_t size) {
        LockClient *own = NULL;
        LockHolder *holders = NULL;
        char *message = NULL;
        uint32_t broken;
        size_t n;
        int r = lock_client_new(&own);

        if (r >= 0 && string_equal(method, "acquire")) {
                r = lock_client_acquire(own, "server/a", "shared", "", 0, NULL, &message);
        } else if (r >= 0 && string_equal(method, "break")) {
                r = lock_client_break(own, "server/b", &broken, &message);
        } else if (r >= 0) {
                r = lock_client_list(own, &holders, &n, &message);
        }
        (void) snprintf(text, size, "%s", message ? message : "");
        return r;
}

/* Calls as the other user and returns 0 or the negative errno; text is what it was told. */
static int as_other_user(const char *method, char *text, size_t size) {
        int ends[2], status = 0;
        ssize_t n;
        pid_t pid;

        assert_int_equal(pipe(ends), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                char told[512];
                int null = open("/dev/null", O_RDWR), r;

                (void) dup2(null, STDIN_FILENO);
                if (setgid(OTHER_USER) < 0 || setuid(OTHER_USER) < 0) {
                        _exit(255);
                }
                r = other_result(method, told, sizeof(told));
                if (write(ends[1], told, strlen(told)) < 0) {
                        _exit(254);
                }
                _exit(r < 0 ? -r : 0);
        }
        (void) close(ends[1]);
        n = read(ends[0], text, size - 1);
        text[n > 0 ? n : 0] = '\0';
        (void) close(ends[0]);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        return -WEXITSTATUS(status);
}

static void need_root(void) {
        if (getuid() != 0) {
                print_message("# only root can call as another user\n");
                skip();
        }
}

static void test_without_polkit(void **state) {
        char text[512];
        int fd;

        need_root();
        assert_int_equal(as_other_user("acquire", text, sizeof(text)), -EACCES);
        assert_non_null(strstr(text, "only root and user weir"));
        assert_int_equal(as_other_user("break", text, sizeof(text)), -EACCES);
        assert_int_equal(as_other_user("list", text, sizeof(text)), 0);
        fd = lock_client_acquire(client, "server/a", "exclusive", "", 0, NULL, NULL);
        assert_true(fd >= 0);
        (void) close(fd);
}

static void test_verdicts(void **state) {
        char text[512];

        need_root();
        polkit.verdict = ALLOW;
        assert_int_equal(as_other_user("acquire", text, sizeof(text)), 0);
        assert_string_equal(polkit.question, "org.weir.locks.acquire resource=server/a mode=shared");
        assert_int_equal(as_other_user("break", text, sizeof(text)), 0);
        assert_string_equal(polkit.question, "org.weir.locks.break resource=server/b");
        polkit.verdict = DENY;
        assert_int_equal(as_other_user("acquire", text, sizeof(text)), -EACCES);
        assert_non_null(strstr(text, "org.weir.locks.acquire"));
        assert_int_equal(as_other_user("break", text, sizeof(text)), -EACCES);
        polkit.verdict = CHALLENGE;
        assert_int_equal(as_other_user("acquire", text, sizeof(text)), -EACCES);
        assert_non_null(strstr(text, "password"));
        assert_int_equal(polkit.n_asked, 5);
        assert_int_equal(as_other_user("list", text, sizeof(text)), 0);
        assert_int_equal(polkit.n_asked, 5);
}

static void test_root_is_not_asked_about(void **state) {
        int fd;

        need_root();
        polkit.verdict = DENY;
        fd = lock_client_acquire(client, "server/a", "exclusive", "", 5 * USEC_PER_SEC, NULL, NULL);
        assert_true(fd >= 0);
        (void) close(fd);
        assert_int_equal(polkit.n_asked, 0);
}

/* While polkit thinks, everybody else is served; questions nobody waits for any more do no harm; and there
 * is an end to them. */
static void test_slow_polkit(void **state) {
        LockHolder *holders = NULL;
        char text[512];
        pid_t pid;
        size_t n;
        int fd;

        need_root();
        polkit.verdict = SILENT;
        pid = fork();
        if (pid == 0) {
                sd_bus *bus = NULL;

                if (setuid(OTHER_USER) < 0 || sd_bus_open_system(&bus) < 0) {
                        _exit(1);
                }
                for (unsigned i = 0; i < 64; i++) {
                        (void) sd_bus_call_method_async(bus, NULL, "org.weir.Locks1", "/org/weir/Locks1",
                                                        "org.weir.Locks1.Manager", "Acquire", NULL, NULL,
                                                        "ssst", "server/a", "shared", "", UINT64_C(0));
                }
                (void) sd_bus_flush(bus);
                (void) pause();
        }
        while (polkit.n_asked < 64) {
                (void) usleep(1000);
        }
        fd = lock_client_acquire(client, "server/a", "exclusive", "", 0, NULL, NULL);
        assert_true(fd >= 0);
        assert_int_equal(as_other_user("acquire", text, sizeof(text)), -ENOBUFS);
        assert_int_equal(polkit.n_asked, 64);
        assert_int_equal(lock_client_list(client, &holders, &n, NULL), 0);
        assert_int_equal(n, 1);
        lock_holders_free(holders, n);
        (void) close(fd);
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_without_polkit),
                cmocka_unit_test_setup_teardown(test_verdicts, start_polkit, stop_polkit),
                cmocka_unit_test_setup_teardown(test_root_is_not_asked_about, start_polkit, stop_polkit),
                cmocka_unit_test_setup_teardown(test_slow_polkit, start_polkit, stop_polkit),
        };

        return cmocka_run_group_tests(tests, lock_peer_start, lock_peer_stop);
}
