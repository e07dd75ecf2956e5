/* The log of a job, and pages of it, from a real journal: in a mount namespace of our own systemd-journald runs as it does elsewhere. Without
 * the right to do that, or without journald, everything here is skipped. */
#undef NDEBUG
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/macro.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "services/api_logs_page.h"
#include "services/job_log.h"

#define JOURNALD "/lib/systemd/systemd-journald"
#define SOCKET "/run/systemd/journal/socket"
#define ID "INT-20261121-001"
#define LONG_ID "INT-20261121-002"
#define N_LINES 300

static pid_t journald;

/* --- a journal ---------------------------------------------------------------------------------------- */

static bool has_room(void) {
        return access(JOURNALD, X_OK) >= 0 && unshare(CLONE_NEWNS) >= 0 &&
               mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) >= 0 &&
               mount("tmpfs", "/run", "tmpfs", 0, NULL) >= 0 && mkdir("/run/systemd", 0755) >= 0 &&
               mkdir("/run/systemd/journal", 0755) >= 0 && mkdir("/run/log", 0755) >= 0 &&
               mkdir("/run/log/journal", 0755) >= 0;
}

static bool start_journald(void) {
        if (!has_room()) {
                return false;
        }
        journald = fork();
        if (journald == 0) {
                (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
                (void) close(STDERR_FILENO);
                execl(JOURNALD, JOURNALD, (char *) NULL);
                _exit(1);
        }
        for (int i = 0; i < 100 && access(SOCKET, W_OK) < 0; i++) {
                usleep(50000);
        }
        return access(SOCKET, W_OK) >= 0;
}

static void say(const char *id, const char *stage, int priority, const char *text) {
        assert_int_equal(sd_journal_send("MESSAGE=%s", text, "PRIORITY=%d", priority, "WEIR_JOB=%s", id,
                                         stage ? "WEIR_STAGE=%s" : "X=%s", stage ? stage : "", NULL),
                         0);
}

/* Lines 0 to N_LINES-1: SYNC up to the hundredth, then BUILD, whose lines but the first say no stage, as a hook's. */
static int fill(void **state) {
        char text[64];

        if (!start_journald()) {
                return 0;
        }
        for (int i = 0; i < N_LINES; i++) {
                (void) snprintf(text, sizeof text, "Line %d%s", i, i == 150 ? " \033[31mre\033[0md" : "");
                say(ID, i < 100 ? "SYNC" : i == 100 ? "BUILD" : NULL, i == 200 ? 3 : 6, text);
        }
        struct iovec odd[] = { { (char *) "MESSAGE=bad \xff and\0nul", 21 },
                               { (char *) "WEIR_JOB=" ID, strlen("WEIR_JOB=" ID) } };
        assert_int_equal(sd_journal_sendv(odd, 2), 0);
        char *large = calloc(1, 100009);
        memset(large, 'x', 100008);
        memcpy(large, "MESSAGE=", 8);
        struct iovec lines[] = { { large, 100008 },
                                 { (char *) "WEIR_JOB=" LONG_ID, strlen("WEIR_JOB=" LONG_ID) } };
        for (int i = 0; i < 30; i++) {
                assert_int_equal(sd_journal_sendv(lines, 2), 0);
        }
        free(large);
        usleep(500000);
        return 0;
}

static int end(void **state) {
        if (journald > 0) {
                (void) kill(journald, SIGTERM);
                (void) waitpid(journald, NULL, 0);
        }
        return 0;
}

static void open_log(const char *id, JobLog *log) {
        if (journald <= 0 || access(SOCKET, W_OK) < 0) {
                skip();
        }
        assert_int_equal(job_log_open(id, log), 0);
}

/* --- tests -------------------------------------------------------------------------------------------- */

static LogPage page_of(size_t limit) {
        return (LogPage) { .limit = limit, .filter = { .level = 7 } };
}

static void assert_line(const LogPage *page, size_t i, int number) {
        char text[32];
        (void) snprintf(text, sizeof text, "Line %d", number);
        assert_true(string_has_prefix(page->entries[i].data, text));
}

/* Page after page, each of its own reader, as requests are. */
static void test_forward(void **state) {
        char cursor[JOURNAL_CURSOR_MAX] = "";
        bool more = true;

        for (int number = 0; more;) {
                JobLog log = {};
                LogPage page = page_of(7);
                open_log(ID, &log);
                if (*cursor) {
                        assert_int_equal(journal_reader_seek_behind(log.reader, cursor), 1);
                        assert_int_equal(job_log_find_stage(&log), 0);
                }
                assert_int_equal(log_page_read(&page, &log), 0);
                for (size_t i = 0; i < page.n && number < N_LINES; i++, number++) {
                        assert_line(&page, i, number);
                        assert_string_equal(page.entries[i].stage, number < 100 ? "SYNC" : "BUILD");
                }
                more = page.more;
                strcpy(cursor, page.last);
                assert_true(more || number == N_LINES);
                log_page_done(&page);
                job_log_done(&log);
        }
}

static void test_back(void **state) {
        char cursor[JOURNAL_CURSOR_MAX] = "";
        int number = N_LINES; /* the odd one */
        bool more = true;

        while (more) {
                JobLog log = {};
                LogPage page = page_of(7);
                open_log(ID, &log);
                assert_int_equal(log_page_read_back(&page, &log, *cursor ? cursor : NULL), 0);
                for (size_t i = page.n; i > 0; i--, number--) {
                        if (number < N_LINES) {
                                assert_line(&page, i - 1, number);
                                assert_string_equal(page.entries[i - 1].stage,
                                                    number < 100 ? "SYNC" : "BUILD");
                        }
                }
                more = page.more;
                strcpy(cursor, page.first);
                log_page_done(&page);
                job_log_done(&log);
        }
        assert_int_equal(number, -1);
}

static void test_filters(void **state) {
        static const struct {
                LogFilter filter;
                size_t n;
                int first, last; /* of the three that are asked for from either end */
        } cases[] = {
                { { .text = "line 29", .level = 7 }, 3, 29, 299 },
                { { .text = "RED", .level = 7 }, 1, 150, 150 },
                { { .stage = "SYNC", .level = 7 }, 3, 0, 99 },
                { { .stage = "BUILD", .text = "line 1", .level = 7 }, 3, 100, 199 },
                { { .level = 3 }, 1, 200, 200 },
                { { .text = "line 2", .stage = "SHELVE", .level = 7 }, 0, 0, 0 },
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                JobLog log = {};
                LogPage page = page_of(3), back = page_of(3);
                page.filter = back.filter = cases[i].filter;
                open_log(ID, &log);
                assert_int_equal(log_page_read(&page, &log), 0);
                assert_int_equal(log_page_read_back(&back, &log, NULL), 0);
                assert_int_equal(page.n, cases[i].n);
                assert_int_equal(back.n, cases[i].n);
                if (cases[i].n > 0) {
                        assert_line(&page, 0, cases[i].first);
                        assert_line(&back, back.n - 1, cases[i].last);
                }
                log_page_done(&page);
                log_page_done(&back);
                job_log_done(&log);
        }
}

static void test_odd_bytes(void **state) {
        JobLog log = {};
        LogPage page = page_of(1);

        open_log(ID, &log);
        assert_int_equal(log_page_read_back(&page, &log, NULL), 0);
        assert_string_equal(page.entries[0].data, "bad \xff and\xffnul");
        log_page_done(&page);
        job_log_done(&log);
}

/* Lines without a measure fill a page before its number of them is reached, and more than a page at a time is never kept. */
static void test_large(void **state) {
        JobLog log = {};
        LogPage page = page_of(1000), back = page_of(1000);

        open_log(LONG_ID, &log);
        assert_int_equal(log_page_read(&page, &log), 0);
        assert_int_equal(page.n, LOG_PAGE_BYTES_MAX / 100000 + 1);
        assert_true(page.more);
        assert_int_equal(log_page_read_back(&back, &log, NULL), 0);
        assert_int_equal(back.n, LOG_PAGE_BYTES_MAX / 100000);
        assert_true(back.more);
        assert_string_equal(back.first, back.entries[0].cursor);
        log_page_done(&page);
        log_page_done(&back);
        job_log_done(&log);
}

static void test_places(void **state) {
        static const char *const none[] = { "", "x", "s=1;i=zz", "i=1;i=2;s=;;;" };
        char cursor[JOURNAL_CURSOR_MAX];
        JobLog log = {};
        JobLogLine line;
        int64_t begin = 0, at = 0;

        open_log(ID, &log);
        for (size_t i = 0; i < ELEMENTSOF(none); i++) {
                assert_int_equal(journal_reader_seek_behind(log.reader, none[i]), -EINVAL);
        }
        assert_int_equal(journal_reader_cursor(log.reader, cursor), -EADDRNOTAVAIL);
        assert_int_equal(journal_reader_seek(log.reader, 5), 0);
        assert_int_equal(job_log_next(&log, &line), 1);
        assert_string_equal(line.line.message, "Line 296");
        assert_int_equal(journal_reader_cursor(log.reader, cursor), 0);
        assert_int_equal(journal_reader_time(log.reader, &at), 0);
        assert_int_equal(journal_reader_begin(log.reader, &begin), 0);
        assert_true(begin > 0 && begin <= at && at <= now_realtime());
        assert_int_equal(journal_reader_seek_before(log.reader, cursor, 1000), 296);
        job_log_done(&log);
        /* A place where this log has no line: what follows it is the next one. */
        open_log(LONG_ID, &log);
        assert_int_equal(journal_reader_seek_behind(log.reader, cursor), 0);
        assert_int_equal(job_log_next(&log, &line), 1);
        assert_int_equal(line.line.message[0], 'x');
        job_log_done(&log);
}

static void test_waiting(void **state) {
        JobLog log = {};
        JobLogLine line;
        int ends[2];

        open_log(ID, &log);
        assert_int_equal(pipe(ends), 0);
        assert_int_equal(journal_reader_seek(log.reader, 1), 0);
        assert_int_equal(job_log_next(&log, &line), 1);
        assert_int_equal(journal_reader_wait(log.reader, 0, -1), 1); /* from now on nothing is missed */
        assert_int_equal(job_log_next(&log, &line), 0);
        assert_int_equal(journal_reader_wait(log.reader, 10000, ends[0]), 0);
        say(ID, "P4PUSH", 6, "at last");
        int r = 0;
        for (int i = 0; i < 50 && r == 0; i++) {
                assert_true(journal_reader_wait(log.reader, 100000, ends[0]) >= 0);
                r = job_log_next(&log, &line);
        }
        assert_int_equal(r, 1);
        assert_string_equal(line.line.message, "at last");
        assert_string_equal(line.stage, "P4PUSH");
        assert_int_equal(write(ends[1], "x", 1), 1);
        assert_int_equal(journal_reader_wait(log.reader, 5000000, ends[0]), -ECANCELED);
        close(ends[0]);
        close(ends[1]);
        job_log_done(&log);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_forward), cmocka_unit_test(test_back),
                cmocka_unit_test(test_filters), cmocka_unit_test(test_odd_bytes),
                cmocka_unit_test(test_large),   cmocka_unit_test(test_places),
                cmocka_unit_test(test_waiting),
        };
        return cmocka_run_group_tests_name("job_log", tests, fill, end);
}
