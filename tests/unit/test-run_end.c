/* How jobs end: refused and repeated submits, kills at every stage, cancels, lost servers and tickets. */
#include "job_case.h"

/* --- at submit -------------------------------------------------------------------------------------- */

static void (*at_push)(void);

static void on_push(const char *stage) {
        if (string_equal(stage, "P4PUSH") && at_push) {
                void (*once)(void) = at_push;
                at_push = NULL;
                once();
        }
        on_conflict_stage(stage);
}

static void somebody_edits_line_9(void) {
        script(EDIT_MAIN("a", "s/9/nine/"));
}

static void somebody_edits_line_5(void) {
        script(EDIT_MAIN("a", "s/5/FIVE/"));
}

static void somebody_adds_new(void) {
        script(MAIN("echo other >new; p4 -c m~ add new >/dev/null"));
}

static void somebody_edits_c(void) {
        script(EDIT_MAIN("c", "s/3/three/"));
}

static void run_pushing(void (*push)(void), const char *file, const char *how) {
        _cleanup_free_ char *filled = file ? fill(file) : NULL;
        job(to_parent);
        at_push = push;
        resolution_file = filled;
        resolution_how = how;
        by_hand = NULL;
        peer.on_stage = on_push;
        run_to_success(1);
        peer.on_stage = NULL;
        assert_done();
}

static void test_out_of_date(void **state) {
        script(EDIT_DEV("a", "s/5/five/"));
        run_pushing(somebody_edits_line_9, NULL, NULL);
        assert_stages("INIT GET_LATEST_CL SYNC INTEGRATE RESOLVE_PASS_1 RESOLVE_CHECK SHELVE P4PUSH SYNC "
                      "RESOLVE_PASS_1 "
                      "RESOLVE_CHECK SHELVE P4PUSH CLEANUP");
        expect("p4 print -q //demo/m~/a | sed -n '5p;9p'", "five\nnine");
}

static void test_out_of_date_conflict(void **state) {
        script(EDIT_DEV("a", "s/5/five/"));
        run_pushing(somebody_edits_line_5, "//demo/m~/a", "yours");
        expect("p4 print -q //demo/m~/a | sed -n 5p", "five");
}

/* What was to be added is there now; what was to be deleted is another now. */
static void test_out_of_date_add(void **state) {
        script(DEV("echo new >new; p4 -c d~ add new >/dev/null"));
        run_pushing(somebody_adds_new, "//demo/m~/new", "theirs");
        expect("p4 print -q //demo/m~/new", "new");
}

static void test_out_of_date_delete(void **state) {
        script(DEV("p4 -c d~ delete c >/dev/null"));
        run_pushing(somebody_edits_c, "//demo/m~/c", "theirs");
        expect("p4 files -e //demo/m~/c", "//demo/m~/c - no such file(s).");
}

static void test_rejected(void **state) {
        script(EDIT_DEV("a", "s/5/five/"));
        script("printf '#!/bin/sh\\necho no ticket in the description; exit 1\\n' >trigger; chmod +x "
               "trigger; "
               "printf 'Triggers:\\n\\tcheck change-submit //demo/m~/... \"%s/trigger\"\\n' $PWD | p4 "
               "triggers -i >/dev/null");
        job(to_parent);
        run_to_failure(1);
        sh("printf 'Triggers:\\n' | p4 triggers -i >/dev/null");
        assert_outcome("failed", peer.reason);
        if (!string_has_prefix(peer.reason, "submit rejected: ")) {
                show_log();
        }
        assert_true(string_has_prefix(peer.reason, "submit rejected: "));
        assert_non_null(strstr(peer.reason, "no ticket in the description"));
        assert_nothing_left();
        expect("p4 print -q //demo/m~/a | sed -n 5p", "5");
}

static void somebody_locks(void) {
        script("p4 -c m~ edit m~/a >/dev/null; p4 -c m~ lock m~/a >/dev/null; (sleep 2; p4 -c m~ revert "
               "m~/a) >/dev/null 2>&1 &");
}

static void test_locked(void **state) {
        script(EDIT_DEV("a", "s/5/five/"));
        run_pushing(somebody_locks, NULL, NULL);
        expect("p4 print -q //demo/m~/a | sed -n 5p", "five");
}

