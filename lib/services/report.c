#include "services/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/string_util.h"
#include "resources/journal.h"
#include "resources/notify.h"

#define SENTENCE_MAX 2048

/* systemd tells which device and inode the journal's stream has; an inherited variable alone proves
 * nothing. */
static bool is_journal(int fd) {
        const char *stream = getenv("JOURNAL_STREAM");
        unsigned long long device = 0, inode = 0;
        struct stat st;
        return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 && fstat(fd, &st) >= 0 &&
               st.st_dev == device && st.st_ino == inode;
}

/* journal_send() itself tells a terminal about warnings, and everyone when there is no journal at all. */
static void print(int priority, const char *text) {
        bool is_trouble = priority <= LOG_LEVEL_WARNING;
        int fd = is_trouble ? STDERR_FILENO : STDOUT_FILENO;
        if (priority > log_max_level() || is_journal(fd) ||
            access("/run/systemd/journal/socket", F_OK) < 0 || (is_trouble && isatty(fd))) {
                return;
        }
        _cleanup_free_ char *printable = NULL;
        if (string_printable(&printable, text, SENTENCE_MAX) >= 0) {
                (void) dprintf(fd, "%s\n", printable);
        }
}

void report(const Report *report, const char *format, ...) {
        char text[SENTENCE_MAX];
        va_list arguments;
        va_start(arguments, format);
        (void) vsnprintf(text, sizeof(text), format, arguments);
        va_end(arguments);
        JournalField fields[] = {
                { "MESSAGE_ID", report->message_id }, { "WEIR_SERVER", report->server },
                { "WEIR_STREAM", report->stream },    { "WEIR_LOCK", report->lock },
                { "WEIR_HOLDER", report->holder },
        };
        journal_send(report->priority, fields, ELEMENTSOF(fields), "%s", text);
        print(report->priority, text);
        notify_status("%s", text); /* the last one is what `systemctl status` and weirctl show of the end */
}
