/* What the end of an attempt means: every row of the table, and the two promises that hold for all of them. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/string_util.h"
#include "domain/job_outcome.h"

static const JobEnd plain = { .stage = JOB_BUILD, .n_run = 1, .pending = JOB_STATUS_FAILED };

/* NEXT, the status, the reason. */
static void test_table(void **state) {
#define END(...) ((JobEnd) { __VA_ARGS__ }) /* what is 0 is as in plain */
        const struct {
                JobEnd end;
                JobNext next;
                JobStatus status;
                const char *reason;
        } cases[] = {
                { END(.outcome = JOB_OUTCOME_DONE, .is_clean = true), JOB_NEXT_FINAL, JOB_STATUS_DONE,
                  NULL },
                { END(.outcome = JOB_OUTCOME_DONE, .is_clean = true, .reason = "nothing to do"),
                  JOB_NEXT_FINAL, JOB_STATUS_DONE, "nothing to do" },
                { END(.outcome = JOB_OUTCOME_DONE), JOB_NEXT_CLEAN, JOB_STATUS_DONE, NULL },
                { END(.outcome = JOB_OUTCOME_FAILED, .is_clean = true, .reason = "exit"), JOB_NEXT_FINAL,
                  JOB_STATUS_FAILED, "exit" },
                { END(.outcome = JOB_OUTCOME_FAILED, .is_clean = true), JOB_NEXT_FINAL, JOB_STATUS_FAILED,
                  "failed" },
                { END(.outcome = JOB_OUTCOME_FAILED, .reason = "oom"), JOB_NEXT_CLEAN, JOB_STATUS_FAILED,
                  "oom" },
                { END(.outcome = JOB_OUTCOME_CANCELLED, .is_clean = true), JOB_NEXT_FINAL,
                  JOB_STATUS_CANCELLED, "cancelled by systemctl" },

                /* wishes */
                { END(.outcome = JOB_OUTCOME_CANCELLED, .is_clean = true, .wish = JOB_WISH_CANCEL,
                      .cancelled_by = "alice"),
                  JOB_NEXT_FINAL, JOB_STATUS_CANCELLED, "cancelled by alice" },
                { END(.outcome = JOB_OUTCOME_FAILED, .is_clean = true, .reason = "signal",
                      .wish = JOB_WISH_CANCEL, .cancelled_by = "alice"),
                  JOB_NEXT_FINAL, JOB_STATUS_CANCELLED, "cancelled by alice" },
                { END(.outcome = JOB_OUTCOME_CANCELLED, .is_clean = true, .wish = JOB_WISH_TIMEOUT),
                  JOB_NEXT_FINAL, JOB_STATUS_FAILED, "timeout" },
                { END(.outcome = JOB_OUTCOME_LOST, .wish = JOB_WISH_CANCEL, .cancelled_by = "bob"),
                  JOB_NEXT_CLEAN, JOB_STATUS_CANCELLED, "cancelled by bob" },
                { END(.outcome = JOB_OUTCOME_DONE, .is_clean = true, .wish = JOB_WISH_CANCEL,
                      .cancelled_by = "alice"),
                  JOB_NEXT_FINAL, JOB_STATUS_DONE, NULL }, /* it was submitted before the wish came */
                { END(.outcome = JOB_OUTCOME_DONE, .is_clean = true, .wish = JOB_WISH_TIMEOUT),
                  JOB_NEXT_FINAL, JOB_STATUS_DONE, NULL },

                /* broken off */
                { END(.outcome = JOB_OUTCOME_LOST), JOB_NEXT_RESUME, JOB_STATUS_QUEUED, NULL },
                { END(.outcome = JOB_OUTCOME_INTERRUPTED), JOB_NEXT_RESUME, JOB_STATUS_QUEUED, NULL },
                { END(.outcome = JOB_OUTCOME_LOST, .n_run = 2), JOB_NEXT_RESUME, JOB_STATUS_QUEUED, NULL },
                { END(.outcome = JOB_OUTCOME_LOST, .n_run = 3), JOB_NEXT_CLEAN, JOB_STATUS_FAILED,
                  "interrupted in BUILD" },
                { END(.outcome = JOB_OUTCOME_LOST, .stage = JOB_NEEDS_RESOLVE), JOB_NEXT_RESUME,
                  JOB_STATUS_QUEUED, NULL },
                { END(.outcome = JOB_OUTCOME_LOST, .stage = JOB_P4PUSH), JOB_NEXT_CLEAN, JOB_STATUS_FAILED,
                  "interrupted in P4PUSH" },
                { END(.outcome = JOB_OUTCOME_LOST, .stage = JOB_SHELVE, .has_intent = true), JOB_NEXT_CLEAN,
                  JOB_STATUS_FAILED, "interrupted in SHELVE" },
                { END(.outcome = JOB_OUTCOME_LOST, .stage = JOB_DONE), JOB_NEXT_CLEAN, JOB_STATUS_DONE,
                  NULL },
                { END(.outcome = JOB_OUTCOME_LOST, .stage = JOB_DONE, .is_clean = true), JOB_NEXT_FINAL,
                  JOB_STATUS_DONE, NULL },
                { END(.outcome = JOB_OUTCOME_LOST, .stage = JOB_ERROR, .reason = "exit"), JOB_NEXT_CLEAN,
                  JOB_STATUS_FAILED, "exit" },

                /* cleaning up */
                { END(.outcome = JOB_OUTCOME_FAILED, .is_clean = true, .was_clean_mode = true, .n_clean = 1,
                      .pending = JOB_STATUS_CANCELLED, .pending_reason = "cancelled by alice"),
                  JOB_NEXT_FINAL, JOB_STATUS_CANCELLED, "cancelled by alice" },
                { END(.outcome = JOB_OUTCOME_LOST, .was_clean_mode = true, .n_clean = 1,
                      .pending_reason = "interrupted in BUILD"),
                  JOB_NEXT_CLEAN, JOB_STATUS_FAILED, "interrupted in BUILD" },
                { END(.outcome = JOB_OUTCOME_FAILED, .was_clean_mode = true, .n_clean = 6,
                      .pending_reason = "oom"),
                  JOB_NEXT_FINAL, JOB_STATUS_FAILED, "oom" },
                /* a ticket that has expired stays expired: cleaning up is tried once, for what needs none */
                { END(.outcome = JOB_OUTCOME_FAILED, .reason = "login expired"), JOB_NEXT_CLEAN,
                  JOB_STATUS_FAILED, "login expired" },
                { END(.outcome = JOB_OUTCOME_FAILED, .was_clean_mode = true, .n_clean = 1,
                      .pending_reason = "login expired"),
                  JOB_NEXT_FINAL, JOB_STATUS_FAILED, "login expired" },
                { END(.outcome = JOB_OUTCOME_DONE, .is_clean = true, .was_clean_mode = true, .n_clean = 1,
                      .stage = JOB_P4PUSH, .has_intent = true, .pending_reason = "interrupted in P4PUSH"),
                  JOB_NEXT_FINAL, JOB_STATUS_DONE, NULL }, /* the submit came through after all */
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
                _cleanup_(job_verdict_done) JobVerdict verdict = {};
                JobEnd end = cases[i].end;

                end.stage = end.stage ? end.stage : plain.stage;
                end.n_run = end.n_run ? end.n_run : plain.n_run;
                end.pending = end.pending ? end.pending : plain.pending;
                assert_int_equal(job_outcome_judge(&end, &verdict), 0);
                if (verdict.next != cases[i].next || !string_equal(verdict.reason, cases[i].reason) ||
                    (verdict.next != JOB_NEXT_RESUME && verdict.status != cases[i].status)) {
                        fail_msg("case %zu: next %d status %s reason %s", i, verdict.next,
                                 job_status_to_string(verdict.status),
                                 verdict.reason ? verdict.reason : "-");
                }
                assert_int_equal(verdict.leaves_rests,
                                 verdict.next == JOB_NEXT_FINAL && !cases[i].end.is_clean);
        }
}

