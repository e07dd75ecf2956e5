/* api.cgi as the web server runs it: a program, an environment, an answer. The database is made by the stores themselves. */
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
#include "services/page_store.h"
#include "services/session_store.h"

#define DAY ((int64_t) USEC_PER_DAY)

static char directory[64], program[4096];
static char answer[4 * 1024 * 1024];
static const char *body; /* in answer */
static int64_t now;

/* --- a database --------------------------------------------------------------------------------------- */

static int64_t add_stream(MonitorStore *store, int64_t server, const char *path) {
        StreamListing listing = { .path = path, .name = path + 2, .type = "mainline", .parent = NULL };
        int64_t id = 0;
        assert_int_equal(db_begin(monitor_store_db(store)), 0);
        assert_int_equal(stream_store_list(store, server, &listing, now - 100 * DAY, &id), 1);
        assert_int_equal(db_commit(monitor_store_db(store)), 0);
        return id;
}

static void measured(MonitorStore *store, int64_t id, int64_t size, int64_t files, int64_t at) {
        assert_int_equal(sample_store_measured(store, id, size, files, 7, at), 0);
}

static int make_database(void **state) {
        Server servers[] = {
                { .name = (char *) "alpha",
                  .p4port = (char *) "a:1",
                  .p4user = (char *) "u",
                  .stream_mask = (char *) "*" },
                { .name = (char *) "beta",
                  .p4port = (char *) "b:1",
                  .p4user = (char *) "u",
                  .stream_mask = (char *) "*" },
        };
        MonitorSync sync = {};
        MonitorStore *store = NULL;
        char path[64];

        now = now_realtime();
        strcpy(directory, "/tmp/weir-api-XXXXXX");
        if (!mkdtemp(directory) || monitor_store_open(directory, DB_READ_WRITE, &store) < 0) {
                return -1;
        }
        assert_int_equal(server_store_sync(store, servers, 2, now, &sync), 0);
        for (int i = 0; i < 12; i++) { /* ids 1 to 12 on alpha */
                (void) snprintf(path, sizeof path, "//depot/s%02d", i);
                measured(store, add_stream(store, 1, path), 1000 * (i + 1), i, now - DAY);
        }
        int64_t calm = add_stream(store, 2, "//other/a-b_c%d"); /* 13: at rest for long */
        measured(store, calm, 5000, 5, now - 90 * DAY);
        measured(store, calm, 5000, 5, now - 1000);
        int64_t busy = add_stream(store, 2,
                                  "//other/<script>alert(1)</script>"); /* 14: changes all the time */
        for (int i = 0; i < 500; i++) {
                measured(store, busy,
                         i == 250 ? 1 :
                         i == 251 ? 999999 :
                                    1000 + i,
                         i, now - 20 * DAY + i * DAY / 50);
        }
        int64_t old = add_stream(store, 2, "//other/old"); /* 15: not measured lately */
        measured(store, old, 42, 1, now - 60 * DAY);
        (void) add_stream(store, 2, "//other/=never"); /* 16: never */
        monitor_store_close(store);
        return 0;
}

static int remove_database(void **state) {
        char command[128];
        (void) snprintf(command, sizeof command, "rm -rf '%s'", directory);
        return system(command);
}

/* --- asking ------------------------------------------------------------------------------------------- */

/* Returns the status. more: further environment, "A=b C=d". */
static int ask(const char *method, const char *target, const char *more) {
        _cleanup_free_ char *command = NULL;
        char status[8] = "";
        assert_true(string_format(&command,
                                  "env -i REQUEST_METHOD=%s REQUEST_URI='%s' WEIR_STATE=%s WEIR_CONFIG=%s"
                                  " WEIR_WEB_STATE=%s WEIR_WEB=web %s %s 2>/dev/null </dev/null",
                                  method, target, directory, directory, directory, more, program) >= 0);
        FILE *pipe = popen(command, "r");
        assert_non_null(pipe);
        size_t n = fread(answer, 1, sizeof answer - 1, pipe);
        answer[n] = 0;
        (void) pclose(pipe);
        body = strstr(answer, "\r\n\r\n");
        if (!body || sscanf(answer, "Status: %3[0-9]", status) != 1) {
                print_message("# %s %s: %.300s\n", method, target, answer);
                return 0;
        }
        body += 4;
        return atoi(status);
}

static JsonValue *parsed(void) {
        JsonValue *value = NULL;
        char *message = NULL;
        if (json_read(body, strlen(body), &value, &message) < 0) {
                print_message("# %s: %s\n", message, body);
                fail();
        }
        return value;
}

