/*
 * What the user sees. A Ui has one format, chosen by the global options; everything that is printed or read
 * in the course of a command goes through it. Formats are tables of functions (ui-plain.c, ui-tagged.c,
 * ui-marshal.c).
 */
#pragma once

#include "message.h"

typedef struct Ui Ui;

typedef struct UiFormat {
        void (*message)(Ui *ui, const Message *message);
        void (*info)(Ui *ui, unsigned level, Str line);
        void (*text)(Ui *ui, Str data);
        void (*binary)(Ui *ui, Str data);
        void (*record)(Ui *ui, const Dict *record);
        /* Reads what -i wants from stdin; `specdef` is the form's definition or NULL. */
        int (*input)(Ui *ui, const Str *specdef, Buffer *ret_data);
        bool hides_prompt;
} UiFormat;

extern const UiFormat ui_format_plain, ui_format_expand, ui_format_field, ui_format_tagged, ui_format_codes,
                ui_format_marshal, ui_format_json;

struct Ui {
        const UiFormat *format;
        bool quiet;                /* -q: the plain formats leave out what is not a warning or an error */
        bool chained;              /* -x FILE run: a form ends with a line of one dot */
        Str expand;                /* -F */
        const char *const *fields; /* --field, ended by NULL */
        bool fields_done;
        unsigned n_failed; /* messages of severity failed and above */
        unsigned n_fatal;
        Buffer scratch;
        Buffer echo; /* what -Mj repeats after each object: the form it was given and did not read */
};

void ui_done(Ui *ui);

/* Shows it and counts it. */
void ui_message(Ui *ui, const Message *message);

/* One line of information without its newline; 0, 1 or 2 from the server, a generic code from a message. */
void ui_info(Ui *ui, unsigned level, Str line);
void ui_text(Ui *ui, Str data);
void ui_binary(Ui *ui, Str data);
void ui_record(Ui *ui, const Dict *record);
int ui_input(Ui *ui, const Str *specdef, Buffer *ret_data);

/* Asks for one line on stdin. Returns 0, or -ENODATA at its end. */
int ui_prompt(Ui *ui, Str prompt, bool no_echo, Buffer *ret_line);

/* For the formats: to stdout, and to stderr after what stdout holds. */
void ui_print(Str data);
void ui_complain(Str data);

/* Parts of the plain format that others build on. */
void plain_info(Ui *ui, unsigned level, Str line);
void plain_text(Ui *ui, Str data);
void plain_record(Ui *ui, const Dict *record);
void plain_message(Ui *ui, const Message *message);
int plain_input(Ui *ui, const Str *specdef, Buffer *ret_data);

/* Fields of a record that are for the client and not for the user. */
bool record_key_is_hidden(Str key);
