/* Tables for people: column widths come from the content, cut to the terminal; piped, nothing is cut. Cells are made printable. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/macro.h"

typedef struct CtlColumn {
        const char *title;
        bool is_right;   /* numbers */
        bool may_shrink; /* cut this one when the terminal is too narrow */
        bool is_text;    /* sentences: their lines are joined */
} CtlColumn;

/* What may be shown to a person on one line: servers answer with several lines, which become one; the rest as
 * string_printable() has it. */
int ctl_printable(char **ret, const char *text, size_t max_bytes);

typedef struct CtlTable CtlTable;
int ctl_table_new(const CtlColumn *columns, size_t n_columns,
                  CtlTable **ret); /* columns are kept by reference */
CtlTable *ctl_table_free(CtlTable *table);
DEFINE_TRIVIAL_CLEANUP_FUNC(CtlTable *, ctl_table_free);

/* Adds one row; cells has n_columns entries, NULL shows "-". Copied. */
int ctl_table_add(CtlTable *table, const char *const *cells);
size_t ctl_table_rows(const CtlTable *table);
int ctl_table_print(const CtlTable *table); /* to stdout */
