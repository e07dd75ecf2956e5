/* Requests as a web server hands them over, good and hostile ones, and answers that cannot be taken apart. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/mman.h>
#include <unistd.h>

#include "formats/http_response.h"

static int with_target(const char *method, const char *target, HttpRequest *ret) {
        setenv("REQUEST_METHOD", method, 1);
        setenv("REQUEST_URI", target, 1);
        return http_request_read(ret);
}

static void test_targets(void **state) {
        static const struct {
                const char *method, *target;
                int result;
                const char *path;
        } cases[] = {
                { "GET", "/api/streams", 0, "/api/streams" },
                { "GET", "/", 0, "/" },
                { "GET", "/api/%73treams?x=1", 0, "/api/streams" },
                { "GET", "/api/stream/%D0%BC", 0, "/api/stream/м" },
                { "GET", "/a+b", 0, "/a+b" },
                { "GET", "/api//streams", -EBADMSG, NULL },
                { "GET", "/api/streams/", -EBADMSG, NULL },
                { "GET", "/api/../etc/passwd", -EBADMSG, NULL },
                { "GET", "/api/%2e%2e/x", -EBADMSG, NULL },
                { "GET", "/api/a%2Fb", -EBADMSG, NULL },
                { "GET", "/api/a%2fb", -EBADMSG, NULL },
                { "GET", "/api/%00", -EBADMSG, NULL },
                { "GET", "/api/%0d%0aX: y", -EBADMSG, NULL },
                { "GET", "/api/%zz", -EBADMSG, NULL },
                { "GET", "/api/%4", -EBADMSG, NULL },
                { "GET", "/api/%ff", -EBADMSG, NULL },
                { "GET", "api", -EBADMSG, NULL },
                { "GET", "", -EBADMSG, NULL },
                { "get", "/", -EBADMSG, NULL },
                { "", "/", -EBADMSG, NULL },
                { "G ET", "/", -EBADMSG, NULL },
                { "GET", "/?a=1&a=2", -EBADMSG, NULL },
                { "GET", "/?a=%0a", -EBADMSG, NULL },
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                HttpRequest request = {};
                int r = with_target(cases[i].method, cases[i].target, &request);
                if (r != cases[i].result) {
                        print_message("# %s %s\n", cases[i].method, cases[i].target);
                }
                assert_int_equal(r, cases[i].result);
                if (cases[i].path) {
                        assert_string_equal(request.path, cases[i].path);
                }
                http_request_done(&request);
        }
}

static void test_query(void **state) {
        HttpRequest request = {};
        assert_int_equal(with_target("HEAD", "/x?a=1&&b=%2F%2Fd+e&c&%64=x=y", &request), 0);
        assert_true(request.is_head);
        assert_string_equal(request.method, "GET");
        assert_string_equal(http_pairs_get(&request.query, "a"), "1");
        assert_string_equal(http_pairs_get(&request.query, "b"), "//d e");
        assert_string_equal(http_pairs_get(&request.query, "c"), "");
        assert_string_equal(http_pairs_get(&request.query, "d"), "x=y");
        assert_null(http_pairs_get(&request.query, "e"));
        http_request_done(&request);
}

static void test_bounds(void **state) {
        HttpRequest request = {};
        char *target = malloc(HTTP_TARGET_MAX + 8);
        memset(target, 'a', HTTP_TARGET_MAX + 7);
        target[0] = '/';
        target[HTTP_TARGET_MAX] = 0;
        assert_int_equal(with_target("GET", target, &request), 0);
        http_request_done(&request);
        target[HTTP_TARGET_MAX] = 'a';
        target[HTTP_TARGET_MAX + 1] = 0;
        assert_int_equal(with_target("GET", target, &request), -E2BIG);
        strcpy(target, "/?");
        for (int i = 0; i <= HTTP_PAIRS_MAX; i++) {
                (void) sprintf(target + strlen(target), "k%d=&", i);
        }
        assert_int_equal(with_target("GET", target, &request), -E2BIG);
        free(target);
}

static void test_cookies(void **state) {
        HttpRequest request = {};
        setenv("HTTP_COOKIE", "a=1; weir=x%y=;; =z; broken; b = 2;c=", 1);
        assert_int_equal(with_target("GET", "/", &request), 0);
        assert_string_equal(http_pairs_get(&request.cookies, "a"), "1");
        assert_string_equal(http_pairs_get(&request.cookies, "weir"), "x%y=");
        assert_string_equal(http_pairs_get(&request.cookies, "c"), "");
        assert_null(http_pairs_get(&request.cookies, "broken"));
        unsetenv("HTTP_COOKIE");
        http_request_done(&request);
}

static int body_of(const char *length, const char *data, HttpRequest *request) {
        int pipes[2];
        assert_int_equal(pipe(pipes), 0);
        assert_int_equal(write(pipes[1], data, strlen(data)), (ssize_t) strlen(data));
        close(pipes[1]);
        length ? setenv("CONTENT_LENGTH", length, 1) : unsetenv("CONTENT_LENGTH");
        int r = http_request_read_body(request, pipes[0], HTTP_BODY_MAX);
        close(pipes[0]);
        return r;
}

static void test_body(void **state) {
        HttpRequest request = {};
        assert_int_equal(body_of("5", "hello and more", &request), 0);
        assert_string_equal(request.body, "hello");
        http_request_done(&request);
        assert_int_equal(body_of(NULL, "ignored", &request), 0);
        assert_int_equal(request.body_length, 0);
        http_request_done(&request);
        assert_int_equal(body_of("6", "hello", &request), -EBADMSG);
        assert_int_equal(body_of("-1", "hello", &request), -EBADMSG);
        assert_int_equal(body_of("5x", "hello", &request), -EBADMSG);
        assert_int_equal(body_of("99999999999999999999", "hello", &request), -EBADMSG);
        assert_int_equal(body_of("262145", "hello", &request), -EFBIG);
        assert_null(request.body);
}

static char *sent(HttpResponse *response, HttpRequest *request) {
        static char text[4096];
        int fd = memfd_create("sent", MFD_CLOEXEC);
        assert_int_equal(http_response_send(response, request, fd), 0);
        ssize_t n = pread(fd, text, sizeof text - 1, 0);
        assert_true(n > 0);
        text[n] = 0;
        close(fd);
        http_response_done(response);
        return text;
}

static void test_answer(void **state) {
        HttpRequest get = { .method = (char *) "GET" }, head = { .method = (char *) "GET", .is_head = true };
        HttpResponse response = { .status = 200 };
        assert_int_equal(http_response_header(&response, "X-Test", "fine"), 0);
        assert_int_equal(http_response_header(&response, "X-Test", "a\r\nSet-Cookie: x"), -EBADMSG);
        assert_int_equal(buffer_append_string(&response.body, "{}"), 0);
        assert_string_equal(sent(&response, &get),
                            "Status: 200 OK\r\nX-Test: fine\r\nCache-Control: no-store\r\n"
                            "Content-Type: application/json; charset=utf-8\r\nContent-Length: 2\r\n\r\n{}");
        response = (HttpResponse) { .status = 404, .may_be_stored = true };
        assert_int_equal(buffer_append_string(&response.body, "{}"), 0);
        assert_null(strstr(sent(&response, &get), "ETag"));
        response = (HttpResponse) { .status = 200 };
        assert_int_equal(buffer_append_string(&response.body, "{}"), 0);
        const char *text = sent(&response, &head);
        assert_non_null(strstr(text, "Content-Length: 2\r\n\r\n"));
        assert_null(strstr(text, "{}"));
}

static void test_etag(void **state) {
        static const struct {
                const char *format;
                const char *status;
        } cases[] = {
                { "%s\"", "304" }, { "%s-gzip\"", "304" }, { "\"other\", %s\"", "304" }, { "W/%s\"", "304" },
                { "*", "304" },    { "\"other\"", "200" }, { "%s0123456\"", "200" },     { "", "200" },
        };
        HttpRequest get = { .method = (char *) "GET" };
        HttpResponse response = { .status = 200, .may_be_stored = true };
        char tag[64] = "", header[128];
        assert_int_equal(buffer_append_string(&response.body, "{\"a\":1}"), 0);
        const char *found = strstr(sent(&response, &get), "ETag: ");
        assert_non_null(found);
        assert_int_equal(sscanf(found, "ETag: %17[\"0-9a-f]", tag), 1);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const char *place = strstr(cases[i].format, "%s");
                (void) snprintf(header, sizeof header, "%.*s%s%s",
                                (int) (place ? place - cases[i].format : 100), cases[i].format,
                                place ? tag : "", place ? place + 2 : "");
                setenv("HTTP_IF_NONE_MATCH", header, 1);
                response = (HttpResponse) { .status = 200, .may_be_stored = true };
                assert_int_equal(buffer_append_string(&response.body, "{\"a\":1}"), 0);
                const char *text = sent(&response, &get);
                assert_memory_equal(text + 8, cases[i].status, 3);
                assert_true((strstr(text, "{\"a\":1}") == NULL) == (strcmp(cases[i].status, "304") == 0));
        }
        unsetenv("HTTP_IF_NONE_MATCH");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_targets), cmocka_unit_test(test_query), cmocka_unit_test(test_bounds),
                cmocka_unit_test(test_cookies), cmocka_unit_test(test_body),  cmocka_unit_test(test_answer),
                cmocka_unit_test(test_etag),
        };
        return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
