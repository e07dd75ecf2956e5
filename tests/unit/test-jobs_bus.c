/* weir-jobd as its clients see it, on a bus of its own: jobs_client against jobs_bus, with stand-ins of weir-unitd and systemd. */
#undef NDEBUG
#include "units_peer.h"

#include <grp.h>
#include <systemd/sd-event.h>

#include "clients/jobs_client.h"
#include "services/jobs_bus.h"

#define SPEC "{\"server\":\"demo\",\"path\":\"//demo/dev/...\",\"client\":\"ws\"}"
#define SECRET "CANARY-6b1f-ticket"
#define NOBODY 65534

static char directory[64];
static JobsClient *client;
static pid_t daemon_pid;

/* --- the daemon ------------------------------------------------------------------------------------------------------ */

static int serve(void) {
        _cleanup_(sd_event_unrefp) sd_event *event = NULL;
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(jobs_bus_freep) JobsBus *jobs_bus = NULL;
        int r = sd_event_new(&event);

        r = r < 0 ? r : sd_event_set_signal_exit(event, true);
        r = r < 0 ? r : sd_bus_open_system(&bus);
        r = r < 0 ? r : sd_bus_attach_event(bus, event, 0);
        r = r < 0 ? r : jobs_bus_new(bus, event, directory, directory, &jobs_bus);
        r = r < 0 ? r : sd_bus_request_name(bus, "org.weir.Jobs1", 0);
        return r < 0 ? r : sd_event_loop(event);
}

