#include "services/ctl_table.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "base/string_util.h"

#define CELL_MAX 4096
#define GAP 2

struct CtlTable {
        const CtlColumn *columns;
        size_t n_columns;
        char **cells; /* row after row */
        size_t n_cells, allocated;
};

int ctl_printable(char **ret, const char *text, size_t max_bytes) {
        _cleanup_free_ char *line = NULL;
        int r = string_copy(&line, text);

        if (r < 0) {
                return r;
        }
        for (char *at = line; (at = strchr(at, '\n'));) {
                *at = ' ';
        }
        return string_printable(ret, line, max_bytes);
}

int ctl_table_new(const CtlColumn *columns, size_t n_columns, CtlTable **ret) {
        CtlTable *table = calloc(1, sizeof *table);

        if (!table) {
                return -ENOMEM;
        }
        table->columns = columns;
        table->n_columns = n_columns;
        *ret = table;
        return 0;
}

CtlTable *ctl_table_free(CtlTable *table) {
        if (!table) {
                return NULL;
        }
        for (size_t i = 0; i < table->n_cells; i++) {
                free(table->cells[i]);
        }
        free(table->cells);
        free(table);
        return NULL;
}

static int reserve_row(CtlTable *table) {
        size_t allocated = table->allocated ? table->allocated * 2 : 32 * table->n_columns;
        char **cells;

        if (table->n_cells + table->n_columns <= table->allocated) {
                return 0;
        }
        cells = reallocarray(table->cells, allocated, sizeof *cells);
        if (!cells) {
                return -ENOMEM;
        }
        table->cells = cells;
        table->allocated = allocated;
        return 0;
}

int ctl_table_add(CtlTable *table, const char *const *cells) {
        int r = reserve_row(table);

        for (size_t i = 0; r >= 0 && i < table->n_columns; i++) {
                const char *cell = cells[i] ? cells[i] : "-";
                char **to = &table->cells[table->n_cells];

                r = table->columns[i].is_text ? ctl_printable(to, cell, CELL_MAX) :
                                                string_printable(to, cell, CELL_MAX);
                if (r >= 0) {
                        table->n_cells++;
                }
        }
        return r < 0 ? r : 0;
}

size_t ctl_table_rows(const CtlTable *table) {
        return table->n_cells / table->n_columns;
}

/* Width of one character on a terminal, and its bytes. In a locale that does not know the character a byte counts as a column. */
static int character_width(const char *text, size_t *ret_bytes) {
        mbstate_t state = {};
        wchar_t character;
        size_t n = mbrtowc(&character, text, strlen(text), &state);
        int width;

        if (n == 0 || n == SIZE_MAX || n == SIZE_MAX - 1) {
                *ret_bytes = 1;
                return 1;
        }
        width = wcwidth(character);
        *ret_bytes = n;
        return width < 0 ? 1 : width;
}

static size_t text_width(const char *text) {
        size_t width = 0, n;

        for (; *text; text += n) {
                width += (size_t) character_width(text, &n);
        }
        return width;
}

/* Bytes of text that fit into width columns. */
static size_t text_cut(const char *text, size_t width) {
        size_t bytes = 0, used = 0, n;

        while (text[bytes]) {
                size_t w = (size_t) character_width(text + bytes, &n);

                if (used + w > width) {
                        break;
                }
                used += w;
                bytes += n;
        }
        return bytes;
}

/* A pipe is as wide as anything (half the range, so that sums do not overflow). */
static size_t terminal_width(void) {
        struct winsize size;

        if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0) {
                return SIZE_MAX / 2;
        }
        return size.ws_col;
}

static void fit(const CtlTable *table, size_t *widths) {
        size_t total = 0, limit = terminal_width();

        for (size_t c = 0; c < table->n_columns; c++) {
                widths[c] = text_width(table->columns[c].title);
                for (size_t i = c; i < table->n_cells; i += table->n_columns) {
                        size_t width = text_width(table->cells[i]);
                        widths[c] = width > widths[c] ? width : widths[c];
                }
                total += widths[c] + GAP;
        }
        for (size_t c = 0; c < table->n_columns && total > limit + GAP; c++) {
                size_t over = total - limit - GAP, least = 12;

                if (table->columns[c].may_shrink && widths[c] > least) {
                        size_t cut = widths[c] - least < over ? widths[c] - least : over;
                        widths[c] -= cut;
                        total -= cut;
                }
        }
}

static void print_cell(const char *text, size_t width, bool is_right, bool is_last) {
        size_t has = text_width(text);
        int pad = has < width ? (int) (width - has) : 0;

        if (has > width) {
                printf("%.*s…", (int) text_cut(text, width - 1), text);
        } else if (is_right) {
                printf("%*s%s", pad, "", text);
        } else {
                printf("%s%*s", text, is_last ? 0 : pad, "");
        }
        printf("%*s", is_last ? 0 : GAP, "");
}

int ctl_table_print(const CtlTable *table) {
        _cleanup_free_ size_t *widths = calloc(table->n_columns, sizeof *widths);

        if (!widths) {
                return -ENOMEM;
        }
        fit(table, widths);
        for (size_t c = 0; c < table->n_columns; c++) {
                print_cell(table->columns[c].title, widths[c], table->columns[c].is_right,
                           c + 1 == table->n_columns);
        }
        for (size_t i = 0; i < table->n_cells; i++) {
                size_t c = i % table->n_columns;

                if (c == 0) {
                        (void) putchar('\n');
                }
                print_cell(table->cells[i], widths[c], table->columns[c].is_right,
                           c + 1 == table->n_columns);
        }
        (void) putchar('\n');
        return 0;
}
