/* The route table: every original path is there, nothing else is found, and what it says of itself can be understood. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/macro.h"
#include "base/string_util.h"
#include "services/api_objects.h"
#include "services/api_routes.h"

static void test_paths(void **state) {
        static const struct {
                const char *method, *path;
                int result;
                ApiRouteId route;
                int64_t id;
        } cases[] = {
                { "GET", "/api/servers", 0, API_SERVERS, 0 },
                { "GET", "/api/server/7", 0, API_SERVER, 7 },
                { "GET", "/api/server/7/streams", 0, API_SERVER_STREAMS, 7 },
                { "GET", "/api/streams", 0, API_STREAMS, 0 },
                { "GET", "/api/streams/search", 0, API_STREAMS_SEARCH, 0 },
                { "GET", "/api/stream/9223372036854775807", 0, API_STREAM, INT64_MAX },
                { "GET", "/api/stream/12/history", 0, API_STREAM_HISTORY, 12 },
                { "GET", "/api/stats", 0, API_STATS, 0 },
                { "GET", "/api/info", 0, API_INFO, 0 },
                { "GET", "/api/status/locks", 0, API_LOCKS_STATUS, 0 },
                { "GET", "/api/auth/check", 0, API_AUTH_CHECK, 0 },
                { "POST", "/api/update/all", 0, API_UPDATE_ALL, 0 },
                { "POST", "/api/update/stream/3", 0, API_UPDATE_STREAM, 3 },
                { "POST", "/api/update/server/3", 0, API_UPDATE_SERVER, 3 },
                { "POST", "/api/update/server/3/sync-streams", 0, API_SYNC_STREAMS, 3 },
                { "POST", "/api/admin/sync-servers", 0, API_SYNC_SERVERS, 0 },
                { "GET", "/api/jobs", 0, API_JOBS, 0 },
                { "POST", "/api/jobs", 0, API_JOB_NEW, 0 },
                { "POST", "/api/jobs/preview", 0, API_JOB_PREVIEW, 0 },
                { "GET", "/api/jobs/INT-20261121-001", 0, API_JOB, 0 },
                { "POST", "/api/jobs/INT-20261121-001/cancel", 0, API_JOB_CANCEL, 0 },
                { "POST", "/api/jobs/INT-20261121-1234/continue", 0, API_JOB_CONTINUE, 0 },
                { "POST", "/api/jobs/INT-20261121-001/retry", 0, API_JOB_RETRY, 0 },
                { "GET", "/api/jobs/INT-20261121-001/logs", 0, API_JOB_LOGS, 0 },
                { "GET", "/jobs/INT-20261121-001/logs/download", 0, API_JOB_LOGS_DOWNLOAD, 0 },
                { "GET", "/api/jobs/INT-20261121-001/heartbeat", 0, API_JOB_HEARTBEAT, 0 },
                { "GET", "/api/jobs/INT-20261121-001/process_status", 0, API_JOB_PROCESS_STATUS, 0 },
                { "GET", "/api/queue/check", 0, API_QUEUE_CHECK, 0 },
                { "GET", "/api/queue/status", 0, API_QUEUE_STATUS, 0 },
                { "GET", "/api/queue/my-jobs", 0, API_QUEUE_MY_JOBS, 0 },
                { "POST", "/api/queue/INT-20261121-001/cancel", 0, API_QUEUE_CANCEL, 0 },
                { "GET", "/api/agents", 0, API_AGENTS, 0 },
                { "GET", "/api/agents/status", 0, API_AGENTS_STATUS, 0 },
                { "DELETE", "/api/tokens/12", 0, API_TOKEN_REVOKE, 12 },
                { "GET", "/api/jobs/preview", -EOPNOTSUPP, 0, 0 },
                { "GET", "/api/jobs/INT-20261121-001/cancel", -EOPNOTSUPP, 0, 0 },
                { "GET", "/api/jobs/4711", -ENOENT, 0, 0 },
                { "GET", "/api/jobs/..", -ENOENT, 0, 0 },
                { "GET", "/api/jobs/INT-20261121-001x", -ENOENT, 0, 0 },
                { "GET", "/api/jobs/INT-20261121-0000000000000000000000001", -ENOENT, 0, 0 },
                { "GET", "/api/jobs/../tokens", -ENOENT, 0, 0 },
                { "GET", "/api/jobs/{job}", -ENOENT, 0, 0 },
                { "GET", "/api/jobs/INT-20261121-001/logs/download", -ENOENT, 0, 0 },
                { "GET", "/api/update/all", -EOPNOTSUPP, 0, 0 },
                { "POST", "/api/servers", -EOPNOTSUPP, 0, 0 },
                { "GET", "/api/stream/0", -EINVAL, 0, 0 },
                { "GET", "/api/stream/9223372036854775808", -EINVAL, 0, 0 },
                { "GET", "/api/stream/", -ENOENT, 0, 0 },
                { "GET", "/api/stream/1x", -ENOENT, 0, 0 },
                { "GET", "/api/stream/+1", -ENOENT, 0, 0 },
                { "GET", "/api/stream/1/histor", -ENOENT, 0, 0 },
                { "GET", "/api/stream/1/history/", -ENOENT, 0, 0 },
                { "GET", "/api/stream/{id}", -ENOENT, 0, 0 },
                { "GET", "/API/servers", -ENOENT, 0, 0 },
                { "GET", "", -ENOENT, 0, 0 },
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *allowed = NULL;
                ApiRouteMatch match = {};
                int r = api_route_find(cases[i].method, cases[i].path, &match, &allowed);
                if (r != cases[i].result) {
                        print_message("# %s %s\n", cases[i].method, cases[i].path);
                }
                assert_int_equal(r, cases[i].result);
                assert_int_equal(match.route, cases[i].route);
                assert_int_equal(match.id, cases[i].id);
                const char *job = strstr(cases[i].path, "INT-");
                assert_int_equal(strlen(match.job), r < 0 || !job ? 0 : strcspn(job, "/"));
                assert_true(!*match.job || string_has_prefix(job, match.job));
                assert_true((allowed != NULL) == (r == -EOPNOTSUPP));
        }
}

static bool is_type(const char *type, size_t length) {
        static const char *const simple[] = { "int", "number", "string", "bool", "time", "object", "any" };
        for (size_t i = 0; i < ELEMENTSOF(simple); i++) {
                if (strlen(simple[i]) == length && strncmp(simple[i], type, length) == 0) {
                        return true;
                }
        }
        for (size_t i = 0; i < api_n_objects; i++) {
                if (strlen(api_objects[i].name) == length &&
                    strncmp(api_objects[i].name, type, length) == 0) {
                        return true;
                }
        }
        return false;
}

static void check_fields(const char *fields) {
        if (fields[0] == '[' || fields[0] == '{') { /* the whole answer is a list, or a map */
                assert_true(is_type(fields + 1, strlen(fields) - 2));
                return;
        }
        for (size_t length; *fields; fields += length + (fields[length] == ' ')) {
                length = strcspn(fields, " ");
                const char *type = memchr(fields, ':', length);
                assert_non_null(type);
                size_t n = length - (size_t) (++type - fields);
                n -= type[n - 1] == '?';
                if (*type == '[') {
                        assert_int_equal(type[n - 1], ']');
                        type++;
                        n -= 2;
                }
                assert_true(is_type(type, n));
        }
}

