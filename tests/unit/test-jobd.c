/* weir-jobd without a bus: making jobs, the queue, cancelling, what units say and what is refused. */
#undef NDEBUG
#include "jobd_world.h"

/* --- creating -------------------------------------------------------------------------------------------------------- */

static void test_refusals(void **state) {
        _cleanup_free_ char *large = malloc(70000);
        const JobOptions nobody = {}, stranger = { .owner = "alice", .p4user = "bad name" };
        const JobOptions empty = { .owner = "alice", .credential = "" }, lines = { .owner = "a\nb" };
        const struct {
                const char *spec;
                const JobOptions *options;
                int error;
                const char *message;
        } cases[] = {
                { "{", NULL, -EBADMSG, "" },
                { "{\"server\":\"demo\"}", NULL, -EBADMSG, "spec" },
                { "{\"server\":\"nowhere\",\"path\":\"//demo/dev/...\"}", NULL, -EBADMSG,
                  "spec.server: there is no server nowhere" },
                { "{\"server\":\"demo\",\"path\":\"//demo/dev/...\",\"changelist\":\"soon\"}", NULL,
                  -EBADMSG, "spec.changelist" },
                { "{\"server\":\"demo\",\"path\":\"//demo/dev/...\",\"host\":\"elsewhere\"}", NULL, -EBADMSG,
                  "spec.host" },
                { "{\"server\":\"demo\",\"path\":\"//demo/dev/...\"}", &nobody, -EINVAL, "owner" },
                { "{\"server\":\"demo\",\"path\":\"//demo/dev/...\"}", &lines, -EINVAL, "owner" },
                { "{\"server\":\"demo\",\"path\":\"//demo/dev/...\"}", &stranger, -EINVAL, "p4user" },
                { "{\"server\":\"demo\",\"path\":\"//demo/dev/...\"}", &empty, -EINVAL, "credential" },
                { large, NULL, -EBADMSG, "65536" },
        };
        uint32_t queued, running;

        memset(large, ' ', 69999);
        large[69999] = '\0';
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *message = NULL;
                int r = try_create(cases[i].spec, cases[i].options, &message);

                if (r != cases[i].error || !strstr(message ? message : "", cases[i].message)) {
                        fail_msg("case %zu: %d %s", i, r, message ? message : "-");
                }
        }
        jobd_count(world.jobd, &queued, &running);
        assert_int_equal(queued + running, 0);
        assert_log(events, "");
        assert_log(launched, "");
}

static void test_clean_run(void **state) {
        _cleanup_(job_work_done) JobWork work = {};
        _cleanup_(job_record_done) JobRecord record = {};

        create(NULL);
        assert_log(launched, "001/1");
        assert_int_equal(world.limits.stop_timeout_usec, 20 * USEC_PER_SEC);
        assert_int_equal(world.limits.memory_max, 0);
        assert_string_equal(world.credential, "");
        expect(1, "queued", "INIT", "");
        launched(1, 1, 0);
        expect(1, "running", "INIT", "");
        take(1, 1, &work);
        assert_false(work.clean || work.cancel);
        assert_string_equal(work.server.p4port, "demo:1666");
        assert_string_equal(work.server.p4user, "monitor");
        assert_string_equal(work.server.program, "/opt/p4");
        assert_string_equal(work.owner, "alice");
        assert_null(work.reason);
        stages(1, 1, "GET_LATEST_CL SYNC INTEGRATE RESOLVE_PASS_1 RESOLVE_CHECK PRE_SUBMIT SHELVE P4PUSH");
        expect(1, "running", "P4PUSH", "");
        finished(1, 1, &done);
        expect(1, "done", "DONE", "");
        assert_int_equal(jobd_get(world.jobd, ids[1], &record), 0);
        assert_int_equal(record.changelist, 77);
        assert_true(record.finished_at >= record.started_at && record.started_at >= record.created_at);
        assert_int_equal(record.history.n_items, 9);
        assert_string_equal(record.unit + strlen(record.unit) - strlen("-1.service"), "-1.service");
        assert_log(launched, "");
        assert_log(stopped, "");
        assert_null(strstr(world.events, "wake"));
        assert_non_null(strstr(world.events, "new:queued:INIT"));
        assert_non_null(strstr(world.events, "changed:running:P4PUSH"));
        assert_non_null(strstr(world.events, "ended:done:DONE"));
}

