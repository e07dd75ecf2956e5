/* Texts of conflicts in weir-jobd: asked for, read by the runner, kept for a while; and texts that people write. */
#include "jobd_world.h"

#include "services/jobd_texts.h"

#define TO_RESOLVE "SYNC INTEGRATE RESOLVE_PASS_1 RESOLVE_CHECK NEEDS_RESOLVE"

static JobConflict conflict(const char *type, const char *file, bool is_text) {
        return (JobConflict) { .type = (char *) type,
                               .depot_path = (char *) file,
                               .local_path = (char *) "/ws/a",
                               .is_text = is_text,
                               .state = (char *) "open" };
}

static void report_conflicts(int number, const JobConflict *list, size_t n) {
        _cleanup_(job_conflicts_done) JobConflicts conflicts = {};

        for (size_t i = 0; i < n; i++) {
                assert_int_equal(job_conflicts_append(&conflicts, &list[i]), 0);
        }
        report(number, 1, &(JobReport) { .conflicts = &conflicts });
}

/* A job that waits: two conflicts in a, one in a binary file, one that is no content. */
static void wait_with_conflicts(void) {
        const JobConflict list[] = { conflict("filetype", "//demo/a", true),
                                     conflict("content", "//demo/a", true),
                                     conflict("content", "//demo/b", false),
                                     conflict("delete", "//demo/c", true) };

        run_job(NULL, 1);
        stages(1, 1, TO_RESOLVE);
        report_conflicts(1, list, ELEMENTSOF(list));
        *world.events = '\0';
}

static int ask(const char *file, bool wish, JobText *ret) {
        _cleanup_free_ char *message = NULL;

        job_text_done(ret);
        return jobd_read_conflict(world.jobd, ids[1], file, wish, ret, &message);
}

static void tell_as(const char *file, const char *state, const char *theirs) {
        JobText text = { .file = (char *) file,
                         .state = (char *) state,
                         .theirs = { (char *) theirs, strlen(theirs) } };

        report(1, 1, &(JobReport) { .text = &text });
}

static void expect_wanted(const char *expected) {
        _cleanup_(job_answer_done) JobAnswer answer = {};
        _cleanup_free_ char *list = NULL;

        assert_int_equal(try_report(1, 1, &(JobReport) {}, &answer), 0);
        assert_int_equal(string_join(&list, answer.texts ? answer.texts : (char *[]) { NULL }, " "), 0);
        assert_string_equal(list, expected);
}

static void test_read(void **state) {
        _cleanup_(job_text_done) JobText text = {};

        wait_with_conflicts();
        expect_wanted("");
        *world.events = '\0';
        assert_int_equal(ask("//demo/a", true, &text), 0);
        assert_string_equal(text.state, "pending");
        assert_string_equal(text.type, "content"); /* of its conflicts the one that has a text */
        assert_true(text.is_text);
        assert_string_equal(world.events, "wake:needs_resolve:NEEDS_RESOLVE");
        expect_wanted("//demo/a");
        *world.events = '\0';
        assert_int_equal(ask("/ws/a", true, &text),
                         0); /* the same by its local path: it is being read already */
        assert_string_equal(world.events, "");
        tell_as("//demo/a", "ready", "t");
        expect_wanted("");
        assert_int_equal(ask("//demo/a", false, &text), 1);
        assert_string_equal(text.state, "ready");
        assert_string_equal(text.theirs.data, "t");
        assert_null(text.base.data);
        assert_int_equal(ask("//demo/a", true, &text), 1);
        expect_wanted("");
}

/* Others than they were, all that is known is not true any more; what is still asked for is asked again, if it is a conflict at all. */
static void test_outdated(void **state) {
        const JobConflict left = conflict("content", "//demo/a", true);
        _cleanup_(job_text_done) JobText text = {};

        wait_with_conflicts();
        assert_int_equal(ask("//demo/a", true, &text), 0);
        tell_as("//demo/a", "ready", "t");
        assert_int_equal(ask("//demo/c", true, &text), 0);
        report_conflicts(1, &left, 1);
        assert_int_equal(ask("//demo/a", false, &text), 0);
        expect_wanted("");
        assert_int_equal(ask("//demo/c", false, &text), -EINVAL);
        assert_int_equal(ask("//demo/a", true, &text), 0);
        expect_wanted("//demo/a");
        tell_as("//demo/b", "ready", "nobody asked for this one");
        expect_wanted("//demo/a");
        stages(1, 1, "RESOLVE_CHECK");
        assert_int_equal(ask("//demo/a", false, &text), -EBUSY);
}

