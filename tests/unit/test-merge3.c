/* Three-way merges: own vectors, Perforce's where they are, odd and large texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fd_util.h"
#include "base/string_util.h"
#include "domain/line_diff.h"
#include "domain/merge3.h"
#include "formats/json_reader.h"

#define OWN "tests/perforce/data/merge.jsonl"
#define VECTORS "../shared/reference/perforce/vectors/"

static MergeSide side(const char *text, const char *name) {
        return (MergeSide) { text, strlen(text), name };
}

/* Of the three texts, in the markers. */
static const char *names[] = { "B", "T", "Y" };

static int merge_texts(const char *base, const char *theirs, const char *yours, Buffer *out,
                       MergeCounts *counts) {
        const MergeSide sides[] = { side(base, names[0]), side(theirs, names[1]), side(yours, names[2]) };
        return merge3(&sides[0], &sides[1], &sides[2], out, counts);
}

static void check(const char *base, const char *theirs, const char *yours, const MergeCounts *expected,
                  const char *result) {
        Buffer out = {};
        MergeCounts counts = {};
        assert_int_equal(merge_texts(base, theirs, yours, &out, &counts), 0);
        if (out.length != strlen(result) || memcmp(out.data ? out.data : "", result, out.length) != 0 ||
            memcmp(&counts, expected, sizeof(counts)) != 0) {
                print_error("base:\n%stheirs:\n%syours:\n%sgot %u+%u+%u+%u:\n%sexpected:\n%s", base, theirs,
                            yours, counts.yours, counts.theirs, counts.both, counts.conflicting,
                            out.data ? out.data : "", result);
                fail();
        }
        buffer_done(&out);
}

/* "1 2_3": a line for each word. */
static char *lines_of(const char *words) {
        char *text = NULL;
        assert_int_equal(string_format(&text, "%s%s", words, *words ? "\n" : ""), 0);
        for (char *c = text; *c; c++) {
                *c = *c == ' ' ? '\n' : *c == '_' ? ' ' : *c;
        }
        return text;
}

static void check_own(const JsonValue *row) {
        static const char *const keys[] = { "base", "theirs", "yours", "text" };
        char *texts[ELEMENTSOF(keys)];
        const JsonValue *counts = json_value_get(row, "counts");
        uint32_t n[4];
        for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
                char *text = NULL;
                assert_int_equal(string_copy(&text, json_value_string(json_value_get(row, keys[i]))), 0);
                texts[i] = lines_of(text);
                n[i] = (uint32_t) json_value_int(json_value_at(counts, i), 0);
                free(text);
        }
        check(texts[0], texts[1], texts[2], &(MergeCounts) { n[0], n[1], n[2], n[3] }, texts[3]);
        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                free(texts[i]);
        }
}

static uint32_t chunk(const JsonValue *row, const char *name) {
        return (uint32_t) json_value_int(json_value_get(json_value_get(row, "chunks"), name), -1);
}

static void check_vector(const JsonValue *row) {
        const MergeCounts counts = { chunk(row, "yours"), chunk(row, "theirs"), chunk(row, "both"),
                                     chunk(row, "conflicting") };
        check(json_value_string(json_value_get(row, "base")),
              json_value_string(json_value_get(row, "theirs")),
              json_value_string(json_value_get(row, "yours")), &counts,
              json_value_string(json_value_get(row, "result")));
}

/* Rows that merge with other flags than none are another merge. Returns how many were checked. */
static size_t replay(const char *path, void (*function)(const JsonValue *row)) {
        _cleanup_free_ char *text = NULL;
        char *rest;
        size_t length, n = 0;
        if (file_read(path, 64 * 1024 * 1024, &text, &length) < 0) {
                return 0;
        }
        for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
                _cleanup_(json_value_freep) JsonValue *row = NULL;
                _cleanup_free_ char *message = NULL;
                assert_int_equal(json_read(line, strlen(line), &row, &message), 0);
                const char *flags = json_value_string(json_value_get(row, "flags"));
                if (json_value_get(row, "base") && string_is_empty(flags)) {
                        function(row);
                        n++;
                }
        }
        return n;
}

