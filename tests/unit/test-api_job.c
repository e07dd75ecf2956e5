/* control.cgi about jobs and tokens, as the web server runs it, in a world without a bus: what is refused is refused before anybody is asked,
 * and what is not ends with 503, never with a crash. */
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

#include "base/fd_util.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "formats/json_reader.h"
#include "services/job_store.h"
#include "services/token_store.h"

#define DONE "INT-20261121-001"    /* alice's, on demo */
#define WAITING "INT-20261121-002" /* the same */
#define QUEUED "INT-20261121-003"
#define FOREIGN "INT-20261121-004"   /* bob's, on demo */
#define ELSEWHERE "INT-20261121-005" /* of an alice on another server */
#define NONE "INT-20261121-999"
#define TICKET "5CA1AB1E0DDBA11CAFEF00D5EED5ECDE"
#define SPEC "{\"server\":\"demo\",\"stream\":\"//demo/dev\"}"
#define RESOLVE "{\"files\":[{\"file\":\"//demo/main/a\",\"accept\":\"theirs\"}]}"

static char directory[64], program[4096];
static char alice[SESSION_KEY_MAX], poor[SESSION_KEY_MAX]; /* poor: bob, whose login has no ticket */
static char answer[1024 * 1024];
static const char *body;

/* --- the world ---------------------------------------------------------------------------------------- */

static void add_job(JobStore *store, const char *id, const char *owner, const char *server,
                    JobStatus status) {
        JobState was = { .status = JOB_STATUS_QUEUED, .stage = JOB_INIT }, state = was;
        const JobChange change = { .starts = true, .finishes = job_status_is_final(status) };
        const JobNewRow row = { .id = id,
                                .kind = "integrate",
                                .owner = owner,
                                .spec = SPEC,
                                .server = server,
                                .client = "ws",
                                .host = "here",
                                .now = now_realtime() };
        int64_t seq;

        assert_int_equal(job_store_insert(store, &row, &seq), 0);
        state.status = status;
        if (status != JOB_STATUS_QUEUED) {
                assert_int_equal(job_store_save(store, seq, &was, &state, &change, row.now), 0);
        }
}

static int make_world(void **state) {
        int64_t now = now_realtime(), end = now + (int64_t) USEC_PER_HOUR;
        SessionStore *sessions = NULL;
        JobStore *store = NULL;

        strcpy(directory, "/tmp/weir-api-XXXXXX");
        assert_non_null(mkdtemp(directory));
        assert_int_equal(job_store_open(directory, DB_READ_WRITE, &store), 0);
        add_job(store, DONE, "alice", "demo", JOB_STATUS_DONE);
        add_job(store, WAITING, "alice", "demo", JOB_STATUS_NEEDS_RESOLVE);
        add_job(store, QUEUED, "alice", "demo", JOB_STATUS_QUEUED);
        add_job(store, FOREIGN, "bob", "demo", JOB_STATUS_FAILED);
        add_job(store, ELSEWHERE, "alice", "lab", JOB_STATUS_DONE);
        job_store_close(store);
        assert_int_equal(session_store_open(directory, DB_READ_WRITE, &sessions), 0);
        assert_int_equal(session_store_add(sessions, "alice", "demo", TICKET, now, end, alice), 0);
        assert_int_equal(session_store_add(sessions, "bob", "demo", NULL, now, end, poor), 0);
        session_store_close(sessions);
        return 0;
}

static int remove_world(void **state) {
        char command[128];
        (void) snprintf(command, sizeof command, "rm -rf '%s'", directory);
        return system(command);
}

static void set_config(const char *text) {
        char path[128];
        (void) snprintf(path, sizeof path, "%s/weir.yaml", directory);
        assert_int_equal(file_write_atomic(path, text, strlen(text), 0644), 0);
}

/* --- asking ------------------------------------------------------------------------------------------- */