static void somebody_locks_until_refused(void) {
        script("p4 -c m~ edit m~/a >/dev/null; p4 -c m~ lock m~/a >/dev/null; (while [ ! -e refused ]; do "
               "sleep 0.02; done; p4 -c m~ revert m~/a; touch gone) >/dev/null 2>&1 &");
}

/* The lock that refused the submit is gone when the files are looked at. */
static void test_locked_for_a_moment(void **state) {
        _cleanup_free_ char *wrapper = NULL;
        script(EDIT_DEV("a", "s/5/five/"));
        assert_int_equal(
                        string_format(&wrapper,
                                      "mv p4-counted p4-kept; printf '#!/bin/sh\\ncase \"$*\" in *\" submit -e "
                                      "\"*) [ -e %s/gone ] || { %%s \"$@\"; s=$?; touch %s/refused; while [ ! "
                                      "-e %s/gone ]; do sleep 0.02; done; exit $s; };; esac; exec %%s "
                                      "\"$@\"\\n' $(command -v p4) $(command -v p4) >p4-counted; chmod +x "
                                      "p4-counted",
                                      p4_root, p4_root, p4_root),
                        0);
        sh(wrapper);
        run_pushing(somebody_locks_until_refused, NULL, NULL);
        sh("test -e gone; rm gone refused; mv p4-kept p4-counted");
        expect("p4 print -q //demo/m~/a | sed -n 5p", "five");
}

static void assert_submitted_once(void) {
        expect("p4 changes -l -s submitted //demo/m~/... | grep -c 'weir INT'; p4 print -q //demo/m~/a | "
               "sed -n 5p",
               "1\nfive");
}

/* The connection is lost before and in the middle of the submit's answer; whether it went through is asked, and only then tried again. */
static void test_lost_connection(void **state) {
        static const char *const bytes[] = { "0", "150", "400" };
        for (size_t i = 0; i < ELEMENTSOF(bytes); i++) {
                _cleanup_free_ char *wrapper = NULL;
                (void) new_streams(NULL);
                script(EDIT_DEV("a", "s/5/five/"));
                job(to_parent);
                assert_int_equal(
                                string_format(&wrapper,
                                              "mv p4-counted p4-kept; printf '#!/bin/sh\\ncase \"$*\" in *\" submit -e "
                                              "\"*) [ -e %s/once ] || { touch %s/once; %%s/p4d-control -r %s drop %s "
                                              "1 >/dev/null; };; esac; exec %%s \"$@\"\\n' $WEIR_TESTS $(command -v "
                                              "p4) >p4-counted; chmod +x p4-counted",
                                              p4_root, p4_root, p4_root, bytes[i]),
                                0);
                sh(wrapper);
                int status = attempt_run(1);
                sh("test -e once; rm once; mv p4-kept p4-counted");
                assert_int_equal(status, 0);
                assert_done();
                assert_submitted_once();
        }
}

/* --- interruptions ---------------------------------------------------------------------------------- */

#define HOOKED                                                                                              \
        "{\"server\":\"demo\",\"stream\":\"//demo/d~\",\"hooks\":{\"pre_submit\":[\"true\"],\"build\":[\"true\"],\"update_component\":[\"true\"]}}"

static const char *const all_stages[] = {
        "INIT",          "GET_LATEST_CL", "SYNC",  "UPDATE_COMPONENT", "INTEGRATE", "RESOLVE_PASS_1",
        "RESOLVE_CHECK", "PRE_SUBMIT",    "BUILD", "SHELVE",
};

static void test_killed(void **state) {
        for (size_t i = 0; i < ELEMENTSOF(all_stages); i++) {
                (void) new_streams(NULL);
                script(EDIT_DEV("a", "s/5/five/"));
                job(HOOKED);
                peer.signal_stage = all_stages[i];
                peer.signal_number = SIGKILL;
                assert_int_equal(WTERMSIG(attempt_run(1)), SIGKILL);
                assert_outcome("interrupted", NULL);
                sh("rm -rf run; mkdir run"); /* a unit of its own */
                run_to_success(2);
                assert_done();
                assert_submitted_once();
        }
}

