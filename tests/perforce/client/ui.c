/*
 * See ui.h: what all formats have in common.
 */
#include "ui.h"

#include <errno.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

enum {
        PROMPT_LINE_MAX = 2048, /* with its NUL: the product's */
};

void ui_done(Ui *ui) {
        buffer_done(&ui->scratch);
        buffer_done(&ui->echo);
}

void ui_message(Ui *ui, const Message *message) {
        Severity severity = message_severity(message);

        if (severity == SEVERITY_EMPTY) {
                return;
        }
        ui->n_failed += severity >= SEVERITY_FAILED;
        ui->n_fatal += severity >= SEVERITY_FATAL;
        ui->format->message(ui, message);
}

void ui_info(Ui *ui, unsigned level, Str line) {
        ui->format->info(ui, level, str_until_nul(line));
}

void ui_text(Ui *ui, Str data) {
        ui->format->text(ui, data);
}

void ui_binary(Ui *ui, Str data) {
        ui->format->binary(ui, data);
}

void ui_record(Ui *ui, const Dict *record) {
        ui->format->record(ui, record);
}

int ui_input(Ui *ui, const Str *specdef, Buffer *ret_data) {
        return ui->format->input(ui, specdef, ret_data);
}

void ui_print(Str data) {
        (void) fwrite_unlocked(data.data, 1, data.length, stdout);
}

void ui_complain(Str data) {
        (void) fflush(stdout);
        (void) fwrite(data.data, 1, data.length, stderr);
}

/* Switches the terminal's echo; false if stdin is none. */
static bool set_echo(bool on) {
        struct termios settings;

        if (tcgetattr(STDIN_FILENO, &settings) < 0) {
                return false;
        }
        settings.c_lflag = on ? settings.c_lflag | ECHO : settings.c_lflag & ~(tcflag_t) ECHO;
        return tcsetattr(STDIN_FILENO, TCSANOW, &settings) == 0;
}

int ui_prompt(Ui *ui, Str prompt, bool no_echo, Buffer *ret_line) {
        char line[PROMPT_LINE_MAX];
        bool switched;
        char *got;

        if (!ui->format->hides_prompt) {
                ui_print(prompt);
        }
        (void) fflush(stdout);
        switched = no_echo && set_echo(false);
        got = fgets(line, sizeof(line), stdin);
        if (switched) {
                (void) set_echo(true);
        }
        if (no_echo) {
                ui_print(STR("\n")); /* in place of the user's own, terminal or not */
        }
        if (!got) {
                return -ENODATA;
        }
        buffer_append(ret_line, line, strcspn(line, "\n"));
        return 0;
}

bool record_key_is_hidden(Str key) {
        return str_is(key, "func") || str_is(key, "specFormatted");
}
