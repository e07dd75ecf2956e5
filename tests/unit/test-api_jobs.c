/* GET /api/jobs, as the web server runs it: api.cgi, an environment, jobs.db as weir-jobd leaves it. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <assert.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/string_util.h"
#include "base/time_util.h"
#include "formats/json_reader.h"
#include "services/job_store.h"
#include "services/session_store.h"

#define N_JOBS 230
#define HOUR ((int64_t) USEC_PER_HOUR)

static char directory[64], program[4096], cookie[128];
static char answer[4 * 1024 * 1024];
static const char *body;

/* --- a database --------------------------------------------------------------------------------------- */

static const char *const owners[] = { "alice", "bob", "Боб" };
static const char *const specs[] = {
        "{\"server\":\"demo\",\"stream\":\"//demo/dev\"}",
        "{\"server\":\"demo\",\"branch_spec\":\"dev-rel\",\"client\":\"ws-rel\",\"changelist\":42,"
        "\"env\":{\"TOKEN\":\"of no interest\"}}",
        "{\"server\":\"lab\",\"source\":\"//lab/a/...\",\"target\":\"//lab/b/...\","
        "\"description\":\"<script>alert(1)</script>\"}",
};

static void add_job(JobStore *store, int number) {
        JobState was = { .status = JOB_STATUS_QUEUED, .stage = JOB_INIT }, state = was;
        const JobStatus ends[] = { JOB_STATUS_DONE, JOB_STATUS_FAILED, JOB_STATUS_CANCELLED };
        JobChange change = { .starts = true, .finishes = true, .changelist = 1000 + number };
        char id[JOB_ID_MAX];
        int64_t seq;
        const JobNewRow row = { .id = job_id_format(id, 20261121, (uint32_t) number),
                                .kind = "integrate",
                                .owner = owners[number % 3],
                                .spec = specs[number % 3],
                                .server = number % 3 == 2 ? "lab" : "demo",
                                .client = number % 3 == 1 ? "ws-rel" : NULL,
                                .host = "here",
                                .now = 1000000 * HOUR + number };

        assert_int_equal(job_store_insert(store, &row, &seq), 0);
        if (number <= N_JOBS - 20) { /* the last twenty wait in the queue */
                state.status = ends[number / 3 % 3];
                state.stage = state.status == JOB_STATUS_DONE ? JOB_DONE : JOB_ERROR;
                change.error = state.status == JOB_STATUS_FAILED ? "The needle broke." : NULL;
                assert_int_equal(job_store_save(store, seq, &was, &state, &change, row.now + HOUR), 0);
        }
}

static int make_database(void **state) {
        JobStore *store = NULL;
        SessionStore *sessions = NULL;
        char key[SESSION_KEY_MAX];

        strcpy(directory, "/tmp/weir-api-XXXXXX");
        assert_non_null(mkdtemp(directory));
        assert_int_equal(job_store_open(directory, DB_READ_WRITE, &store), 0);
        for (int i = 1; i <= N_JOBS; i++) {
                add_job(store, i);
        }
        job_store_close(store);
        assert_int_equal(session_store_open(directory, DB_READ_WRITE, &sessions), 0);
        assert_int_equal(session_store_add(sessions, "alice", "demo", NULL, now_realtime(),
                                           now_realtime() + HOUR, key),
                         0);
        (void) snprintf(cookie, sizeof cookie, "HTTP_COOKIE=weir_session=%s", key);
        session_store_close(sessions);
        return 0;
}

static int remove_database(void **state) {
        char command[128];
        (void) snprintf(command, sizeof command, "rm -rf '%s'", directory);
        return system(command);
}

/* --- asking ------------------------------------------------------------------------------------------- */

static int ask(const char *target, const char *more) {
        _cleanup_free_ char *command = NULL;
        char status[8] = "";

        assert_true(string_format(&command,
                                  "env -i REQUEST_METHOD=GET REQUEST_URI='%s' WEIR_STATE=%s WEIR_CONFIG=%s"
                                  " WEIR_WEB_STATE=%s WEIR_WEB=web %s %s </dev/null",
                                  target, directory, directory, directory, more, program) >= 0);
        FILE *pipe = popen(command, "r");
        assert_non_null(pipe);
        answer[fread(answer, 1, sizeof answer - 1, pipe)] = 0;
        (void) pclose(pipe);
        body = strstr(answer, "\r\n\r\n");
        assert_non_null(body);
        body += 4;
        assert_int_equal(sscanf(answer, "Status: %3[0-9]", status), 1);
        return atoi(status);
}