static void daemon_start(void) {
        uint64_t end = now_monotonic() + 10 * USEC_PER_SEC;
        JobRecords records = {};

        daemon_pid = fork();
        if (daemon_pid == 0) {
                (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
                _exit(serve() < 0 ? 1 : 0);
        }
        while (jobs_client_list(client, NULL, &records, NULL) < 0) {
                assert_true(now_monotonic() < end);
                (void) usleep(2000);
        }
        job_records_done(&records);
}

static int daemon_stop(int signal_number) {
        int status = 0;

        assert_int_equal(kill(daemon_pid, signal_number), 0);
        assert_int_equal(waitpid(daemon_pid, &status, 0), daemon_pid);
        return status;
}

static int start(void **state) {
        static const char servers[] = "servers:\n- {name: demo, p4port: 'demo:1666', p4user: monitor}\n";
        char path[128];

        strcpy(directory, "/tmp/weir-jobsbus-XXXXXX");
        assert_non_null(mkdtemp(directory));
        (void) snprintf(path, sizeof(path), "%s/servers.yaml", directory);
        assert_int_equal(file_write_atomic(path, servers, strlen(servers), 0644), 0);
        bus_start();
        manager_start();
        peer_start();
        assert_int_equal(jobs_client_new(&client), 0);
        jobs_client_set_patience(client, 5 * USEC_PER_SEC);
        daemon_start();
        return 0;
}

static int stop(void **state) {
        char command[128];

        assert_int_equal(daemon_stop(SIGTERM), 0);
        client = jobs_client_free(client);
        peer_end();
        private_bus_end();
        (void) snprintf(command, sizeof(command), "rm -rf '%s'", directory);
        return system(command);
}

/* --- short words ----------------------------------------------------------------------------------------------------- */

static char id[JOB_ID_MAX]; /* of the job a test is about */

static int try_create(const char *spec, const JobOptions *options, char **ret_message) {
        _cleanup_free_ char *new_id = NULL;
        int r = jobs_client_create(client, spec, options, &new_id, ret_message);

        if (r >= 0) {
                (void) snprintf(id, sizeof(id), "%s", new_id);
        }
        return r;
}

static void create(const JobOptions *options) {
        _cleanup_free_ char *message = NULL, *launch = NULL;

        if (try_create(SPEC, options, &message) < 0) {
                fail_msg("%s", message);
        }
        assert_int_equal(string_format(&launch, "launch %s/1", id), 0);
        peer_await(launch);
}

static void expect(const char *status, const char *stage) {
        uint64_t end = now_monotonic() + 10 * USEC_PER_SEC;

        for (;;) {
                _cleanup_(job_record_done) JobRecord record = {};

                assert_int_equal(jobs_client_get(client, id, &record, NULL), 0);
                if (string_equal(record.status, status) && string_equal(record.stage, stage)) {
                        return;
                }
                if (now_monotonic() > end) {
                        fail_msg("%s is %s in %s, not %s in %s", id, record.status, record.stage, status,
                                 stage);
                }
                (void) usleep(2000);
        }
}

static void check_unit(int result) {
        if (result == -1) {
                skip(); /* no control groups of our own here: the machine's cases show it */
        }
        assert_int_equal(result, 0);
}

/* --- creating -------------------------------------------------------------------------------------------------------- */

static void test_create(void **state) {
        _cleanup_(job_record_done) JobRecord record = {};
        char unit[JOB_UNIT_MAX];

        create(NULL);
        expect("running", "INIT");
        assert_int_equal(jobs_client_get(client, id, &record, NULL), 0);
        assert_string_equal(record.id, id);
        assert_string_equal(record.kind, "integrate");
        assert_string_equal(record.owner, "root");
        assert_string_equal(record.server, "demo");
        assert_string_equal(record.client, "ws");
        assert_string_equal(record.unit, job_unit_format(unit, id, 1));
        assert_int_equal(record.attempt, 1);
        assert_non_null(strstr(record.spec, "//demo/dev/..."));
        assert_string_equal(peer.credential, "");
}

static void test_refusals(void **state) {
        _cleanup_(job_record_done) JobRecord record = {};
        _cleanup_(job_records_done) JobRecords records = {};
        static const struct {
                const char *spec;
                int error;
                const char *message;
        } cases[] = {
                { "{}", -EBADMSG, "spec" },
                { "nonsense", -EBADMSG, "not JSON" },
                { "{\"server\":\"mars\",\"path\":\"//demo/dev/...\"}", -EBADMSG, "spec.server" },
                { "{\"server\":\"demo\",\"path\":\"//demo/dev/...\",\"colour\":1}", -EBADMSG, "colour" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *message = NULL;

                assert_int_equal(try_create(cases[i].spec, NULL, &message), cases[i].error);
                if (!strstr(message, cases[i].message)) {
                        fail_msg("%s", message);
                }
        }
        assert_int_equal(jobs_client_get(client, "INT-20200101-001", &record, NULL), -ENOENT);
        assert_int_equal(jobs_client_get(client, "../etc/passwd", &record, NULL), -ENOENT);
        assert_int_equal(jobs_client_cancel(client, "INT-20200101-001", false, NULL, NULL), -ENOENT);
        assert_int_equal(jobs_client_list(client, &(JobFilter) { .status = "asleep" }, &records, NULL),
                         -EINVAL);
        assert_int_equal(jobs_client_list(client, &(JobFilter) { .limit = 5000 }, &records, NULL), -EINVAL);
        assert_int_equal(jobs_client_list(client, &(JobFilter) { .before = "INT-20200101-001" }, &records,
                                          NULL),
                         -ENOENT);
}

static bool directory_holds(const char *text) {
        char command[256];

        (void) snprintf(command, sizeof(command), "grep -rqs '%s' '%s'", text, directory);
        return system(command) == 0;
}

static void test_credential(void **state) {
        const JobOptions options = { .credential = SECRET,
                                     .credential_size = strlen(SECRET),
                                     .p4user = "al" };
        _cleanup_free_ char *message = NULL, *store = NULL;
        _cleanup_(job_records_done) JobRecords records = {};

        create(&options);
        assert_string_equal(peer.secret, SECRET);
        assert_string_equal(peer.credential, id);
        assert_int_equal(string_format(&store, "store %s/0, launch %s/1", id, id), 0);
        assert_non_null(strstr(peer.log, store));
        assert_false(directory_holds("CANARY"));
        assert_true(directory_holds("//demo/dev"));

        peer.fails_to_store = true;
        assert_int_equal(try_create(SPEC, &options, &message), -ENOKEY);
        assert_non_null(strstr(message, "the disk is full"));
        assert_int_equal(jobs_client_list(client, NULL, &records, NULL), 0);
        assert_int_equal(records.n_items, 1);
        peer_await("drop"); /* whatever was kept of it */
}

static void test_owner(void **state) {
        _cleanup_(job_record_done) JobRecord record = {};

        create(&(JobOptions) { .owner = "alice" });
        assert_int_equal(jobs_client_get(client, id, &record, NULL), 0);
        assert_string_equal(record.owner, "alice");
}

/* --- the unit -------------------------------------------------------------------------------------------------------- */

static JobsClient *unit_client(void) {
        JobsClient *own = NULL;

        (void) setenv("WEIR_LOG_LEVEL", "err", 1);
        return jobs_client_new(&own) < 0 ? NULL : own;
}

/* What a runner and its finish do; each step's number is the result when it goes wrong. */
static int whole_life(const char *job, uint32_t attempt) {
        static const char *const stages[] = { "GET_LATEST_CL", "SYNC", "INTEGRATE", "RESOLVE_PASS_1",
                                              "RESOLVE_CHECK" };
        const JobConflict conflict = { .type = (char *) "content",
                                       .depot_path = (char *) "//demo/main/\xff odd.c",
                                       .chunks_conflicting = 2,
                                       .state = (char *) "open" };
        _cleanup_(job_conflicts_done) JobConflicts conflicts = {};
        _cleanup_(job_pairs_done) JobPairs made = {};
        _cleanup_(job_answer_done) JobAnswer answer = {};
        _cleanup_(job_work_done) JobWork work = {};
        JobsClient *own = unit_client();
        JobReport report = { .stage = "NEEDS_RESOLVE",
                             .conflicts = &conflicts,
                             .ledger_add = &made,
                             .intent = "{}",
                             .status_text = "1 conflict",
                             .source_changelist = 5 };

        if (!own || jobs_client_watch(own, job, JOBS_WATCH_WAKE) < 0) {
                return 1;
        }
        if (jobs_client_take(own, job, attempt, &work, NULL) < 0 || work.clean || work.cancel ||
            !string_equal(work.server.p4port, "demo:1666") || !string_equal(work.owner, "root")) {
                return 2;
        }
        for (size_t i = 0; i < ELEMENTSOF(stages); i++) {
                JobAnswer one = {};

                if (jobs_client_report(own, job, attempt, &(JobReport) { .stage = stages[i] }, &one, NULL) <
                    0) {
                        return 3;
                }
                job_answer_done(&one);
        }
        if (job_conflicts_append(&conflicts, &conflict) < 0 ||
            job_pairs_append(&made, "client", "w 1") < 0 ||
            jobs_client_report(own, job, attempt, &report, &answer, NULL) < 0 || answer.go_on) {
                return 4;
        }
        if (jobs_client_wait(own, 10 * USEC_PER_SEC) != 1) { /* the test resolves */
                return 5;
        }
        job_answer_done(&answer);
        if (jobs_client_report(own, job, attempt, &(JobReport) { .stage = "RESOLVE_CHECK", .intent = "" },
                               &answer, NULL) < 0 ||
            answer.resolutions.n_items != 1 || !string_equal(answer.resolutions.items[0].second, "theirs")) {
                return 6;
        }
        if (jobs_client_report(own, job, attempt, &(JobReport) { .stage = "P4PUSH" }, &answer, NULL) !=
            -EBUSY) {
                return 7;
        }
        return jobs_client_finished(own, job, attempt,
                                    &(JobResult) { .outcome = "done", .changelist = 9, .clean = true },
                                    NULL) < 0 ?
                               8 :
                               0;
}

static void *resolve_soon(void *unused) {
        _cleanup_(job_pairs_done) JobPairs files = {};
        JobsClient *own = NULL;

        assert_int_equal(jobs_client_new(&own), 0);
        for (;;) {
                _cleanup_(job_record_done) JobRecord record = {};

                assert_int_equal(jobs_client_get(own, id, &record, NULL), 0);
                if (string_equal(record.status, "needs_resolve")) {
                        assert_int_equal(record.conflicts.n_items, 1);
                        assert_string_equal(record.conflicts.items[0].depot_path, "//demo/main/\\xff odd.c");
                        assert_int_equal(record.conflicts.items[0].chunks_conflicting, 2);
                        break;
                }
                if (job_id_is_valid(id) && !string_equal(record.status, "running")) {
                        break; /* it went wrong, and the unit says so */
                }
                (void) usleep(2000);
        }
        assert_int_equal(job_pairs_append(&files, "*", "theirs"), 0);
        assert_int_equal(jobs_client_resolve(own, id, &files, NULL), 0);
        (void) jobs_client_free(own);
        return NULL;
}

static void test_whole_life(void **state) {
        _cleanup_(job_record_done) JobRecord record = {};
        pthread_t thread;
        int result;

        create(NULL);
        expect("running", "INIT");
        assert_int_equal(jobs_client_watch(client, id, JOBS_WATCH_CHANGES), 0);
        assert_int_equal(pthread_create(&thread, NULL, resolve_soon, NULL), 0);
        result = as_unit(id, 1, whole_life);
        if (result == -1) {
                (void) pthread_cancel(thread);
        }
        (void) pthread_join(thread, NULL);
        check_unit(result);
        assert_int_equal(jobs_client_wait(client, 5 * USEC_PER_SEC), 1);
        expect("done", "DONE");
        assert_int_equal(jobs_client_get(client, id, &record, NULL), 0);
        assert_int_equal(record.changelist, 9);
        assert_int_equal(record.source_changelist, 5);
        assert_int_equal(record.left_behind.n_items, 0);
        assert_int_equal(record.history.n_items, 8);
        assert_int_equal(jobs_client_continue(client, id, NULL), -EBUSY);
}

static int speak_for_another(const char *job, uint32_t attempt) {
        _cleanup_(job_work_done) JobWork work = {};
        JobsClient *own = unit_client();
        char other[JOB_ID_MAX];

        (void) snprintf(other, sizeof(other), "%s", job);
        other[strlen(other) - 1] = '1'; /* the first job; we are the second */
        if (!own || jobs_client_take(own, other, attempt, &work, NULL) != -EACCES) {
                return 1;
        }
        return jobs_client_take(own, job, attempt + 1, &work, NULL) == -EACCES ? 0 : 2;
}

static void test_strangers(void **state) {
        _cleanup_(job_work_done) JobWork work = {};
        _cleanup_(job_answer_done) JobAnswer answer = {};
        _cleanup_free_ char *message = NULL;

        create(NULL);
        assert_int_equal(jobs_client_take(client, id, 1, &work, &message), -EACCES);
        assert_non_null(strstr(message, "weir-job-"));
        assert_int_equal(jobs_client_report(client, id, 1, &(JobReport) { .stage = "SYNC" }, &answer, NULL),
                         -EACCES);
        assert_int_equal(jobs_client_finished(client, id, 1,
                                              &(JobResult) { .outcome = "done", .clean = true }, NULL),
                         -EACCES);
        assert_int_equal(jobs_client_take(client, "INT-20200101-001", 1, &work, NULL), -EACCES);
        assert_int_equal(jobs_client_take(client, "nonsense", 1, &work, NULL), -ENOENT);
        assert_int_equal(jobs_client_take(client, id, 0, &work, NULL), -ENOENT);
        expect("running", "INIT");

        assert_int_equal(try_create("{\"server\":\"demo\",\"path\":\"//demo/dev/...\"}", NULL, NULL), 0);
        peer_await("002/1");
        check_unit(as_unit(id, 1, speak_for_another));
}

/* A runner whose weir-jobd restarts meanwhile. */
static int patient_report(const char *job, uint32_t attempt) {
        JobsClient *own = unit_client();
        JobAnswer answer = {};

        (void) usleep(100000); /* it is down by now */
        return own && jobs_client_report(own, job, attempt, &(JobReport) { .stage = "SYNC" }, &answer,
                                         NULL) >= 0 ?
                               0 :
                               1;
}

static char reporting_id[JOB_ID_MAX];
static int report_result;

static void *report_meanwhile(void *unused) {
        report_result = as_unit(reporting_id, 1, patient_report);
        return NULL;
}

static void test_restart(void **state) {
        _cleanup_(job_records_done) JobRecords queue = {};
        pthread_t thread;

        create(NULL);
        expect("running", "INIT");
        strcpy(reporting_id, id);
        assert_int_equal(try_create(SPEC, NULL, NULL), 0);
        assert_int_equal(try_create(SPEC, NULL, NULL), 0);
        (void) daemon_stop(SIGKILL);
        assert_int_equal(pthread_create(&thread, NULL, report_meanwhile, NULL), 0);
        (void) usleep(600000);
        daemon_start();
        (void) pthread_join(thread, NULL);
        assert_int_equal(jobs_client_queue(client, &queue, NULL), 0);
        assert_int_equal(queue.n_items, 2);
        assert_string_equal(queue.items[0].blocked_by, reporting_id);
        assert_int_equal(queue.items[1].position, 2);
        assert_string_equal(queue.items[1].id, id);
        assert_string_equal(queue.items[1].blocked_by, queue.items[0].id);
        strcpy(id, reporting_id);
        check_unit(report_result);
        expect("running", "SYNC");
        assert_null(strstr(peer.log, "/2"));
}

/* The unit vanishes; another attempt follows. Then unitd takes a launch and never says so. */
static void test_lost_unit(void **state) {
        _cleanup_free_ char *next = NULL;

        create(NULL);
        expect("running", "INIT");
        assert_int_equal(string_format(&next, "launch %s/2", id), 0);
        peer_lose(id, 1);
        peer_await(next);
        expect("running", "INIT");
}

/* --- managing -------------------------------------------------------------------------------------------------------- */

static int finish_cancelled(const char *job, uint32_t attempt) {
        _cleanup_(job_work_done) JobWork work = {};
        JobsClient *own = unit_client();

        if (!own || jobs_client_take(own, job, attempt, &work, NULL) < 0 || !work.cancel ||
            !string_equal(work.reason, "cancelled by root")) {
                return 1;
        }
        return jobs_client_finished(own, job, attempt,
                                    &(JobResult) { .outcome = "cancelled", .clean = true }, NULL) < 0 ?
                               2 :
                               0;
}

static void test_cancel_and_retry(void **state) {
        _cleanup_free_ char *again = NULL, *early = NULL;
        _cleanup_(job_record_done) JobRecord record = {};
        char first[JOB_ID_MAX];

        create(NULL);
        expect("running", "INIT");
        strcpy(first, id);
        assert_int_equal(jobs_client_retry(client, id, NULL, &early, NULL), -EBUSY);
        assert_int_equal(jobs_client_cancel(client, id, false, NULL, NULL), 0);
        peer_await("stop ");
        assert_int_equal(jobs_client_cancel(client, id, true, NULL, NULL), 0);
        peer_await("kill ");
        expect("cancelling", "INIT");
        check_unit(as_unit(id, 1, finish_cancelled));
        expect("cancelled", "ERROR");
        assert_int_equal(jobs_client_cancel(client, id, false, NULL, NULL), -EBUSY);
        assert_int_equal(jobs_client_retry(client, id, NULL, &again, NULL), 0);
        assert_int_equal(jobs_client_get(client, again, &record, NULL), 0);
        assert_string_equal(record.retry_of, first);
}

/* --- others ---------------------------------------------------------------------------------------------------------- */

static int as_nobody(int (*function)(void)) {
        int status = 0;
        pid_t pid = fork();

        if (pid == 0) {
                _exit(setgroups(0, NULL) < 0 || setgid(NOBODY) < 0 || setuid(NOBODY) < 0 ? 99 : function());
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}

static char foreign_id[JOB_ID_MAX];

/* There is no polkit here: its own job is all that somebody may manage, and everybody may look. */
static int nobody_tries(void) {
        _cleanup_(job_records_done) JobRecords records = {};
        _cleanup_(job_record_done) JobRecord record = {};
        _cleanup_free_ char *new_id = NULL;
        JobsClient *own = unit_client();

        if (!own || jobs_client_create(own, SPEC, NULL, &new_id, NULL) != -EACCES) {
                return 1;
        }
        if (jobs_client_create(own, SPEC, &(JobOptions) { .owner = "root" }, &new_id, NULL) != -EACCES) {
                return 2;
        }
        if (jobs_client_list(own, NULL, &records, NULL) < 0 || records.n_items != 2 ||
            jobs_client_get(own, foreign_id, &record, NULL) < 0) {
                return 3;
        }
        if (jobs_client_cancel(own, foreign_id, false, NULL, NULL) != -EACCES ||
            jobs_client_continue(own, foreign_id, NULL) != -EACCES) {
                return 4;
        }
        if (jobs_client_cancel(own, id, false, "root", NULL) != -EACCES) { /* nor does it act for others */
                return 6;
        }
        return jobs_client_cancel(own, id, false, NULL, NULL) < 0 ? 5 : 0;
}

static void test_others(void **state) {
        create(NULL);
        strcpy(foreign_id, id);
        assert_int_equal(try_create("{\"server\":\"demo\",\"path\":\"//demo/dev/...\"}",
                                    &(JobOptions) { .owner = "nobody" }, NULL),
                         0);
        peer_await("002/1");
        assert_int_equal(as_nobody(nobody_tries), 0);
        expect("cancelling", "INIT");
}

/* --- what is not for everybody --------------------------------------------------------------------------------------- */

#define PRIVATE                                                                                                         \
        "{\"server\":\"demo\",\"path\":\"//demo/dev/...\",\"description\":\"public\",\"env\":{\"KEY\":\"CANARY-env\"}," \
        "\"hooks\":{\"build\":[[\"make\",\"CANARY-hook\"]]}}"

static bool shows_private(const JobRecord *record) {
        return strstr(record->spec, "CANARY") || strstr(record->spec, "KEY");
}

/* By the id and in the list; its own job whole, the others' without. */
static int nobody_looks(void) {
        _cleanup_(job_records_done) JobRecords records = {};
        _cleanup_(job_record_done) JobRecord others = {}, mine = {};
        _cleanup_(job_text_done) JobText text = {};
        JobsClient *own = unit_client();

        if (!own || jobs_client_get(own, foreign_id, &others, NULL) < 0 || shows_private(&others) ||
            !strstr(others.spec, "public")) {
                return 1;
        }
        if (jobs_client_get(own, id, &mine, NULL) < 0 || !strstr(mine.spec, "CANARY-env") ||
            !strstr(mine.spec, "CANARY-hook")) {
                return 2;
        }
        if (jobs_client_list(own, NULL, &records, NULL) < 0 || records.n_items != 2 ||
            !shows_private(&records.items[0]) || shows_private(&records.items[1])) {
                return 3;
        }
        return jobs_client_read_conflict(own, foreign_id, "//demo/a", &text, NULL) == -EACCES ? 0 : 4;
}

static void test_private(void **state) {
        _cleanup_(job_records_done) JobRecords records = {};

        assert_int_equal(try_create(PRIVATE, NULL, NULL), 0);
        strcpy(foreign_id, id);
        assert_int_equal(try_create(PRIVATE, &(JobOptions) { .owner = "nobody" }, NULL), 0);
        assert_int_equal(as_nobody(nobody_looks), 0);
        assert_int_equal(jobs_client_list(client, NULL, &records, NULL), 0);
        assert_true(shows_private(&records.items[0]) &&
                    shows_private(&records.items[1])); /* root sees all */
}

/* In whose name a job is cancelled. */
static int cancel_for(const char *job, const char *actor) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        int r = sd_bus_open_system(&bus);

        return r < 0 ? r :
                       sd_bus_call_method(bus, "org.weir.Jobs1", "/org/weir/Jobs1", "org.weir.Jobs1.Manager",
                                          "CancelJob", NULL, NULL, "sa{sv}", job, 1, "actor", "s", actor);
}

static int nobody_acts(void) {
        return cancel_for(id, "root") < 0 ? 0 : 1; /* not even with its own job */
}

static void test_actor(void **state) {
        _cleanup_(job_record_done) JobRecord record = {};

        assert_int_equal(try_create(SPEC, &(JobOptions) { .owner = "nobody" }, NULL), 0);
        assert_int_equal(as_nobody(nobody_acts), 0);
        assert_true(cancel_for(id, "a\nb") < 0);
        expect("running", "INIT");
        assert_true(cancel_for(id, "Operator 5") >= 0);
        assert_int_equal(jobs_client_get(client, id, &record, NULL), 0);
        assert_string_equal(record.cancelled_by, "Operator 5");
}

/* --- objects --------------------------------------------------------------------------------------------------------- */

typedef struct Heard {
        char text[512];
} Heard;

static int on_properties(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        Heard *heard = userdata;
        const char *interface, *name, *value;

        assert_true(sd_bus_message_read(message, "s", &interface) > 0);
        assert_true(sd_bus_message_enter_container(message, 'a', "{sv}") > 0);
        while (sd_bus_message_enter_container(message, 'e', "sv") > 0) {
                assert_true(sd_bus_message_read(message, "s", &name) > 0);
                if (string_equal(name, "Status")) {
                        assert_true(sd_bus_message_read(message, "v", "s", &value) > 0);
                        strcat(strcat(heard->text, value), " ");
                } else {
                        assert_true(sd_bus_message_skip(message, "v") >= 0);
                }
                assert_true(sd_bus_message_exit_container(message) >= 0);
        }
        return 0;
}

static void test_objects(void **state) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_free_ char *path = NULL, *text = NULL, *match = NULL;
        Heard heard = {};

        create(NULL);
        expect("running", "INIT");
        assert_true(sd_bus_open_system(&bus) >= 0);
        assert_true(sd_bus_path_encode("/org/weir/Jobs1/job", id, &path) >= 0);
        assert_int_equal(string_format(&match, "type='signal',path='%s',member='PropertiesChanged'", path),
                         0);
        assert_true(sd_bus_add_match(bus, NULL, match, on_properties, &heard) >= 0);
        assert_true(sd_bus_get_property_string(bus, "org.weir.Jobs1", path, "org.weir.Jobs1.Job", "Owner",
                                               NULL, &text) >= 0);
        assert_string_equal(text, "root");
        assert_int_equal(jobs_client_cancel(client, id, false, NULL, NULL), 0);
        for (uint64_t end = now_monotonic() + 5 * USEC_PER_SEC; !*heard.text && now_monotonic() < end;) {
                if (sd_bus_process(bus, NULL) == 0) {
                        (void) sd_bus_wait(bus, 100 * USEC_PER_MSEC);
                }
        }
        assert_string_equal(heard.text, "cancelling ");
        free(TAKE_PTR(text));
        assert_true(sd_bus_get_property_string(bus, "org.weir.Jobs1",
                                               "/org/weir/Jobs1/job/INT_2d20200101_2d001",
                                               "org.weir.Jobs1.Job", "Owner", &error, &text) < 0);
        assert_true(sd_bus_error_has_name(&error, SD_BUS_ERROR_UNKNOWN_OBJECT));
}

/* Two may not, however they are asked: what a message holds beyond the contract is refused by its name. */
static void test_bad_messages(void **state) {
        static const struct {
                const char *method, *types, *key, *error, *text;
        } cases[] = {
                { "ListJobs", "a{sv}", "colour", SD_BUS_ERROR_INVALID_ARGS, "colour" },
                { "ListJobs", "a{sv}", "limit", SD_BUS_ERROR_INVALID_ARGS, "limit" },
                { "ListJobs", "s", NULL, SD_BUS_ERROR_INVALID_ARGS, "" },
                { "GetJob", "u", NULL, SD_BUS_ERROR_INVALID_ARGS, "" },
                { "Nonsense", "", NULL, SD_BUS_ERROR_UNKNOWN_METHOD, "" },
        };
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;

        assert_true(sd_bus_open_system(&bus) >= 0);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
                _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;

                assert_true(sd_bus_message_new_method_call(bus, &call, "org.weir.Jobs1", "/org/weir/Jobs1",
                                                           "org.weir.Jobs1.Manager", cases[i].method) >= 0);
                if (cases[i].key) {
                        assert_true(sd_bus_message_append(call, "a{sv}", 1, cases[i].key, "s", "x") >= 0);
                } else if (*cases[i].types) {
                        assert_true((*cases[i].types == 'u' ? sd_bus_message_append(call, "u", 1) :
                                                              sd_bus_message_append(call, "s", "x")) >= 0);
                }
                assert_true(sd_bus_call(bus, call, 0, &error, NULL) < 0);
                if (!sd_bus_error_has_name(&error, cases[i].error) ||
                    !strstr(error.message, cases[i].text)) {
                        fail_msg("case %zu: %s: %s", i, error.name, error.message);
                }
        }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, start, stop)
        const struct CMUnitTest tests[] = {
                TEST(create),           TEST(refusals),  TEST(credential), TEST(owner),
                TEST(whole_life),       TEST(strangers), TEST(restart),    TEST(lost_unit),
                TEST(cancel_and_retry), TEST(others),    TEST(objects),    TEST(bad_messages),
                TEST(private),          TEST(actor),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