/* A value deep inside: "stats.servers.0.server_name". */
static const JsonValue *at(const JsonValue *value, const char *path) {
        char word[64];
        while (*path && value) {
                size_t length = strcspn(path, ".");
                (void) snprintf(word, sizeof word, "%.*s", (int) length, path);
                value = json_value_kind(value) == JSON_ARRAY ? json_value_at(value, (size_t) atoi(word)) :
                                                               json_value_get(value, word);
                path += length + (path[length] == '.');
        }
        return value;
}

static int64_t number_at(const char *target, const char *path) {
        if (ask("GET", target, "") != 200) {
                print_message("# %s: %s\n", target, answer);
                fail();
        }
        JsonValue *root = parsed();
        int64_t number = json_value_int(at(root, path), -12345);
        json_value_free(root);
        return number;
}

static const char *text_at(const char *path) {
        static char text[512];
        JsonValue *root = parsed();
        const char *found = json_value_string(at(root, path));
        (void) snprintf(text, sizeof text, "%s", found ? found : "(none)");
        json_value_free(root);
        return text;
}

/* --- tests -------------------------------------------------------------------------------------------- */

static void test_servers(void **state) {
        assert_int_equal(number_at("/api/servers", "count"), 2);
        assert_int_equal(number_at("/api/servers", "servers.0.streams_count"), 12);
        assert_int_equal(number_at("/api/server/2", "server.streams_count"), 4);
        assert_string_equal(text_at("server.p4port"), "b:1");
        assert_int_equal(number_at("/api/server/1/streams", "count"), 12);
        assert_string_equal(text_at("streams.3"), "//depot/s03");
        assert_int_equal(number_at("/api/stats", "stats.total_streams"), 16);
        assert_string_equal(text_at("stats.servers.1.server_name"), "beta");
        assert_int_equal(number_at("/api/info", "app_info.scheduler_interval_hours"), 6);
        assert_int_equal(number_at("/api/operations", "count"), 0);
}

static void test_pages(void **state) {
        assert_int_equal(number_at("/api/streams", "pagination.total"), 16);
        assert_int_equal(number_at("/api/streams?page=2&per_page=5", "streams.0.id"), 6);
        assert_int_equal(number_at("/api/streams?page=3&per_page=5", "streams.2.id"),
                         14); /* over a server's end */
        assert_int_equal(number_at("/api/streams?page=4&per_page=5", "pagination.pages"), 4);
        assert_int_equal(number_at("/api/streams?page=9", "streams.0.id"),
                         -12345); /* beyond the end: none */
        assert_int_equal(number_at("/api/streams?server_id=2&per_page=99999", "pagination.per_page"), 1000);
        assert_int_equal(number_at("/api/streams?server_id=2", "pagination.total"), 4);
        assert_int_equal(number_at("/api/streams?server_id=77", "pagination.total"), 0);
        assert_int_equal(number_at("/api/streams?sort=size", "streams.0.id"), 12);
        assert_int_equal(number_at("/api/streams?sort=size&order=asc", "streams.0.id"), 15);
        assert_int_equal(number_at("/api/streams?sort=files", "streams.0.id"), 14);
        assert_int_equal(number_at("/api/streams?sort=measured&per_page=1&page=16", "streams.0.id"), 16);
}

/* Following next_after meets every stream once, whatever the page's size. */
static void test_paging_by_key(void **state) {
        for (int size = 1; size <= 17; size += 4) {
                int64_t after = 0;
                unsigned seen = 0;
                for (int pages = 0; pages < 20; pages++) {
                        char target[128];
                        (void) snprintf(target, sizeof target,
                                        after ? "/api/streams?per_page=%d&after=%d" :
                                                "/api/streams?per_page=%d",
                                        size, (int) after);
                        assert_int_equal(ask("GET", target, ""), 200);
                        JsonValue *root = parsed();
                        const JsonValue *list = json_value_get(root, "streams");
                        for (size_t i = 0; i < json_value_length(list); i++) {
                                unsigned bit = 1U << json_value_int(at(json_value_at(list, i), "id"), 0);
                                assert_false(seen & bit);
                                seen |= bit;
                        }
                        after = json_value_int(at(root, "pagination.next_after"), 0);
                        json_value_free(root);
                        if (after == 0) {
                                break;
                        }
                }
                assert_int_equal(seen, 0x1fffe);
        }
}