static void test_credentials(void **state) {
        const JobOptions options = {
                .owner = "alice", .credential = "secret", .credential_size = 6, .p4user = "al"
        };
        const char *spec = "{\"server\":\"other\",\"path\":\"//demo/dev/...\"}";
        const JobdRequest request = { .kind = "integrate", .spec_json = spec, .options = options };
        static JobdDraft *killed; /* with its daemon: nobody frees it */
        _cleanup_(job_work_done) JobWork work = {};
        _cleanup_free_ char *message = NULL;
        JobdDraft *draft = NULL;

        assert_int_equal(try_create(spec, &options, &message), 0);
        turn();
        assert_string_equal(world.credential, ids[1]);
        launched(1, 1, 0);
        take(1, 1, &work);
        assert_string_equal(work.server.p4user, "al");
        assert_non_null(work.server.trust);
        assert_int_equal(work.server.timeout_usec, 5 * USEC_PER_MINUTE);
        assert_log(dropped, "");
        world.unitd_is_away = true;
        finished(1, 1, &done);
        assert_log(dropped, "001");
        restart_jobd(); /* not forgotten yet, and not forgotten to be */
        world.unitd_is_away = false;
        jobd_peers_changed(world.jobd);
        *world.dropped = '\0';
        jobd_credential_dropped(world.jobd, 0);
        restart_jobd();
        assert_log(dropped, "");

        /* The secret could not be kept: there is no job, and its name is forgotten, too. */
        assert_int_equal(jobd_prepare(world.jobd, &request, &draft, &message), 0);
        assert_true(jobd_draft_has_credential(draft));
        (void) jobd_draft_free(draft);
        assert_log(dropped, "002");
        jobd_credential_dropped(world.jobd, 0);
        assert_log(events, "");

        /* One job ends while the credential of another is being dropped. */
        for (unsigned i = 0; i < 2; i++) {
                assert_int_equal(try_create(spec, &options, &message), 0);
        }
        turn();
        *world.dropped = '\0';
        launched(4, 1, 0);
        finished(4, 1, &done);
        turn();
        launched(3, 1, 0);
        finished(3, 1, &done);
        assert_log(dropped, "004");
        jobd_credential_dropped(world.jobd, 0);
        assert_log(dropped, "003");
        jobd_credential_dropped(world.jobd, 0);

        /* Killed between keeping it and writing the job down. */
        assert_int_equal(jobd_prepare(world.jobd, &request, &killed, &message), 0);
        restart_jobd();
        assert_log(dropped, "005");
}

static void test_limits_and_hooks(void **state) {
        _cleanup_(job_work_done) JobWork work = {};
        _cleanup_free_ char *message = NULL;

        configure("jobs:\n  stop_timeout: 5s\n  hooks_see_ticket: yes\n  limits: {MemoryMax: 1G, TasksMax: 99}\n"
                  "  hooks:\n    build: [[make], [make, check]]\n    sync: [mysync, '{changelist}']\n");
        jobd_reload(world.jobd);
        assert_int_equal(
                        try_create("{\"server\":\"demo\",\"path\":\"//demo/dev/...\",\"hooks\":{\"build\":[\"ninja\"]},"
                                   "\"limits\":{\"TasksMax\":50,\"CPUWeight\":7}}",
                                   NULL, &message),
                        0);
        turn();
        assert_int_equal(world.limits.memory_max, UINT64_C(1) << 30);
        assert_int_equal(world.limits.tasks_max, 50);
        assert_int_equal(world.limits.cpu_weight, 7);
        assert_int_equal(world.limits.io_weight, 0);
        assert_int_equal(world.limits.stop_timeout_usec, 5 * USEC_PER_SEC);
        launched(1, 1, 0);
        take(1, 1, &work);
        assert_non_null(strstr(work.spec, "[[\"ninja\"]]"));
        assert_non_null(strstr(work.spec, "[[\"mysync\",\"{changelist}\"]]"));
        assert_null(strstr(work.spec, "make"));
        assert_true(work.server.hooks_see_ticket);
}

