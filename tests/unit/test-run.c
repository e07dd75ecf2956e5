/* What jobs do: kinds, clients, conflicts, hooks. */
#include "job_case.h"

/* --- kinds ------------------------------------------------------------------------------------------ */

static void test_clean(void **state) {
        script(EDIT_DEV("a", "s/5/five/"));
        script(DEV("echo new >new; p4 -c d~ add new >/dev/null; p4 -c d~ delete c >/dev/null"));
        script(EDIT_MAIN("a", "s/9/nine/"));
        job(to_parent);
        run_to_success(1);
        assert_done();
        assert_stages("INIT GET_LATEST_CL SYNC INTEGRATE RESOLVE_PASS_1 RESOLVE_CHECK SHELVE P4PUSH "
                      "CLEANUP");
        expect("p4 print -q //demo/m~/a | sed -n '5p;9p'; p4 print -q //demo/m~/new; p4 files -e "
               "//demo/m~/c",
               "five\nnine\nnew\n//demo/m~/c - no such file(s).");
        expect("p4 changes -m1 -s submitted //demo/d~/... | cut -d' ' -f2 | xargs -I{} sh -c 'p4 changes "
               "-m1 -l //demo/m~/... | grep -c \"dev to its parent @{}\\|d~ to its parent @{}\"'",
               "1");
        char text[32];
        (void) snprintf(text, sizeof(text), "%lld", (long long) peer.changelist);
        expect("p4 changes -m1 //demo/m~/... | cut -d' ' -f2", text);
        (void) snprintf(text, sizeof(text), "%lld", (long long) peer.source_changelist);
        expect("p4 changes -m1 //demo/d~/... | cut -d' ' -f2", text);
        expect("wc -l <counted | awk '{ print ($1 <= 12) }'", "1");
        expect("p4 filelog -m1 //demo/m~/a | grep -c 'merge from //demo/d~/a'", "1");
}

static void test_already_integrated(void **state) {
        job(to_parent);
        run_to_success(1);
        assert_done();
        assert_stages("INIT GET_LATEST_CL SYNC INTEGRATE CLEANUP");
        assert_string_equal(peer.note, "Already integrated: there was nothing to do");
        assert_int_equal(peer.changelist, 0);
}

static void test_reverse(void **state) {
        script(EDIT_MAIN("a", "s/5/five/"));
        job("{\"server\":\"demo\",\"stream\":\"//demo/d~\",\"reverse\":true}");
        run_to_success(1);
        assert_done();
        expect("p4 print -q //demo/d~/a | sed -n 5p; wc -l <counted | awk '{ print ($1 <= 12) }'",
               "five\n1");
}

static void test_path(void **state) {
        script(MAIN("mkdir x y; echo x >x/f; echo y >y/f; p4 -c m~ add x/f y/f >/dev/null"));
        job("{\"server\":\"demo\",\"path\":\"//demo/d~/x/...\"}");
        run_to_success(1);
        assert_done();
        expect("p4 files //demo/d~/x/... //demo/d~/y/... 2>/dev/null | cut -d' ' -f1", "//demo/d~/x/f#1");
}

/* In a depot without streams; paths with blanks, %-codes and other alphabets. */
static void test_paths(void **state) {
        script("cd depot; mkdir -p 'from ~/deep'; echo 1 >'from ~/"
               "odd @ na\xc3\xafve#.txt"
               "'; echo 2 >'from ~/deep/f'; "
               "p4 -c plain add -f 'from ~/"
               "odd @ na\xc3\xafve#.txt"
               "' 'from ~/deep/f' >/dev/null; p4 -c plain submit -d from >/dev/null");
        job("{\"server\":\"demo\",\"source\":\"//depot/from ~/...\",\"target\":\"//depot/to ~/...\"}");
        run_to_success(1);
        assert_done();
        expect("p4 print -q '//depot/to ~/" ODD "' '//depot/to ~/deep/f'", "1\n2");
}