static JsonValue *list(const char *target) {
        JsonValue *value = NULL;
        char *message = NULL;

        if (ask(target, cookie) != 200) {
                print_message("# %s: %s\n", target, answer);
                fail();
        }
        assert_int_equal(json_read(body, strlen(body), &value, &message), 0);
        return value;
}

static int64_t count(const char *target) {
        JsonValue *value = list(target);
        int64_t n = json_value_int(json_value_get(value, "count"), -1);

        assert_int_equal(n, json_value_length(json_value_get(value, "jobs")));
        json_value_free(value);
        return n;
}

static const char *text(const JsonValue *job, const char *field) {
        const char *value = json_value_string(json_value_get(job, field));
        return value ? value : "(none)";
}

/* --- tests -------------------------------------------------------------------------------------------- */

static void test_access(void **state) {
        assert_int_equal(ask("/api/jobs", ""), 401);
        assert_int_equal(ask("/api/jobs?all=1", "HTTP_COOKIE=weir_session=0"), 401);
        assert_int_equal(ask("/api/jobs", cookie), 200);
}

static void test_whose(void **state) {
        JsonValue *value = list("/api/jobs?limit=1000");
        const JsonValue *jobs = json_value_get(value, "jobs");

        assert_int_equal(json_value_length(jobs), 76); /* one's own, as the original's dashboard */
        for (size_t i = 0; i < 76; i++) {
                assert_string_equal(text(json_value_at(jobs, i), "owner"), "alice");
        }
        json_value_free(value);
        assert_int_equal(count("/api/jobs?all=1&limit=1000"), N_JOBS);
        assert_int_equal(count("/api/jobs?all=true&limit=1000"), N_JOBS);
        assert_int_equal(count("/api/jobs?all=yes&limit=1000"), N_JOBS);
        assert_int_equal(count("/api/jobs?all=no&limit=1000"), 76);
        assert_int_equal(count("/api/jobs?owner=bob&limit=1000"), 77);
        assert_int_equal(count("/api/jobs?owner=%D0%91%D0%BE%D0%B1&limit=1000"), 77);
        assert_int_equal(count("/api/jobs?owner=nobody"), 0);
        assert_int_equal(count("/api/jobs?all=1"), 50);
}

static void test_filters(void **state) {
        assert_int_equal(count("/api/jobs?all=1&status=queued"), 20);
        assert_int_equal(count("/api/jobs?all=1&status=running"), 0);
        assert_int_equal(count("/api/jobs?all=1&server=lab&limit=1000"), 77);
        assert_int_equal(count("/api/jobs?all=1&server=lab&status=queued"), 7);
        assert_int_equal(count("/api/jobs?all=1&q=NEEDLE&limit=1000"), 70);
        assert_int_equal(count("/api/jobs?all=1&q=WS-Rel&limit=1000"), 77);
        assert_int_equal(count("/api/jobs?all=1&q=int-20261121-007"), 1);
        assert_int_equal(count("/api/jobs?all=1&q=%25"), 0); /* not a pattern */
        assert_int_equal(count("/api/jobs?all=1&q=%27%22--"), 0);
        assert_int_equal(ask("/api/jobs?status=gone", cookie), 400);
        assert_int_equal(ask("/api/jobs?limit=0", cookie), 400);
        assert_int_equal(ask("/api/jobs?all=perhaps", cookie), 400);
        assert_int_equal(ask("/api/jobs?page=2", cookie), 400);
        assert_int_equal(ask("/api/jobs?before=../../etc/passwd", cookie), 400);
        assert_int_equal(ask("/api/jobs?before=INT-20200101-001", cookie), 404);
}