/* --- the queue ------------------------------------------------------------------------------------------------------- */

static void expect_queue(const char *expected) {
        _cleanup_(job_records_done) JobRecords records = {};
        char got[512] = "", text[300];

        assert_int_equal(jobd_list_queue(world.jobd, &records), 0);
        for (size_t i = 0; i < records.n_items; i++) {
                const char *by = records.items[i].blocked_by ? records.items[i].blocked_by : "";

                (void) snprintf(text, sizeof(text), "%s@%u<%s", short_id(records.items[i].id),
                                records.items[i].position, strncmp(by, "INT-", 4) == 0 ? short_id(by) : by);
                note(got, sizeof(got), text);
        }
        assert_string_equal(got, expected);
}

static void test_one_client(void **state) {
        create("ws");
        create("ws");
        create("WS");
        create("ws");
        create(NULL);
        assert_log(launched, "001/1 003/1 005/1");
        launched(1, 1, 0);
        launched(3, 1, 0);
        launched(5, 1, 0);
        expect_queue("002@1<001 004@2<002");
        stages(1, 1, "GET_LATEST_CL SYNC INTEGRATE RESOLVE_PASS_1 RESOLVE_CHECK NEEDS_RESOLVE");
        expect(1, "needs_resolve", "NEEDS_RESOLVE", "");
        assert_log(launched, ""); /* it waits for people, and keeps its client */
        restart_jobd();
        expect_queue("002@1<001 004@2<002");
        assert_log(launched, "");
        finished(1, 1, &done);
        assert_log(launched, "002/1");
        launched(2, 1, 0);
        expect_queue("004@1<002");
        finished(2, 1, &done);
        assert_log(launched, "004/1");
}

static void test_limits(void **state) {
        configure("jobs:\n  max_running: 2\n");
        jobd_reload(world.jobd);
        create(NULL);
        create(NULL);
        create(NULL);
        create(NULL);
        launched(1, 1, 0);
        launched(2, 1, 0);
        assert_log(launched, "001/1 002/1");
        expect_queue("003@1<2 jobs run, as many as may 004@2<2 jobs run, as many as may");
        stages(1, 1, "GET_LATEST_CL SYNC INTEGRATE RESOLVE_PASS_1 RESOLVE_CHECK NEEDS_RESOLVE");
        assert_log(launched, "003/1");
        launched(3, 1, 0);
        configure("jobs:\n  max_running: 5\n  max_running_per_server: 2\n");
        jobd_reload(world.jobd);
        turn();
        expect_queue("004@1<2 jobs run on demo, as many as may");
        finished(2, 1, &done);
        assert_log(launched, "004/1");
}

static void test_cancel_queued(void **state) {
        _cleanup_free_ char *message = NULL, *again = NULL;
        _cleanup_(job_record_done) JobRecord record = {};

        create("ws");
        create("ws");
        create("ws");
        launched(1, 1, 0);
        *world.launched = '\0';
        assert_int_equal(jobd_cancel(world.jobd, ids[2], "bob", false, &message), 0);
        expect(2, "cancelled", "ERROR", "cancelled by bob");
        expect_queue("003@1<001");
        assert_log(stopped, "");
        assert_int_equal(jobd_get(world.jobd, ids[2], &record), 0);
        assert_string_equal(record.cancelled_by, "bob");
        assert_int_equal(record.attempt, 0);
        assert_int_equal(jobd_cancel(world.jobd, ids[2], "bob", false, &again), -EBUSY);
        assert_non_null(strstr(again, "cancelled"));
        assert_int_equal(jobd_cancel(world.jobd, "INT-20200101-001", "bob", false, &message), -ENOENT);
}

/* --- starting that goes wrong -------------------------------------------------------------------------------------------- */

