/* weir-lockd is killed, and killed again: no lock is lost, none is left that nobody holds, and waiting goes
 * on. The test plays PID 1 and keeps the descriptors, once throwing away what hung up, as systemd does, and
 * once not. */
#undef NDEBUG
#include "private_bus.h"

#include "clients/lock_client.h"

static LockClient *client;

static int start(void **state) {
        bus_start();
        manager_start();
        return 0;
}

static int stop(void **state) {
        private_bus_end();
        return 0;
}

static int start_daemon(void **state) {
        service_start("weir-lockd");
        return lock_client_new(&client);
}

static int stop_daemon(void **state) {
        client = lock_client_free(client);
        assert_int_equal(WEXITSTATUS(service_end(SIGTERM)), 0);
        assert_int_equal(store_count(), 0);
        return 0;
}

static void restart(int signal_number) {
        (void) service_end(signal_number);
        service_start("weir-lockd");
}

static int acquire(const char *resource, const char *mode, const char *why) {
        return lock_client_acquire(client, resource, mode, why, 0, NULL, NULL);
}

static size_t list(LockHolder **ret) {
        size_t n = 0;

        assert_int_equal(lock_client_list(client, ret, &n, NULL), 0);
        return n;
}

static size_t count(void) {
        LockHolder *holders = NULL;
        size_t n = list(&holders);

        lock_holders_free(holders, n);
        return n;
}

static void await_count(size_t expected) {
        uint64_t end = now_monotonic() + 10 * USEC_PER_SEC;

        while (count() != expected) {
                assert_true(now_monotonic() < end);
                (void) usleep(2000);
        }
}

static void assert_same_holders(const LockHolder *a, const LockHolder *b, size_t n) {
        for (size_t i = 0; i < n; i++) {
                assert_string_equal(a[i].resource, b[i].resource);
                assert_string_equal(a[i].mode, b[i].mode);
                assert_string_equal(a[i].holder, b[i].holder);
                assert_string_equal(a[i].why, b[i].why);
                assert_int_equal(a[i].uid, b[i].uid);
                assert_int_equal(a[i].pid, b[i].pid);
                assert_int_equal(a[i].since, b[i].since);
                assert_false(a[i].waiting || b[i].waiting);
        }
}

static void test_everything_survives(void **state) {
        static const int signals[] = { SIGKILL, SIGTERM, SIGHUP, SIGKILL };
        LockHolder *before = NULL, *after = NULL;
        int fds[3] = { acquire("server/a/stream///d/50%25 \xd0\xb0", "exclusive", "why = \xd0\xb4, \"x\""),
                       acquire("config", "shared", ""), acquire("config", "shared", "twice") };

        assert_true(fds[0] >= 0 && fds[1] >= 0 && fds[2] >= 0);
        assert_int_equal(list(&before), 3);
        for (size_t i = 0; i < ELEMENTSOF(signals); i++) {
                restart(signals[i]);
                assert_int_equal(store_count(), 3);
                assert_int_equal(list(&after), 3);
                assert_same_holders(before, after, 3);
                lock_holders_free(after, 3);
                assert_int_equal(acquire("server/a", "exclusive", ""), -EBUSY);
                assert_int_equal(acquire("config", "exclusive", ""), -EBUSY);
        }
        lock_holders_free(before, 3);
        for (size_t i = 0; i < 3; i++) {
                (void) close(fds[i]);
                await_count(2 - i);
        }
        assert_int_equal(store_count(), 0);
}

/* A holder goes while nobody watches. */
static void test_freed_meanwhile(void **state) {
        int gone = acquire("server/a", "exclusive", ""), kept = acquire("server/b", "exclusive", ""), fd;

        assert_true(gone >= 0 && kept >= 0);
        (void) service_end(SIGKILL);
        (void) close(gone);
        service_start("weir-lockd");
        assert_int_equal(count(), 1);
        fd = acquire("server/a", "exclusive", "");
        assert_true(fd >= 0);
        assert_int_equal(acquire("server/b", "shared", ""), -EBUSY);
        (void) close(fd);
        (void) close(kept);
        await_count(0);
}

static void test_freed_meanwhile_in_a_lazy_store(void **state) {
        private_bus.polls_store = false;
        test_freed_meanwhile(state);
        private_bus.polls_store = true;
}

static void test_broken_stays_broken(void **state) {
        int fd = acquire("server/a", "exclusive", "");
        uint32_t broken = 0;

        assert_int_equal(lock_client_break(client, "server/a", &broken, NULL), 0);
        assert_int_equal(broken, 1);
        restart(SIGKILL);
        assert_int_equal(count(), 0);
        (void) close(fd);
}