/* Following next_before meets every job once, newest first. */
static void test_paging(void **state) {
        char target[128] = "/api/jobs?all=1&limit=33", last[JOB_ID_MAX] = "INT-20261121-999";
        int seen = 0;

        for (int pages = 0; *target && pages < 20; pages++) {
                JsonValue *value = list(target);
                const JsonValue *jobs = json_value_get(value, "jobs");
                const char *next = json_value_string(json_value_get(value, "next_before"));

                for (size_t i = 0; i < json_value_length(jobs); i++, seen++) {
                        assert_true(strcmp(text(json_value_at(jobs, i), "id"), last) < 0);
                        strcpy(last, text(json_value_at(jobs, i), "id"));
                }
                *target = 0;
                if (next) {
                        (void) snprintf(target, sizeof target, "/api/jobs?all=1&limit=33&before=%s", next);
                }
                json_value_free(value);
        }
        assert_int_equal(seen, N_JOBS);
}

static void test_fields(void **state) {
        JsonValue *value = list("/api/jobs?all=1&limit=1000");
        const JsonValue *jobs = json_value_get(value, "jobs"), *counts = json_value_get(value, "counts");
        char russian[256];
        const JsonValue *newest = json_value_at(jobs, 0), *branch = json_value_at(jobs, N_JOBS - 1);

        assert_int_equal(json_value_int(json_value_get(counts, "queued"), -1), 20);
        assert_int_equal(json_value_int(json_value_get(counts, "done"), -1) +
                                         json_value_int(json_value_get(counts, "failed"), -1) +
                                         json_value_int(json_value_get(counts, "cancelled"), -1),
                         N_JOBS - 20);
        assert_int_equal(json_value_int(json_value_get(newest, "position"), -1), 20);
        assert_int_equal(json_value_kind(json_value_get(newest, "finished_at")), JSON_NULL);
        assert_int_equal(json_value_kind(json_value_get(branch, "position")), JSON_NULL);
        assert_int_equal(json_value_int(json_value_get(branch, "changelist"), -1), 1001);
        assert_string_equal(text(branch, "title"), "branch dev-rel @42");
        assert_string_equal(text(branch, "workspace"), "ws-rel");
        assert_string_equal(text(branch, "branch_spec"), "dev-rel");
        assert_string_equal(text(newest, "title"), "//lab/a/... to //lab/b/... @latest");
        assert_null(strstr(body, "of no interest")); /* what hooks are given is not in lists */
        json_value_free(value);
        (void) snprintf(russian, sizeof russian, "%s HTTP_ACCEPT_LANGUAGE=ru", cookie);
        assert_int_equal(ask("/api/jobs?all=1&q=dev-rel", russian), 200);
        assert_non_null(strstr(body, "\"title\":\"ветка dev-rel @42\""));
}

static void test_csv(void **state) {
        assert_int_equal(ask("/api/jobs?all=1&format=csv&limit=2", cookie), 200);
        assert_non_null(strstr(answer, "text/csv"));
        assert_memory_equal(body, "id,status,stage,owner,", 22);
        assert_non_null(strstr(body, "\r\nINT-20261121-230,queued,INIT,"));
        assert_int_equal(ask("/api/jobs?owner=nobody&format=csv", cookie), 200);
        assert_string_equal(body, "");
}

static void test_etag(void **state) {
        char tag[64] = "", more[256];

        assert_int_equal(ask("/api/jobs", cookie), 200);
        assert_int_equal(sscanf(strstr(answer, "ETag: "), "ETag: \"%60[0-9a-f]\"", tag), 1);
        (void) snprintf(more, sizeof more, "%s HTTP_IF_NONE_MATCH='\"%s\"'", cookie, tag);
        assert_int_equal(ask("/api/jobs", more), 304);
        (void) snprintf(more, sizeof more, "HTTP_IF_NONE_MATCH='\"%s\"'", tag);
        assert_int_equal(ask("/api/jobs", more), 401); /* whoever knows the tag alone learns nothing */
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_access), cmocka_unit_test(test_whose),  cmocka_unit_test(test_filters),
                cmocka_unit_test(test_paging), cmocka_unit_test(test_fields), cmocka_unit_test(test_csv),
                cmocka_unit_test(test_etag),
        };
        ssize_t n = readlink("/proc/self/exe", program, sizeof program - 16);
        assert(n > 0);
        program[n] = 0;
        *strrchr(program, '/') = 0; /* B/tests/test-api_jobs -> B/api.cgi */
        strcpy(strrchr(program, '/') + 1, "api.cgi");
        return cmocka_run_group_tests_name("api_jobs", tests, make_database, remove_database);
}
