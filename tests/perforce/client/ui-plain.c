/*
 * The plain format and its two relatives: -F (every record and message through a template) and --field (the
 * form of a record with fields changed).
 */
#include "specdef.h"
#include "template.h"
#include "ui.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum {
        INPUT_MAX = 15 * 1024 * 1024, /* a form has to fit into a frame */
};

void plain_info(Ui *ui, unsigned level, Str line) {
        if (ui->quiet) {
                return;
        }
        if (level == 1) {
                ui_print(STR("... "));
        } else if (level == 2) {
                ui_print(STR("... ... "));
        }
        ui_print(line);
        (void) putc_unlocked('\n', stdout);
}

void plain_text(Ui *ui, Str data) {
        ui_print(data);
}

/* Information goes the way of information, with the generic code as its level; the rest to stderr. */
void plain_message(Ui *ui, const Message *message) {
        buffer_clear(&ui->scratch);
        if (message_severity(message) == SEVERITY_INFO) {
                message_render(message, &ui->scratch, false, false);
                ui_info(ui, message_generic(message), buffer_str(&ui->scratch));
        } else {
                message_render(message, &ui->scratch, false, true);
                ui_complain(str_until_nul(buffer_str(&ui->scratch)));
        }
}

void plain_record(Ui *ui, const Dict *record) {
        for (size_t i = 0; i < record->n_pairs; i++) {
                const Pair *pair = &record->pairs[i];

                if (record_key_is_hidden(pair->key)) {
                        continue;
                }
                buffer_clear(&ui->scratch);
                buffer_append_str(&ui->scratch, pair->key);
                buffer_append_char(&ui->scratch, ' ');
                buffer_append_str(&ui->scratch, pair->value);
                ui_info(ui, str_starts(pair->key, "other") ? 2 : 1, buffer_str(&ui->scratch));
        }
        ui_info(ui, 0, STR(""));
}

/* Lines up to one of a single dot: several forms in one stdin. */
static int read_chained(Buffer *ret_data) {
        char line[2048];

        while (ret_data->length < INPUT_MAX && fgets(line, sizeof(line), stdin)) {
                if (line[0] == '.' && (line[1] == '\n' || line[1] == '\r')) {
                        break;
                }
                buffer_append_text(ret_data, line);
        }
        return 0;
}

int plain_input(Ui *ui, const Str *specdef, Buffer *ret_data) {
        return ui->chained ? read_chained(ret_data) : buffer_read_fd(ret_data, STDIN_FILENO, INPUT_MAX);
}

const UiFormat ui_format_plain = {
        .message = plain_message,
        .info = plain_info,
        .text = plain_text,
        .binary = plain_text,
        .record = plain_record,
        .input = plain_input,
};

static void expand_record(Ui *ui, const Dict *record) {
        buffer_clear(&ui->scratch);
        template_expand(&ui->scratch, ui->expand, record);
        if (ui->scratch.length > 0) {
                buffer_append_char(&ui->scratch, '\n');
                ui_print(buffer_str(&ui->scratch));
        }
}

static void expand_message(Ui *ui, const Message *message) {
        expand_record(ui, message->values);
}

const UiFormat ui_format_expand = {
        .message = expand_message,
        .info = plain_info,
        .text = plain_text,
        .binary = plain_text,
        .record = expand_record,
        .input = plain_input,
};

/* Only the first record is a form; the rest of a listing would repeat the complaint. */
static void field_record(Ui *ui, const Dict *record) {
        _cleanup_(message_done) Message message = {};
        int r;

        if (ui->fields_done) {
                return;
        }
        ui->fields_done = true;
        buffer_clear(&ui->scratch);
        r = specdef_change_fields(record, ui->fields, &ui->scratch, &message);
        if (r == 0) {
                ui_text(ui, buffer_str(&ui->scratch));
        } else if (message_is_set(&message)) {
                plain_message(ui, &message);
        } else if (r == -ENOENT) {
                ui_complain(STR("This command did not return a spec.  Try 'p4 (spectype) -o'?\n"));
        } else {
                ui_complain(STR("Usage: --field Field=value\n"));
        }
}

const UiFormat ui_format_field = {
        .message = plain_message,
        .info = plain_info,
        .text = plain_text,
        .binary = plain_text,
        .record = field_record,
        .input = plain_input,
};
