/* Job specifications: everything wrong is refused by its field, everything good survives being written and read again. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/string_util.h"
#include "domain/job_command.h"
#include "domain/job_spec_text.h"
#include "domain/job_stage.h"

#define STREAM "\"server\":\"demo\",\"stream\":\"//demo/dev\""

static void test_refused(void **state) {
        static const struct {
                const char *json, *says;
        } cases[] = {
                { "", "not JSON" },
                { "[]", "spec: an object" },
                { "{\"stream\":\"//demo/dev\"}", "spec.server: is missing" },
                { "{\"server\":\"de/mo\",\"stream\":\"//demo/dev\"}", "spec.server: " },
                { "{\"server\":\"demo\"}", "spec: one of stream" },
                { "{" STREAM ",\"path\":\"//a/b\"}", "spec: only one of stream" },
                { "{\"server\":\"demo\",\"source\":\"//a/b/...\"}",
                  "spec.target: is missing beside source" },
                { "{\"server\":\"demo\",\"target\":\"//a/b/...\"}",
                  "spec.source: is missing beside target" },
                { "{\"server\":\"demo\",\"path\":\"//a/b\",\"reverse\":true}", "spec.reverse: " },
                { "{\"server\":\"demo\",\"stream\":\"demo/dev\"}", "spec.stream: a depot path" },
                { "{\"server\":\"demo\",\"stream\":\"//demo\"}", "spec.stream: a stream" },
                { "{\"server\":\"demo\",\"stream\":\"//demo/dev/src\"}", "spec.stream: a stream" },
                { "{\"server\":\"demo\",\"stream\":\"//demo/...\"}", "spec.stream: a stream" },
                { "{\"server\":\"demo\",\"path\":\"//a/b@7\"}", "spec.path: a path without @ and #" },
                { "{\"server\":\"demo\",\"path\":\"//a/b\\n\"}", "spec.path: " },
                { "{\"server\":\"demo\",\"path\":\"//a/\\u001b[31m\"}",
                  "spec.path: a path without control" },
                { "{\"server\":\"demo\",\"stream\":\"//a/\\u007f\"}",
                  "spec.stream: a path without control" },
                { "{\"server\":\"demo\",\"path\":\"///b\"}", "spec.path: a depot path" },
                { "{\"server\":\"demo\",\"branch_spec\":\"a b\"}", "spec.branch_spec: the character" },
                { "{\"server\":\"demo\",\"branch_spec\":\"-b\"}", "spec.branch_spec: \"-b\" is not a name" },
                { "{" STREAM ",\"client\":\"12\"}", "spec.client: \"12\" is not a name" },
                { "{" STREAM ",\"host\":\"a;b\\\"\"}", "spec.host: the character" },
                { "{" STREAM ",\"changelist\":\"abc\"}", "spec.changelist: " },
                { "{" STREAM ",\"changelist\":\"12\"}", "spec.changelist: " },
                { "{" STREAM ",\"changelist\":0}", "spec.changelist: " },
                { "{" STREAM ",\"changelist\":-4}", "spec.changelist: " },
                { "{" STREAM ",\"changelist\":99999999999}", "spec.changelist: " },
                { "{" STREAM ",\"resolve\":\"force\"}", "spec.resolve: \"force\" is none of" },
                { "{" STREAM ",\"trial\":\"yes\"}", "spec.trial: true or false" },
                { "{" STREAM ",\"p4\":{\"password\":\"x\"}}", "spec.p4: there is no such field" },
                { "{" STREAM ",\"hooks\":[]}", "spec.hooks: an object" },
                { "{" STREAM ",\"hooks\":{\"deploy\":[\"x\"]}}",
                  "spec.hooks.deploy: there is no such hook" },
                { "{" STREAM ",\"hooks\":{\"build\":\"make\"}}", "spec.hooks.build: one command or a list" },
                { "{" STREAM ",\"hooks\":{\"build\":[]}}", "spec.hooks.build: " },
                { "{" STREAM ",\"hooks\":{\"build\":[[]]}}", "spec.hooks.build: a command is a list" },
                { "{" STREAM ",\"hooks\":{\"build\":[[\"\"]]}}", "spec.hooks.build: word 1" },
                { "{" STREAM ",\"hooks\":{\"build\":[\"make\",1]}}", "spec.hooks.build: word 2" },
                { "{" STREAM ",\"hooks\":{\"build\":[\"make\",\"{chnagelist}\"]}}",
                  "spec.hooks.build: {chnagelist} is none of" },
                { "{" STREAM ",\"env\":{\"P4PORT\":\"x\"}}", "spec.env.P4PORT: not a name that may be set" },
                { "{" STREAM ",\"env\":{\"LD_PRELOAD\":\"x\"}}", "spec.env.LD_PRELOAD: " },
                { "{" STREAM ",\"env\":{\"1A\":\"x\"}}", "spec.env.1A: " },
                { "{" STREAM ",\"env\":{\"A=B\":\"x\"}}", "spec.env.A=B: " },
                { "{" STREAM ",\"env\":{\"A\":1}}", "spec.env.A: a text" },
                { "{" STREAM ",\"notify\":\"mail\"}", "spec.notify: a list" },
                { "{" STREAM ",\"notify\":[1]}", "spec.notify: entry 1" },
                { "{" STREAM ",\"limits\":{\"memory\":1}}", "spec.limits.memory: there is no such field" },
                { "{" STREAM ",\"limits\":{\"MemoryMax\":5}}", "spec.limits.MemoryMax: 5 is out of range" },
                { "{" STREAM ",\"limits\":{\"timeout\":0}}", "spec.limits.timeout: 0 is out of range" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *message = NULL;
                JobSpec spec;

                assert_int_equal(job_spec_parse(cases[i].json, &spec, &message), -EBADMSG);
                if (!strstr(message, cases[i].says)) {
                        fail_msg("%s: \"%s\" does not say \"%s\"", cases[i].json, message, cases[i].says);
                }
        }
}

static void test_round_trip(void **state) {
        static const struct {
                const char *json, *written, *summary;
        } cases[] = {
                { "{" STREAM "}",
                  "{" STREAM ",\"changelist\":\"latest\",\"hooks\":{},\"env\":{},\"limits\":{}}",
                  "//demo/dev to its parent @latest" },
                { "{\"changelist\":12,\"branch_spec\":\"a-b\",\"reverse\":true,\"server\":\"demo\",\"host\":\"\",\"client\":null}",
                  "{\"server\":\"demo\",\"branch_spec\":\"a-b\",\"reverse\":true,\"changelist\":12,\"hooks\":{},\"env\":{},\"limits\":{}}",
                  "branch a-b reversed @12" },
                { "{\"server\":\"demo\",\"source\":\"//a/b/...\",\"target\":\"//c/d/...\",\"client\":\"ws\",\"trial\":true,"
                  "\"clean_workspace\":true,\"resolve\":\"safe\",\"description\":\"x\\ny\","
                  "\"hooks\":{\"push\":[[\"p\",\"{changelist}\"],[\"q\"]],\"build\":[\"make\",\"a b\"]},\"env\":{\"A\":\"b=c\"},"
                  "\"notify\":[\"mail\"],\"limits\":{\"TasksMax\":64,\"timeout\":60}}",
                  "{\"server\":\"demo\",\"source\":\"//a/b/...\",\"target\":\"//c/d/...\",\"changelist\":\"latest\",\"client\":\"ws\","
                  "\"description\":\"x\\ny\",\"trial\":true,\"clean_workspace\":true,\"resolve\":\"safe\","
                  "\"hooks\":{\"build\":[[\"make\",\"a b\"]],\"push\":[[\"p\",\"{changelist}\"],[\"q\"]]},\"env\":{\"A\":\"b=c\"},"
                  "\"notify\":[\"mail\"],\"limits\":{\"TasksMax\":64,\"timeout\":60}}",
                  "//a/b/... to //c/d/... @latest" },
                { "{\"server\":\"demo\",\"path\":\"//a/b\"}",
                  "{\"server\":\"demo\",\"path\":\"//a/b\",\"changelist\":\"latest\",\"hooks\":{},\"env\":{},\"limits\":{}}",
                  "//a/b @latest" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *message = NULL, *first = NULL, *second = NULL, *summary = NULL;
                _cleanup_(job_spec_done) JobSpec spec = {}, again = {};

                assert_int_equal(job_spec_parse(cases[i].json, &spec, &message), 0);
                assert_int_equal(job_spec_format(&spec, &first), 0);
                assert_string_equal(first, cases[i].written);
                assert_int_equal(job_spec_parse(first, &again, &message), 0);
                assert_int_equal(job_spec_format(&again, &second), 0);
                assert_string_equal(first, second);
                assert_int_equal(job_spec_summary(&spec, &summary), 0);
                assert_string_equal(summary, cases[i].summary);
        }
}

static void test_split(void **state) {
        static const struct {
                const char *text;
                const char *words[6]; /* none: refused */
        } cases[] = {
                { "make -j2", { "make", "-j2" } },
                { "  sh -c \"make all; \\\"x\\\"\"  ''", { "sh", "-c", "make all; \"x\"", "" } },
                { "a\\ b 'c\\d' e\"f\"g", { "a b", "c\\d", "efg" } },
                { "sed \"s/\\n\\d/\\$x\\`/\" a\\n", { "sed", "s/\\n\\d/$x`/", "an" } },
                { "\"a\\", {} },
                { "", {} },
                { "  ", {} },
                { "\"a", {} },
                { "'a", {} },
                { "a\\", {} },
                { "''", {} },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(strv_freep) char **words = NULL;
                int r = job_command_split(cases[i].text, &words);

                assert_int_equal(r, cases[i].words[0] ? 0 : -EINVAL);
                for (size_t k = 0; cases[i].words[0] && k <= strv_length(words); k++) {
                        assert_true(string_equal(words[k], cases[i].words[k]));
                }
        }
}

