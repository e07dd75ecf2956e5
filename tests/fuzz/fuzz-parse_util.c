/* libFuzzer target: any text as a number, a span, a size. What is taken must be printable and be taken again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse_util.h"
#include "base/string_util.h"
#include "base/time_util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int r) {
        if (r != 0 && r != -EINVAL && r != -ERANGE) {
                abort();
        }
}

static void check_span(const char *text) {
        char formatted[TIME_TEXT_MAX];
        uint64_t usec, again;
        int r = parse_span(text, &usec);

        check(r);
        if (r == 0 && (parse_span(time_format_span(formatted, usec), &again) < 0 || again > usec)) {
                abort();
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_free_ char *text = strndup((const char *) data, size), *printable = NULL;
        uint64_t u64;
        uint32_t u32;
        int64_t i64;
        bool flag;

        if (!text) {
                return 0;
        }
        check_span(text);
        check(parse_bytes(text, &u64));
        check(parse_uint64(text, &u64));
        check(parse_int64(text, &i64));
        check(parse_uint32(text, &u32));
        check(parse_bool(text, &flag));
        if (string_printable(&printable, text, 100) < 0 || strlen(printable) > 100 ||
            !string_is_utf8(printable, strlen(printable))) {
                abort();
        }
        return 0;
}
