/* Checkpoints, intents, tags, and what systemd says of the end of a unit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/macro.h"
#include "base/string_util.h"
#include "domain/run_state.h"
#include "domain/unit_end.h"

static void test_round_trip(void **state) {
        _cleanup_(run_state_done) RunState one = {}, two = {};
        _cleanup_free_ char *text = NULL, *again = NULL;
        ChunkCount count = { NULL, 1, 2, 3, 4 };
        assert_int_equal(string_copy(&one.client, "weir-INT-20261121-001"), 0);
        assert_int_equal(string_copy(&one.root, "/var/lib/weir-run/x \"y\"\n"), 0);
        assert_int_equal(string_copy(&one.reason, "submit rejected: nö"), 0);
        one.is_managed = one.is_reverted = one.is_consumed = true;
        one.change = 4294967299;
        one.source = 7;
        one.push_tries = 2;
        assert_int_equal(chunk_counts_set(&one.chunks, "/w/a", &count), 0);
        assert_int_equal(run_state_format(&one, &text), 0);
        assert_int_equal(run_state_parse(text, &two), 0);
        assert_string_equal(two.client, one.client);
        assert_string_equal(two.root, one.root);
        assert_string_equal(two.reason, one.reason);
        assert_null(two.stream);
        assert_null(two.outcome);
        assert_true(two.is_managed && two.is_reverted && two.is_consumed && !two.is_handed_over);
        assert_int_equal(two.change, 4294967299);
        assert_int_equal(two.source, 7);
        assert_int_equal(two.push_tries, 2);
        assert_int_equal(two.chunks.n_items, 1);
        assert_int_equal(two.chunks.items[0].conflicting, 4);
        assert_int_equal(run_state_format(&two, &again), 0);
        assert_string_equal(text, again);
}

static void test_bad_states(void **state) {
        static const struct {
                const char *text;
                int result;
        } rows[] = {
                { NULL, 0 },
                { "", 0 },
                { "{}", 0 },
                { "{\"of another version\": [1, 2]}", 0 },
                { "{\"client\": 5}", 0 }, /* not a text: as if absent */
                { "[]", -EBADMSG },
                { "{", -EBADMSG },
                { "{\"change\": -4}", -EBADMSG },
                { "{\"chunks\": [[1]]}", -EBADMSG },
        };
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                RunState read = { .change = 99 };
                assert_int_equal(run_state_parse(rows[i].text, &read), rows[i].result);
                assert_int_equal(read.change, rows[i].result < 0 ? 99 : 0);
                run_state_done(&read);
        }
}

static void test_intents(void **state) {
        RunIntent one = { 12, UINT64_C(0xfedcba9876543210), 3 }, two = {};
        _cleanup_free_ char *text = NULL;
        assert_int_equal(run_intent_format(&one, &text), 0);
        assert_string_equal(text,
                            "{\"submit\":{\"change\":12,\"files\":3,\"digest\":\"fedcba9876543210\"}}");
        assert_int_equal(run_intent_parse(text, &two), 0);
        assert_int_equal(two.change, 12);
        assert_true(two.digest == one.digest);
        assert_int_equal(two.n_files, 3);
        static const char *const bad[] = {
                "{}",
                "",
                "null",
                "{\"submit\":{\"change\":0,\"files\":1,\"digest\":\"1\"}}",
                "{\"submit\":{\"change\":1,\"files\":1,\"digest\":\"xyz\"}}",
                "{\"submit\":{\"change\":1,\"files\":1,\"digest\":\"11112222333344445\"}}",
        };
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                assert_int_equal(run_intent_parse(bad[i], &two), -EBADMSG);
        }
}

static void test_digest(void **state) {
        uint64_t a = run_digest_add(run_digest_add(RUN_DIGEST_INIT, "//d/a", "edit"), "//d/b", "add");
        uint64_t b = run_digest_add(run_digest_add(RUN_DIGEST_INIT, "//d/b", "add"), "//d/a", "edit");
        uint64_t c = run_digest_add(run_digest_add(RUN_DIGEST_INIT, "//d/b", "edit"), "//d/a", "add");
        assert_true(a == b);
        assert_true(a != c);
        assert_true(a != RUN_DIGEST_INIT);
}

static void test_tags(void **state) {
        _cleanup_free_ char *tag = NULL;
        assert_int_equal(run_tag("INT-20261121-001", &tag), 0);
        assert_string_equal(tag, "[weir INT-20261121-001]");
        assert_true(run_tag_matches("INT-20261121-001", "[weir INT-20261121-001] dev to main\n"));
        assert_false(run_tag_matches("INT-20261121-001", "[weir INT-20261121-0011] dev to main\n"));
        assert_false(run_tag_matches("INT-20261121-0011", "[weir INT-20261121-001] dev to main\n"));
        assert_false(run_tag_matches("INT-20261121-001", "Undo [weir INT-20261121-001]"));
        assert_false(run_tag_matches("INT-20261121-001", ""));
        assert_false(run_tag_matches("INT-20261121-001", NULL));
}

/* The rows are what systemd 252 was seen to say. */
static void test_unit_ends(void **state) {
        static const struct {
                const char *result, *code, *status;
                JobOutcome outcome;
                const char *reason;
        } rows[] = {
                { "success", "killed", "TERM", JOB_OUTCOME_CANCELLED, "cancelled by systemctl" },
                { "timeout", "killed", "KILL", JOB_OUTCOME_CANCELLED, "cancelled by systemctl" },
                { "success", "exited", "0", JOB_OUTCOME_INTERRUPTED, NULL },
                { "signal", "killed", "KILL", JOB_OUTCOME_INTERRUPTED, NULL },
                { "signal", "killed", "SEGV", JOB_OUTCOME_FAILED, "signal" },
                { "core-dump", "dumped", "ABRT", JOB_OUTCOME_FAILED, "signal" },
                { "oom-kill", "killed", "KILL", JOB_OUTCOME_FAILED, "oom" },
                { "exit-code", "exited", "75", JOB_OUTCOME_INTERRUPTED, NULL },
                { "exit-code", "exited", "203", JOB_OUTCOME_FAILED, "exit" },
                { "watchdog", "dumped", "ABRT", JOB_OUTCOME_FAILED, "watchdog" },
                { "resources", NULL, NULL, JOB_OUTCOME_FAILED, "resources" },
                { "oom-kill", "exited", "1", JOB_OUTCOME_FAILED, "oom" },
                { NULL, NULL, NULL, JOB_OUTCOME_FAILED, "failed" },
        };
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                UnitEnd end = unit_end_judge(rows[i].result, rows[i].code, rows[i].status);
                assert_int_equal(end.outcome, rows[i].outcome);
                assert_true(string_equal(end.reason, rows[i].reason));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_round_trip), cmocka_unit_test(test_bad_states),
                cmocka_unit_test(test_intents),    cmocka_unit_test(test_digest),
                cmocka_unit_test(test_tags),       cmocka_unit_test(test_unit_ends),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