/* who: "HTTP_COOKIE=weir_session=KEY", "HTTP_AUTHORIZATION=Bearer TOKEN". Returns the status. */
static int ask(const char *method, const char *target, const char *who, const char *content) {
        _cleanup_free_ char *command = NULL;
        char status[8] = "", path[128];

        (void) snprintf(path, sizeof path, "%s/body", directory);
        assert_int_equal(file_write_atomic(path, content, strlen(content), 0600), 0);
        assert_true(string_format(&command,
                                  "env -i REQUEST_METHOD=%s REQUEST_URI='%s' CONTENT_TYPE=application/json"
                                  " CONTENT_LENGTH=%zu WEIR_STATE=%s WEIR_CONFIG=%s WEIR_WEB_STATE=%s WEIR_WEB=web"
                                  " HTTP_HOST=here HTTP_ORIGIN=http://here '%s'"
                                  " DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nonexistent"
                                  " WEIR_PREVIEW_SOCKET=/nonexistent %s 2>>%s/log <%s",
                                  method, target, strlen(content), directory, directory, directory, who,
                                  program, directory, path) >= 0);
        FILE *pipe = popen(command, "r");
        assert_non_null(pipe);
        answer[fread(answer, 1, sizeof answer - 1, pipe)] = 0;
        assert_int_equal(pclose(pipe), 0);
        body = strstr(answer, "\r\n\r\n");
        assert_non_null(body);
        body += 4;
        assert_null(strstr(answer, TICKET)); /* in no answer there is */
        assert_int_equal(sscanf(answer, "Status: %3[0-9]", status), 1);
        return atoi(status);
}

static const char *as(const char *key) {
        static char who[2][256];
        static int next;
        char *text = who[next++ % 2];

        (void) snprintf(text, sizeof who[0],
                        string_has_prefix(key, TOKEN_PREFIX) ? "HTTP_AUTHORIZATION=Bearer %s" :
                                                               "HTTP_COOKIE=weir_session=%s",
                        key);
        return text;
}

static const char *text_at(const char *first, const char *second) {
        static char text[512];
        JsonValue *value = NULL;
        char *message = NULL;

        assert_int_equal(json_read(body, strlen(body), &value, &message), 0);
        const JsonValue *found = json_value_get(value, first);
        const char *words = json_value_string(second ? json_value_get(found, second) : found);
        (void) snprintf(text, sizeof text, "%s", words ? words : "(none)");
        json_value_free(value);
        return text;
}

static void expect(const char *target, const char *who, const char *content, int status, const char *code) {
        int got = ask("POST", target, who, content);

        if (got != status || (code && strcmp(text_at("error", "code"), code) != 0)) {
                print_message("# POST %s %.100s: %d %.300s\n", target, content, got, body);
        }
        assert_int_equal(got, status);
        if (code) {
                assert_string_equal(text_at("error", "code"), code);
                assert_string_not_equal(text_at("error", "message"), code); /* the catalog has a sentence */
        }
}

/* --- tests -------------------------------------------------------------------------------------------- */

static void test_states(void **state) {
        const char *me = as(alice);

        expect("/api/jobs/" NONE "/cancel", me, "", 404, "no_such_job");
        expect("/api/jobs/" NONE "/resolve", me, RESOLVE, 404, "no_such_job");
        expect("/api/jobs/" NONE "/retry", me, "", 404, "no_such_job");
        expect("/api/queue/" NONE "/cancel", me, "", 404, "no_such_job");
        expect("/api/jobs/" DONE "/cancel", me, "", 409, "job_ended");
        expect("/api/jobs/" DONE "/continue", me, "", 409, "job_ended");
        expect("/api/jobs/" DONE "/resolve", me, RESOLVE, 409, "job_ended");
        expect("/api/jobs/" WAITING "/retry", me, "", 409, "job_not_ended");
        expect("/api/jobs/" QUEUED "/retry", me, "", 409, "job_not_ended");
        expect("/api/jobs/" WAITING "/cancel", me, "", 503, "no_jobd"); /* allowed, but nobody is there */
        expect("/api/jobs/" WAITING "/continue", me, "", 503, "no_jobd");
        expect("/api/jobs/" WAITING "/resolve", me, RESOLVE, 503, "no_jobd");
        expect("/api/jobs/" DONE "/retry", me, "", 503, "no_jobd");
        assert_int_equal(ask("GET", "/api/jobs/" DONE, me, ""), 503);
        assert_int_equal(ask("GET", "/api/jobs/" DONE "/heartbeat", me, ""),
                         200); /* it ended: no question */
        assert_int_equal(ask("GET", "/api/jobs/" DONE "/conflict?file=//a", me, ""), 409);
}