static void test_not_to_be_had(void **state) {
        _cleanup_(job_text_done) JobText text = {};
        _cleanup_free_ char *message = NULL;

        wait_with_conflicts();
        assert_int_equal(ask("//demo/b", true, &text), 1);
        assert_string_equal(text.state, "unavailable");
        assert_false(text.is_text);
        assert_non_null(strstr(text.error, "no text"));
        assert_int_equal(ask("//demo/never", true, &text), -EINVAL);
        assert_int_equal(jobd_read_conflict(world.jobd, "INT-20200101-001", "//demo/a", true, &text,
                                            &message),
                         -ENOENT);
        assert_int_equal(ask("//demo/a", true, &text), 0);
        tell_as("//demo/a", "unavailable", "");
        assert_int_equal(ask("//demo/a", false, &text), 1);
        assert_string_equal(text.state, "unavailable");
        (void) usleep(1100 * 1000); /* a failure is believed for a second */
        assert_int_equal(ask("//demo/a", true, &text), 0);
        expect_wanted("//demo/a");
        restart_jobd(); /* whoever asked it is gone, too */
        expect_wanted("");
        finished(1, 1, &done);
        assert_int_equal(ask("//demo/a", true, &text), -EBUSY);
}

static void test_bounds(void **state) {
        _cleanup_(job_text_done) JobText text = {};
        _cleanup_(job_answer_done) JobAnswer answer = {};
        JobConflict list[JOBD_TEXTS_WANTED_MAX + 1];
        char names[ELEMENTSOF(list)][32];
        size_t n_known = 0;

        run_job(NULL, 1);
        stages(1, 1, TO_RESOLVE);
        for (size_t i = 0; i < ELEMENTSOF(list); i++) {
                (void) snprintf(names[i], sizeof(names[i]), "//demo/%zu", i);
                list[i] = conflict("content", names[i], true);
        }
        report_conflicts(1, list, ELEMENTSOF(list));
        for (size_t i = 0; i < JOBD_TEXTS_WANTED_MAX; i++) {
                assert_int_equal(ask(names[i], true, &text), 0);
        }
        assert_int_equal(ask(names[JOBD_TEXTS_WANTED_MAX], true, &text), -ENOBUFS);
        for (size_t i = 0; i < JOBD_TEXTS_WANTED_MAX; i++) {
                tell_as(names[i], "ready", "t");
        }
        for (size_t i = 0; i < JOBD_TEXTS_WANTED_MAX; i++) {
                n_known += ask(names[i], false, &text) == 1;
        }
        assert_int_equal(n_known, JOBD_TEXTS_KEPT_MAX);
        assert_int_equal(ask(names[JOBD_TEXTS_WANTED_MAX - 1], false, &text), 1); /* the youngest stay */

        JobText large = { .file = names[0],
                          .state = (char *) "ready",
                          .yours = { NULL, JOB_CONTENT_MAX + 1 } };
        large.yours.data = calloc(1, JOB_CONTENT_MAX + 1);
        assert_int_equal(ask(names[0], true, &text), 0);
        assert_int_equal(try_report(1, 1, &(JobReport) { .text = &large }, &answer), -ENOBUFS);
        job_bytes_done(&large.yours);
}

/* --- writing --------------------------------------------------------------------------------------------------------- */

static int resolve_with(const char *file, const char *data, size_t size, char **ret_message) {
        _cleanup_free_ char *message = NULL;
        const JobBytes text = { (char *) data, size };
        int r = jobd_resolve_with_text(world.jobd, ids[1], file, &text, &message);

        if (ret_message) {
                *ret_message = TAKE_PTR(message);
        }
        return r;
}

static int take_text(const char *file, uint32_t attempt, JobBytes *ret) {
        _cleanup_free_ char *message = NULL;

        job_bytes_done(ret);
        return jobd_take_text(world.jobd, ids[1], attempt, file, ret, &message);
}

