/*
 * -G (Python marshal) and -Mj (JSON lines): every piece of output is one object, in stdout.
 */
#include "json.h"
#include "marshal.h"
#include "specdef.h"
#include "ui.h"

#include <stdio.h>

/* A record of the server as the user gets it: without the client's own keys. The definition of a form
 * stays only if the server did not format the fields by it. */
static bool is_shown(const Dict *record, Str key) {
        return !record_key_is_hidden(key) && (!str_is(key, "specdef") || !dict_has(record, "specFormatted"));
}

static void marshal_write(Ui *ui) {
        marshal_end(&ui->scratch);
        ui_print(buffer_str(&ui->scratch));
        buffer_clear(&ui->scratch);
}

static void marshal_start(Ui *ui, const char *code) {
        buffer_clear(&ui->scratch);
        marshal_begin(&ui->scratch);
        marshal_add(&ui->scratch, STR("code"), str_from(code));
}

static void marshal_info(Ui *ui, unsigned level, Str line) {
        marshal_start(ui, "info");
        marshal_add_number(&ui->scratch, STR("level"), (int32_t) level);
        marshal_add(&ui->scratch, STR("data"), line);
        marshal_write(ui);
}

static void marshal_message(Ui *ui, const Message *message) {
        _cleanup_(buffer_done) Buffer text = {};
        bool info = message_severity(message) == SEVERITY_INFO;

        message_render(message, &text, false, !info);
        if (info) {
                ui_info(ui, message_generic(message), buffer_str(&text));
                return;
        }
        marshal_start(ui, "error");
        marshal_add(&ui->scratch, STR("data"), buffer_str(&text));
        marshal_add_number(&ui->scratch, STR("severity"), message_severity(message));
        marshal_add_number(&ui->scratch, STR("generic"), (int32_t) message_generic(message));
        marshal_write(ui);
}

static void marshal_data(Ui *ui, const char *code, Str data) {
        marshal_start(ui, code);
        marshal_add(&ui->scratch, STR("data"), data);
        marshal_write(ui);
}

static void marshal_text(Ui *ui, Str data) {
        marshal_data(ui, "text", data);
}

static void marshal_binary(Ui *ui, Str data) {
        marshal_data(ui, "binary", data);
}

static void marshal_record(Ui *ui, const Dict *record) {
        marshal_start(ui, "stat");
        for (size_t i = 0; i < record->n_pairs; i++) {
                if (is_shown(record, record->pairs[i].key)) {
                        marshal_add(&ui->scratch, record->pairs[i].key, record->pairs[i].value);
                }
        }
        marshal_write(ui);
}

/* The form is rebuilt from the dictionary on stdin. What is no dictionary is complained about, and the
 * server gets an empty form to complain about too. */
static int marshal_input(Ui *ui, const Str *specdef, Buffer *ret_data) {
        _cleanup_(buffer_done) Buffer input = {};
        _cleanup_(dict_done) Dict fields = {};
        _cleanup_(message_done) Message message = {};
        unsigned mistakes;
        int r;

        if (!specdef) {
                return plain_input(ui, specdef, ret_data);
        }
        r = plain_input(ui, specdef, &input);
        if (r < 0) {
                return r;
        }
        mistakes = marshal_read(buffer_str(&input), &fields);
        for (unsigned i = 0; i < mistakes; i++) {
                message_add(&message, &MSG_BAD_MARSHAL);
        }
        if (mistakes > 0) {
                /* Not counted by the product either: the exit status comes of what the server says to it. */
                ui->format->message(ui, &message);
                return 0;
        }
        specdef_format(*specdef, &fields, ret_data);
        return 0;
}

const UiFormat ui_format_marshal = {
        .message = marshal_message,
        .info = marshal_info,
        .text = marshal_text,
        .binary = marshal_binary,
        .record = marshal_record,
        .input = marshal_input,
};

/* One line; then whatever the product would repeat. */
static void json_write(Ui *ui) {
        buffer_append_char(&ui->scratch, '\n');
        ui_print(buffer_str(&ui->scratch));
        ui_print(buffer_str(&ui->echo));
        buffer_clear(&ui->scratch);
}

static void json_data(Ui *ui, Str data, const char *numbers) {
        buffer_clear(&ui->scratch);
        buffer_append_text(&ui->scratch, "{\"data\":");
        json_append_string(&ui->scratch, data);
        buffer_append_text(&ui->scratch, numbers);
        buffer_append_char(&ui->scratch, '}');
        json_write(ui);
}

static void json_info(Ui *ui, unsigned level, Str line) {
        char numbers[64];

        (void) snprintf(numbers, sizeof(numbers), ",\"level\":%u", level);
        json_data(ui, line, numbers);
}

static void json_message(Ui *ui, const Message *message) {
        _cleanup_(buffer_done) Buffer text = {};
        bool info = message_severity(message) == SEVERITY_INFO;
        char numbers[64];

        message_render(message, &text, false, !info);
        if (info) {
                ui_info(ui, message_generic(message), buffer_str(&text));
                return;
        }
        (void) snprintf(numbers, sizeof(numbers), ",\"generic\":%u,\"severity\":%u",
                        message_generic(message), (unsigned) message_severity(message));
        json_data(ui, buffer_str(&text), numbers);
}

static void json_text(Ui *ui, Str data) {
        json_data(ui, data, "");
}

static void json_record(Ui *ui, const Dict *record) {
        _cleanup_(dict_done) Dict shown = {};

        for (size_t i = 0; i < record->n_pairs; i++) {
                if (is_shown(record, record->pairs[i].key)) {
                        dict_add(&shown, record->pairs[i].key, record->pairs[i].value);
                }
        }
        buffer_clear(&ui->scratch);
        json_append_object(&ui->scratch, &shown);
        json_write(ui);
}

/* The product has no reader for this format: the form is empty, and what stdin held comes out again
 * behind every object that follows. */
static int json_input(Ui *ui, const Str *specdef, Buffer *ret_data) {
        static const Dict nothing;
        int r;

        if (!specdef) {
                return plain_input(ui, specdef, ret_data);
        }
        r = plain_input(ui, specdef, &ui->echo);
        if (r == 0) {
                specdef_format(*specdef, &nothing, ret_data);
        }
        return r;
}

const UiFormat ui_format_json = {
        .message = json_message,
        .info = json_info,
        .text = json_text,
        .binary = json_text,
        .record = json_record,
        .input = json_input,
        .hides_prompt = true,
};