static void test_search(void **state) {
        assert_int_equal(number_at("/api/streams/search?q=DEPOT", "count"), 12);
        assert_int_equal(number_at("/api/streams/search?q=depot&limit=3", "count"), 3);
        assert_int_equal(number_at("/api/streams/search?q=depot&limit=3", "total"), 12);
        assert_int_equal(number_at("/api/streams/search?q=a-b", "count"), 1);
        assert_int_equal(number_at("/api/streams/search?q=_c%25", "count"), 1);
        assert_int_equal(number_at("/api/streams/search?q=__", "count"), 0);
        assert_int_equal(number_at("/api/streams/search?q=%25%25", "count"), 0);
        assert_int_equal(number_at("/api/streams/search?q=select+from", "count"), 0);
        assert_int_equal(number_at("/api/streams/search?q=++other+", "count"), 4);
        assert_string_equal(text_at("query"), "other");
        assert_int_equal(number_at("/api/streams/search?q=%3Cscript", "count"), 1);
        assert_null(strchr(body, '<')); /* also inside a page it could not begin a tag */
}

static void test_history(void **state) {
        /* A stream at rest: the value is carried into the window, and the line is unbroken. */
        assert_int_equal(number_at("/api/stream/13/history", "history.1.size_bytes"), 5000);
        assert_int_equal(number_at("/api/stream/13/history", "statistics.mean"), 5000);
        assert_int_equal(number_at("/api/stream/13/history", "statistics.change"), 0);
        assert_int_equal(number_at("/api/stream/15/history?days=7", "history.0.size_bytes"), 42);
        assert_int_equal(number_at("/api/stream/15/history?days=0", "statistics.measurements"), 1);
        assert_int_equal(number_at("/api/stream/16/history?days=0", "statistics.measurements"), -12345);
        /* Few points keep the lowest, the highest and the newest. */
        static const int limits[] = { 3, 4, 5, 10, 100 };
        for (size_t i = 0; i < ELEMENTSOF(limits); i++) {
                char target[64];
                (void) snprintf(target, sizeof target, "/api/stream/14/history?limit=%d", limits[i]);
                assert_int_equal(ask("GET", target, ""), 200);
                JsonValue *root = parsed();
                const JsonValue *history = json_value_get(root, "history");
                int64_t min = INT64_MAX, max = 0;
                for (size_t k = 0; k < json_value_length(history); k++) {
                        int64_t size = json_value_int(at(json_value_at(history, k), "size_bytes"), 0);
                        min = size < min ? size : min;
                        max = size > max ? size : max;
                }
                assert_true(json_value_length(history) <= (size_t) limits[i]);
                assert_true(json_value_length(history) * 3 >= (size_t) limits[i]);
                assert_int_equal(min, 1);
                assert_int_equal(max, 999999);
                assert_int_equal(json_value_int(at(root, "history.0.size_bytes"), 0), 1499);
                json_value_free(root);
        }
        assert_int_equal(number_at("/api/stream/14/history?limit=1", "history.0.size_bytes"), 1499);
        assert_int_equal(number_at("/api/stream/14/history?limit=99999", "statistics.measurements"), 500);
        assert_int_equal(number_at("/api/growth", "streams.0.id"), 14);
        assert_int_equal(number_at("/api/growth", "streams.0.change"), 499);
        assert_int_equal(number_at("/api/growth?direction=down", "count"), 0);
}

static void test_matching(void **state) {
        assert_int_equal(number_at("/api/streams?q=S0", "pagination.total"), 10);
        assert_int_equal(number_at("/api/streams?q=s0&per_page=3&page=2", "streams.0.id"), 4);
        assert_int_equal(number_at("/api/streams?q=s&sort=size&order=desc&server_id=1", "streams.0.id"), 12);
        assert_int_equal(number_at("/api/streams?q=s0&server_id=2", "pagination.total"), 0);
        assert_int_equal(number_at("/api/streams?q=_", "pagination.total"),
                         1); /* itself, not any character */
        assert_int_equal(number_at("/api/streams?q=", "pagination.total"), 16);
        assert_int_equal(ask("GET", "/api/streams?q=s&after=2", ""), 400);
}

