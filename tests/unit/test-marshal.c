/* The marshal parser and writer: values, every way to cut the stream, garbage, limits, memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "formats/marshal.h"

#define BYTES(literal) literal, sizeof(literal) - 1

/* {code: stat, path: "caf\xe9\0x", n: -2147483648, "": ""} */
#define SAMPLE                                                                                              \
        "{s\4\0\0\0codes\4\0\0\0stats\4\0\0\0paths\6\0\0\0caf\xe9\0xs\1\0\0\0ni\0\0\0\x80"                  \
        "u\0\0\0\0s\0\0\0\0000"

static void check_sample(const MarshalRecord *record) {
        assert_int_equal(record->n_fields, 4);
        assert_string_equal(record->fields[0].key, "code");
        assert_string_equal(record->fields[0].value, "stat");
        assert_int_equal(record->fields[1].value_length, 6);
        assert_memory_equal(record->fields[1].value, "caf\xe9\0x", 7); /* with the NUL behind */
        assert_string_equal(record->fields[2].key, "n");
        assert_string_equal(record->fields[2].value, "-2147483648");
        assert_int_equal(record->fields[2].value_length, 11);
        assert_int_equal(record->fields[3].key_length, 0);
        assert_string_equal(record->fields[3].value, "");
        assert_string_equal(marshal_record_get(record, "n"), "-2147483648");
        assert_null(marshal_record_get(record, "cod"));
        assert_null(marshal_record_get(record, "code "));
}

/* Three records, cut into pieces of every size. */
static void test_any_cut(void **state) {
        static const char stream[] = SAMPLE "{0" SAMPLE;
        size_t length = sizeof(stream) - 1;

        for (size_t piece = 1; piece <= length; piece++) {
                _cleanup_(marshal_parser_freep) MarshalParser *parser = NULL;
                size_t n = 0;

                assert_int_equal(marshal_parser_new(&parser, 0), 0);
                for (size_t at = 0; at < length; at += piece) {
                        MarshalRecord record;
                        size_t size = length - at < piece ? length - at : piece;
                        int r;

                        assert_int_equal(marshal_parser_feed(parser, stream + at, size), 0);
                        while ((r = marshal_parser_next(parser, &record)) > 0) {
                                if (n++ == 1) {
                                        assert_int_equal(record.n_fields, 0);
                                } else {
                                        check_sample(&record);
                                }
                        }
                        assert_int_equal(r, 0);
                        assert_true(marshal_parser_offset(parser) <= at + size);
                        assert_int_equal(marshal_parser_is_idle(parser),
                                         marshal_parser_offset(parser) == at + size);
                }
                assert_int_equal(n, 3);
                assert_int_equal(marshal_parser_offset(parser), length);
                assert_true(marshal_parser_is_idle(parser));
        }
}

static void test_bad_bytes(void **state) {
        static const struct {
                const char *bytes;
                size_t length;
                int result;
                uint64_t offset;
        } table[] = {
                { BYTES("x"), -EBADMSG, 0 },
                { BYTES("\n{0"), -EBADMSG, 0 },
                { BYTES("{0 "), -EBADMSG, 2 },
                { BYTES("{0{0}"), -EBADMSG, 4 },
                { BYTES("{{0"), -EBADMSG, 0 },                /* nested */
                { BYTES("{i\1\0\0\0"), -EBADMSG, 0 },         /* a key that is a number */
                { BYTES("{s\1\0\0\0a0"), -EBADMSG, 0 },       /* a key without value */
                { BYTES("{s\1\0\0\0a["), -EBADMSG, 0 },       /* a list */
                { BYTES("{s\1\0\0\0aN0"), -EBADMSG, 0 },      /* None */
                { BYTES("{s\xff\xff\xff\xff"), -EBADMSG, 0 }, /* negative length */
                { BYTES("{s\0\0\0\x80"), -EBADMSG, 0 },
                { BYTES("{s\xff\xff\xff\x7f"), -EMSGSIZE, 0 }, /* 2 GiB: refused before its bytes */
                { BYTES("{s\1\0\0\0as\1\0\0\1"), -EMSGSIZE, 0 },
                { BYTES("{s\4\0\0\0cod"), 0, 0 },
                { BYTES("{"), 0, 0 },
                { BYTES("{0{s\1\0\0"), 0, 2 },
                { BYTES(""), 0, 0 },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                _cleanup_(marshal_parser_freep) MarshalParser *parser = NULL;
                MarshalRecord record;
                int r;

                assert_int_equal(marshal_parser_new(&parser, 0), 0);
                assert_int_equal(marshal_parser_feed(parser, table[i].bytes, table[i].length), 0);
                do {
                        r = marshal_parser_next(parser, &record);
                } while (r > 0);
                assert_int_equal(r, table[i].result);
                assert_int_equal(marshal_parser_offset(parser), table[i].offset);
                assert_int_equal(marshal_parser_next(parser, &record), r); /* it stays so */
                if (r < 0) {
                        assert_false(marshal_parser_is_idle(parser));
                }
        }
}

/* A record of exactly the limit passes, one byte more does not. */
static void test_record_limit(void **state) {
        for (size_t extra = 0; extra <= 1; extra++) {
                _cleanup_(marshal_parser_freep) MarshalParser *parser = NULL;
                char value[64] = {};
                Buffer buffer = {};
                MarshalRecord record;

                /* '{' + (5 + 1) + (5 + n) + '0' */
                assert_int_equal(marshal_write_begin(&buffer), 0);
                assert_int_equal(marshal_write_field(&buffer, "k", value, 64 - 13 + extra), 0);
                assert_int_equal(marshal_write_end(&buffer), 0);
                assert_int_equal(buffer.length, 64 + extra);
                assert_int_equal(marshal_parser_new(&parser, 64), 0);
                assert_int_equal(marshal_parser_feed(parser, buffer.data, buffer.length), 0);
                assert_int_equal(marshal_parser_next(parser, &record), extra ? -EMSGSIZE : 1);
                buffer_done(&buffer);
        }
}

