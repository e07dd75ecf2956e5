/* libFuzzer target: any text as JSON. What is taken can be written and taken again, to the same text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/string_util.h"
#include "formats/json_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(json_value_freep) JsonValue *value = NULL, *again = NULL;
        _cleanup_free_ char *message = NULL, *text = NULL, *twice = NULL;
        int r = json_read((const char *) data, size, &value, &message);

        if (r < 0) {
                if (r != -EBADMSG || string_is_empty(message) || value) {
                        abort();
                }
                return 0;
        }
        if (message || json_value_format(value, &text) < 0 ||
            json_read(text, strlen(text), &again, &message) < 0 || json_value_format(again, &twice) < 0 ||
            !string_equal(text, twice)) {
                abort();
        }
        return 0;
}
