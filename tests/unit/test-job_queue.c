/* Who may start: drawn queues, the limits, and long random runs in which the rules must hold whatever happens. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/time_util.h"
#include "domain/job_queue.h"

#define ITEMS_MAX 16

/* A queue is drawn as words STATUS SERVER KEY: q queued, r running, n needs_resolve, c cancelling, s starting, h held; key '-': one of its own. The
 * expected places: '.' active, '!' ready, T total, S server, H held, a digit: waits for that item. */
static size_t draw(const char *text, JobQueueItem items[static ITEMS_MAX], char keys[static ITEMS_MAX][2],
                   char servers[static ITEMS_MAX][2]) {
        size_t n = 0;

        for (; *text; text += text[3] ? 4 : 3) {
                static const char letters[] = "qrncsh";
                static const JobStatus statuses[] = { JOB_STATUS_QUEUED,        JOB_STATUS_RUNNING,
                                                      JOB_STATUS_NEEDS_RESOLVE, JOB_STATUS_CANCELLING,
                                                      JOB_STATUS_QUEUED,        JOB_STATUS_QUEUED };

                servers[n][0] = text[1];
                keys[n][0] = text[2];
                servers[n][1] = keys[n][1] = '\0';
                items[n] = (JobQueueItem) { .id = "job",
                                            .key = text[2] == '-' ? NULL : keys[n],
                                            .server = servers[n],
                                            .status = statuses[strchr(letters, text[0]) - letters],
                                            .is_starting = text[0] == 's',
                                            .is_held = text[0] == 'h' };
                n++;
        }
        return n;
}

static char place_letter(const JobQueuePlace *place) {
        static const char letters[] = { [JOB_QUEUE_ACTIVE] = '.',
                                        [JOB_QUEUE_READY] = '!',
                                        [JOB_QUEUE_BY_TOTAL] = 'T',
                                        [JOB_QUEUE_BY_SERVER] = 'S',
                                        [JOB_QUEUE_HELD] = 'H' };

        return place->state == JOB_QUEUE_BY_JOB ? (char) ('0' + place->blocker) : letters[place->state];
}

static void test_drawn(void **state) {
        static const struct {
                const char *queue;
                uint64_t total, per_server;
                const char *places;
        } cases[] = {
                { "qax", 0, 0, "!" },
                { "qax qax qax", 0, 0, "!01" }, /* each waits for the one before it */
                { "rax qax qbx", 0, 0,
                  ".0"
                  "1" },
                { "rax qay qbz", 0, 0, ".!!" },
                { "nax qax", 0, 0, ".0" }, /* it waits for people, but keeps its client */
                { "cax qax", 0, 0, ".0" },
                { "sax qax", 0, 0, ".0" },
                { "qa- qa- qa-", 0, 0, "!!!" }, /* clients of their own */
                { "qa- qa- qa-", 2, 0, "!!T" },
                { "ra- qa- qb-", 2, 1, ".S!" },
                { "ra- rb- qa- qb-", 2, 1, "..TT" },
                { "na- nb- qa- qb-", 2, 1, "..!!" }, /* those who wait for people do not count */
                { "sa- qa-", 1, 0, ".T" },
                { "ca- qa-", 1, 0, ".T" },
                { "ha- qa-", 1, 0, "H!" }, /* one that cannot start now does not hold others up, */
                { "hax qax", 0, 0, "H0" }, /* but in its own client it keeps its turn */
                { "qax qbx qax", 1, 0, "!01" },
                { "qax ray qay qax", 1, 0, "T.10" },
                { "ra- qa- qb- qa- qb-", 0, 2, ".!!S!" },
                { "", 5, 5, "" },
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
                char keys[ITEMS_MAX][2], servers[ITEMS_MAX][2], got[ITEMS_MAX + 1] = "";
                JobQueueItem items[ITEMS_MAX];
                JobQueuePlace places[ITEMS_MAX];
                const JobQueueLimits limits = { cases[i].total, cases[i].per_server };
                size_t n = draw(cases[i].queue, items, keys, servers);
                uint32_t position = 0;

                assert_int_equal(job_queue_plan(items, n, &limits, places), 0);
                for (size_t k = 0; k < n; k++) {
                        got[k] = place_letter(&places[k]);
                        assert_int_equal(places[k].position, got[k] == '.' ? 0 : ++position);
                }
                if (strcmp(got, cases[i].places) != 0) {
                        fail_msg("%s with %d/%d: %s instead of %s", cases[i].queue, (int) cases[i].total,
                                 (int) cases[i].per_server, got, cases[i].places);
                }
        }
}

