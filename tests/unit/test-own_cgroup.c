/* That nobody is killed outside of the unit that was meant. What happens inside is for a real systemd to show (machine cases). */
#undef NDEBUG
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/macro.h"
#include "resources/own_cgroup.h"

static void test_another_unit(void **state) {
        static const char *const units[] = { "weir-job-INT-20261121-001-1.service", "", NULL, "/",
                                             ".service" };
        pid_t child = fork();

        if (child == 0) {
                for (;;) {
                        pause();
                }
        }
        assert_true(child > 0);
        for (size_t i = 0; i < ELEMENTSOF(units); i++) {
                assert_int_equal(own_cgroup_kill_others(units[i]), -ESRCH);
        }
        assert_int_equal(waitpid(child, NULL, WNOHANG), 0);
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, NULL, 0), child);
}

/* Where nobody counts, or in a unit that is not ours, nothing happened. */
static void test_counts(void **state) {
        assert_int_equal(own_cgroup_count("weir-job-INT-20261121-001-1.service", "pids.events", "max"), 0);
        assert_int_equal(own_cgroup_count("", "pids.events", "max"), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_another_unit),
                                            cmocka_unit_test(test_counts) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