static void test_roles(void **state) {
        set_config("web:\n  operators: [carol]\n");
        expect("/api/jobs/" FOREIGN "/cancel", as(alice), "", 403, "not_own_job");
        assert_string_equal(text_at("error", "owner"), "bob");
        expect("/api/jobs/" FOREIGN "/retry", as(alice), "", 403, "not_own_job");
        expect("/api/jobs/" ELSEWHERE "/retry", as(alice), "", 403,
               "not_own_job"); /* the same name elsewhere */
        expect("/api/jobs/" WAITING "/continue", as(poor), "", 403, "not_own_job");
        expect("/api/queue/" QUEUED "/cancel", as(poor), "", 403, "not_own_job");
        assert_int_equal(ask("GET", "/api/jobs/" WAITING "/conflict?file=//a", as(poor), ""), 403);
        set_config("web:\n  operators: [alice]\n");
        expect("/api/jobs/" FOREIGN "/cancel", as(alice), "", 409, "job_ended");
        expect("/api/jobs/" FOREIGN "/retry", as(alice), "", 403, "not_own_job");
        expect("/api/jobs", as(alice), "{\"spec\":" SPEC ",\"owner\":\"bob\"}", 403, "not_allowed");
        set_config("web:\n  admins: [alice]\n");
        expect("/api/jobs/" FOREIGN "/retry", as(alice), "", 503, "no_jobd");
        expect("/api/jobs", as(alice), "{\"spec\":" SPEC ",\"owner\":\"bob\"}", 503, "no_jobd");
        expect("/api/jobs/" ELSEWHERE "/retry", as(alice), "", 403, "other_server"); /* no ticket for that */
        set_config("");
        expect("/api/jobs/" WAITING "/cancel", "NOBODY=1", "", 401, "not_logged_in");
}

