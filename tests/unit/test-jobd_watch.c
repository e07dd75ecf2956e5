/* weir-jobd without a bus: units that vanish, machines that go down, time limits; restarts at every point. */
#undef NDEBUG
#include "jobd_world.h"

/* --- ends without a word ------------------------------------------------------------------------------------------------- */

static void test_lost_resumes(void **state) {
        _cleanup_(job_work_done) JobWork work = {};
        _cleanup_(job_pairs_done) JobPairs made = {};

        assert_int_equal(job_pairs_append(&made, "client", "weir-1"), 0);
        run_job(NULL, 1);
        report(1, 1, &(JobReport) { .stage = "SYNC", .checkpoint = "{\"n\":1}", .ledger_add = &made });
        unit_gone(1);
        jobd_units_changed(world.jobd);
        look();
        assert_log(launched, "001/2");
        launched(1, 2, 0);
        take(1, 2, &work);
        assert_false(work.clean);
        assert_string_equal(work.checkpoint, "{\"n\":1}");
        assert_string_equal(work.stage, "SYNC");
        stages(1, 2, "SYNC INTEGRATE INIT SYNC"); /* it may begin anew */
        expect(1, "running", "SYNC", "");
        finished(1, 1, &(JobResult) { .outcome = "failed" }); /* late words of the first */
        add_unit(ids[1], 2);
        expect(1, "running", "SYNC", "");
        finished(1, 2, &done);
        expect(1, "done", "DONE", "");
}

static void test_reboot_while_submitting(void **state) {
        _cleanup_(job_work_done) JobWork work = {};

        run_job(NULL, 1);
        stages(1, 1, "SYNC INTEGRATE PRE_SUBMIT SHELVE");
        report(1, 1, &(JobReport) { .stage = "P4PUSH", .intent = "{\"submit\":{\"change\":12}}" });
        unit_gone(1);
        restart_jobd();
        assert_log(launched, "001/2");
        launched(1, 2, 0);
        take(1, 2, &work);
        assert_true(work.clean); /* it settles that first, and never submits */
        assert_string_equal(work.intent, "{\"submit\":{\"change\":12}}");
        assert_string_equal(work.reason, "interrupted in P4PUSH");
        finished(1, 2, &(JobResult) { .outcome = "done", .changelist = 12, .clean = true });
        expect(1, "done", "DONE", "");

        create(NULL);
        launched(2, 1, 0);
        stages(2, 1, "SYNC INTEGRATE PRE_SUBMIT SHELVE");
        report(2, 1, &(JobReport) { .stage = "P4PUSH", .intent = "{\"submit\":{\"change\":13}}" });
        unit_gone(2);
        restart_jobd();
        launched(2, 2, 0);
        finished(2, 2, &(JobResult) { .outcome = "failed", .reason = "exit", .clean = true });
        expect(2, "failed", "ERROR", "interrupted in P4PUSH");
}

static void test_lost_again_and_again(void **state) {
        run_job(NULL, 1);
        stages(1, 1, "SYNC INTEGRATE");
        for (uint32_t attempt = 2; attempt <= 3; attempt++) {
                unit_gone(1);
                restart_jobd(); /* notices that it is gone, */
                restart_jobd(); /* and forgets how long to wait before the next one */
                launched(1, attempt, 0);
                expect(1, "running", "INTEGRATE", "");
        }
        unit_gone(1);
        restart_jobd();
        assert_log(launched, "001/4");
        launched(1, 4, 0);
        for (uint32_t attempt = 5; attempt <= 9; attempt++) {
                finished(1, attempt - 1, &(JobResult) { .outcome = "failed", .error = "unreachable" });
                expect(1, "running", "INTEGRATE", "interrupted in INTEGRATE");
                restart_jobd();
                launched(1, attempt, 0);
        }
        finished(1, 9, &(JobResult) { .outcome = "failed", .error = "unreachable" });
        expect(1, "failed", "ERROR", "interrupted in INTEGRATE");
}