static void test_sparklines(void **state) {
        const char *at_rest = "/api/sparklines?ids=13,12,16&days=30&points=31";
        assert_int_equal(number_at(at_rest, "sparklines.0.id"), 13);
        assert_int_equal(number_at(at_rest, "sparklines.0.sizes.0"), 5000); /* held when the window begins */
        assert_int_equal(number_at(at_rest, "sparklines.0.sizes.30"), 5000);
        assert_int_equal(number_at(at_rest, "sparklines.0.skipped"), 0);
        assert_in_range(number_at(at_rest, "sparklines.1.skipped"), 29, 30); /* measured a day ago */
        assert_int_equal(number_at(at_rest, "sparklines.1.sizes.0"), 12000);
        assert_int_equal(number_at(at_rest, "sparklines.2.skipped"), 31); /* never */
        assert_int_equal(number_at("/api/sparklines?ids=14&points=2", "sparklines.0.sizes.0"), 1499);
        assert_int_equal(ask("GET", "/api/sparklines?ids=", ""), 400);
        assert_int_equal(ask("GET", "/api/sparklines?ids=1,x", ""), 400);
        assert_int_equal(ask("GET", "/api/sparklines?ids=1,,2", ""), 400);
        assert_int_equal(ask("GET", "/api/sparklines?ids=0", ""), 400);
}

static void test_csv(void **state) {
        assert_int_equal(ask("GET", "/api/streams?server_id=2&format=csv", ""), 200);
        assert_non_null(strstr(answer, "Content-Type: text/csv"));
        assert_int_equal(strncmp(body, "id,name,size_bytes,", 19), 0);
        assert_non_null(strstr(body, "\r\n13,//other/a-b_c%d,5000,5,4.9 KiB,"));
        assert_int_equal(ask("GET", "/api/stream/16/history?format=csv", ""), 200);
        assert_string_equal(body, "");
        assert_int_equal(ask("GET", "/api/stream/15/history?format=csv&days=0", ""), 200);
        assert_int_equal(strncmp(body, "timestamp,size_bytes,size_human,file_count\r\n2", 45), 0);
}

static void test_errors(void **state) {
        static const struct {
                const char *method, *target;
                int status;
                const char *code;
        } cases[] = {
                { "GET", "/", 404, "no_such_path" },
                { "GET", "/api", 404, "no_such_path" },
                { "GET", "/api/stream/x", 404, "no_such_path" },
                { "GET", "/api/stream/-1", 404, "no_such_path" },
                { "GET", "/api/stream/0", 400, "bad_id" },
                { "GET", "/api/stream/99999999999999999999", 400, "bad_id" },
                { "GET", "/api/stream/111111111111111111111111111111", 400, "bad_id" },
                { "GET", "/api/stream/4711", 404, "no_such_stream" },
                { "GET", "/api/stream/4711/history", 404, "no_such_stream" },
                { "GET", "/api/server/4711", 404, "no_such_server" },
                { "GET", "/api/server/4711/streams", 404, "no_such_server" },
                { "PUT", "/api/streams", 405, "bad_method" },
                { "TRACE", "/api/stream/1", 405, "bad_method" },
                { "GET", "/api/streams?page=0", 400, "bad_parameter" },
                { "GET", "/api/streams?page=-1", 400, "bad_parameter" },
                { "GET", "/api/streams?page=abc", 400, "bad_parameter" },
                { "GET", "/api/streams?per_page=0", 400, "bad_parameter" },
                { "GET", "/api/streams?sort=rm", 400, "bad_parameter" },
                { "GET", "/api/streams?after=4711", 400, "bad_parameter" },
                { "GET", "/api/streams?after=3&sort=size", 400, "bad_parameter" },
                { "GET", "/api/streams?bogus=1", 400, "unknown_parameter" },
                { "GET", "/api/streams/search", 400, "bad_parameter" },
                { "GET", "/api/streams/search?q=a", 400, "bad_parameter" },
                { "GET", "/api/streams/search?q=a++", 400, "bad_parameter" },
                { "GET", "/api/stream/1/history?days=-1", 400, "bad_parameter" },
                { "GET", "/api/stream/1/history?limit=0", 400, "bad_parameter" },
                { "GET", "/api/../../etc/passwd", 400, "bad_request" },
                { "GET", "/api/streams?q=%0d%0aX", 400, "bad_request" },
                { "bad method", "/api/streams", 400, "bad_request" },
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char method[32];
                (void) snprintf(method, sizeof method, "'%s'", cases[i].method);
                int status = ask(method, cases[i].target, "");
                if (status != cases[i].status) {
                        print_message("# %s %s: %s\n", cases[i].method, cases[i].target, answer);
                }
                assert_int_equal(status, cases[i].status);
                assert_string_equal(text_at("error.code"), cases[i].code);
                assert_string_not_equal(text_at("error.message"),
                                        cases[i].code); /* the catalog has a sentence */
                assert_string_equal(text_at("status"), "error");
                assert_non_null(strstr(answer, "Cache-Control: no-store"));
        }
        assert_int_equal(ask("PUT", "/api/streams", ""), 405);
        assert_non_null(strstr(answer, "Allow: GET\r\n"));
}

