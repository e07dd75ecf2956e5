/* What a program that runs as a unit and by hand has to say at its end: a journal record, and a line for
 * whoever called it by hand. */
#pragma once

#include "base/macro.h"

typedef struct Report {
        int priority;           /* LOG_LEVEL_… */
        const char *message_id; /* WEIR_MESSAGE_…; NULL: none */
        const char *server, *stream, *lock, *holder;
} Report;

/* Sends the record with the fields that are given, and makes it the unit's status line. Where standard output is not the journal, the sentence
 * is printed there, too (warnings and errors: on standard error). */
void report(const Report *report, const char *format, ...) _printf_(2, 3);