static pid_t victim;

static void *kill_later(void *delay) {
        (void) usleep((useconds_t) (uintptr_t) delay);
        (void) kill(victim, SIGKILL);
        return NULL;
}

/* At moments nobody chose; whatever there is to resume is resumed, three times at most, and then cleaned up. */
static void test_killed_anywhere(void **state) {
        for (unsigned i = 0; i < 12; i++) {
                pthread_t thread;
                uint32_t attempt = 1;
                (void) new_streams(NULL);
                script(EDIT_DEV("a", "s/5/five/"));
                job(HOOKED);
                victim = start("weir-integrate", attempt);
                assert_int_equal(pthread_create(&thread, NULL, kill_later, (void *) (uintptr_t) (i * 17000)),
                                 0);
                (void) pthread_join(thread, NULL); /* it is a zombie at worst: the number is still its own */
                (void) finish(victim, attempt++);
                while (!peer.is_clean && attempt < 6) {
                        sh("rm -rf run; mkdir run");
                        peer.work.clean = peer.work.intent || string_equal(peer.work.stage, "P4PUSH");
                        (void) attempt_run(attempt++);
                }
                assert_nothing_left();
                if (string_equal(peer.outcome, "done")) {
                        assert_submitted_once();
                } else {
                        expect("p4 changes -l -s submitted //demo/m~/... | grep -c 'weir INT'", "0");
                }
        }
}

/* Killed after the intent was committed: nobody knows whether p4 got through. */
static void test_killed_at_intent(void **state) {
        script(EDIT_DEV("a", "s/5/five/"));
        job(to_parent);
        peer.signal_at_intent = true;
        peer.signal_number = SIGKILL;
        (void) attempt_run(1);
        assert_nothing_left();
        assert_true(string_equal(peer.outcome, "interrupted"));
        expect("p4 print -q //demo/m~/a | sed -n 5p", "5");
}

/* The submit goes through and its answer is lost with the runner. */
static void test_submitted_unheard(void **state) {
        script(EDIT_DEV("a", "s/5/five/"));
        job(to_parent);
        script("mv p4-counted p4-kept; printf '#!/bin/sh\\ncase \"$*\" in *\" submit -e \"*) %s \"$@\" "
               ">/dev/null; kill -9 $PPID; sleep 5;; *) exec %s \"$@\";; esac\\n' $(command -v p4) "
               "$(command -v p4) >p4-counted; chmod +x p4-counted");
        assert_int_equal(WTERMSIG(attempt_run(1)), SIGKILL);
        sh("mv p4-kept p4-counted");
        assert_done();
        assert_true(peer.changelist > 0);
        assert_submitted_once();
}

static void test_cancelled(void **state) {
        for (size_t i = 0; i < ELEMENTSOF(all_stages); i++) {
                (void) new_streams(NULL);
                script(EDIT_DEV("a", "s/5/five/"));
                job(HOOKED);
                peer.signal_stage = all_stages[i];
                peer.signal_number = SIGTERM;
                assert_int_equal(WTERMSIG(attempt_run(1)), SIGTERM);
                assert_outcome("cancelled", "cancelled by systemctl");
                assert_nothing_left();
                expect("p4 print -q //demo/m~/a | sed -n 5p", "5");
        }
}

static void *term_later(void *unused) {
        (void) usleep(400 * 1000);
        (void) pthread_mutex_lock(&peer.mutex);
        peer.work.cancel = true;
        (void) string_copy(&peer.work.reason, "cancelled by bob");
        (void) kill(peer.runner, SIGTERM);
        (void) pthread_mutex_unlock(&peer.mutex);
        return NULL;
}

