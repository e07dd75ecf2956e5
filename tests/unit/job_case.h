/* Whole integrations: weir-integrate and weir-finish as processes, weir-lockd and the server stand-in as they are, a peer in place of
 * weir-jobd. Each test has a mainline and a development stream of its own, //demo/mN and //demo/dN, with clients of these names. */
#pragma once

#include "base/buffer.h"
#include "job_peer.h"

static unsigned number; /* of the test's streams */

#define ODD "odd %40 na\xc3\xafve%23.txt"

static inline char *fill(const char *script) {
        char *text = NULL;
        size_t length = 0;
        Buffer buffer = {};
        for (const char *c = script; *c; c++) {
                if (*c == '~') {
                        assert_int_equal(buffer_append_format(&buffer, "%u", number), 0);
                } else if (*c == '^') {
                        assert_int_equal(buffer_append_string(&buffer, getenv("PATH")), 0);
                } else {
                        assert_int_equal(buffer_append(&buffer, c, 1), 0);
                }
        }
        assert_int_equal(buffer_take_string(&buffer, &text), 0);
        (void) length;
        return text;
}

/* Scripts and specs with ~ for the number of the test's streams, and ^ for a PATH with p4 in it. */
static inline void script(const char *text) {
        _cleanup_free_ char *filled = fill(text);
        sh(filled);
}

static inline void expect(const char *text, const char *expected) {
        _cleanup_free_ char *filled = fill(text), *wanted = fill(expected);
        assert_output(filled, wanted);
}

static inline void job(const char *spec) {
        _cleanup_free_ char *filled = fill(spec), *program = NULL;
        job_new(filled);
        assert_int_equal(string_format(&program, "%s/p4-counted", p4_root), 0);
        assert_int_equal(string_copy(&peer.work.server.program, program), 0);
        sh("rm -f counted log; touch counted log");
}

static inline int new_streams(void **state) {
        number++;
        script("printf 'Stream: //demo/m~\\nOwner: alice\\nName: m~\\nParent: none\\nType: "
               "mainline\\nPaths:\\n\\tshare ...\\n' | p4 stream -i >/dev/null");
        script("printf 'Stream: //demo/d~\\nOwner: alice\\nName: d~\\nParent: //demo/m~\\nType: "
               "development\\nPaths:\\n\\tshare ...\\n' | p4 stream -i >/dev/null");
        script("mkdir m~ d~; for c in m~ d~; do printf \"Client: $c\\nOwner: alice\\nRoot: "
               "$PWD/$c\\nStream: //demo/$c\\n\" | p4 client -i >/dev/null; done");
        script("cd m~; seq 10 >a; seq 20 >b; seq 5 >c; p4 -c m~ add a b c >/dev/null; p4 -c m~ submit -d "
               "first >/dev/null");
        script("p4 -c d~ integrate -S //demo/d~ -r >/dev/null; p4 -c d~ submit -d branched >/dev/null");
        return 0;
}

#define DEV(commands) "cd d~; p4 -q -c d~ sync; " commands "; p4 -c d~ submit -d dev >/dev/null"
#define MAIN(commands) "cd m~; p4 -q -c m~ sync; " commands "; p4 -c m~ submit -d main >/dev/null"
#define EDIT_DEV(file, expression) DEV("p4 -c d~ edit " file " >/dev/null; sed -i '" expression "' " file)
#define EDIT_MAIN(file, expression) MAIN("p4 -c m~ edit " file " >/dev/null; sed -i '" expression "' " file)

static const char to_parent[] = "{\"server\":\"demo\",\"stream\":\"//demo/d~\"}";

static inline void assert_stages(const char *expected) {
        _cleanup_free_ char *text = NULL;
        char *stages[STATES_MAX + 1] = {};
        memcpy(stages, peer.stages, peer.n_stages * sizeof(*stages));
        assert_int_equal(string_join(&text, stages, " "), 0);
        assert_string_equal(text, expected);
}