static void test_branch(void **state) {
        script("cd depot; mkdir -p b~; echo 1 >b~/f; p4 -c plain add b~/f >/dev/null; p4 -c plain submit "
               "-d from >/dev/null; "
               "printf 'Branch: br~\\nOwner: alice\\nDescription:\\n\\tsee http://example.net/x "
               "//depot/wrong/...\\nView:\\n\\t//depot/b~/... //depot/c~/...\\n' | p4 branch -i >/dev/null");
        job("{\"server\":\"demo\",\"branch_spec\":\"br~\"}");
        run_to_success(1);
        assert_done();
        expect("p4 print -q //depot/c~/f", "1");
        script("cd depot; p4 -q -c plain sync; p4 -c plain edit c~/f >/dev/null; echo 2 >c~/f; p4 -c "
               "plain submit -d back >/dev/null");
        job("{\"server\":\"demo\",\"branch_spec\":\"br~\",\"reverse\":true}");
        run_to_success(1);
        assert_done();
        expect("p4 print -q //depot/b~/f; wc -l <counted | awk '{ print ($1 <= 12) }'", "2\n1");
}

/* A given changelist, not the latest. */
static void test_changelist(void **state) {
        char spec[128];
        script(EDIT_DEV("a", "s/5/five/"));
        char *change = output("p4 changes -m1 | cut -d' ' -f2");
        script(EDIT_DEV("b", "s/7/seven/"));
        (void) snprintf(spec, sizeof(spec),
                        "{\"server\":\"demo\",\"stream\":\"//demo/d~\",\"changelist\":%s}", change);
        free(change);
        job(spec);
        run_to_success(1);
        assert_done();
        assert_stages("INIT SYNC INTEGRATE RESOLVE_PASS_1 RESOLVE_CHECK SHELVE P4PUSH CLEANUP");
        expect("p4 print -q //demo/m~/a | sed -n 5p; p4 print -q //demo/m~/b | sed -n 7p", "five\n7");
}

/* Somebody takes the next number meanwhile: the changelist is renamed. */
static void take_a_number(const char *stage) {
        if (string_equal(stage, "P4PUSH")) {
                sh("printf 'Change: new\\nClient: plain\\nUser: alice\\nStatus: "
                   "new\\nDescription:\\n\\tin between\\n' | p4 -c plain change -i >/dev/null");
        }
}

static void test_renamed(void **state) {
        script(EDIT_DEV("a", "s/5/five/"));
        job(to_parent);
        peer.on_stage = take_a_number;
        run_to_success(1);
        assert_done();
        char text[32];
        (void) snprintf(text, sizeof(text), "%lld", (long long) peer.changelist);
        expect("p4 changes -m1 -s submitted | cut -d' ' -f2", text);
}

/* --- what cannot work ------------------------------------------------------------------------------- */

static void test_refusals(void **state) {
        static const struct {
                const char *spec, *reason;
        } rows[] = {
                { "{\"server\":\"demo\",\"stream\":\"//demo/nosuch\"}", "unknown stream" },
                { "{\"server\":\"demo\",\"stream\":\"//demo/m~\"}", "no parent" },
                { "{\"server\":\"demo\",\"branch_spec\":\"nosuch\"}", "unknown branch spec" },
                { "{\"server\":\"demo\",\"source\":\"//depot/nosuch/...\",\"target\":\"//depot/t/...\"}",
                  "empty source" },
                { "{\"server\":\"demo\",\"source\":\"//depot/nosuch/...\",\"target\":\"//depot/t/...\",\"changelist\":1}",
                  "empty source" },
                { "{\"server\":\"demo\",\"stream\":\"//demo/d~\",\"client\":\"nosuch\"}", "unknown client" },
                { "{\"server\":\"demo\",\"source\":\"//demo/d~/...\",\"target\":\"//demo/...\"}",
                  "needs a client" },
        };
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                job(rows[i].spec);
                run_to_failure(1);
                assert_outcome("failed", rows[i].reason);
                assert_nothing_left();
        }
}

/* --- a client of somebody --------------------------------------------------------------------------- */

static void test_given_client(void **state) {
        script(EDIT_DEV("a", "s/5/five/"));
        job("{\"server\":\"demo\",\"stream\":\"//demo/d~\",\"client\":\"m~\"}");
        run_to_success(1);
        assert_done();
        expect("p4 print -q //demo/m~/a | sed -n 5p; p4 -c m~ opened",
               "five\nFile(s) not opened on this client.");
        expect("p4 -c m~ -q sync; sed -n 5p m~/a", "five");
}

