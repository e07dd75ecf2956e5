/* The bus helpers on a dbus-daemon of our own; somebody else plays systemd on it. */
#include "private_bus.h"

#include "resources/bus.h"

static int start(void **state) {
        bus_start();
        manager_start();
        return 0;
}

static int stop(void **state) {
        private_bus_end();
        return 0;
}

static void test_error_text(void **state) {
        static const struct {
                sd_bus_error error;
                int r;
                const char *text;
        } table[] = {
                { SD_BUS_ERROR_MAKE_CONST("org.weir.Error.X", "The reason."), -EIO, "The reason." },
                { SD_BUS_ERROR_MAKE_CONST("org.weir.Error.X", NULL), -EIO, "org.weir.Error.X" },
                { SD_BUS_ERROR_MAKE_CONST("org.weir.Error.X", ""), -EIO, "org.weir.Error.X" },
                { SD_BUS_ERROR_NULL, -ENOENT, "No such file or directory" },
                { SD_BUS_ERROR_NULL, ENOENT, "No such file or directory" },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                assert_string_equal(bus_error_text(&table[i].error, table[i].r), table[i].text);
        }
        assert_string_equal(bus_error_text(NULL, -EPERM), "Operation not permitted");
}

static void test_no_bus(void **state) {
        _cleanup_free_ char *before = strdup(getenv("DBUS_SYSTEM_BUS_ADDRESS"));
        sd_bus *bus = NULL;

        assert_int_equal(setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus", 1), 0);
        assert_int_equal(bus_open_system(0, &bus), -ENOENT);
        assert_null(bus);
        assert_int_equal(setenv("DBUS_SYSTEM_BUS_ADDRESS", before, 1), 0);
}

/* A name that is owned but never answers: the timeout given is the one that counts. */
static void test_timeout(void **state) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL, *silent = NULL;
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        uint64_t before = now_monotonic(), usec = 0;

        assert_int_equal(bus_open_system(300 * USEC_PER_MSEC, &bus), 0);
        assert_int_equal(bus_open_system(0, &silent), 0);
        assert_true(sd_bus_get_method_call_timeout(silent, &usec) >= 0);
        assert_int_equal(usec, 25 * USEC_PER_SEC);
        assert_true(sd_bus_request_name(silent, "org.weir.Silent", 0) >= 0);
        assert_int_equal(sd_bus_call_method(bus, "org.weir.Silent", "/", "org.weir.X", "Wait", &error, NULL,
                                            NULL),
                         -ETIMEDOUT);
        assert_true(now_monotonic() - before < 5 * USEC_PER_SEC);
        assert_true(strlen(bus_error_text(&error, -ETIMEDOUT)) > 0);
}

/* Answers one call on systemd's object with what it was asked. */
static int answer(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        const char *unit, *mode;

        if (!sd_bus_message_is_method_call(message, "org.freedesktop.systemd1.Manager", "StartUnit")) {
                return 0;
        }
        if (sd_bus_message_read(message, "ss", &unit, &mode) < 0) {
                return sd_bus_reply_method_errorf(message, "org.weir.Error.Arguments", "bad arguments");
        }
        *(bool *) userdata = true;
        return sd_bus_reply_method_return(message, "o", strcmp(mode, "fail") == 0 ? "/job/1" : "/job/2");
}

static void *play_systemd(void *ready) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        bool answered = false;

        if (bus_open_system(0, &bus) < 0 ||
            sd_bus_add_object(bus, NULL, "/org/freedesktop/systemd1", answer, &answered) < 0 ||
            sd_bus_request_name(bus, "org.freedesktop.systemd1", 0) < 0) {
                return NULL;
        }
        __atomic_store_n((bool *) ready, true, __ATOMIC_SEQ_CST);
        for (int i = 0; i < 1000 && !answered; i++) {
                while (sd_bus_process(bus, NULL) > 0) {}
                (void) sd_bus_wait(bus, 20 * USEC_PER_MSEC);
        }
        return NULL;
}

static void test_systemd_call(void **state) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        bool ready = false;
        pthread_t thread;
        const char *job;

        assert_int_equal(bus_open_system(5 * USEC_PER_SEC, &bus), 0);
        assert_true(bus_systemd_call(bus, "Subscribe", &error, NULL, NULL) <
                    0); /* nobody is systemd here yet */
        assert_true(sd_bus_error_is_set(&error));
        sd_bus_error_free(&error);

        assert_int_equal(pthread_create(&thread, NULL, play_systemd, &ready), 0);
        for (int i = 0; i < 500 && !__atomic_load_n(&ready, __ATOMIC_SEQ_CST); i++) {
                (void) usleep(10000);
        }
        assert_true(bus_systemd_call(bus, "StartUnit", &error, &reply, "ss", "weir-measure.service",
                                     "fail") >= 0);
        assert_true(sd_bus_message_read(reply, "o", &job) >= 0);
        assert_string_equal(job, "/job/1");
        assert_int_equal(pthread_join(thread, NULL), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_error_text),
                cmocka_unit_test(test_no_bus),
                cmocka_unit_test(test_timeout),
                cmocka_unit_test(test_systemd_call),
        };

        return cmocka_run_group_tests_name("bus", tests, start, stop);
}