static void test_write(void **state) {
        static const char bytes[] = "a\0\xff\r\n";
        char *resolved[] = { (char *) "//demo/a", NULL };
        _cleanup_(job_answer_done) JobAnswer answer = {}, after = {};
        _cleanup_(job_bytes_done) JobBytes text = {};
        _cleanup_(job_pairs_done) JobPairs others = {};
        _cleanup_free_ char *message = NULL;

        wait_with_conflicts();
        assert_int_equal(resolve_with("/ws/a", bytes, sizeof(bytes), NULL), 0);
        assert_non_null(strstr(world.events, "wake"));
        restart_jobd();
        assert_int_equal(try_report(1, 1, &(JobReport) {}, &answer), 0);
        assert_int_equal(answer.resolutions.n_items, 1);
        assert_string_equal(answer.resolutions.items[0].first, "//demo/a");
        assert_string_equal(answer.resolutions.items[0].second, "text");
        assert_int_equal(take_text("//demo/a", 1, &text), 0);
        assert_int_equal(text.size, sizeof(bytes));
        assert_memory_equal(text.data, bytes, sizeof(bytes));
        assert_int_equal(take_text("//demo/c", 1, &text), -EBUSY);
        assert_int_equal(take_text("//demo/a", 2, &text), -EACCES);
        assert_int_equal(try_report(1, 1, &(JobReport) { .resolved = resolved }, &after), 0);
        assert_int_equal(after.resolutions.n_items, 0);
        assert_int_equal(take_text("//demo/a", 1, &text), -EBUSY);

        /* The last word counts. */
        assert_int_equal(resolve_with("//demo/a", "", 0, NULL), 0);
        assert_int_equal(job_pairs_append(&others, "//demo/a", "theirs"), 0);
        assert_int_equal(jobd_resolve(world.jobd, ids[1], &others, &message), 0);
        assert_int_equal(take_text("//demo/a", 1, &text), -EBUSY);
}

static void test_bad_writes(void **state) {
        static const struct {
                const char *file;
                size_t size;
                int error;
                const char *words;
        } rows[] = {
                { "//demo/never", 1, -EINVAL, "no open conflict in //demo/never" },
                { "*", 1, -EINVAL, "no open conflict" },
                { "//demo/b", 1, -EINVAL, "no text" },
                { "//demo/c", 1, -EINVAL, "no content" },
                { "//demo/a", JOB_CONTENT_MAX + 1, -ENOBUFS, "larger than 1048576 bytes" },
                { "//demo/a", JOB_CONTENT_MAX, 0, NULL },
        };
        _cleanup_free_ char *data = calloc(1, JOB_CONTENT_MAX + 1), *message = NULL;

        wait_with_conflicts();
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_free_ char *words = NULL;

                assert_int_equal(resolve_with(rows[i].file, data, rows[i].size, &words), rows[i].error);
                if (rows[i].words && !strstr(words, rows[i].words)) {
                        fail_msg("%s", words);
                }
        }
        stages(1, 1, "RESOLVE_CHECK");
        assert_int_equal(resolve_with("//demo/a", "x", 1, &message), -EBUSY);
        assert_non_null(strstr(message, "does not wait for conflicts"));
}

static void test_many_writes(void **state) {
        JobConflict list[JOBD_EDITS_MAX + 1];
        char names[ELEMENTSOF(list)][32];
        int r = 0;

        run_job(NULL, 1);
        stages(1, 1, TO_RESOLVE);
        for (size_t i = 0; i < ELEMENTSOF(list); i++) {
                (void) snprintf(names[i], sizeof(names[i]), "//demo/%zu", i);
                list[i] = conflict("content", names[i], true);
        }
        report_conflicts(1, list, ELEMENTSOF(list));
        for (size_t i = 0; i < ELEMENTSOF(list); i++) {
                assert_int_equal(r, 0);
                r = resolve_with(names[i], "x", 1, NULL);
        }
        assert_int_equal(r, -ENOBUFS);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                TEST(read),  TEST(outdated),   TEST(not_to_be_had), TEST(bounds),
                TEST(write), TEST(bad_writes), TEST(many_writes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