static void test_strangers(void **state) {
        script(EDIT_DEV("a", "s/5/five/"));
        script("cd m~; p4 -c m~ edit b >/dev/null; echo mine >>b");
        job("{\"server\":\"demo\",\"stream\":\"//demo/d~\",\"client\":\"m~\"}");
        run_to_failure(1);
        assert_outcome("failed", "foreign opened files");
        char *wanted = fill("//demo/m~/b (edit)");
        assert_non_null(strstr(peer.error, wanted));
        free(wanted);
        assert_nothing_left();
        expect("p4 -c m~ opened -s | cut -d' ' -f1; tail -n1 m~/b", "//demo/m~/b\nmine");
        job("{\"server\":\"demo\",\"stream\":\"//demo/d~\",\"client\":\"m~\",\"clean_workspace\":true}");
        run_to_success(1);
        assert_done();
        expect("p4 -c m~ opened; tail -n1 m~/b", "File(s) not opened on this client.\n20");
}

/* --- conflicts -------------------------------------------------------------------------------------- */

static void run_resolving(const char *spec, const char *file, const char *how, void (*hand)(void)) {
        _cleanup_free_ char *filled = file ? fill(file) : NULL;
        job(spec);
        resolution_file = filled;
        resolution_how = how;
        by_hand = hand;
        peer.on_stage = on_conflict_stage;
        run_to_success(1);
        peer.on_stage = NULL;
        assert_done();
        assert_int_equal(peer.work.resolutions.n_items, 0);
        assert_int_equal(peer.conflicts.n_items, 0); /* taken back when all was resolved */
}

static JobConflicts seen;

static void remember_conflicts(void) {
        (void) pthread_mutex_lock(&peer.mutex);
        job_conflicts_done(&seen);
        for (size_t i = 0; i < peer.conflicts.n_items; i++) {
                assert_int_equal(job_conflicts_append(&seen, peer.conflicts.items + i), 0);
        }
        (void) pthread_mutex_unlock(&peer.mutex);
}

static void test_theirs(void **state) {
        conflict_in_a();
        run_resolving(to_parent, "//demo/m~/a", "theirs", remember_conflicts);
        assert_stages("INIT GET_LATEST_CL SYNC INTEGRATE RESOLVE_PASS_1 RESOLVE_CHECK NEEDS_RESOLVE "
                      "RESOLVE_CHECK "
                      "SHELVE P4PUSH CLEANUP");
        expect("p4 print -q //demo/m~/a | sed -n 5p", "five");
        assert_int_equal(seen.n_items, 1);
        const JobConflict *conflict = seen.items;
        char *depot = fill("//demo/m~/a"), *theirs = fill("//demo/d~/a#2"), *yours = fill("//demo/m~/a#2"),
             *base = fill("//demo/m~/a#1");
        assert_string_equal(conflict->type, "content");
        assert_string_equal(conflict->depot_path, depot);
        assert_string_equal(conflict->theirs, theirs);
        assert_string_equal(conflict->yours, yours);
        assert_non_null(conflict->base);
        assert_int_equal(conflict->chunks_conflicting, 1);
        assert_int_equal(conflict->local_path[0], '/');
        free(depot);
        free(theirs);
        free(yours);
        free(base);
}

static void test_yours(void **state) {
        conflict_in_a();
        run_resolving(to_parent, "*", "yours", NULL);
        expect("p4 print -q //demo/m~/a | sed -n 5p; p4 filelog -m1 //demo/m~/a | grep -c 'ignored "
               "//demo/d~/a'",
               "FIVE\n1");
}

static void edit_by_hand(void) {
        remember_conflicts();
        FILE *file = fopen(seen.items[0].local_path, "w");
        if (!file) { /* p4 leaves it read-only; people use an editor that forces it */
                (void) chmod(seen.items[0].local_path, 0644);
                file = fopen(seen.items[0].local_path, "w");
        }
        assert_non_null(file);
        (void) fprintf(file, "both\n");
        (void) fclose(file);
}

