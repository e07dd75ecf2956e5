/*
 * -s: everything on stdout, each line behind the word for what it is. -e: the same, followed by the codes
 * and arguments of each message.
 */
#include "ui.h"

#include <stdio.h>

/* Every line of data behind the tag; a last line without a newline gets one. */
static void print_tagged(const char *tag, Str data) {
        while (data.length > 0) {
                const char *newline = memchr(data.data, '\n', data.length);
                size_t length = newline ? (size_t) (newline - data.data) + 1 : data.length;

                ui_print(str_from(tag));
                ui_print(STR(": "));
                ui_print(str_sub(data, 0, length));
                if (!newline) {
                        ui_print(STR("\n"));
                }
                data = str_sub(data, length, data.length - length);
        }
}

static void tagged_info(Ui *ui, unsigned level, Str line) {
        print_tagged(level == 1 ? "info1" : level == 2 ? "info2" : "info", line);
}

static void tagged_message(Ui *ui, const Message *message) {
        if (message_severity(message) == SEVERITY_INFO) {
                plain_message(ui, message);
                return;
        }
        buffer_clear(&ui->scratch);
        message_render(message, &ui->scratch, false, true);
        print_tagged(severity_to_string(message_severity(message)), buffer_str(&ui->scratch));
}

static void tagged_text(Ui *ui, Str data) {
        print_tagged("text", data);
}

const UiFormat ui_format_tagged = {
        .message = tagged_message,
        .info = tagged_info,
        .text = tagged_text,
        .binary = plain_text,
        .record = plain_record,
        .input = plain_input,
};

static void print_codes(const Message *message) {
        for (size_t i = 0; i < message->n_ids; i++) {
                uint32_t code = message->codes[i];

                (void) printf("code%zu %d (sub %u sys %u gen %u args %u sev %u uniq %u)\n", i, (int) code,
                              code & 0x3ff, code >> 10 & 0x3f, code >> 16 & 0xff, code >> 24 & 0x0f,
                              code >> 28, code & 0xffff);
        }
}

static void codes_message(Ui *ui, const Message *message) {
        Ui plain = { .format = &ui_format_plain };

        tagged_message(ui, message);
        print_codes(message);
        plain_record(&plain, message->values);
        ui_done(&plain);
}

const UiFormat ui_format_codes = {
        .message = codes_message,
        .info = tagged_info,
        .text = tagged_text,
        .binary = plain_text,
        .record = plain_record,
        .input = plain_input,
};