static void test_launch_refused(void **state) {
        _cleanup_(job_record_done) JobRecord record = {};

        create("ws");
        create("ws");
        assert_log(launched, "001/1");
        launched(1, 1, -EINVAL);
        expect(1, "failed", "ERROR", "start");
        assert_int_equal(jobd_get(world.jobd, ids[1], &record), 0);
        assert_string_equal(record.error, "unitd says no");
        assert_log(launched, "002/1");
}

static void test_launch_put_off(void **state) {
        create(NULL);
        assert_log(launched, "001/1");
        launched(1, 1, -EAGAIN);
        expect(1, "queued", "INIT", "");
        expect_queue("001@1<it could not be started: unitd says no");
        assert_log(launched, "");
        jobd_peers_changed(world.jobd); /* unitd is back */
        assert_log(launched, "001/1");
        launched(1, 1, 0);
        expect(1, "running", "INIT", "");
}

/* Nobody knows whether the unit was started: first a look, then the same attempt again, or not. */
static void test_launch_unknown(void **state) {
        world.answers_launch = false;
        create(NULL);
        create(NULL);
        look();
        *world.launched = '\0';
        launched(1, 1, -ETIMEDOUT);
        launched(2, 1, -ETIMEDOUT);
        assert_log(launched, "");
        add_unit(ids[1], 1); /* this one was */
        look();
        expect(1, "running", "INIT", "");
        expect(2, "queued", "INIT", "");
        jobd_peers_changed(world.jobd);
        assert_log(launched, "002/1");
}

static void test_restart_while_launching(void **state) {
        world.answers_launch = false;
        create(NULL);
        create(NULL);
        assert_log(launched, "001/1 002/1");
        add_unit(ids[1], 1);
        restart_jobd();
        expect(1, "running", "INIT", "");
        assert_log(launched, "002/1"); /* the first attempt still */
}

/* Nothing starts before it is known what runs. */
static void test_first_look(void **state) {
        create("ws");
        launched(1, 1, 0);
        create("ws");
        world.jobd = jobd_free(world.jobd);
        world.looks_pending = false;
        *world.launched = '\0';
        assert_int_equal(jobd_new(world.event, world.directory, world.directory, &port, &world.jobd), 0);
        turn();
        create(NULL);
        assert_log(launched, "");
        jobd_look_failed(world.jobd);
        assert_log(launched, "");
        jobd_units_changed(world.jobd);
        look();
        assert_log(launched, "003/1");
        expect(1, "running", "INIT", "");
}

/* --- cancelling ------------------------------------------------------------------------------------------------------ */

static void test_cancel_running(void **state) {
        _cleanup_(job_work_done) JobWork work = {};
        _cleanup_(job_answer_done) JobAnswer answer = {};
        _cleanup_free_ char *message = NULL;

        run_job("ws", 1);
        stages(1, 1, "GET_LATEST_CL SYNC");
        assert_int_equal(jobd_cancel(world.jobd, ids[1], "alice", false, &message), 0);
        expect(1, "cancelling", "SYNC", "");
        assert_log(stopped, "001/1");
        assert_int_equal(jobd_cancel(world.jobd, ids[1], "bob", false, &message), 0);
        assert_log(stopped, "");
        assert_int_equal(jobd_cancel(world.jobd, ids[1], "bob", true, &message), 0);
        assert_log(stopped, "001/1!");
        assert_int_equal(try_report(1, 1, &(JobReport) { .stage = "INTEGRATE" }, &answer), 0);
        assert_true(answer.cancel);
        expect(1, "cancelling", "INTEGRATE", "");
        take(1, 1, &work);
        assert_true(work.cancel);
        assert_string_equal(work.reason, "cancelled by alice");
        create("ws");
        assert_log(launched, "");
        finished(1, 1, &(JobResult) { .outcome = "failed", .reason = "signal", .clean = true });
        expect(1, "cancelled", "ERROR", "cancelled by alice");
        assert_log(launched, "002/1");
}