static void test_edit(void **state) {
        conflict_in_a();
        run_resolving(to_parent, "//demo/m~/a", "edit", edit_by_hand);
        expect("p4 print -q //demo/m~/a; p4 filelog -m1 //demo/m~/a | grep -c 'edit from //demo/d~/a'",
               "both\n1");
}

static void resolve_with_p4(void) {
        sh("p4 -c weir-" JOB " resolve -at >/dev/null");
}

static void test_by_hand(void **state) {
        conflict_in_a();
        run_resolving(to_parent, NULL, NULL, resolve_with_p4);
        expect("p4 print -q //demo/m~/a | sed -n 5p", "five");
}

/* Impatient people submit at once. */
static void submit_with_p4(void) {
        sh("p4 -c weir-" JOB " resolve -at >/dev/null; p4 -c weir-" JOB
           " submit -c $(p4 changes -s pending -c weir-" JOB " | cut -d' ' -f2) >/dev/null");
}

static void test_submitted_by_hand(void **state) {
        conflict_in_a();
        job(to_parent);
        resolution_file = NULL;
        by_hand = submit_with_p4;
        peer.on_stage = on_conflict_stage;
        run_to_success(1);
        assert_done();
        assert_true(peer.changelist > 0);
        assert_non_null(strstr(peer.note, "by hand"));
        expect("p4 print -q //demo/m~/a | sed -n 5p; p4 changes -l -s submitted //demo/m~/... | grep -c 'weir INT'",
               "five\n1");
}

/* What a hook leaves in the job's own client goes with it. */
static void test_left_by_hook(void **state) {
        script(EDIT_DEV("a", "s/5/five/"));
        job("{\"server\":\"demo\",\"stream\":\"//demo/d~\",\"env\":{\"PATH\":\"^\"},"
            "\"hooks\":{\"build\":[\"sh\",\"-c\",\"p4 edit b; p4 change -o | p4 change -i; p4 edit c; exit 3\"]}}");
        run_to_failure(1);
        assert_outcome("failed", "hook build failed (exit 3)");
        assert_nothing_left();
        expect("p4 changes -s pending -c weir-" JOB, "");
}

/* Deleted here, edited there. */
static void test_delete_conflict(void **state) {
        script(DEV("p4 -c d~ delete a >/dev/null"));
        script(EDIT_MAIN("a", "s/5/FIVE/"));
        run_resolving(to_parent, "//demo/m~/a", "theirs", remember_conflicts);
        assert_int_equal(seen.n_items, 1);
        assert_string_equal(seen.items[0].type, "delete");
        expect("p4 files -e //demo/m~/a", "//demo/m~/a - no such file(s).");
}

static void test_policies(void **state) {
        static const struct {
                const char *policy, *line;
        } rows[] = { { "theirs", "five" }, { "yours", "FIVE" } };
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                char spec[128];
                if (i > 0) {
                        (void) new_streams(NULL);
                }
                conflict_in_a();
                (void) snprintf(spec, sizeof(spec),
                                "{\"server\":\"demo\",\"stream\":\"//demo/d~\",\"resolve\":\"%s\"}",
                                rows[i].policy);
                job(spec);
                run_to_success(1);
                assert_done();
                expect("p4 print -q //demo/m~/a | sed -n 5p", rows[i].line);
        }
}

/* --- hooks ------------------------------------------------------------------------------------------ */

