/* weir-lockd as its clients see it, on a bus of its own: taking, waiting, giving back, breaking, and
 * everything that is refused. */
#undef NDEBUG
#include "lock_peer.h"

#include <systemd/sd-bus.h>

#define SHORT_USEC (200 * USEC_PER_MSEC)

static int acquire(const char *resource, const char *mode, const char *why, uint64_t timeout_usec) {
        return lock_client_acquire(client, resource, mode, why, timeout_usec, NULL, NULL);
}

static size_t count(bool waiting) {
        LockHolder *holders = NULL;
        size_t n = 0, found = 0;

        assert_int_equal(lock_client_list(client, &holders, &n, NULL), 0);
        for (size_t i = 0; i < n; i++) {
                found += holders[i].waiting == waiting;
        }
        lock_holders_free(holders, n);
        return found;
}

/* The daemon learns of a closed descriptor, a dead process or a new waiter a moment later. */
static void await_count(bool waiting, size_t expected) {
        uint64_t end = now_monotonic() + 10 * USEC_PER_SEC;

        while (count(waiting) != expected) {
                assert_true(now_monotonic() < end);
                (void) usleep(2000);
        }
}

static void test_take_list_give_back(void **state) {
        LockHolder *holders = NULL;
        char expected[64];
        size_t n = 0;
        int64_t before = now_realtime();
        int fd = acquire("server/demo/stream//demo/main", "shared", "measuring \xd0\xb4", 0);

        assert_true(fd >= 0);
        assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
        assert_int_equal(lock_client_list(client, &holders, &n, NULL), 0);
        assert_int_equal(n, 1);
        assert_string_equal(holders[0].resource, "server/demo/stream///demo/main");
        assert_string_equal(holders[0].mode, "shared");
        assert_string_equal(holders[0].why, "measuring \xd0\xb4");
        (void) snprintf(expected, sizeof(expected), "test-lockd (pid %d", getpid());
        assert_true(string_has_prefix(holders[0].holder, expected));
        assert_int_equal(holders[0].pid, getpid());
        assert_int_equal(holders[0].uid, getuid());
        assert_true(holders[0].since >= before && holders[0].since <= now_realtime());
        assert_false(holders[0].waiting);
        lock_holders_free(holders, n);
        (void) close(fd);
        await_count(false, 0);
        assert_int_equal(store_count(), 0);
}

/* What was given back is free for the very next question. */
static void test_given_back_at_once(void **state) {
        for (int i = 0; i < 500; i++) {
                int fd = acquire("server/a", "exclusive", "", 0);

                assert_true(fd >= 0);
                (void) close(fd);
        }
        await_count(false, 0);
}

static void test_busy_names_the_holder(void **state) {
        LockHolder busy = {};
        char *message = NULL;
        int fd = acquire("server", "exclusive", "weekly full measurement", 0);

        assert_true(fd >= 0);
        assert_int_equal(lock_client_acquire(client, "server/demo", "exclusive", "x", 0, &busy, &message),
                         -EBUSY);
        assert_string_equal(busy.resource, "server");
        assert_string_equal(busy.mode, "exclusive");
        assert_string_equal(busy.why, "weekly full measurement");
        assert_int_equal(busy.pid, getpid());
        assert_true(busy.since > 0);
        assert_false(busy.waiting);
        assert_non_null(strstr(message, "server/demo is busy"));
        assert_non_null(strstr(message, busy.holder));
        assert_non_null(strstr(message, "weekly full measurement"));
        free(message);
        lock_holder_done(&busy);
        (void) close(fd);
        await_count(false, 0);
}

static void test_tree(void **state) {
        int one = acquire("server/a/stream///d/s", "exclusive", "", 0),
            two = acquire("server/a/stream///d/t", "exclusive", "", 0);
        int config = acquire("config", "shared", "", 0), again = acquire("config", "shared", "", 0);

        assert_true(one >= 0 && two >= 0 && config >= 0 && again >= 0);
        assert_int_equal(acquire("server/a/stream///d/s", "shared", "", 0), -EBUSY);
        assert_int_equal(acquire("server/a", "shared", "", 0), -EBUSY);
        assert_int_equal(acquire("server", "exclusive", "", 0), -EBUSY);
        assert_int_equal(acquire("/", "shared", "", 0), -EBUSY);
        assert_int_equal(acquire("config", "exclusive", "", 0), -EBUSY);
        (void) close(config);
        (void) close(again);
        config = acquire("config", "exclusive", "", USEC_INFINITY);
        assert_true(config >= 0);
        (void) close(one);
        (void) close(two);
        (void) close(config);
        await_count(false, 0);
}