/* A model of many jobs that start and end at random. At every step the rules hold, and in the end everybody had a turn, in order. */
#define MODEL_JOBS 400
static void test_random(void **state) {
        static char keys[MODEL_JOBS][8], servers[MODEL_JOBS][8];
        static JobQueueItem items[MODEL_JOBS];
        static JobQueuePlace places[MODEL_JOBS];
        static int index_of[MODEL_JOBS], last_of_key[16];
        const JobQueueLimits limits = { 5, 2 };
        size_t n = 0, made = 0, ended = 0;

        srandom(20261121);
        memset(last_of_key, -1, sizeof(last_of_key));
        while (ended < MODEL_JOBS) {
                size_t working = 0, on_server[4] = {};

                if (made < MODEL_JOBS && random() % 2) {
                        bool is_own = random() % 4 == 0;

                        (void) snprintf(keys[made], sizeof(keys[made]), "%ld", random() % 16);
                        (void) snprintf(servers[made], sizeof(servers[made]), "%ld", random() % 4);
                        items[n] = (JobQueueItem) { .key = is_own ? NULL : keys[made],
                                                    .server = servers[made],
                                                    .status = JOB_STATUS_QUEUED };
                        index_of[n++] = (int) made++;
                }
                assert_int_equal(job_queue_plan(items, n, &limits, places), 0);
                for (size_t i = 0; i < n; i++) {
                        if (places[i].state == JOB_QUEUE_READY) {
                                items[i].status = JOB_STATUS_RUNNING;
                                if (items[i].key) { /* first in, first out */
                                        assert_true(last_of_key[atoi(items[i].key)] < index_of[i]);
                                        last_of_key[atoi(items[i].key)] = index_of[i];
                                }
                        } else if (items[i].status == JOB_STATUS_RUNNING && random() % 3 == 0) {
                                items[i].status = JOB_STATUS_NEEDS_RESOLVE;
                        }
                }
                for (size_t i = 0; i < n; i++) {
                        if (items[i].status == JOB_STATUS_RUNNING) {
                                working++;
                                on_server[atoi(items[i].server)]++;
                        }
                        for (size_t k = 0; k < i; k++) {
                                assert_false(items[i].key && items[k].key &&
                                             strcmp(items[i].key, items[k].key) == 0 &&
                                             items[i].status != JOB_STATUS_QUEUED &&
                                             items[k].status != JOB_STATUS_QUEUED);
                        }
                }
                assert_true(working <= 5);
                for (size_t i = 0; i < 4; i++) {
                        assert_true(on_server[i] <= 2);
                }
                for (size_t i = 0; i < n; i++) {
                        if (items[i].status != JOB_STATUS_QUEUED && random() % 2) {
                                memmove(&items[i], &items[i + 1], (n - i - 1) * sizeof(*items));
                                memmove(&index_of[i], &index_of[i + 1], (n - i - 1) * sizeof(*index_of));
                                n--;
                                ended++;
                        }
                }
        }
}

/* All that may wait, planned in less time than a person notices. */
static void test_large(void **state) {
        enum { N = 10000 };
        char(*keys)[16] = calloc(N, sizeof(*keys));
        JobQueueItem *items = calloc(N, sizeof(*items));
        JobQueuePlace *places = calloc(N, sizeof(*places));
        const JobQueueLimits limits = { 1, 1 };
        uint64_t start = now_monotonic();

        for (size_t i = 0; i < N; i++) {
                (void) snprintf(keys[i], sizeof(keys[i]), "client-%zu", i % 5000);
                items[i] = (JobQueueItem) { .key = keys[i], .server = "demo", .status = JOB_STATUS_QUEUED };
        }
        for (int i = 0; i < 10; i++) {
                assert_int_equal(job_queue_plan(items, N, &limits, places), 0);
        }
        assert_true(now_monotonic() - start < 2 * USEC_PER_SEC);
        assert_int_equal(places[N - 1].position, N);
        assert_int_equal(places[N - 1].state, JOB_QUEUE_BY_JOB);
        assert_int_equal(places[N - 1].blocker, N - 5001);
        free(keys);
        free(items);
        free(places);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_drawn),
                cmocka_unit_test(test_random),
                cmocka_unit_test(test_large),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