static void test_hooks(void **state) {
        script(EDIT_DEV("a", "s/5/five/"));
        script("printf '#!/bin/sh\\necho \"$WEIR_HOOK $WEIR_STAGE $*\" >>%s/hooks; env >%s/env; test -e "
               "a' $PWD $PWD >hook; chmod +x hook; rm -f hooks");
        _cleanup_free_ char *spec = NULL;
        assert_int_equal(
                        string_format(&spec,
                                      "{\"server\":\"demo\",\"stream\":\"//demo/d~\",\"env\":{\"MINE\":\"x y\"},\"hooks\":{"
                                      "\"update_component\":[\"%s/hook\",\"{changelist}\"],\"pre_submit\":[[\"%s/hook\",\"1\"],[\"%s/hook\",\"2\"]],"
                                      "\"build\":[\"%s/hook\",\"{client}\",\"{job}\",\"$HOME; {job}\"]}}",
                                      p4_root, p4_root, p4_root, p4_root),
                        0);
        job(spec);
        run_to_success(1);
        assert_done();
        assert_stages("INIT GET_LATEST_CL SYNC UPDATE_COMPONENT INTEGRATE RESOLVE_PASS_1 RESOLVE_CHECK "
                      "PRE_SUBMIT BUILD "
                      "SHELVE P4PUSH CLEANUP");
        expect("sed 's/[0-9]*$//' hooks | head -n1; tail -n+2 hooks",
               "update_component UPDATE_COMPONENT \npre_submit PRE_SUBMIT 1\npre_submit PRE_SUBMIT 2\n"
               "build BUILD weir-" JOB " " JOB " $HOME; {job}");
        expect("grep -c 'P4TICKETS=\\|P4PASSWD=\\|CREDENTIALS_' env; grep "
               "'MINE=\\|WEIR_JOB=\\|WEIR_CLIENT=\\|P4CLIENT=' env | sort",
               "0\nMINE=x y\nP4CLIENT=weir-" JOB "\nWEIR_CLIENT=weir-" JOB "\nWEIR_JOB=" JOB);
}

/* A hook lost a child to the kernel and failed as if it were its own fault: systemd knows better. */
static void test_out_of_memory(void **state) {
        script(EDIT_DEV("a", "s/5/five/"));
        job("{\"server\":\"demo\",\"stream\":\"//demo/d~\",\"hooks\":{\"build\":[\"sh\",\"-c\",\"exit 137\"]}}");
        unit_result = "oom-kill";
        run_to_failure(1);
        unit_result = NULL;
        assert_outcome("failed", "oom");
        assert_non_null(strstr(peer.error, "137"));
        assert_nothing_left();
}

static void test_failing_hooks(void **state) {
        static const struct {
                const char *hook, *reason;
        } rows[] = {
                { "\"build\":[\"sh\",\"-c\",\"exit 3\"]", "hook build failed (exit 3)" },
                { "\"pre_submit\":[\"sh\",\"-c\",\"kill -9 $$\"]", "hook pre_submit failed (signal 9)" },
                { "\"build\":[\"/nonexistent/tool\"]", "hook build failed (cannot start)" },
                { "\"update_component\":[\"false\"]", "hook update_component failed (exit 1)" },
                { "\"push\":[\"false\"]", "hook push failed (exit 1)" },
                { "\"name_check\":[\"false\"]", "hook name_check failed (exit 1)" },
                { "\"sync\":[\"false\"]", "hook sync failed (exit 1)" },
        };
        script(EDIT_DEV("a", "s/5/five/"));
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_free_ char *spec = NULL;
                assert_int_equal(
                                string_format(&spec,
                                              "{\"server\":\"demo\",\"stream\":\"//demo/d~\",\"hooks\":{%s}}",
                                              rows[i].hook),
                                0);
                job(spec);
                run_to_failure(1);
                assert_outcome("failed", rows[i].reason);
                assert_nothing_left();
        }
        expect("p4 print -q //demo/m~/a | sed -n 5p", "5");
}

/* Opens a file of its own; it is submitted with the rest, also when there is no rest. */
static void test_update_component(void **state) {
        job("{\"server\":\"demo\",\"stream\":\"//demo/d~\",\"env\":{\"PATH\":\"^\"},"
            "\"hooks\":{\"update_component\":[\"sh\",\"-c\",\"p4 edit b >/dev/null; echo component >b\"]}}");
        run_to_success(1);
        assert_done();
        expect("p4 print -q //demo/m~/b", "component");
}

static void test_name_check(void **state) {
        script(DEV("echo 1 >good; echo 2 >bad-1; echo 3 >bad-2; p4 -c d~ add good bad-1 bad-2 >/dev/null"));
        job("{\"server\":\"demo\",\"stream\":\"//demo/d~\",\"hooks\":{\"name_check\":[\"sh\",\"-c\",\"grep bad | head -n1; true\"]}}");
        run_to_success(1);
        assert_done();
        expect("p4 files //demo/m~/... | cut -d'#' -f1 | grep -v '/[abc]$'", "//demo/m~/good");
        (void) new_streams(NULL);
        script(DEV("for i in 1 2 3 4 5 6 7 8; do echo $i >f$i; p4 -c d~ add f$i >/dev/null; done"));
        job("{\"server\":\"demo\",\"stream\":\"//demo/d~\",\"hooks\":{\"name_check\":[\"sh\",\"-c\",\"head -n1\"]}}");
        run_to_failure(1);
        assert_outcome("failed", "hook name_check still reports files");
        assert_nothing_left();
}