/* While it sleeps, and while a hook hangs that does not care for TERM. */
static void test_cancelled_waiting(void **state) {
        static const char *const specs[] = {
                to_parent,
                "{\"server\":\"demo\",\"stream\":\"//demo/d~\",\"resolve\":\"theirs\","
                "\"hooks\":{\"build\":[\"sh\",\"-c\",\"trap '' TERM; sleep 60 & wait; sleep 60\"]}}",
        };
        conflict_in_a();
        for (size_t i = 0; i < ELEMENTSOF(specs); i++) {
                pthread_t thread;
                job(specs[i]);
                uint64_t begin = now_monotonic();
                pid_t runner = start("weir-integrate", 1);
                (void) usleep(1500 * 1000);
                assert_int_equal(pthread_create(&thread, NULL, term_later, NULL), 0);
                assert_int_equal(WTERMSIG(finish(runner, 1)), SIGTERM);
                (void) pthread_join(thread, NULL);
                assert_outcome("cancelled", "cancelled by bob");
                assert_nothing_left();
                assert_true(now_monotonic() - begin < 8 * USEC_PER_SEC);
        }
}

/* The server is away when it ends: what is left stays on the ledger, and a later attempt removes it. */
static void server_dies(const char *stage) {
        if (string_equal(stage, "BUILD")) {
                p4d_end(SIGKILL);
        }
}

static void test_server_dies(void **state) {
        script(EDIT_DEV("a", "s/5/five/"));
        job(HOOKED);
        peer.on_stage = server_dies;
        run_to_failure(1);
        peer.on_stage = NULL;
        assert_outcome("failed", "server unreachable");
        assert_false(peer.is_clean);
        assert_true(peer.work.ledger.n_items > 0);
        p4d_start();
        sh("for i in $(seq 100); do p4 info >/dev/null 2>&1 && break; sleep 0.1; done; rm -rf run; mkdir "
           "run");
        peer.work.clean = true;
        run_to_success(2);
        assert_outcome("failed", "server unreachable");
        assert_nothing_left();
}

/* --- power failures --------------------------------------------------------------------------------- */

/* What was written and not synced has no content when the machine is back. */
static void lose_power(void) {
        sh("rm -rf run; mkdir run; echo another >boot; find state -type f -exec truncate -s 0 {} +");
}

static void begin_with_power(const char *spec) {
        _cleanup_free_ char *file = NULL;
        assert_int_equal(string_format(&file, "%s/boot", p4_root), 0);
        assert_int_equal(setenv("WEIR_BOOT_ID_FILE", file, 1), 0);
        sh("echo one >boot");
        job(spec);
}

static size_t count_stage(const char *name) {
        size_t n = 0;
        for (size_t i = 0; i < peer.n_stages; i++) {
                n += string_equal(peer.stages[i], name);
        }
        return n;
}

static void test_power_fails(void **state) {
        for (size_t i = 0; i < ELEMENTSOF(all_stages); i++) {
                (void) new_streams(NULL);
                script(EDIT_DEV("a", "s/5/five/"));
                script(EDIT_MAIN("a", "s/9/nine/"));
                begin_with_power(HOOKED);
                peer.signal_stage = all_stages[i];
                peer.signal_number = SIGKILL;
                assert_int_equal(WTERMSIG(attempt_run(1)), SIGKILL);
                lose_power();
                if (i % 2) {
                        sh("rm -rf state/*");
                }
                run_to_success(2);
                assert_done();
                assert_submitted_once();
                expect("p4 print -q //demo/m~/a | sed -n 9p; p4 print -q //demo/m~/b | wc -l", "nine\n20");
                assert_int_equal(count_stage("INIT"), i == 0 ? 1 : 2); /* repeated ones count once */
        }
        (void) unsetenv("WEIR_BOOT_ID_FILE");
}

static void power_fails(void) {
        (void) kill(peer.runner, SIGKILL);
}

static void power_fails_after_resolving(void) {
        script("p4 -c weir-INT-20261121-001 resolve -at >/dev/null");
        power_fails();
}

/* While people resolve: what is as the list says is gone on with; what was resolved since then may be lost, and is done again. */
static void test_power_fails_waiting(void **state) {
        static void (*const hands[])(void) = { power_fails, power_fails_after_resolving };
        for (size_t i = 0; i < ELEMENTSOF(hands); i++) {
                (void) new_streams(NULL);
                conflict_in_a();
                begin_with_power(to_parent);
                by_hand = hands[i];
                resolution_file = NULL;
                peer.on_stage = on_conflict_stage;
                assert_int_equal(WTERMSIG(attempt_run(1)), SIGKILL);
                lose_power();
                by_hand = NULL;
                resolution_file = "*";
                resolution_how = "theirs";
                run_to_success(2);
                peer.on_stage = NULL;
                assert_done();
                assert_submitted_once();
                assert_int_equal(count_stage("INIT"), 1 + i);
        }
        (void) unsetenv("WEIR_BOOT_ID_FILE");
}

