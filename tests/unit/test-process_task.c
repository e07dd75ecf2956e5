/* process_task_start(): a program beside an event loop, and the loop goes on meanwhile. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/string_util.h"
#include "base/time_util.h"
#include "resources/process_task.h"

#define PATIENCE_USEC (20 * USEC_PER_SEC)
#define SHELL(text) ((const char *const[]) { "/bin/sh", "-c", text, NULL })

typedef struct Told {
        sd_event *event;
        ProcessResult result;
        char output[64 * 1024 + 1], errors[256];
        size_t n_output;
        unsigned n_ends, n_ticks;
} Told;

static void copy(char *to, size_t size, const Buffer *from) {
        size_t n = from->length < size ? from->length : size - 1;

        memcpy(to, n > 0 ? from->data : "", n);
        to[n] = 0;
}

static void on_end(const ProcessTaskEnd *end, void *userdata) {
        Told *told = userdata;

        told->n_ends++;
        told->result = end->result;
        told->n_output = end->output.length;
        copy(told->output, sizeof(told->output), &end->output);
        copy(told->errors, sizeof(told->errors), &end->errors);
        (void) sd_event_exit(told->event, 0);
}

static int on_tick(sd_event_source *source, uint64_t usec, void *userdata) {
        ((Told *) userdata)->n_ticks++;
        return sd_event_source_set_time_relative(source, 10 * USEC_PER_MSEC);
}

/* Runs the loop until the program's end, with a tick every 10 ms. */
static int run(const ProcessSpec *spec, Told *told) {
        sd_event_source *ticking = NULL;
        int r;

        *told = (Told) {};
        assert_int_equal(sd_event_new(&told->event), 0);
        assert_true(sd_event_add_time_relative(told->event, &ticking, CLOCK_MONOTONIC, 10 * USEC_PER_MSEC, 1,
                                               on_tick, told) >= 0);
        assert_true(sd_event_source_set_enabled(ticking, SD_EVENT_ON) >= 0);
        r = process_task_start(told->event, spec, on_end, told);
        if (r >= 0) {
                assert_int_equal(sd_event_loop(told->event), 0);
        }
        (void) sd_event_source_disable_unref(ticking);
        (void) sd_event_unref(told->event);
        return r;
}

/* 0, and what was told of the end. */
static int run_script(const char *script, const char *input, uint64_t timeout_usec, Told *told) {
        ProcessSpec spec = PROCESS_SPEC_INIT;

        spec.argv = SHELL(script);
        spec.input = input;
        spec.input_length = input ? strlen(input) : 0;
        spec.timeout_usec = timeout_usec;
        return run(&spec, told);
}

static void test_ends(void **state) {
        static const struct {
                const char *script, *input, *output, *errors;
                int exit_status, signal;
        } table[] = {
                { "true", NULL, "", "", 0, 0 },
                { "cat; echo wrong >&2; exit 3", "hello", "hello", "wrong\n", 3, 0 },
                { "cat", NULL, "", "", 0, 0 }, /* its input is empty, not ours */
                { "exec <&-; sleep 0.1; echo deaf", "nobody reads this", "deaf\n", "", 0, 0 },
                { "kill -TERM $$", "x", "", "", 0, SIGTERM },
                { "sleep 60 & echo gone", NULL, "gone\n", "", 0, 0 }, /* what it leaves dies with it */
        };
        Told told;

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                assert_int_equal(run_script(table[i].script, table[i].input, PATIENCE_USEC, &told), 0);
                assert_int_equal(told.n_ends, 1);
                assert_string_equal(told.output, table[i].output);
                assert_string_equal(told.errors, table[i].errors);
                assert_int_equal(told.result.exit_status, table[i].exit_status);
                assert_int_equal(told.result.signal, table[i].signal);
                assert_false(told.result.timed_out);
        }
}

static void test_loop_goes_on(void **state) {
        Told told;

        assert_int_equal(run_script("sleep 0.5", NULL, PATIENCE_USEC, &told), 0);
        assert_true(told.n_ticks >= 5);
}

static void test_timeout(void **state) {
        Told told;

        assert_int_equal(run_script("trap '' TERM; echo early; sleep 60; echo late", NULL,
                                    300 * USEC_PER_MSEC, &told),
                         0);
        assert_int_equal(told.n_ends, 1);
        assert_true(told.result.timed_out);
        assert_int_equal(told.result.signal, SIGKILL);
        assert_string_equal(told.output, "early\n");
}

static void test_full_pipe(void **state) {
        Told told;

        assert_int_equal(run_script("head -c 65536 /dev/zero | tr '\\0' x", NULL, PATIENCE_USEC, &told), 0);
        assert_false(told.result.timed_out);
        assert_int_equal(told.n_output, 65536);
        assert_int_equal(run_script("head -c 65537 /dev/zero", NULL, 300 * USEC_PER_MSEC, &told), 0);
        assert_true(told.result.timed_out);
}

static void test_no_program(void **state) {
        ProcessSpec spec = PROCESS_SPEC_INIT;
        Told told;

        spec.argv = (const char *const[]) { "/nonexistent/program", NULL };
        spec.timeout_usec = USEC_PER_SEC;
        assert_int_equal(run(&spec, &told), -ENOENT);
        assert_int_equal(told.n_ends, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_ends),       cmocka_unit_test(test_loop_goes_on),
                cmocka_unit_test(test_timeout),    cmocka_unit_test(test_full_pipe),
                cmocka_unit_test(test_no_program),
        };

        (void) signal(SIGPIPE, SIG_IGN);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