/* What does not end of itself in the stop time-out is killed at once, without a look at it: nobody may be there to answer. */
static void test_cancel_deaf(void **state) {
        _cleanup_free_ char *message = NULL;

        configure("jobs: {stop_timeout: 1s}\n");
        jobd_reload(world.jobd);
        run_job("ws", 1);
        run_job("other", 2);
        assert_int_equal(jobd_cancel(world.jobd, ids[1], "alice", false, &message), 0);
        assert_int_equal(jobd_cancel(world.jobd, ids[2], "alice", false, &message), 0);
        finished(2, 1, &(JobResult) { .outcome = "cancelled", .clean = true });
        (void) usleep(900 * USEC_PER_MSEC);
        assert_log(stopped, "001/1 002/1");
        (void) usleep(150 * USEC_PER_MSEC);
        assert_log(stopped, "001/1!");
        (void) usleep(300 * USEC_PER_MSEC);
        assert_log(stopped, "");
        finished(1, 1, &(JobResult) { .outcome = "cancelled", .clean = true });
        expect(1, "cancelled", "ERROR", "cancelled by alice");
}

static void test_cancel_while_launching(void **state) {
        _cleanup_free_ char *message = NULL;

        create(NULL);
        create(NULL);
        create(NULL);
        for (int i = 1; i <= 3; i++) {
                assert_int_equal(jobd_cancel(world.jobd, ids[i], "alice", true, &message), 0);
                expect(i, "cancelling", "INIT", "");
        }
        assert_log(stopped, "");
        launched(1, 1, 0); /* it is there now: it ends as others do */
        assert_log(stopped, "001/1!");
        finished(1, 1, &(JobResult) { .outcome = "cancelled", .clean = true });
        expect(1, "cancelled", "ERROR", "cancelled by alice");
        launched(2, 1, -EAGAIN); /* it never was */
        expect(2, "cancelled", "ERROR", "cancelled by alice");
        world.jobd = jobd_free(world.jobd); /* nobody knows, and then nobody is left to know */
        unit_gone(3);
        start_jobd();
        expect(3, "cancelled", "ERROR", "cancelled by alice");
}

static void test_cancel_survives_restart(void **state) {
        _cleanup_free_ char *message = NULL;

        run_job(NULL, 1);
        assert_int_equal(jobd_cancel(world.jobd, ids[1], "alice", false, &message), 0);
        restart_jobd(); /* unitd may not have heard of it */
        expect(1, "cancelling", "INIT", "");
        assert_log(stopped, "001/1");
}

static void test_cancel_too_late(void **state) {
        _cleanup_free_ char *message = NULL;

        run_job(NULL, 1);
        stages(1, 1, "SYNC INTEGRATE PRE_SUBMIT SHELVE P4PUSH");
        assert_int_equal(jobd_cancel(world.jobd, ids[1], "alice", false, &message), 0);
        finished(1, 1, &done); /* it was submitted: that is a fact */
        expect(1, "done", "DONE", "");
}

static void test_systemctl_stop(void **state) {
        _cleanup_(job_record_done) JobRecord record = {};

        run_job(NULL, 1);
        finished(1, 1, &(JobResult) { .outcome = "cancelled", .clean = true });
        expect(1, "cancelled", "ERROR", "cancelled by systemctl");
        assert_int_equal(jobd_get(world.jobd, ids[1], &record), 0);
        assert_string_equal(record.cancelled_by, "systemctl");
}

/* --- what the unit says ------------------------------------------------------------------------------------------------ */

