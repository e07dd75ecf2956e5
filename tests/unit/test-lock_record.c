/* The record in a lock's pipe: what is written is read back, and nothing cut, changed or foreign is
 * believed. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/string_util.h"
#include "domain/lock_record.h"
#include "domain/lock_resource.h"

static Lock example(void) {
        return (Lock) {
                .id = UINT64_MAX,
                .resource = (char *) "server/demo/stream///d/50%25 \xd0\xb0=b",
                .mode = LOCK_SHARED_INTENT_EXCLUSIVE,
                .held = true,
                .owner = { .holder = (char *) "weir-measure@demo.service",
                           .why = (char *) "a = b",
                           .uid = 4294967294U,
                           .pid = 4194304,
                           .since = 1795269787000001 },
        };
}

static void test_round_trip(void **state) {
        Lock lock = example();
        Buffer buffer = {};
        LockRecord record = {};

        assert_int_equal(lock_record_write(&lock, &buffer), 0);
        assert_int_equal(lock_record_parse(buffer.data, &record), 0);
        assert_int_equal(record.id, lock.id);
        assert_string_equal(record.resource, lock.resource);
        assert_int_equal(record.mode, lock.mode);
        assert_string_equal(record.owner.holder, lock.owner.holder);
        assert_string_equal(record.owner.why, lock.owner.why);
        assert_int_equal(record.owner.uid, lock.owner.uid);
        assert_int_equal(record.owner.pid, lock.owner.pid);
        assert_int_equal(record.owner.since, lock.owner.since);
        lock_record_done(&record);

        /* The holder may scribble into its end: that comes after. */
        assert_int_equal(buffer_append_string(&buffer, "id=1\nrubbish"), 0);
        assert_int_equal(lock_record_parse(buffer.data, &record), 0);
        lock_record_done(&record);
        buffer_done(&buffer);
}

static void test_every_cut_is_noticed(void **state) {
        Lock lock = example();
        Buffer buffer = {};

        assert_int_equal(lock_record_write(&lock, &buffer), 0);
        while (buffer.length > 0) {
                LockRecord record = {};

                buffer.data[--buffer.length] = '\0';
                assert_int_equal(lock_record_parse(buffer.data, &record), -EBADMSG);
                assert_null(record.resource);
        }
        buffer_done(&buffer);
}

static void test_bad_values(void **state) {
        static const char *const texts[] = {
                "weir-lock 2\nid=1\nresource=/\nmode=shared\nuid=0\npid=1\nsince=1\nholder=h\nwhy=w\n\n",
                "weir-lock 1\nid=x\nresource=/\nmode=shared\nuid=0\npid=1\nsince=1\nholder=h\nwhy=w\n\n",
                "weir-lock 1\nid=1\nresource=nothing\nmode=shared\nuid=0\npid=1\nsince=1\nholder=h\nwhy=w\n\n",
                "weir-lock 1\nid=1\nresource=/\nmode=none\nuid=0\npid=1\nsince=1\nholder=h\nwhy=w\n\n",
                "weir-lock 1\nid=1\nresource=/\nmode=shared\nuid=-1\npid=1\nsince=1\nholder=h\nwhy=w\n\n",
                "weir-lock 1\nid=1\nresource=/\nmode=shared\nuid=0\npid=4294967296\nsince=1\nholder=h\nwhy=w\n\n",
                "weir-lock 1\nid=1\nresource=/\nmode=shared\nuid=0\npid=1\nsince=soon\nholder=h\nwhy=w\n\n",
                "weir-lock 1\nresource=/\nid=1\nmode=shared\nuid=0\npid=1\nsince=1\nholder=h\nwhy=w\n\n",
                "hello",
        };

        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                LockRecord record = {};

                assert_int_equal(lock_record_parse(texts[i], &record), -EBADMSG);
        }
}

/* The largest lock the bounds allow fits into the smallest pipe. */
static void test_largest(void **state) {
        static char resource[LOCK_RESOURCE_MAX + 1], holder[LOCK_HOLDER_MAX + 1], why[LOCK_WHY_MAX + 1];
        Lock lock = { .id = UINT64_MAX,
                      .resource = resource,
                      .mode = LOCK_SHARED_INTENT_EXCLUSIVE,
                      .owner = { .holder = holder,
                                 .why = why,
                                 .uid = UINT32_MAX,
                                 .pid = INT32_MAX,
                                 .since = INT64_MAX } };
        Buffer buffer = {};

        memset(resource, 'r', LOCK_RESOURCE_MAX);
        memset(holder, 'h', LOCK_HOLDER_MAX);
        memset(why, 'w', LOCK_WHY_MAX);
        assert_int_equal(lock_record_write(&lock, &buffer), 0);
        assert_true(buffer.length <= LOCK_RECORD_MAX);
        buffer_done(&buffer);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_round_trip),
                cmocka_unit_test(test_every_cut_is_noticed),
                cmocka_unit_test(test_bad_values),
                cmocka_unit_test(test_largest),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