/* Many tiny fields are bounded in number, not only in bytes; feeding without taking is bounded too. */
static void test_field_and_feed_limit(void **state) {
        _cleanup_(marshal_parser_freep) MarshalParser *parser = NULL;
        static const char field[] = "s\0\0\0\0s\0\0\0\0";
        MarshalRecord record;
        int r = 0;

        assert_int_equal(marshal_parser_new(&parser, 0), 0);
        assert_int_equal(marshal_parser_feed(parser, "{", 1), 0);
        for (size_t i = 0; i < MARSHAL_FIELDS_MAX; i++) {
                r = marshal_parser_feed(parser, field, sizeof(field) - 1);
                assert_int_equal(r, 0);
        }
        assert_int_equal(marshal_parser_next(parser, &record), 0);
        assert_int_equal(marshal_parser_feed(parser, field, sizeof(field) - 1), 0);
        assert_int_equal(marshal_parser_next(parser, &record), -EMSGSIZE);
        do {
                r = marshal_parser_feed(parser, (char[65536]) {}, 65536);
        } while (r == 0);
        assert_int_equal(r, -ENOBUFS);
}

static void test_indexed(void **state) {
        _cleanup_(marshal_parser_freep) MarshalParser *parser = NULL;
        Buffer buffer = {};
        MarshalRecord record;
        char key[32], value[32];

        assert_int_equal(marshal_write_begin(&buffer), 0);
        assert_int_equal(marshal_write_field(&buffer, "rev", "none", 4), 0);
        for (unsigned i = 0; i < 50000; i++) {
                (void) snprintf(key, sizeof(key), "depotFile%u", i);
                (void) snprintf(value, sizeof(value), "//demo/main/%u", i);
                assert_int_equal(marshal_write_field(&buffer, key, value, strlen(value)), 0);
                (void) snprintf(key, sizeof(key), "rev%u", i);
                assert_int_equal(marshal_write_field(&buffer, key, "1", 1), 0);
        }
        assert_int_equal(marshal_write_end(&buffer), 0);
        assert_int_equal(marshal_parser_new(&parser, 0), 0);
        for (size_t at = 0; at < buffer.length; at += 65536) {
                size_t left = buffer.length - at, size = left < 65536 ? left : 65536;

                assert_int_equal(marshal_parser_feed(parser, buffer.data + at, size), 0);
                assert_int_equal(marshal_parser_next(parser, &record), left <= 65536);
        }
        for (unsigned i = 0; i < 50000; i++) { /* in order this is quick; quadratic it would take minutes */
                (void) snprintf(value, sizeof(value), "//demo/main/%u", i);
                assert_string_equal(marshal_record_get_indexed(&record, "depotFile", i), value);
        }
        assert_string_equal(marshal_record_get_indexed(&record, "depotFile", 3), "//demo/main/3");
        assert_string_equal(marshal_record_get(&record, "rev"), "none");
        assert_null(marshal_record_get_indexed(&record, "depotFile", 50000));
        assert_null(marshal_record_get_indexed(&(MarshalRecord) {}, "depotFile", 0));
        buffer_done(&buffer);
}

static void test_writer(void **state) {
        Buffer buffer = {}, small = { .max = 8 };

        assert_int_equal(marshal_write_begin(&buffer), 0);
        assert_int_equal(marshal_write_field(&buffer, "View0", "//a/\xff... //c/...", 16), 0);
        assert_int_equal(marshal_write_field(&buffer, "Empty", NULL, 0), 0);
        assert_int_equal(marshal_write_end(&buffer), 0);
        assert_int_equal(buffer.length, 1 + 10 + 21 + 10 + 5 + 1);
        assert_memory_equal(buffer.data,
                            "{s\5\0\0\0View0s\20\0\0\0//a/\xff... //c/..."
                            "s\5\0\0\0Emptys\0\0\0\0000",
                            buffer.length);
        assert_int_equal(marshal_write_field(&small, "a key", "a value", 7), -ENOBUFS);
        buffer_done(&buffer);
        buffer_done(&small);
}

static long peak_kib(void) {
        struct rusage usage;

        assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
        return usage.ru_maxrss;
}

/* 300,000 records cost what one costs. */
static void test_constant_memory(void **state) {
        _cleanup_(marshal_parser_freep) MarshalParser *parser = NULL;
        char chunk[64 * (sizeof(SAMPLE) - 1)];
        size_t n = 0;
        long before;

        for (size_t at = 0; at < sizeof(chunk); at += sizeof(SAMPLE) - 1) {
                memcpy(chunk + at, SAMPLE, sizeof(SAMPLE) - 1);
        }
        assert_int_equal(marshal_parser_new(&parser, 0), 0);
        before = peak_kib();
        for (size_t i = 0; i < 300000 / 64; i++) {
                MarshalRecord record;

                assert_int_equal(marshal_parser_feed(parser, chunk, sizeof(chunk)), 0);
                while (marshal_parser_next(parser, &record) > 0) {
                        n++;
                }
        }
        assert_int_equal(n, 300000 / 64 * 64);
        assert_true(peak_kib() - before < 1024);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_any_cut),
                cmocka_unit_test(test_bad_bytes),
                cmocka_unit_test(test_record_limit),
                cmocka_unit_test(test_constant_memory),
                cmocka_unit_test(test_field_and_feed_limit),
                cmocka_unit_test(test_indexed),
                cmocka_unit_test(test_writer),
        };

        return cmocka_run_group_tests_name("marshal", tests, NULL, NULL);
}