static void test_push_hook(void **state) {
        script(EDIT_DEV("a", "s/5/five/"));
        job("{\"server\":\"demo\",\"stream\":\"//demo/d~\",\"hooks\":{\"push\":[\"p4\",\"submit\",\"-e\",\"{changelist}\"]}}");
        run_to_success(1);
        assert_done();
        assert_true(peer.changelist > 0);
        expect("p4 print -q //demo/m~/a | sed -n 5p", "five");
        /* It has submitted and fails then: what is submitted is submitted. */
        script(EDIT_DEV("a", "s/7/seven/"));
        job("{\"server\":\"demo\",\"stream\":\"//demo/d~\",\"env\":{\"PATH\":\"^\"},"
            "\"hooks\":{\"push\":[\"sh\",\"-c\",\"p4 submit -e $WEIR_CHANGELIST; exit 5\"]}}");
        run_to_success(1);
        assert_done();
        /* It takes the shelf over. */
        script(EDIT_DEV("a", "s/8/eight/"));
        job("{\"server\":\"demo\",\"stream\":\"//demo/d~\",\"hooks\":{\"push\":[\"true\"]}}");
        run_to_success(1);
        assert_outcome("done", NULL);
        assert_true(peer.is_clean);
        assert_non_null(strstr(peer.note, "taken over"));
        sh("c=$(p4 changes -s shelved | cut -d' ' -f2); p4 -c weir-" JOB " shelve -d -c $c; p4 -c weir-" JOB
           " change -d $c; p4 client -d weir-" JOB);
}

static void test_trial(void **state) {
        script(EDIT_DEV("a", "s/5/five/"));
        job("{\"server\":\"demo\",\"stream\":\"//demo/d~\",\"trial\":true}");
        run_to_success(1);
        assert_outcome("done", NULL);
        assert_true(peer.is_clean);
        assert_int_equal(peer.work.ledger.n_items, 0);
        assert_int_equal(peer.changelist, 0);
        assert_true(peer.shelf > 0);
        assert_non_null(strstr(peer.note, "Trial"));
        expect("p4 print -q //demo/m~/a | sed -n 5p; p4 opened -a; c=$(p4 changes -s shelved | cut -d' ' "
               "-f2); p4 print -q //demo/m~/a@=$c | sed -n 5p; ls state",
               "5\nFile(s) not opened anywhere.\nfive");
        sh("c=$(p4 changes -s shelved | cut -d' ' -f2); p4 -c weir-" JOB " shelve -d -c $c; p4 -c weir-" JOB
           " change -d $c; p4 client -d weir-" JOB);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                RUN_TEST(test_clean),
                RUN_TEST(test_already_integrated),
                RUN_TEST(test_reverse),
                RUN_TEST(test_path),
                RUN_TEST(test_paths),
                RUN_TEST(test_branch),
                RUN_TEST(test_changelist),
                RUN_TEST(test_renamed),
                RUN_TEST(test_refusals),
                RUN_TEST(test_given_client),
                RUN_TEST(test_strangers),
                RUN_TEST(test_theirs),
                RUN_TEST(test_yours),
                RUN_TEST(test_edit),
                RUN_TEST(test_by_hand),
                RUN_TEST(test_submitted_by_hand),
                RUN_TEST(test_left_by_hook),
                RUN_TEST(test_delete_conflict),
                RUN_TEST(test_policies),
                RUN_TEST(test_hooks),
                RUN_TEST(test_failing_hooks),
                RUN_TEST(test_out_of_memory),
                RUN_TEST(test_update_component),
                RUN_TEST(test_name_check),
                RUN_TEST(test_push_hook),
                RUN_TEST(test_trial),
        };
        return cmocka_run_group_tests(tests, setup, teardown);
}
