/*
 * See charset.h.
 */
#include "charset.h"

#include <errno.h>
#include <stdio.h>

/* In the order of the complaint, which breaks lines where the product does. */
static const char *const lines[][8] = {
        { "none", "auto", "utf8", "utf8-bom", "iso8859-1", "shiftjis", "eucjp", "iso8859-15" },
        { "iso8859-5", "macosroman", "winansi", "koi8-r", "cp949", "cp1251" },
        { "utf16", "utf16-nobom", "utf16le", "utf16le-bom", "utf16be" },
        { "utf16be-bom", "utf32", "utf32-nobom", "utf32le", "utf32le-bom", "utf32be" },
        { "cp936", "cp950", "cp850", "cp858", "cp1253", "iso8859-7", "utf32be-bom" },
        { "cp852", "cp1250", "iso8859-2" },
};

static bool is_known(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(lines); i++) {
                for (size_t k = 0; k < ELEMENTSOF(lines[i]) && lines[i][k]; k++) {
                        if (str_is(str_from(name), lines[i][k])) {
                                return true;
                        }
                }
        }
        return false;
}

static bool is_wide(const char *name) {
        return str_starts(str_from(name), "utf16") || str_starts(str_from(name), "utf32");
}

static void print_known(void) {
        (void) printf("Character set must be one of:\n");
        for (size_t i = 0; i < ELEMENTSOF(lines); i++) {
                for (size_t k = 0; k < ELEMENTSOF(lines[i]) && lines[i][k]; k++) {
                        bool last = i + 1 == ELEMENTSOF(lines) &&
                                    (k + 1 == ELEMENTSOF(lines[i]) || !lines[i][k + 1]);

                        (void) printf("%s%s%s%s", k > 0 ? " " : "", last ? "or " : "", lines[i][k],
                                      last ? "" : ",");
                }
                (void) printf(i + 1 == ELEMENTSOF(lines) ? ".\n" : "\n");
        }
        (void) printf("Check P4CHARSET and your '-C' option.\n");
}

int charset_check(const Environment *environment, const char *charset, const char *command) {
        charset = charset ? charset : environment_get(environment, "P4CHARSET");
        if (!charset) {
                return 0;
        }
        if (!is_known(charset)) {
                print_known();
                return -EINVAL;
        }
        command = command ? command : environment_get(environment, "P4COMMANDCHARSET");
        if (command && !is_known(command)) {
                (void) printf("P4COMMANDCHARSET unknown\n");
                return -EINVAL;
        }
        if (is_wide(command ? command : charset)) {
                (void) printf("p4 can not support a wide charset unless\n"
                              "P4COMMANDCHARSET is set to another charset.\n"
                              "Attempting to discover a good charset.\n");
        }
        return 0;
}