static void test_own(void **state) {
        static const char *const theirs[] = { "b", "t", "y" };
        memcpy(names, theirs, sizeof(names));
        assert_true(replay(OWN, check_own) > 5);
        memcpy(names, (const char *const[]) { "B", "T", "Y" }, sizeof(names));
}

static void test_vectors(void **state) {
        size_t n = replay(VECTORS "merge-curated.jsonl", check_vector);
        if (n == 0) {
                skip();
        }
        assert_true(n > 20);
        assert_true(replay(VECTORS "merge-random.jsonl", check_vector) > 100);
}

static void test_odd_texts(void **state) {
        static const struct {
                const char *base, *theirs, *yours, *result;
                MergeCounts counts;
        } rows[] = {
                { "", "", "", "", { 0, 0, 0, 0 } },
                { "", "a\n", "", "a\n", { 0, 1, 0, 0 } },
                { "a", "a\nb", "a", "a\nb", { 0, 1, 0, 0 } },
                { "\xff\n", "\xfe\n", "\xff\n", "\xfe\n", { 0, 1, 0, 0 } },
                { "1\n2\n",
                  "1\nt",
                  "1\ny",
                  "1\n>>>> ORIGINAL B\n2\n==== THEIRS T\nt\n==== YOURS Y\ny",
                  { 0, 0, 0, 1 } },
                { "1\r\n2\r\n3\r\n",
                  "1\r\nt\r\n3\r\n",
                  "1\r\ny\r\n3\r\n",
                  "1\r\n>>>> ORIGINAL B\n2\r\n==== THEIRS T\nt\r\n==== YOURS Y\ny\r\n<<<<\n3\r\n",
                  { 0, 0, 0, 1 } },
        };
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                check(rows[i].base, rows[i].theirs, rows[i].yours, &rows[i].counts, rows[i].result);
        }
}

/* A file added on both sides has no base, and no name of one. */
static void test_without_base(void **state) {
        const MergeSide base = { "", 0, NULL }, theirs = side("a\nb\n", "T"), yours = side("a\nc\n", "Y");
        Buffer out = {};
        MergeCounts counts;
        assert_int_equal(merge3(&base, &theirs, &yours, &out, &counts), 0);
        assert_string_equal(out.data, "a\n>>>> ORIGINAL\n==== THEIRS T\nb\n==== YOURS Y\nc\n");
        assert_int_equal(counts.conflicting, 1);
        buffer_done(&out);
}

static void append_numbers(Buffer *buffer, unsigned seed, size_t n) {
        for (size_t i = 0; i < n; i++) {
                seed = seed * 1103515245 + 12345;
                assert_int_equal(buffer_append_format(buffer, "%u\n", seed >> 16 & 0xfff), 0);
        }
}

/* Nothing in common, in as many lines as may be: it ends, and both are there. */
static void test_large(void **state) {
        Buffer base = {}, theirs = {}, yours = {}, out = {};
        append_numbers(&base, 1, 30000);
        append_numbers(&theirs, 2, 30000);
        append_numbers(&yours, 3, 30000);
        const MergeSide sides[] = { { base.data, base.length, "B" },
                                    { theirs.data, theirs.length, "T" },
                                    { yours.data, yours.length, "Y" } };
        assert_int_equal(merge3(&sides[0], &sides[1], &sides[2], &out, NULL), 0);
        assert_true(out.length > theirs.length / 2);
        buffer_clear(&out);
        append_numbers(&yours, 4, MERGE3_LINES_MAX);
        const MergeSide many = { yours.data, yours.length, "Y" };
        assert_int_equal(merge3(&sides[0], &sides[1], &many, &out, NULL), -E2BIG);
        buffer_done(&base);
        buffer_done(&theirs);
        buffer_done(&yours);
        buffer_done(&out);
}

static void test_bound(void **state) {
        Buffer out = { .max = 4 };
        assert_int_equal(merge_texts("a\n", "b\n", "c\n", &out, NULL), -ENOBUFS);
        buffer_done(&out);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_own),       cmocka_unit_test(test_vectors),
                cmocka_unit_test(test_odd_texts), cmocka_unit_test(test_without_base),
                cmocka_unit_test(test_large),     cmocka_unit_test(test_bound),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