static inline void assert_outcome(const char *outcome, const char *reason) {
        if (!string_equal(peer.outcome, outcome) || !string_equal(peer.reason, reason)) {
                show_log();
                fail_msg("outcome %s: %s, not %s: %s", peer.outcome ?: "none", peer.reason ?: "", outcome,
                         reason ?: "");
        }
}

/* Nothing of the job is anywhere. */
static inline void assert_nothing_left(void) {
        if (!peer.is_clean || peer.work.ledger.n_items > 0) {
                show_log();
                fail_msg("not clean: %s %s", peer.work.ledger.n_items ? peer.work.ledger.items[0].first : "",
                         peer.work.ledger.n_items ? peer.work.ledger.items[0].second : "");
        }
        assert_output("p4 clients -e 'weir-*'; ls state; p4 changes -l -s pending | grep weir; p4 opened "
                      "-a 2>/dev/null | grep weir",
                      "");
}

static inline void assert_done(void) {
        assert_outcome("done", NULL);
        assert_nothing_left();
}

static inline void run_to_status(uint32_t attempt, int expected) {
        int status = attempt_run(attempt);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != expected) {
                show_log();
                fail_msg("wait status %#x, not exit %d", status, expected);
        }
}

static inline void run_to_success(uint32_t attempt) {
        run_to_status(attempt, 0);
}

static inline void run_to_failure(uint32_t attempt) {
        run_to_status(attempt, 1);
}

/* --- people --- */

static const char *resolution_file, *resolution_how;
static void (*by_hand)(void);

/* In NEEDS_RESOLVE, as a person: through weir, or with p4. */
static inline void *resolve_later(void *unused) {
        (void) usleep(300 * 1000);
        if (by_hand) {
                by_hand();
        }
        (void) pthread_mutex_lock(&peer.mutex);
        if (resolution_file) {
                assert_int_equal(job_pairs_append(&peer.work.resolutions, resolution_file, resolution_how),
                                 0);
                peer.wake = true;
        }
        (void) pthread_mutex_unlock(&peer.mutex);
        return NULL;
}

static inline void on_conflict_stage(const char *stage) {
        pthread_t thread;
        if (string_equal(stage, "NEEDS_RESOLVE")) {
                assert_int_equal(pthread_create(&thread, NULL, resolve_later, NULL), 0);
                (void) pthread_detach(thread);
        }
}

static inline void conflict_in_a(void) {
        script(EDIT_DEV("a", "s/5/five/"));
        script(EDIT_MAIN("a", "s/5/FIVE/"));
}

/* --- the group --- */

static inline int setup(void **state) {
        char tests[PATH_MAX], directory[PATH_MAX];
        (void) snprintf(tests, sizeof(tests), "%s/tests/perforce",
                        getcwd(directory, sizeof(directory) - 16));
        (void) setenv("WEIR_TESTS", tests, 1);
        peer_start();
        sh("printf '#!/bin/sh\\necho \"$*\" >>%s/counted\\nexec %s \"$@\"\\n' $PWD $(command -v p4) "
           ">p4-counted; chmod +x p4-counted");
        sh("printf 'Depot: demo\\nOwner: alice\\nType: stream\\nStreamDepth: 1\\nMap: "
           "demo/...\\nDescription:\\n\\tx\\n' | p4 depot -i >/dev/null");
        sh("printf 'Depot: depot\\nOwner: alice\\nType: local\\nMap: depot/...\\nDescription:\\n\\tx\\n' "
           "| p4 depot -i >/dev/null");
        sh("mkdir depot; printf \"Client: plain\\nOwner: alice\\nRoot: "
           "$PWD/depot\\nView:\\n\\t//depot/... //plain/...\\n\" | p4 client -i >/dev/null");
        return 0;
}

static inline int teardown(void **state) {
        peer_end();
        return 0;
}

#define RUN_TEST(function) cmocka_unit_test_setup(function, new_streams)
