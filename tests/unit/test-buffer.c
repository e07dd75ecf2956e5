/* The bounded buffer: growing, the bound to the byte, reading, handing over. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/fd_util.h"

static void test_append(void **state) {
        Buffer buffer = {};

        assert_int_equal(buffer_append(&buffer, NULL, 0), 0);
        assert_string_equal(buffer.data, "");
        assert_int_equal(buffer_append(&buffer, "a\0b", 3), 0);
        assert_int_equal(buffer_append_string(&buffer, "cd"), 0);
        assert_int_equal(buffer_append_format(&buffer, "-%d-%s", 42, "x"), 0);
        assert_int_equal(buffer.length, 10);
        assert_memory_equal(buffer.data, "a\0bcd-42-x", 11);
        for (int i = 0; i < 10000; i++) {
                assert_int_equal(buffer_append_format(&buffer, "%08d", i), 0);
        }
        assert_int_equal(buffer.length, 80010);
        assert_string_equal(buffer.data + buffer.length - 8, "00009999");
        buffer_clear(&buffer);
        assert_int_equal(buffer.length, 0);
        assert_string_equal(buffer.data, "");
        buffer_done(&buffer);
        assert_null(buffer.data);
        buffer_clear(&buffer);
        buffer_done(&buffer);
}

/* The bound is exact, an append beyond it changes nothing, and no memory beyond it is taken. */
static void test_bound(void **state) {
        static const size_t bounds[] = { 1, 255, 256, 257, 4096, 100000 };

        for (size_t i = 0; i < ELEMENTSOF(bounds); i++) {
                Buffer buffer = { .max = bounds[i] };
                char *data = calloc(1, bounds[i] + 1);

                assert_non_null(data);
                assert_int_equal(buffer_append(&buffer, data, bounds[i] + 1), -ENOBUFS);
                assert_int_equal(buffer.length, 0);
                assert_int_equal(buffer_append(&buffer, data, bounds[i]), 0);
                assert_true(buffer.allocated <= bounds[i] + 1);
                assert_int_equal(buffer_append(&buffer, "x", 1), -ENOBUFS);
                assert_int_equal(buffer_append_format(&buffer, "%s", "x"), -ENOBUFS);
                assert_int_equal(buffer.length, bounds[i]);
                assert_int_equal(buffer_append(&buffer, "", 0), 0);
                buffer_done(&buffer);
                assert_int_equal(buffer.max, bounds[i]); /* usable again, with its bound */
                free(data);
        }
        assert_int_equal(buffer_append(&(Buffer) {}, "", SIZE_MAX), -ENOBUFS);
        assert_int_equal(buffer_append(&(Buffer) {}, "", BUFFER_DEFAULT_MAX + 1), -ENOBUFS);
}

static void test_consume(void **state) {
        static const struct {
                size_t length;
                const char *rest;
        } table[] = { { 0, "abcdef" }, { 2, "cdef" }, { 5, "f" }, { 6, "" }, { 7, "" }, { SIZE_MAX, "" } };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                Buffer buffer = {};

                assert_int_equal(buffer_append_string(&buffer, "abcdef"), 0);
                buffer_consume(&buffer, table[i].length);
                assert_string_equal(buffer.data, table[i].rest);
                assert_int_equal(buffer.length, strlen(table[i].rest));
                buffer_done(&buffer);
        }
        buffer_consume(&(Buffer) {}, 1);
}

static void test_read(void **state) {
        Buffer buffer = { .max = 10 };
        int fds[2];

        assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
        assert_int_equal(buffer_read(&buffer, fds[0], 0), -EAGAIN);
        assert_int_equal(fd_write_all(fds[1], "0123456789ABCDEF", 16), 0);
        assert_int_equal(buffer_read(&buffer, fds[0], 3), 3);
        assert_string_equal(buffer.data, "012");
        assert_int_equal(buffer_read(&buffer, fds[0], 0), 7);
        assert_string_equal(buffer.data, "0123456789");
        assert_int_equal(buffer_read(&buffer, fds[0], 0), -ENOBUFS);
        buffer_consume(&buffer, 10);
        assert_int_equal(buffer_read(&buffer, fds[0], 0), 6);
        (void) fd_close(fds[1]);
        assert_int_equal(buffer_read(&buffer, fds[0], 1), 0);
        (void) fd_close(fds[0]);
        assert_int_equal(buffer_read(&buffer, -1, 1), -EBADF);
        buffer_done(&buffer);
}

static void test_take(void **state) {
        Buffer buffer = {};
        char *text;

        assert_int_equal(buffer_take_string(&buffer, &text), 0);
        assert_string_equal(text, ""); /* never NULL */
        free(text);
        assert_int_equal(buffer_append_string(&buffer, "text"), 0);
        assert_int_equal(buffer_take_string(&buffer, &text), 0);
        assert_string_equal(text, "text");
        assert_null(buffer.data);
        assert_int_equal(buffer.length, 0);
        free(text);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_append), cmocka_unit_test(test_bound), cmocka_unit_test(test_consume),
                cmocka_unit_test(test_read),   cmocka_unit_test(test_take),
        };

        return cmocka_run_group_tests_name("buffer", tests, NULL, NULL);
}