static void test_time_out(void **state) {
        uint64_t begin = now_monotonic();
        LockHolder busy = {};
        int fd = acquire("server/a", "exclusive", "first", 0);

        assert_int_equal(lock_client_acquire(client, "server/a", "shared", "", SHORT_USEC, &busy, NULL),
                         -EBUSY);
        assert_true(now_monotonic() - begin >= SHORT_USEC);
        assert_string_equal(busy.why, "first");
        lock_holder_done(&busy);
        assert_int_equal(count(true), 0);
        (void) close(fd);
        await_count(false, 0);
}

/* --- waiting --- */

typedef struct Waiter {
        pthread_t thread;
        const char *mode;
        uint64_t timeout_usec;
        int fd;
        unsigned place; /* in the order of getting it */
} Waiter;

static unsigned places;

static void *wait_for_lock(void *userdata) {
        Waiter *waiter = userdata;
        LockClient *own = NULL;

        assert_int_equal(lock_client_new(&own), 0);
        waiter->fd = lock_client_acquire(own, "server/queue", waiter->mode, "waiting", waiter->timeout_usec,
                                         NULL, NULL);
        waiter->place = __atomic_add_fetch(&places, 1, __ATOMIC_SEQ_CST);
        (void) lock_client_free(own);
        return NULL;
}

static void test_first_in_first_out(void **state) {
        Waiter waiters[4] = {
                { .mode = "exclusive" }, { .mode = "shared" }, { .mode = "shared" }, { .mode = "exclusive" }
        };
        int fd = acquire("server/queue", "shared", "", 0), late;

        places = 0;
        for (size_t i = 0; i < ELEMENTSOF(waiters); i++) {
                waiters[i].timeout_usec = i % 2 ? USEC_INFINITY : 20 * USEC_PER_SEC;
                assert_int_equal(pthread_create(&waiters[i].thread, NULL, wait_for_lock, &waiters[i]), 0);
                await_count(true, i + 1);
        }
        /* Shared beside shared would fit, but somebody waits already. */
        assert_int_equal(acquire("server/queue", "shared", "", 0), -EBUSY);
        late = acquire("server/elsewhere", "exclusive", "", 0);
        assert_true(late >= 0);
        (void) close(late);

        (void) close(fd);
        (void) pthread_join(waiters[0].thread, NULL);
        assert_true(waiters[0].fd >= 0);
        assert_int_equal(waiters[0].place, 1);
        assert_int_equal(count(true), 3);
        (void) close(waiters[0].fd);
        (void) pthread_join(waiters[1].thread, NULL);
        (void) pthread_join(waiters[2].thread, NULL);
        assert_true(waiters[1].fd >= 0 && waiters[2].fd >= 0);
        assert_int_equal(count(true), 1);
        (void) close(waiters[1].fd);
        (void) usleep(20000);
        assert_int_equal(count(true), 1);
        (void) close(waiters[2].fd);
        (void) pthread_join(waiters[3].thread, NULL);
        assert_true(waiters[3].fd >= 0);
        (void) close(waiters[3].fd);
        await_count(false, 0);
}

static sd_bus *raw_bus(void) {
        sd_bus *bus = NULL;

        assert_true(sd_bus_open_system(&bus) >= 0);
        return bus;
}

static int send_acquire(sd_bus *bus, const char *resource) {
        return sd_bus_call_method_async(bus, NULL, "org.weir.Locks1", "/org/weir/Locks1",
                                        "org.weir.Locks1.Manager", "Acquire", NULL, NULL, "ssst", resource,
                                        "exclusive", "", UINT64_MAX);
}

/* A waiter that leaves the bus is forgotten, and whoever stood behind it moves up. */
static void test_waiter_leaves(void **state) {
        int fd = acquire("server/a", "shared", "", 0), shared;
        sd_bus *bus = raw_bus();

        assert_true(send_acquire(bus, "server/a") >= 0);
        assert_true(sd_bus_flush(bus) >= 0);
        await_count(true, 1);
        assert_int_equal(acquire("server/a", "shared", "", 0), -EBUSY);
        sd_bus_flush_close_unref(bus);
        await_count(true, 0);
        shared = acquire("server/a", "shared", "", 0);
        assert_true(shared >= 0);
        (void) close(shared);
        (void) close(fd);
        await_count(false, 0);
}