/* --- tickets ---------------------------------------------------------------------------------------- */

static void test_tickets(void **state) {
        _cleanup_free_ char *directory = NULL;
        script(EDIT_DEV("a", "s/5/five/"));
        sh("p4 configure set security=3 >/dev/null; $WEIR_TESTS/p4d-control -r . password alice "
           "Secret123 >/dev/null; "
           "mkdir -p credentials; echo Secret123 | p4 login -p | tail -n1 >credentials/p4-ticket; echo "
           "Secret123 | p4 login >/dev/null");
        assert_int_equal(string_format(&directory, "%s/credentials", p4_root), 0);
        job(to_parent);
        run_to_failure(1);
        assert_outcome("failed", "login expired"); /* no credential at all */
        (void) setenv("CREDENTIALS_DIRECTORY", directory, 1);
        job("{\"server\":\"demo\",\"stream\":\"//demo/d~\",\"hooks\":{\"build\":[\"sh\",\"-c\",\"tr "
            "'\\\\0' '\\\\n' </proc/$PPID/environ; tr '\\\\0' ' ' </proc/$PPID/cmdline; env; ls -l "
            "$OLDPWD\"]}}");
        run_to_success(1);
        assert_done();
        sh("grep -q WEIR_JOB= log; ! grep -f credentials/p4-ticket log counted; stat -c %a run/secrets/tickets | "
           "grep -qx 600");
        /* p4 looks for a ticket under the server's own address, which is another one than that of the configuration. */
        (void) new_streams(NULL);
        script(EDIT_DEV("a", "s/5/five/"));
        job(to_parent);
        free(peer.work.server.p4port);
        assert_int_equal(string_format(&peer.work.server.p4port, "localhost%s", strchr(p4_address, ':')), 0);
        run_to_success(1);
        assert_done();
        /* Expires while it works: nothing can be removed, and that is said. */
        _cleanup_free_ char *spec = NULL;
        (void) new_streams(NULL);
        script(EDIT_DEV("a", "s/5/five/"));
        assert_int_equal(
                        string_format(&spec,
                                      "{\"server\":\"demo\",\"stream\":\"//demo/d~\",\"hooks\":{\"build\":[\"%s/"
                                      "p4d-control\",\"-r\",\"%s\",\"expire\",\"alice\"]}}",
                                      getenv("WEIR_TESTS"), p4_root),
                        0);
        job(spec);
        run_to_failure(1);
        assert_outcome("failed", "login expired");
        assert_false(peer.is_clean);
        sh("echo Secret123 | p4 login -p | tail -n1 >credentials/p4-ticket; rm -rf run; mkdir run; echo "
           "Secret123 | p4 login >/dev/null");
        peer.work.clean = true;
        run_to_success(2);
        assert_nothing_left();
        (void) unsetenv("CREDENTIALS_DIRECTORY");
        sh("p4 configure set security=0 >/dev/null");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                RUN_TEST(test_out_of_date),
                RUN_TEST(test_out_of_date_conflict),
                RUN_TEST(test_out_of_date_add),
                RUN_TEST(test_out_of_date_delete),
                RUN_TEST(test_rejected),
                RUN_TEST(test_locked),
                RUN_TEST(test_locked_for_a_moment),
                RUN_TEST(test_lost_connection),
                RUN_TEST(test_killed),
                RUN_TEST(test_killed_anywhere),
                RUN_TEST(test_killed_at_intent),
                RUN_TEST(test_submitted_unheard),
                RUN_TEST(test_cancelled),
                RUN_TEST(test_cancelled_waiting),
                RUN_TEST(test_server_dies),
                RUN_TEST(test_power_fails),
                RUN_TEST(test_power_fails_waiting),
                RUN_TEST(test_tickets),
        };
        return cmocka_run_group_tests(tests, setup, teardown);
}