static void test_cleaning_keeps_the_client(void **state) {
        _cleanup_(job_record_done) JobRecord record = {};
        _cleanup_(job_pairs_done) JobPairs made = {};
        _cleanup_free_ char *message = NULL;

        assert_int_equal(job_pairs_append(&made, "changelist", "12"), 0);
        run_job("ws", 1);
        create("ws");
        report(1, 1, &(JobReport) { .stage = "SYNC", .ledger_add = &made });
        assert_int_equal(jobd_cancel(world.jobd, ids[1], "alice", true, &message), 0);
        finished(1, 1, &(JobResult) { .outcome = "cancelled", .error = "the server is away" });
        expect(1, "cancelling", "SYNC", "cancelled by alice");
        assert_log(launched, "001/2"); /* at once, the first time */
        launched(1, 2, 0);
        assert_int_equal(jobd_cancel(world.jobd, ids[1], "bob", true, &message), 0); /* nothing to hurry */
        finished(1, 2, &(JobResult) { .outcome = "failed", .clean = true });
        expect(1, "cancelled", "ERROR", "cancelled by alice");
        assert_log(launched, "002/1");
        assert_int_equal(jobd_get(world.jobd, ids[1], &record), 0);
        assert_int_equal(record.left_behind.n_items, 0);
        assert_string_equal(record.error, "the server is away");
}

static void test_interrupted(void **state) {
        run_job(NULL, 1);
        stages(1, 1, "SYNC");
        finished(1, 1, &(JobResult) { .outcome = "interrupted" }); /* the machine goes down */
        expect(1, "running", "SYNC", "");
        assert_log(launched, ""); /* not into a machine that goes down */
        restart_jobd();
        assert_log(launched, "001/2");
}

/* A look that was asked for before a unit was started knows nothing of it. */
static void test_stale_look(void **state) {
        jobd_units_changed(world.jobd);
        create(NULL);
        launched(1, 1, 0);
        world.looks_pending = false;
        jobd_units_seen(world.jobd, NULL, 0);
        turn();
        expect(1, "running", "INIT", "");
        assert_log(launched, "001/1");
        jobd_units_changed(world.jobd);
        look();
        expect(1, "running", "INIT", "");
}

static void test_strangers(void **state) {
        (void) snprintf(ids[9], JOB_ID_MAX, "INT-20200101-009");
        add_unit(ids[9], 1);
        jobd_units_changed(world.jobd);
        look();
        assert_log(stopped, "009/1!");
        world.units[0].is_stopping = true; /* it has told its last words */
        jobd_units_changed(world.jobd);
        look();
        assert_log(stopped, "");
}

/* --- time limits ----------------------------------------------------------------------------------------------------- */

static void wait_for(uint64_t usec) {
        uint64_t until = now_monotonic() + usec;

        while (now_monotonic() < until) {
                assert_true(sd_event_run(world.event, 20 * USEC_PER_MSEC) >= 0);
        }
}

static void test_timeout(void **state) {
        _cleanup_(job_work_done) JobWork work = {};
        _cleanup_free_ char *message = NULL;

        assert_int_equal(
                        try_create("{\"server\":\"demo\",\"path\":\"//demo/dev/...\",\"limits\":{\"timeout\":1}}",
                                   NULL, &message),
                        0);
        turn();
        launched(1, 1, 0);
        stages(1, 1, "SYNC INTEGRATE RESOLVE_PASS_1 RESOLVE_CHECK NEEDS_RESOLVE");
        wait_for(1200 * USEC_PER_MSEC); /* waiting for people is no work */
        expect(1, "needs_resolve", "NEEDS_RESOLVE", "");
        stages(1, 1, "RESOLVE_CHECK BUILD");
        wait_for(600 * USEC_PER_MSEC);
        restart_jobd(); /* what it worked before counts */
        expect(1, "running", "BUILD", "");
        wait_for(600 * USEC_PER_MSEC);
        expect(1, "cancelling", "BUILD", "");
        assert_log(stopped, "001/1");
        take(1, 1, &work);
        assert_true(work.cancel);
        assert_string_equal(work.reason, "timeout");
        finished(1, 1, &(JobResult) { .outcome = "cancelled", .clean = true });
        expect(1, "failed", "ERROR", "timeout");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                TEST(lost_resumes),
                TEST(reboot_while_submitting),
                TEST(lost_again_and_again),
                TEST(cleaning_keeps_the_client),
                TEST(interrupted),
                TEST(stale_look),
                TEST(strangers),
                TEST(timeout),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