/* One that leaves in the moment of being served must not keep the lock. */
static void test_granted_to_nobody(void **state) {
        for (unsigned i = 0; i < 30; i++) {
                int fd = acquire("server/a", "exclusive", "",
                                 5 * USEC_PER_SEC); /* the last one's end may not be known yet */
                sd_bus *bus = raw_bus();

                assert_true(fd >= 0);
                assert_true(send_acquire(bus, "server/a") >= 0);
                assert_true(sd_bus_flush(bus) >= 0);
                await_count(true, 1);
                (void) close(fd);
                sd_bus_close_unref(bus);
                fd = acquire("server/a", "exclusive", "", 5 * USEC_PER_SEC);
                assert_true(fd >= 0);
                (void) close(fd);
        }
        await_count(false, 0);
}

static void test_holder_is_killed(void **state) {
        pid_t pid = fork();

        if (pid == 0) {
                LockClient *own = NULL;

                if (lock_client_new(&own) < 0 ||
                    lock_client_acquire(own, "server/a", "exclusive", "", 0, NULL, NULL) < 0) {
                        _exit(1);
                }
                (void) pause();
        }
        await_count(false, 1);
        assert_int_equal(acquire("server/a", "exclusive", "", 0), -EBUSY);
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        await_count(false, 0);
}

static void test_break(void **state) {
        struct pollfd end = {};
        uint32_t broken = 99;
        char *message = NULL;
        int first = acquire("server/a", "shared", "", 0), second = acquire("server/a", "shared", "", 0);
        int below = acquire("server/a/stream///d/s", "shared", "", 0), next;

        assert_int_equal(lock_client_break(client, "server/b", &broken, NULL), 0);
        assert_int_equal(broken, 0);
        assert_true(first >= 0 && second >= 0 && below >= 0);
        assert_int_equal(lock_client_break(client, "server/a", &broken, NULL), 0);
        assert_int_equal(broken, 2);
        end.fd = first;
        assert_int_equal(poll(&end, 1, 5000), 1);
        assert_true(end.revents & POLLERR);
        assert_int_equal(count(false), 1);
        (void) close(below);
        next = acquire("server/a", "exclusive", "", 5 * USEC_PER_SEC);
        assert_true(next >= 0);
        (void) close(first); /* no longer anything to do with it */
        (void) close(second);
        (void) usleep(20000);
        assert_int_equal(count(false), 1);
        (void) close(next);
        assert_int_equal(lock_client_break(client, "nonsense", &broken, &message), -EINVAL);
        assert_non_null(strstr(message, "nonsense"));
        free(message);
        await_count(false, 0);
}

static void test_refusals(void **state) {
        static char long_why[600], long_resource[3000];
        static const struct {
                const char *resource, *mode, *why, *says;
        } cases[] = {
                { "", "shared", "", "no lockable resource" },
                { "server/", "shared", "", "no lockable resource" },
                { "server/a\n", "shared", "", "\\x0a" },
                { long_resource, "shared", "", "too long" },
                { "server/a", "", "", "mode" },
                { "server/a", "Exclusive", "", "mode" },
                { "server/a", "shared", long_why, "512" },
        };

        memset(long_why, 'w', sizeof(long_why) - 1);
        memset(long_resource, 'r', sizeof(long_resource) - 1);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char *message = NULL;

                assert_int_equal(lock_client_acquire(client, cases[i].resource, cases[i].mode, cases[i].why,
                                                     0, NULL, &message),
                                 -EINVAL);
                assert_non_null(message);
                assert_non_null(strstr(message, cases[i].says));
                free(message);
        }
        assert_int_equal(count(false), 0);
}

static void test_queue_is_bounded(void **state) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        int fd = acquire("server/a", "exclusive", "", 0), other;
        sd_bus *bus = raw_bus();

        for (unsigned i = 0; i < 64; i++) {
                assert_true(send_acquire(bus, "server/a") >= 0);
        }
        assert_true(sd_bus_flush(bus) >= 0);
        await_count(true, 64);
        assert_true(sd_bus_call_method(bus, "org.weir.Locks1", "/org/weir/Locks1", "org.weir.Locks1.Manager",
                                       "Acquire", &error, NULL, "ssst", "server/a", "shared", "",
                                       UINT64_MAX) < 0);
        assert_string_equal(error.name, SD_BUS_ERROR_LIMITS_EXCEEDED);
        other = acquire("server/b", "exclusive", "", 0); /* nobody else is hurt */
        assert_true(other >= 0);
        (void) close(other);
        sd_bus_close_unref(bus);
        await_count(true, 0);
        (void) close(fd);
        await_count(false, 0);
}

