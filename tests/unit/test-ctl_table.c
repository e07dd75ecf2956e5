/* Tables for people: widths from the content, counted in columns of a terminal and not in bytes; nothing is cut in a pipe. */
#undef NDEBUG
#include <locale.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "services/ctl_table.h"

static const CtlColumn columns[] = { { .title = "NAME", .may_shrink = true },
                                     { .title = "SIZE", .is_right = true },
                                     { .title = "NOTE" } };

static CtlTable *sample(void) {
        CtlTable *table = NULL;

        assert_int_equal(ctl_table_new(columns, ELEMENTSOF(columns), &table), 0);
        assert_int_equal(ctl_table_add(table, (const char *const[]) { "//демо/основа", "1", "x" }), 0);
        assert_int_equal(ctl_table_add(table, (const char *const[]) { "//d/a\nb", "1000", NULL }), 0);
        assert_int_equal(ctl_table_rows(table), 2);
        return table;
}

/* Prints into fd in place of stdout. */
static void print_to(int fd, const CtlTable *table) {
        int saved = dup(STDOUT_FILENO);

        (void) fflush(stdout);
        assert_true(saved >= 0 && dup2(fd, STDOUT_FILENO) >= 0);
        assert_int_equal(ctl_table_print(table), 0);
        (void) fflush(stdout);
        assert_true(dup2(saved, STDOUT_FILENO) >= 0);
        close(saved);
}

static void test_piped(void **state) {
        _cleanup_(ctl_table_freep) CtlTable *table = sample();
        int fd = memfd_create("output", MFD_CLOEXEC);
        char text[512] = {};

        print_to(fd, table);
        assert_true(pread(fd, text, sizeof text - 1, 0) > 0);
        assert_string_equal(text, "NAME           SIZE  NOTE\n"
                                  "//демо/основа     1  x\n"
                                  "//d/a\\x0ab     1000  -\n");
        close(fd);
}

static void test_narrow_terminal(void **state) {
        _cleanup_(ctl_table_freep) CtlTable *table = sample();
        struct winsize size = { .ws_row = 24, .ws_col = 24 };
        int leader, follower;
        char text[512] = {};

        assert_int_equal(openpty(&leader, &follower, NULL, NULL, &size), 0);
        print_to(follower, table);
        assert_true(read(leader, text, sizeof text - 1) > 0);
        assert_non_null(strstr(text, "//демо/осно…"));
        assert_non_null(strstr(text, "1000  -"));
        close(leader);
        close(follower);
}

static void test_many_rows(void **state) {
        _cleanup_(ctl_table_freep) CtlTable *table = NULL;

        assert_int_equal(ctl_table_new(columns, ELEMENTSOF(columns), &table), 0);
        for (int i = 0; i < 1000; i++) {
                assert_int_equal(ctl_table_add(table, (const char *const[]) { "a", "b", "c" }), 0);
        }
        assert_int_equal(ctl_table_rows(table), 1000);
}

static void test_printable(void **state) {
        static const struct {
                const char *text, *shown;
        } cases[] = {
                { "one line", "one line" },
                { "Connect failed.\nCheck it.\n", "Connect failed. Check it. " },
                { "\x1b[31mred\r", "\\x1b[31mred\\x0d" },
                { "", "" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *shown = NULL;

                assert_int_equal(ctl_printable(&shown, cases[i].text, 100), 0);
                assert_string_equal(shown, cases[i].shown);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_printable),
                cmocka_unit_test(test_piped),
                cmocka_unit_test(test_narrow_terminal),
                cmocka_unit_test(test_many_rows),
        };

        (void) setlocale(LC_CTYPE, "C.UTF-8");
        return cmocka_run_group_tests(tests, NULL, NULL);
}
