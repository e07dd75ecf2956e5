#include "domain/job_command.h"

#include <string.h>

#include "base/buffer.h"
#include "base/string_util.h"

static const char *const names[JOB_PLACEHOLDERS] = {
        [JOB_PLACEHOLDER_CHANGELIST] = "{changelist}",
        [JOB_PLACEHOLDER_CLIENT] = "{client}",
        [JOB_PLACEHOLDER_WORKSPACE] = "{workspace}",
        [JOB_PLACEHOLDER_SOURCE_CHANGELIST] = "{source_changelist}",
        [JOB_PLACEHOLDER_JOB] = "{job}",
};

int job_placeholder_from_string(const char *argument) {
        size_t length = strlen(argument);

        for (int i = 0; i < JOB_PLACEHOLDERS; i++) {
                if (strcmp(names[i], argument) == 0) {
                        return i;
                }
        }
        if (length > 2 && argument[0] == '{' && argument[length - 1] == '}' &&
            strspn(argument + 1, "abcdefghijklmnopqrstuvwxyz_") == length - 2) {
                return -EINVAL;
        }
        return -ENOENT;
}

int job_command_fill(char *const *command, const char *const values[static JOB_PLACEHOLDERS], char ***ret) {
        _cleanup_(strv_freep) char **filled = NULL;

        for (; command && *command; command++) {
                int i = job_placeholder_from_string(*command);
                int r = strv_append(&filled, i < 0 ? *command : values[i] ? values[i] : "");

                if (r < 0) {
                        return r;
                }
        }
        *ret = TAKE_PTR(filled);
        return 0;
}

/* One word from *text on, which ends at a blank outside quotes. A backslash keeps the next character, in "…" only one of
 * those that mean something there; otherwise, and in '…', it is one itself: "a\\n" is for the program to understand. */
static int take_word(const char **text, Buffer *word) {
        const char *c = *text;
        char quote = 0;
        int r = 0;

        for (; *c && (quote || !strchr(" \t\n", *c)) && r >= 0; c++) {
                if (quote ? *c == quote : *c == '"' || *c == '\'') {
                        quote = quote ? 0 : *c;
                        continue;
                }
                if (*c == '\\' && quote != '\'' && (!quote || !c[1] || strchr("$`\"\\", c[1]))) {
                        if (!*++c) {
                                return -EINVAL;
                        }
                }
                r = buffer_append(word, c, 1);
        }
        *text = c;
        return r < 0 ? r : quote ? -EINVAL : 0;
}

int job_command_split(const char *text, char ***ret) {
        _cleanup_(strv_freep) char **words = NULL;

        for (text += strspn(text, " \t\n"); *text; text += strspn(text, " \t\n")) {
                _cleanup_(buffer_done) Buffer word = {};
                int r = take_word(&text, &word);

                r = r < 0 ? r : strv_append(&words, word.data ? word.data : "");
                if (r < 0) {
                        return r;
                }
        }
        if (!words || !*words[0]) {
                return -EINVAL;
        }
        *ret = TAKE_PTR(words);
        return 0;
}