static void test_reports(void **state) {
        _cleanup_(job_answer_done) JobAnswer answer = {}, next = {}, last = {};
        _cleanup_(job_pairs_done) JobPairs made = {}, files = {};
        _cleanup_(job_work_done) JobWork work = {};
        _cleanup_free_ char *message = NULL;
        char *resolved[] = { (char *) "*", NULL };

        run_job(NULL, 1);
        assert_int_equal(job_pairs_append(&made, "changelist", "12"), 0);
        report(1, 1,
               &(JobReport) { .stage = "SYNC",
                              .checkpoint = "{\"change\":12}",
                              .client = "weir-1",
                              .source_changelist = 9,
                              .ledger_add = &made });
        report(1, 1, &(JobReport) { .intent = "{\"submit\":{}}" });
        report(1, 1, &(JobReport) { .status_text = "half of it" });
        take(1, 1, &work);
        assert_string_equal(work.stage, "SYNC");
        assert_string_equal(work.checkpoint, "{\"change\":12}");
        assert_string_equal(work.intent, "{\"submit\":{}}");
        assert_string_equal(work.client, "weir-1");
        assert_int_equal(work.source_changelist, 9);
        assert_int_equal(work.ledger.n_items, 1);
        report(1, 1, &(JobReport) { .intent = "" });

        stages(1, 1, "INTEGRATE RESOLVE_PASS_1 RESOLVE_CHECK NEEDS_RESOLVE");
        assert_int_equal(job_pairs_append(&files, "*", "theirs"), 0);
        *world.events = '\0';
        assert_int_equal(jobd_resolve(world.jobd, ids[1], &files, &message), 0);
        assert_int_equal(jobd_continue(world.jobd, ids[1], &message), 0);
        assert_non_null(strstr(world.events, "wake"));
        restart_jobd();
        assert_int_equal(try_report(1, 1, &(JobReport) { .stage = "RESOLVE_CHECK" }, &answer), 0);
        assert_true(answer.go_on);
        assert_false(answer.cancel);
        assert_int_equal(answer.resolutions.n_items, 1);
        assert_string_equal(answer.resolutions.items[0].second, "theirs");
        assert_int_equal(try_report(1, 1, &(JobReport) { .status_text = "x" }, &next), 0);
        assert_false(next.go_on); /* told once */
        assert_int_equal(next.resolutions.n_items, 1);
        assert_int_equal(try_report(1, 1, &(JobReport) { .resolved = resolved }, &last), 0);
        assert_int_equal(last.resolutions.n_items, 0);
        expect(1, "running", "RESOLVE_CHECK", "");
}

static void test_bad_reports(void **state) {
        _cleanup_free_ char *large = malloc(300 * 1024);
        _cleanup_(job_pairs_done) JobPairs many = {}, empty = {};
        const struct {
                JobReport report;
                int error;
        } cases[] = {
                { { .stage = "P4PUSH" }, -EBUSY },     { { .stage = "NEEDS_RESOLVE" }, -EBUSY },
                { { .stage = "LUNCH" }, -EINVAL },     { { .checkpoint = large }, -ENOBUFS },
                { { .intent = large }, -ENOBUFS },     { { .status_text = large }, -ENOBUFS },
                { { .ledger_add = &many }, -ENOBUFS }, { { .ledger_add = &empty }, -EINVAL },
        };
        _cleanup_(job_answer_done) JobAnswer answer = {};
        _cleanup_free_ char *a = NULL, *b = NULL, *c = NULL;

        memset(large, 'x', 300 * 1024 - 1);
        large[300 * 1024 - 1] = '\0';
        for (int i = 0; i <= JOBD_LEDGER_MAX; i++) {
                assert_int_equal(job_pairs_append(&many, "changelist", "1"), 0);
        }
        assert_int_equal(job_pairs_append(&empty, "client", ""), 0);
        run_job(NULL, 1);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                int r = try_report(1, 1, &cases[i].report, &answer);

                if (r != cases[i].error) {
                        fail_msg("case %zu: %d", i, r);
                }
                expect(1, "running", "INIT", "");
        }
        assert_int_equal(try_report(1, 2, &(JobReport) { .stage = "SYNC" }, &answer), -EACCES);
        assert_int_equal(jobd_report(world.jobd, "INT-20200101-001", 1, &(JobReport) {}, &answer, &a),
                         -ENOENT);
        assert_int_equal(jobd_finished(world.jobd, ids[1], 1, &(JobResult) { .outcome = "lost" }, &b),
                         -EINVAL);
        assert_int_equal(jobd_finished(world.jobd, ids[1], 1, &(JobResult) {}, &c), -EINVAL);
        finished(1, 1, &done);
        assert_int_equal(try_report(1, 1, &(JobReport) { .stage = "SYNC" }, &answer), -EACCES);
        expect(1, "done", "DONE", "");
}

