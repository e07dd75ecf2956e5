/* Logging for people. One write per line, so that lines of several threads or processes do not mix; text
 * from outside is escaped here, so that no server can draw on a terminal or forge a line of its own. */
#include "base/log.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/fd_util.h"
#include "base/parse_util.h"
#include "base/string_util.h"

#define LOG_TEXT_MAX 8192

static const char *log_program; /* NULL: the name it was started by */
static int log_level = LOG_LEVEL_INFO;
static bool log_to_journal;

static const char *const level_names[] = {
        "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug",
};

static int parse_level(const char *text, int *ret) {
        uint32_t number;

        if (strcasecmp(text, "error") == 0) {
                text = level_names[LOG_LEVEL_ERROR];
        }
        for (size_t i = LOG_LEVEL_ERROR; i < ELEMENTSOF(level_names); i++) {
                if (strcasecmp(text, level_names[i]) == 0) {
                        *ret = (int) i;
                        return 0;
                }
        }
        if (parse_uint32(text, &number) < 0 || number < LOG_LEVEL_ERROR || number > LOG_LEVEL_DEBUG) {
                return -EINVAL;
        }
        *ret = (int) number;
        return 0;
}

/* $JOURNAL_STREAM is inherited by children whose stderr is something else: only device and inode tell the
 * truth. */
static bool stderr_is_journal(void) {
        const char *stream = getenv("JOURNAL_STREAM");
        unsigned long long device, inode;
        struct stat st;

        return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
               fstat(STDERR_FILENO, &st) >= 0 && st.st_dev == device && st.st_ino == inode;
}

void log_setup(const char *program) {
        const char *level = getenv("WEIR_LOG_LEVEL");

        log_program = program;
        log_to_journal = stderr_is_journal();
        if (level && parse_level(level, &log_level) < 0) {
                (void) log_warning(0, "WEIR_LOG_LEVEL=%s is no level (3 to 7, err to debug), ignoring it",
                                   level);
        }
}

int log_max_level(void) {
        return log_level;
}

const char *log_program_name(void) {
        return log_program ? log_program : program_invocation_short_name;
}

static int write_line(int level, const char *line) {
        _cleanup_free_ char *printable = NULL, *text = NULL;
        int r = string_printable(&printable, line, LOG_TEXT_MAX);

        if (r < 0) {
                return r;
        }
        r = log_to_journal ? string_format(&text, "<%d>%s\n", level, printable) :
                             string_format(&text, "%s: %s\n", log_program_name(), printable);
        return r < 0 ? r : fd_write_all(STDERR_FILENO, text, strlen(text));
}

int log_full(int level, int error, const char *format, ...) {
        _cleanup_free_ char *text = NULL;
        int saved_errno = errno;
        va_list arguments;
        char *rest, *line;
        int n;

        if (level > log_level) {
                return error;
        }
        va_start(arguments, format);
        n = vasprintf(&text, format, arguments);
        va_end(arguments);
        if (n < 0) {
                text = NULL;
        }
        rest = text;
        while ((line = strsep(&rest, "\n"))) {
                if (*line) {
                        (void) write_line(level, line);
                }
        }
        errno = saved_errno;
        return error;
}