/* Control characters in what is shown to people come back harmless. */
static void test_why_is_printable(void **state) {
        LockHolder *holders = NULL;
        size_t n = 0;
        int fd = acquire("server/a", "shared", "a\nwhy=b\x1b[31m", 0);

        assert_true(fd >= 0);
        assert_int_equal(lock_client_list(client, &holders, &n, NULL), 0);
        assert_string_equal(holders[0].why, "a\\x0awhy=b\\x1b[31m");
        lock_holders_free(holders, n);
        (void) close(fd);
        await_count(false, 0);
}

/* Signals and properties, read by somebody who only watches. */
static int on_signal(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        const char *resource, *mode, *holder, *last;
        uint64_t id;

        assert_true(sd_bus_message_read(message, "tssss", &id, &resource, &mode, &holder, &last) > 0);
        assert_string_equal(resource, "server/watched");
        (void) snprintf(userdata, 64, "%s %s %s", sd_bus_message_get_member(message), mode, last);
        return 0;
}

static void expect_signal(sd_bus *bus, char *seen, const char *expected) {
        uint64_t end = now_monotonic() + 5 * USEC_PER_SEC;

        while (!string_equal(seen, expected)) {
                if (sd_bus_process(bus, NULL) == 0) {
                        (void) sd_bus_wait(bus, 100 * USEC_PER_MSEC);
                }
                assert_true(now_monotonic() < end);
        }
}

static uint32_t read_property(sd_bus *bus, const char *name) {
        uint32_t value = 0;

        assert_true(sd_bus_get_property_trivial(bus, "org.weir.Locks1", "/org/weir/Locks1",
                                                "org.weir.Locks1.Manager", name, NULL, 'u', &value) >= 0);
        return value;
}

/* It is told when the event loop comes round. */
static void await_status(const char *text) {
        for (unsigned i = 0; i < 5000 && !string_equal(private_bus.status, text); i++) {
                (void) usleep(1000);
        }
        assert_string_equal(private_bus.status, text);
}

static void test_signals_and_properties(void **state) {
        char seen[64] = "";
        sd_bus *bus = raw_bus();
        uint32_t broken = 0;
        int fd;

        assert_true(sd_bus_match_signal(bus, NULL, "org.weir.Locks1", "/org/weir/Locks1",
                                        "org.weir.Locks1.Manager", NULL, on_signal, seen) >= 0);
        fd = acquire("server/watched", "exclusive", "reason", 0);
        expect_signal(bus, seen, "LockAcquired exclusive reason");
        assert_int_equal(read_property(bus, "Held"), 1);
        assert_int_equal(read_property(bus, "Waiting"), 0);
        assert_int_equal(read_property(bus, "LocksMax"), 4096);
        await_status("1 held, 0 waiting");
        (void) close(fd);
        expect_signal(bus, seen, "LockReleased exclusive released");
        await_count(false, 0);
        await_status("0 held, 0 waiting");
        fd = acquire("server/watched", "shared", "", 0);
        assert_int_equal(lock_client_break(client, "server/watched", &broken, NULL), 0);
        expect_signal(bus, seen, "LockReleased shared broken");
        (void) close(fd);
        sd_bus_close_unref(bus);
        await_count(false, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_take_list_give_back),
                cmocka_unit_test(test_given_back_at_once),
                cmocka_unit_test(test_busy_names_the_holder),
                cmocka_unit_test(test_tree),
                cmocka_unit_test(test_time_out),
                cmocka_unit_test(test_first_in_first_out),
                cmocka_unit_test(test_waiter_leaves),
                cmocka_unit_test(test_granted_to_nobody),
                cmocka_unit_test(test_holder_is_killed),
                cmocka_unit_test(test_break),
                cmocka_unit_test(test_refusals),
                cmocka_unit_test(test_queue_is_bounded),
                cmocka_unit_test(test_why_is_printable),
                cmocka_unit_test(test_signals_and_properties),
        };

        return cmocka_run_group_tests(tests, lock_peer_start, lock_peer_stop);
}