static void test_table(void **state) {
        for (size_t i = 0; i < _API_ROUTE_MAX; i++) {
                const ApiRoute *route = &api_routes[i];
                size_t n = 0;
                assert_non_null(route->method);
                assert_non_null(route->summary);
                assert_true((route->answer != NULL) != (route->content_type != NULL));
                if (route->answer) {
                        check_fields(route->answer);
                }
                if (!string_equal(route->method, "GET") && !strstr(route->pattern, "/session")) {
                        assert_true(route->access >= API_ACCESS_USER); /* nothing changes for nobody */
                }
                while (route->parameters && route->parameters[n].name) {
                        assert_int_not_equal(route->parameters[n++].type, API_TYPE_JSON);
                }
                assert_true(n <= API_PARAMETERS_MAX);
                for (n = 0; route->fields && route->fields[n].name; n++) {
                        assert_true(route->fields[n].type != API_TYPE_JSON || route->fields[n].choices);
                }
                assert_true(n <= API_PARAMETERS_MAX);
                if (strstr(route->pattern, "job") || strstr(route->pattern, "queue") ||
                    strstr(route->pattern, "agents") || strstr(route->pattern, "tokens")) {
                        assert_true(route->access >= API_ACCESS_USER); /* nor is a job looked at */
                }
        }
        for (size_t i = 0; i < api_n_objects; i++) {
                check_fields(api_objects[i].fields);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_paths), cmocka_unit_test(test_table) };
        return cmocka_run_group_tests_name("api_routes", tests, NULL, NULL);
}
