/* Descriptors and whole files: closing, writing all, reading within a bound, replacing at once. */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd_util.h"

static char directory[] = "/tmp/weir-test-fd-XXXXXX";
static char path[64];

static int set_up(void **state) {
        if (!mkdtemp(directory)) {
                return -1;
        }
        (void) snprintf(path, sizeof(path), "%s/file", directory);
        return 0;
}

static int tear_down(void **state) {
        (void) unlink(path);
        return rmdir(directory); /* also: no temporary is left */
}

static void test_close(void **state) {
        int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), taken;

        errno = EXDEV;
        taken = TAKE_FD(fd);
        assert_int_equal(fd, -EBADF);
        assert_int_equal(fd_close(taken), -EBADF);
        assert_int_equal(fcntl(taken, F_GETFD), -1);
        errno = EXDEV;
        assert_int_equal(fd_close(-1), -EBADF);
        assert_int_equal(fd_close(taken), -EBADF);
        assert_int_equal(errno, EXDEV);
        assert_int_equal(fd_set_nonblock(taken), -EBADF);
        assert_int_equal(fd_write_all(taken, "x", 1), -EBADF);
        assert_int_equal(fd_write_all(taken, NULL, 0), 0);
}

static void *read_slowly(void *fd) {
        char chunk[4096];
        size_t *n = malloc(sizeof(size_t));
        ssize_t got;

        *n = 0;
        while ((got = read(*(int *) fd, chunk, sizeof(chunk))) > 0) {
                *n += (size_t) got;
                (void) usleep(200);
        }
        return n;
}

/* More than a pipe holds arrives whole. */
static void test_write_all(void **state) {
        char *data = calloc(1, 1000003);
        pthread_t thread;
        size_t *n;
        int fds[2];

        assert_non_null(data);
        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        assert_int_equal(pthread_create(&thread, NULL, read_slowly, &fds[0]), 0);
        assert_int_equal(fd_write_all(fds[1], data, 1000003), 0);
        (void) fd_close(fds[1]);
        assert_int_equal(pthread_join(thread, (void **) &n), 0);
        assert_int_equal(*n, 1000003);
        (void) fd_close(fds[0]);
        free(n);
        free(data);
}

static void test_read_file(void **state) {
        static const struct {
                size_t max;
                int result;
        } table[] = { { 100, 0 }, { 6, 0 }, { 5, -EFBIG }, { 0, -EFBIG } };
        char *text = NULL;
        size_t length = 4711;

        assert_int_equal(file_read(path, 100, &text, &length), -ENOENT);
        assert_int_equal(file_read(directory, 100, &text, &length), -EISDIR);
        assert_int_equal(file_write_atomic(path, "abc\0de", 6, 0600), 0);
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                assert_int_equal(file_read(path, table[i].max, &text, &length), table[i].result);
                if (table[i].result == 0) {
                        assert_int_equal(length, 6);
                        assert_memory_equal(text, "abc\0de", 7);
                        free(TAKE_PTR(text));
                        length = 4711;
                }
                assert_null(text);
                assert_int_equal(length, 4711);
        }
        assert_int_equal(file_read("/dev/zero", 1000000, &text, NULL), -EFBIG); /* no end, but a bound */
        assert_int_equal(file_read("/dev/null", 0, &text, NULL), 0);
        assert_string_equal(text, "");
        free(text);
}

static void test_write_atomic(void **state) {
        char *text, deep[128];
        struct stat st;

        assert_int_equal(umask(0077), 0022);
        assert_int_equal(file_write_atomic(path, "old", 3, 0644), 0);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0644); /* as asked, whatever the umask */
        (void) umask(0022);
        assert_int_equal(file_write_atomic(path, "", 0, 0400), 0);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0400);
        assert_int_equal(st.st_size, 0);
        assert_int_equal(file_write_atomic(path, "new", 3, 0640), 0);
        (void) snprintf(deep, sizeof(deep), "%s/no/such/file", directory);
        assert_int_equal(file_write_atomic(deep, "x", 1, 0600), -ENOENT);
        assert_int_equal(file_write_atomic(directory, "x", 1, 0600), -EISDIR);
        assert_int_equal(file_read(path, 100, &text, NULL), 0);
        assert_string_equal(text, "new");
        free(text);
}

/* A reader sees the old or the new, never a part. */
static void *replace_often(void *unused) {
        char data[20000];

        for (int i = 0; i < 50; i++) {
                memset(data, i % 2 ? 'a' : 'b', sizeof(data));
                (void) file_write_atomic(path, data, sizeof(data), 0600);
        }
        return NULL;
}

static void test_never_partial(void **state) {
        pthread_t thread;

        assert_int_equal(file_write_atomic(path, "", 0, 0600), 0);
        assert_int_equal(pthread_create(&thread, NULL, replace_often, NULL), 0);
        for (int i = 0; i < 200; i++) {
                char *text;
                size_t length;

                assert_int_equal(file_read(path, 100000, &text, &length), 0);
                assert_true(length == 0 || length == 20000);
                assert_true(length == 0 || text[0] == text[length - 1]);
                free(text);
        }
        assert_int_equal(pthread_join(thread, NULL), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_close),         cmocka_unit_test(test_write_all),
                cmocka_unit_test(test_read_file),     cmocka_unit_test(test_write_atomic),
                cmocka_unit_test(test_never_partial),
        };

        return cmocka_run_group_tests_name("fd_util", tests, set_up, tear_down);
}