/* Whatever else lies in the store is refused and thrown out; a real lock next to it is not hurt. */
static void test_rubbish_in_the_store(void **state) {
        static const char forged[] =
                        "weir-lock 1\nid=7\nresource=/\nmode=exclusive\nuid=0\npid=1\nsince=1\nholder=h\nwhy=w\n\n";
        int fd = acquire("server/a", "exclusive", ""), empty[2], cut[2], renamed[2];

        assert_true(fd >= 0);
        assert_int_equal(pipe2(empty, O_CLOEXEC) | pipe2(cut, O_CLOEXEC) | pipe2(renamed, O_CLOEXEC), 0);
        assert_true(write(cut[1], forged, sizeof(forged) - 5) > 0);
        assert_true(write(renamed[1], forged, sizeof(forged) - 1) > 0);
        (void) service_end(SIGKILL);
        (void) pthread_mutex_lock(&private_bus.mutex);
        store_apply((char[]) { "FDSTORE=1\nFDNAME=lock-1" }, fcntl(empty[0], F_DUPFD_CLOEXEC, 0));
        store_apply((char[]) { "FDSTORE=1\nFDNAME=lock-7" }, fcntl(cut[0], F_DUPFD_CLOEXEC, 0));
        store_apply((char[]) { "FDSTORE=1\nFDNAME=lock-8" }, fcntl(renamed[0], F_DUPFD_CLOEXEC, 0));
        store_apply((char[]) { "FDSTORE=1\nFDNAME=stored" }, open("/dev/null", O_RDONLY | O_CLOEXEC));
        (void) pthread_mutex_unlock(&private_bus.mutex);
        service_start("weir-lockd");
        assert_int_equal(count(), 1);
        assert_int_equal(store_count(), 1);
        for (size_t i = 0; i < 2; i++) {
                (void) close(empty[i]);
                (void) close(cut[i]);
                (void) close(renamed[i]);
        }
        (void) close(fd);
        await_count(0);
}

/* --- waiting goes on --- */

static void *wait_for_lock(void *userdata) {
        LockClient *own = NULL;

        assert_int_equal(lock_client_new(&own), 0);
        *(int *) userdata = lock_client_acquire(own, "server/a", "exclusive", "waiting", 30 * USEC_PER_SEC,
                                                NULL, NULL);
        (void) lock_client_free(own);
        return NULL;
}

static void test_waiter_survives(void **state) {
        int fd = acquire("server/a", "exclusive", ""), got = -1;
        pthread_t thread;

        assert_int_equal(pthread_create(&thread, NULL, wait_for_lock, &got), 0);
        await_count(2);
        restart(SIGKILL);
        await_count(2); /* it asked again */
        restart(SIGTERM);
        await_count(2);
        (void) close(fd);
        (void) pthread_join(thread, NULL);
        assert_true(got >= 0);
        assert_int_equal(count(), 1);
        (void) close(got);
        await_count(0);
}

/* --- killed at any moment --- */

#define WORKERS 4
#define KEPT_MAX 16
static volatile bool work_is_over;

typedef struct Worker {
        pthread_t thread;
        unsigned seed;
        int fds[KEPT_MAX];
        unsigned n_fds, n_taken;
} Worker;

/* Takes shared locks and gives them back, at random, while the daemon comes and goes. */
static void *work(void *userdata) {
        Worker *worker = userdata;
        LockClient *own = NULL;

        assert_int_equal(lock_client_new(&own), 0);
        while (!work_is_over) {
                if (worker->n_fds < KEPT_MAX && rand_r(&worker->seed) % 5 < 3) {
                        int fd = lock_client_acquire(own, "server/a", "shared", "",
                                                     rand_r(&worker->seed) % 2 ? USEC_PER_SEC : 0, NULL,
                                                     NULL);

                        if (fd >= 0) {
                                worker->fds[worker->n_fds++] = fd;
                                worker->n_taken++;
                        }
                } else if (worker->n_fds > 0) {
                        (void) close(worker->fds[--worker->n_fds]);
                }
        }
        (void) lock_client_free(own);
        return NULL;
}

static void test_killed_at_any_moment(void **state) {
        Worker workers[WORKERS] = {};
        unsigned seed = 42, held = 0, taken = 0;

        private_bus.polls_store = *state != NULL;
        work_is_over = false;
        for (unsigned i = 0; i < WORKERS; i++) {
                workers[i].seed = i + 1;
                assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
        }
        for (unsigned i = 0; i < 25; i++) {
                (void) usleep((useconds_t) rand_r(&seed) % 40000);
                restart(SIGKILL);
        }
        work_is_over = true;
        for (unsigned i = 0; i < WORKERS; i++) {
                (void) pthread_join(workers[i].thread, NULL);
                held += workers[i].n_fds;
                taken += workers[i].n_taken;
        }
        assert_true(taken > 25);
        await_count(held); /* every descriptor is a lock, every lock has a descriptor */
        restart(SIGKILL);
        assert_int_equal(count(), held);
        for (unsigned i = 0; i < WORKERS; i++) {
                while (workers[i].n_fds > 0) {
                        (void) close(workers[i].fds[--workers[i].n_fds]);
                }
        }
        await_count(0);
        private_bus.polls_store = true;
}

int main(void) {
        static bool yes = true;
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_everything_survives, start_daemon, stop_daemon),
                cmocka_unit_test_setup_teardown(test_freed_meanwhile, start_daemon, stop_daemon),
                cmocka_unit_test_setup_teardown(test_freed_meanwhile_in_a_lazy_store, start_daemon,
                                                stop_daemon),
                cmocka_unit_test_setup_teardown(test_broken_stays_broken, start_daemon, stop_daemon),
                cmocka_unit_test_setup_teardown(test_rubbish_in_the_store, start_daemon, stop_daemon),
                cmocka_unit_test_setup_teardown(test_waiter_survives, start_daemon, stop_daemon),
                cmocka_unit_test_prestate_setup_teardown(test_killed_at_any_moment, start_daemon,
                                                         stop_daemon, NULL),
                cmocka_unit_test_prestate_setup_teardown(test_killed_at_any_moment, start_daemon,
                                                         stop_daemon, &yes),
        };

        return cmocka_run_group_tests(tests, start, stop);
}