static void test_bodies(void **state) {
        static const struct {
                const char *target, *content;
                int status;
                const char *code;
        } cases[] = {
                { "/api/jobs", "", 400, "bad_field" },
                { "/api/jobs", "{}", 400, "bad_field" },
                { "/api/jobs", "[]", 400, "bad_json" },
                { "/api/jobs", "{\"spec\":", 400, "bad_json" },
                { "/api/jobs", "{\"spec\":null}", 400, "bad_field" },
                { "/api/jobs",
                  "{\"spec\":\""
                  "text\"}",
                  400, "bad_field" },
                { "/api/jobs", "{\"spec\":[]}", 400, "bad_field" },
                { "/api/jobs", "{\"spec\":{}}", 400, "bad_spec" },
                { "/api/jobs", "{\"spec\":{\"server\":\"demo\",\"path\":\"//demo/../x\",\"changelist\":-1}}",
                  400, "bad_spec" },
                { "/api/jobs", "{\"spec\":{\"server\":\"lab\",\"stream\":\"//lab/a\"}}", 403,
                  "other_server" },
                { "/api/jobs", "{\"spec\":" SPEC ",\"ticket\":\"-P secret\"}", 400, "bad_ticket" },
                { "/api/jobs", "{\"spec\":" SPEC ",\"ticket\":7}", 400, "bad_field" },
                { "/api/jobs", "{\"spec\":" SPEC ",\"job_id\":\"../x\"}", 400, "replaced_job_id" },
                { "/api/jobs", "{\"spec\":" SPEC ",\"master_host\":\"x\"}", 400, "replaced_connection" },
                { "/api/jobs", "{\"spec\":" SPEC ",\"x\":1}", 400, "unknown_field" },
                { "/api/jobs", "{\"spec\":" SPEC "}", 503, "no_jobd" },
                { "/api/jobs", "{\"spec\":" SPEC ",\"ticket\":\"ABCDEF0123\"}", 503, "no_jobd" },
                { "/api/jobs/preview", "{\"spec\":{}}", 400, "bad_spec" },
                { "/api/jobs/preview", "{\"spec\":" SPEC "}", 503, "preview_unavailable" },
                { "/api/jobs/" DONE "/retry", "{\"ssh_host\":\"x\"}", 400, "replaced_connection" },
                { "/api/jobs/" WAITING "/cancel", "{\"mode\":\"brutal\"}", 400, "bad_field" },
                { "/api/jobs/" WAITING "/cancel", "{\"mode\":1}", 400, "bad_field" },
                { "/api/jobs/" WAITING "/cancel", "{\"mode\":\"immediate\"}", 503, "no_jobd" },
                { "/api/jobs/" WAITING "/resolve", "{\"files\":[]}", 400, "bad_field" },
                { "/api/jobs/" WAITING "/resolve", "{\"files\":{}}", 400, "bad_field" },
                { "/api/jobs/" WAITING "/resolve", "{\"files\":[1]}", 400, "bad_resolution" },
                { "/api/jobs/" WAITING "/resolve", "{\"files\":[{\"file\":\"//a\"}]}", 400,
                  "bad_resolution" },
                { "/api/jobs/" WAITING "/resolve", "{\"files\":[{\"file\":\"\",\"accept\":\"yours\"}]}", 400,
                  "bad_resolution" },
                { "/api/jobs/" WAITING "/resolve", "{\"files\":[{\"file\":\"//a\",\"accept\":\"mine\"}]}",
                  400, "bad_resolution" },
                { "/api/jobs/" WAITING "/resolve",
                  "{\"files\":[{\"file\":\"//a\",\"accept\":\"yours\",\"text\":\"\"}]}", 400,
                  "bad_resolution" },
                { "/api/jobs/" WAITING "/resolve",
                  "{\"files\":[{\"file\":\"//a\",\"accept\":\"edit\",\"text\":1}]}", 400, "bad_resolution" },
                { "/api/jobs/" WAITING "/resolve",
                  "{\"files\":[{\"file\":\"//a\",\"accept\":\"yours\",\"x\":1}]}", 400, "unknown_field" },
                { "/api/queue/" QUEUED "/cancel", "{\"workspace\":\"other\"}", 409, "job_not_queued" },
                { "/api/queue/" WAITING "/cancel", "{}", 409, "job_not_queued" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                expect(cases[i].target, as(alice), cases[i].content, cases[i].status, cases[i].code);
        }
        expect("/api/jobs", as(poor), "{\"spec\":" SPEC "}", 409, "no_ticket");
        expect("/api/jobs/preview", as(poor), "{\"spec\":" SPEC "}", 409, "no_ticket");
}

static char *large_resolution(size_t size) {
        static const char head[] = "{\"files\":[{\"file\":\"//a\",\"accept\":\"edit\",\"text\":\"",
                          tail[] = "\"}]}";
        char *text = malloc(sizeof head + size + sizeof tail);

        assert_non_null(text);
        strcpy(text, head);
        memset(text + strlen(head), 'x', size);
        strcpy(text + strlen(head) + size, tail);
        return text;
}

/* A text of 1 MiB gets through to the job manager, which is not there; one byte more is told which file it is. */
static void test_sizes(void **state) {
        _cleanup_free_ char *fits = large_resolution(1024 * 1024), *more = large_resolution(1024 * 1024 + 1),
                            *huge = large_resolution(3 * 1024 * 1024 + 1);

        expect("/api/jobs/" WAITING "/resolve", as(alice), fits, 503, "no_jobd");
        expect("/api/jobs/" WAITING "/resolve", as(alice), more, 413, "text_too_large");
        expect("/api/jobs/" WAITING "/resolve", as(alice), huge, 413, "too_large");
        expect("/api/jobs", as(alice), fits, 413, "too_large"); /* others take less */
}

static void test_tokens(void **state) {
        char token[TOKEN_MAX], target[64];

        expect("/api/tokens", as(alice), "{\"name\":\"\"}", 400, "bad_field");
        expect("/api/tokens", as(alice), "{\"name\":\"a\\nb\"}", 400, "bad_field");
        expect("/api/tokens", as(alice), "{\"name\":\"x\",\"days\":0}", 400, "bad_field");
        expect("/api/tokens", as(alice), "{\"name\":\"x\",\"days\":1e9}", 400, "bad_field");
        expect("/api/tokens", as(alice), "{\"name\":\"x\",\"role\":\"root\"}", 400, "bad_field");
        expect("/api/tokens", as(alice), "{\"name\":\"x\",\"role\":\"admin\"}", 403, "role_too_high");
        expect("/api/tokens", as(alice), "{\"name\":\"nightly\",\"role\":\"user\"}", 201, NULL);
        (void) snprintf(token, sizeof token, "%s", text_at("token", NULL));
        assert_int_equal(strlen(token), TOKEN_MAX - 1);
        assert_string_equal(text_at("role", NULL), "user");
        assert_int_equal(ask("GET", "/api/tokens", as(alice), ""), 200);
        assert_null(strstr(body, token));
        assert_non_null(strstr(body, "\"nightly\""));
        expect("/api/jobs", as(token), "{\"spec\":" SPEC "}", 503,
               "no_jobd"); /* with the ticket it came with */
        expect("/api/tokens", as(token), "{\"name\":\"child\"}", 403, "token_by_token");
        set_config("web:\n  admins: [alice]\n");
        expect("/api/jobs/" FOREIGN "/retry", as(token), "", 403, "not_own_job"); /* it was made for less */
        set_config("");
        assert_int_equal(ask("GET", "/api/tokens?all=1", as(alice), ""), 403);
        assert_int_equal(ask("DELETE", "/api/tokens/1", as(token), ""), 403);
        assert_int_equal(ask("DELETE", "/api/tokens/1", as(poor), ""), 404); /* not bob's */
        assert_int_equal(ask("DELETE", "/api/tokens/1", as(alice), ""), 200);
        assert_int_equal(ask("GET", "/api/jobs/" DONE "/heartbeat", as(token), ""), 401);
        (void) snprintf(target, sizeof target, "/api/tokens/%d", 1);
        assert_int_equal(ask("DELETE", target, as(alice), ""), 404);
}

/* What was said on the way is in nobody's journal either. */
static void test_no_secret_in_the_log(void **state) {
        char path[128], *text = NULL;
        size_t length = 0;

        (void) snprintf(path, sizeof path, "%s/log", directory);
        assert_int_equal(file_read(path, sizeof answer, &text, &length), 0);
        assert_null(strstr(text, TICKET));
        assert_null(strstr(text, alice));
        assert_null(strstr(text, TOKEN_PREFIX));
        free(text);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_states), cmocka_unit_test(test_roles),
                cmocka_unit_test(test_bodies), cmocka_unit_test(test_sizes),
                cmocka_unit_test(test_tokens), cmocka_unit_test(test_no_secret_in_the_log),
        };
        ssize_t n = readlink("/proc/self/exe", program, sizeof program - 16);
        assert(n > 0);
        program[n] = 0;
        *strrchr(program, '/') = 0; /* B/tests/test-api_job -> B/control.cgi */
        strcpy(strrchr(program, '/') + 1, "control.cgi");
        return cmocka_run_group_tests_name("api_job", tests, make_world, remove_world);
}
