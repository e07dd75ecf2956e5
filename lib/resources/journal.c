/* Structured records for the journal. Short-lived processes lose their unit's name in the journal now and
 * then, so what a record is about is always in its own fields. */
#define SD_JOURNAL_SUPPRESS_LOCATION /* the place in our source is of no use to who reads the log */
#include "resources/journal.h"

#include <linux/sockios.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/log.h"
#include "base/string_util.h"
#include "base/time_util.h"

#define JOURNAL_FIELDS_MAX 32
#define JOURNAL_LINE_MAX 8192
#define JOURNAL_SOCKET "/run/systemd/journal/socket"

#define OUTPUT_USEC (300 * USEC_PER_MSEC)

#define CONTEXT_MAX 4
#define CONTEXT_VALUE_MAX 128

static struct {
        const char *name;
        char value[CONTEXT_VALUE_MAX];
} context[CONTEXT_MAX];

void journal_set_context(const char *name, const char *value) {
        for (size_t i = 0; i < CONTEXT_MAX; i++) {
                if (!context[i].name || string_equal(context[i].name, name)) {
                        context[i].name = name;
                        (void) snprintf(context[i].value, CONTEXT_VALUE_MAX, "%s", value ? value : "");
                        return;
                }
        }
}

typedef struct Entry {
        char *texts[JOURNAL_FIELDS_MAX];
        struct iovec vector[JOURNAL_FIELDS_MAX];
        size_t n;
} Entry;

static void entry_done(Entry *entry) {
        for (size_t i = 0; i < entry->n; i++) {
                free(entry->texts[i]);
        }
}

static int entry_add(Entry *entry, const char *name, const char *value) {
        char *text;
        int r;

        if (entry->n >= JOURNAL_FIELDS_MAX) {
                return -E2BIG;
        }
        r = string_format(&text, "%s=%s", name, value);
        if (r < 0) {
                return r;
        }
        entry->texts[entry->n] = text;
        entry->vector[entry->n++] = (struct iovec) { .iov_base = text, .iov_len = strlen(text) };
        return 0;
}

/* journalctl shows a MESSAGE with control bytes as "blob data": each line is made printable, the lines are
 * kept. */
static int printable_message(char **ret, char *message) {
        Buffer buffer = {};
        char *line;
        int r = 0;

        while (r >= 0 && (line = strsep(&message, "\n"))) {
                _cleanup_free_ char *printable = NULL;

                r = string_printable(&printable, line, JOURNAL_LINE_MAX);
                if (r >= 0) {
                        r = buffer_append_format(&buffer, "%s%s", buffer.length > 0 ? "\n" : "", printable);
                }
        }
        if (r >= 0) {
                r = buffer_take_string(&buffer, ret);
        }
        buffer_done(&buffer);
        return r;
}

static int entry_send(int priority, const char *message, const JournalField *fields, size_t n_fields) {
        _cleanup_(entry_done) Entry entry = {};
        char number[16];
        int r;

        (void) snprintf(number, sizeof(number), "%d", priority);
        r = entry_add(&entry, "MESSAGE", message);
        if (r >= 0) {
                r = entry_add(&entry, "PRIORITY", number);
        }
        if (r >= 0) {
                r = entry_add(&entry, "SYSLOG_IDENTIFIER", log_program_name());
        }
        for (size_t i = 0; i < n_fields && r >= 0; i++) {
                if (fields[i].value) {
                        r = entry_add(&entry, fields[i].name, fields[i].value);
                }
        }
        for (size_t i = 0; i < CONTEXT_MAX && context[i].name && r >= 0; i++) {
                if (*context[i].value) {
                        r = entry_add(&entry, context[i].name, context[i].value);
                }
        }
        return r < 0 ? r : sd_journal_sendv(entry.vector, (int) entry.n);
}

bool journal_has_output_on_its_way(void) {
        int n = 0;

        if (!getenv("JOURNAL_STREAM")) {
                return false;
        }
        (void) fflush(stdout);
        return ioctl(STDOUT_FILENO, SIOCOUTQ, &n) >= 0 && n > 0;
}

void journal_end_line(void) {
        if (getenv("JOURNAL_STREAM")) {
                (void) !write(STDOUT_FILENO, "\n", 1);
        }
}

/* A record waits until what was printed before has arrived, so that lines keep their order; not for long, and only once, should the journal
 * not read it or somebody print without end. */
static void wait_for_output(void) {
        static bool was_in_vain;
        uint64_t until = now_monotonic() + (was_in_vain ? 0 : OUTPUT_USEC);

        while ((was_in_vain = journal_has_output_on_its_way()) && now_monotonic() < until) {
                (void) usleep(500);
        }
}

/* Asked first, because sd_journal_sendv() calls it a success when nobody listens. */
static bool journal_is_there(void) {
        return access(JOURNAL_SOCKET, W_OK) >= 0;
}

/* A program started by hand also tells its terminal what went wrong; what merely happened is for the
 * journal. */
static bool is_for_terminal(int priority) {
        return priority <= LOG_LEVEL_WARNING && isatty(STDERR_FILENO);
}

void journal_send(int priority, const JournalField *fields, size_t n_fields, const char *format, ...) {
        _cleanup_free_ char *formatted = NULL, *message = NULL;
        int saved_errno = errno, r;
        va_list arguments;

        va_start(arguments, format);
        r = string_format_list(&formatted, format, arguments);
        va_end(arguments);
        if (r < 0) {
                return; /* out of memory: nothing useful can be said */
        }
        r = printable_message(&message, formatted);
        if (r >= 0) {
                wait_for_output();
                r = journal_is_there() ? entry_send(priority, message, fields, n_fields) : -ENOENT;
        }
        if (message && (r < 0 || is_for_terminal(priority))) {
                (void) log_full(priority, 0, "%s", message);
        }
        errno = saved_errno;
}

int journal_check_reading(void) {
        sd_journal *journal = NULL;
        int r = sd_journal_open(&journal, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM);

        if (r < 0) {
                return r;
        }
        r = sd_journal_seek_tail(journal);
        if (r >= 0) {
                r = sd_journal_previous(journal);
        }
        sd_journal_close(journal);
        return r == 0 ? -ENODATA : r < 0 ? r : 0;
}
