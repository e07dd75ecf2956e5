#include "services/ctl_output.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"

#define ANSWER_MAX ((size_t) 512 * 1024 * 1024)

void ctl_json_begin(CtlJson *json) {
        json->buffer = (Buffer) { .max = ANSWER_MAX };
        json_start(&json->writer, &json->buffer);
}

int ctl_json_print(CtlJson *json) {
        int r = json_finish(&json->writer);

        if (r >= 0) {
                (void) fwrite(json->buffer.data, 1, json->buffer.length, stdout);
                (void) putchar('\n');
        } else {
                (void) log_error(r, "Failed to build the answer: %s", strerror(-r));
        }
        buffer_done(&json->buffer);
        return r < 0;
}