static void test_languages(void **state) {
        static const struct {
                const char *environment;
                bool is_russian;
        } cases[] = {
                { "", false },
                { "HTTP_ACCEPT_LANGUAGE=ru", true },
                { "HTTP_ACCEPT_LANGUAGE='de, ru-RU;q=0.8, en;q=0.5'", true },
                { "HTTP_ACCEPT_LANGUAGE='en-US,ru'", false },
                { "HTTP_ACCEPT_LANGUAGE=ru HTTP_COOKIE=weir_language=en", false },
                { "HTTP_COOKIE=weir_language=ru", true },
                { "HTTP_COOKIE=weir_language=../../x", false },
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                assert_int_equal(ask("GET", "/api/stream/4711", cases[i].environment), 404);
                assert_string_equal(text_at("message"),
                                    cases[i].is_russian ? "Такого потока нет." : "There is no such stream.");
        }
        assert_int_equal(ask("GET", "/api/streams?%7Bfield%7D=1", ""), 400);
        assert_string_equal(text_at("message"), "There is no parameter {field}.");
}

static void test_etag(void **state) {
        char tag[64] = "", header[128];
        assert_int_equal(ask("GET", "/api/servers", ""), 200);
        const char *found = strstr(answer, "ETag: ");
        assert_non_null(found);
        assert_int_equal(sscanf(found, "ETag: \"%60[0-9a-f]\"", tag), 1);
        (void) snprintf(header, sizeof header, "HTTP_IF_NONE_MATCH='\"%s-gzip\"'", tag);
        assert_int_equal(ask("GET", "/api/servers", header), 304);
        assert_string_equal(body, "");
        assert_int_equal(ask("GET", "/api/streams", header), 200);
        assert_int_equal(ask("HEAD", "/api/servers", ""), 200);
        assert_string_equal(body, "");
}

static void set_config(const char *text) {
        char path[128];
        (void) snprintf(path, sizeof path, "%s/weir.yaml", directory);
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        assert_true(fputs(text, file) >= 0);
        assert_int_equal(fclose(file), 0);
}

static void test_login_required(void **state) {
        SessionStore *store = NULL;
        char key[SESSION_KEY_MAX], cookie[128];
        assert_int_equal(session_store_open(directory, DB_READ_WRITE, &store), 0);
        assert_int_equal(session_store_add(store, "alice", "alpha", NULL, now, now + DAY, key), 0);
        (void) snprintf(cookie, sizeof cookie, "HTTP_COOKIE=weir_session=%s", key);
        set_config("web:\n  login_required: yes\n");
        assert_int_equal(ask("GET", "/api/servers", ""), 401);
        assert_int_equal(ask("GET", "/healthz", ""), 200);
        assert_int_equal(ask("GET", "/api/servers", cookie), 200);
        char *last = &cookie[strlen(cookie) - 1], was = *last;
        *last = was == '0' ? '1' : '0';
        assert_int_equal(ask("GET", "/api/servers", cookie), 401);
        *last = was;
        assert_int_equal(session_store_remove(store, key), 0);
        assert_int_equal(ask("GET", "/api/servers", cookie), 401);
        set_config("");
        assert_int_equal(ask("GET", "/api/servers", ""), 200);
        session_store_close(store);
}

static void test_no_database(void **state) {
        char kept[64];
        strcpy(kept, directory);
        strcpy(directory, "/nonexistent");
        assert_int_equal(ask("GET", "/api/servers", ""), 503);
        assert_string_equal(text_at("error.code"), "no_database");
        assert_int_equal(ask("GET", "/healthz", ""), 503);
        assert_null(strstr(body, "nonexistent"));
        strcpy(directory, kept);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_servers),       cmocka_unit_test(test_pages),
                cmocka_unit_test(test_paging_by_key), cmocka_unit_test(test_search),
                cmocka_unit_test(test_history),       cmocka_unit_test(test_matching),
                cmocka_unit_test(test_sparklines),    cmocka_unit_test(test_csv),
                cmocka_unit_test(test_errors),        cmocka_unit_test(test_languages),
                cmocka_unit_test(test_etag),          cmocka_unit_test(test_login_required),
                cmocka_unit_test(test_no_database),
        };
        ssize_t n = readlink("/proc/self/exe", program, sizeof program - 16);
        assert(n > 0);
        program[n] = 0;
        *strrchr(program, '/') = 0; /* B/tests/test-api_cgi -> B/api.cgi */
        strcpy(strrchr(program, '/') + 1, "api.cgi");
        return cmocka_run_group_tests_name("api_cgi", tests, make_database, remove_database);
}