/* Whatever an attempt says, after a bounded number of attempts the job has ended. */
static void test_comes_to_an_end(void **state) {
        for (JobOutcome outcome = 0; outcome < _JOB_OUTCOME_MAX; outcome++) {
                for (JobStage stage = 0; stage < _JOB_STAGE_MAX; stage++) {
                        JobEnd end = plain;
                        int n = 0;

                        end.outcome = outcome;
                        end.stage = stage;
                        for (;; n++) {
                                _cleanup_(job_verdict_done) JobVerdict verdict = {};

                                assert_true(n <= JOB_RUN_ATTEMPTS_MAX + JOB_CLEAN_ATTEMPTS_MAX);
                                assert_int_equal(job_outcome_judge(&end, &verdict), 0);
                                if (verdict.next == JOB_NEXT_FINAL) {
                                        assert_true(job_status_is_final(verdict.status));
                                        assert_true(verdict.leaves_rests);
                                        break;
                                }
                                end.n_run += verdict.next == JOB_NEXT_RESUME;
                                end.n_clean += verdict.next == JOB_NEXT_CLEAN;
                                if (verdict.next == JOB_NEXT_CLEAN) {
                                        end.was_clean_mode = true;
                                        end.pending = verdict.status;
                                        end.pending_reason = "kept";
                                }
                        }
                }
        }
}

/* Never two submits: what may have been submitted is not worked on again. */
static void test_no_second_submit(void **state) {
        for (JobOutcome outcome = 0; outcome < _JOB_OUTCOME_MAX; outcome++) {
                for (JobStage stage = 0; stage < _JOB_STAGE_MAX; stage++) {
                        _cleanup_(job_verdict_done) JobVerdict verdict = {};
                        JobEnd end = plain;

                        end.outcome = outcome;
                        end.stage = stage;
                        end.has_intent = true;
                        assert_int_equal(job_outcome_judge(&end, &verdict), 0);
                        assert_int_not_equal(verdict.next, JOB_NEXT_RESUME);
                        if (!end.is_clean) {
                                assert_int_equal(verdict.next, JOB_NEXT_CLEAN);
                        }
                }
        }
}

static void test_words(void **state) {
        assert_int_equal(job_outcome_from_string("done"), JOB_OUTCOME_DONE);
        assert_int_equal(job_outcome_from_string("interrupted"), JOB_OUTCOME_INTERRUPTED);
        assert_int_equal(job_outcome_from_string("lost"), _JOB_OUTCOME_INVALID);
        assert_int_equal(job_outcome_from_string(""), _JOB_OUTCOME_INVALID);
        for (JobWish wish = 0; wish < _JOB_WISH_MAX; wish++) {
                assert_int_equal(job_wish_from_string(job_wish_to_string(wish)), wish);
        }
        assert_null(job_wish_to_string(_JOB_WISH_MAX));
        assert_int_equal(job_wish_from_string("whim"), _JOB_WISH_INVALID);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_table),
                cmocka_unit_test(test_comes_to_an_end),
                cmocka_unit_test(test_no_second_submit),
                cmocka_unit_test(test_words),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