static void test_fill(void **state) {
        char *command[] = { (char *) "x",        (char *) "{changelist}", (char *) "a{job}",
                            (char *) "{client}", (char *) "{}",           NULL };
        const char *const values[JOB_PLACEHOLDERS] = { "12; rm -rf /", NULL, "/w", "7", "INT-1" };
        _cleanup_(strv_freep) char **filled = NULL;
        _cleanup_free_ char *joined = NULL;

        assert_int_equal(job_command_fill(command, values, &filled), 0);
        assert_int_equal(string_join(&joined, filled, "|"), 0);
        assert_string_equal(joined, "x|12; rm -rf /|a{job}||{}");
        assert_int_equal(job_placeholder_from_string("{nothing}"), -EINVAL);
        assert_int_equal(job_placeholder_from_string("{Not}"), -ENOENT);
}

static void test_stages(void **state) {
        for (JobStage stage = 0; stage < _JOB_STAGE_MAX; stage++) {
                assert_int_equal(job_stage_from_string(job_stage_to_string(stage)), stage);
                assert_int_equal(job_stage_may_follow(stage, JOB_ERROR),
                                 stage != JOB_DONE && stage != JOB_ERROR);
                assert_false(job_stage_may_follow(JOB_DONE, stage));
        }
        for (JobStatus status = 0; status < _JOB_STATUS_MAX; status++) {
                assert_int_equal(job_status_from_string(job_status_to_string(status)), status);
                assert_false(job_status_is_active(status) && job_status_is_final(status));
        }
        assert_int_equal(job_stage_from_string("done"), _JOB_STAGE_INVALID);
        assert_null(job_stage_to_string(_JOB_STAGE_MAX));
        assert_true(job_stage_may_follow(JOB_NEEDS_RESOLVE, JOB_RESOLVE_CHECK));
        assert_false(job_stage_may_follow(JOB_NEEDS_RESOLVE, JOB_P4PUSH));
        assert_false(job_stage_is_repeatable(JOB_P4PUSH));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_refused), cmocka_unit_test(test_round_trip),
                cmocka_unit_test(test_split),   cmocka_unit_test(test_fill),
                cmocka_unit_test(test_stages),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