static void test_finished_twice(void **state) {
        _cleanup_(job_work_done) JobWork work = {};

        run_job(NULL, 1);
        finished(1, 1, &done);
        finished(1, 1,
                 &(JobResult) { .outcome = "failed", .reason = "exit" }); /* an ended job does not change */
        expect(1, "done", "DONE", "");
        restart_jobd();
        finished(1, 1, &done);
        take(1, 1, &work);
        assert_true(work.clean && work.cancel);
        assert_int_equal(work.ledger.n_items, 0);
        assert_string_equal(work.status, "done");
}

static void test_wrong_states(void **state) {
        _cleanup_free_ char *a = NULL, *b = NULL, *c = NULL, *d = NULL, *e = NULL;
        _cleanup_(job_pairs_done) JobPairs files = {}, odd = {}, unknown = {};
        const JobOptions options = { .owner = "bob" };
        JobdDraft *draft = NULL;

        assert_int_equal(job_pairs_append(&files, "*", "theirs"), 0);
        assert_int_equal(job_pairs_append(&odd, "*", "mine"), 0);
        assert_int_equal(job_pairs_append(&unknown, "//demo/x", "yours"), 0);
        create("ws");
        create("ws");
        launched(1, 1, 0);
        assert_int_equal(jobd_continue(world.jobd, ids[1], &a), -EBUSY);
        assert_int_equal(jobd_resolve(world.jobd, ids[2], &files, &b), -EBUSY);
        assert_int_equal(jobd_prepare_retry(world.jobd, ids[1], &options, &draft, &c), -EBUSY);
        stages(1, 1, "SYNC INTEGRATE RESOLVE_PASS_1 RESOLVE_CHECK NEEDS_RESOLVE");
        assert_int_equal(jobd_resolve(world.jobd, ids[1], &odd, &d), -EINVAL);
        assert_int_equal(jobd_resolve(world.jobd, ids[1], &unknown, &e), -EINVAL);
        assert_non_null(strstr(e, "no conflict in //demo/x"));
        finished(1, 1, &done);
        free(TAKE_PTR(a));
        assert_int_equal(jobd_continue(world.jobd, ids[1], &a), -EBUSY);
        assert_non_null(strstr(a, "ended"));
}

static void test_retry(void **state) {
        const JobOptions options = { .owner = "bob" };
        _cleanup_(job_record_done) JobRecord record = {}, first = {};
        _cleanup_free_ char *message = NULL;
        JobdDraft *draft = NULL;

        run_job("ws", 1);
        finished(1, 1,
                 &(JobResult) { .outcome = "failed", .reason = "exit", .error = "make: 2", .clean = true });
        expect(1, "failed", "ERROR", "exit");
        assert_int_equal(jobd_prepare_retry(world.jobd, ids[1], &options, &draft, &message), 0);
        (void) snprintf(ids[2], JOB_ID_MAX, "%s", jobd_draft_id(draft));
        assert_int_equal(jobd_commit(draft), 0);
        (void) jobd_draft_free(draft);
        assert_log(launched, "002/1");
        assert_int_equal(jobd_get(world.jobd, ids[1], &first), 0);
        assert_int_equal(jobd_get(world.jobd, ids[2], &record), 0);
        assert_string_equal(record.retry_of, ids[1]);
        assert_string_equal(record.owner, "bob");
        assert_string_equal(record.spec, first.spec);
        assert_string_equal(first.error, "make: 2");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                TEST(refusals),
                TEST(clean_run),
                TEST(credentials),
                TEST(limits_and_hooks),
                TEST(one_client),
                TEST(limits),
                TEST(cancel_queued),
                TEST(launch_refused),
                TEST(launch_put_off),
                TEST(launch_unknown),
                TEST(restart_while_launching),
                TEST(first_look),
                TEST(cancel_running),
                TEST(cancel_deaf),
                TEST(cancel_while_launching),
                TEST(cancel_survives_restart),
                TEST(cancel_too_late),
                TEST(systemctl_stop),
                TEST(reports),
                TEST(bad_reports),
                TEST(finished_twice),
                TEST(wrong_states),
                TEST(retry),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
