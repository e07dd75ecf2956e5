/* One sd_journal_sendv() per record. A journal that is not there must not stop any work: then people get the sentence on stderr. */
#include "resources/journal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "base/log.h"
#include "base/string_util.h"

#define FIELDS_MAX 24

typedef struct Record {
        char *lines[FIELDS_MAX];
        struct iovec vectors[FIELDS_MAX];
        size_t n;
} Record;

static void record_done(Record *record) {
        for (size_t i = 0; i < record->n; i++) {
                free(record->lines[i]);
        }
}

static int record_add(Record *record, const char *name, const char *value) {
        char *line = NULL;
        int r;

        if (record->n >= FIELDS_MAX) {
                return -ENOBUFS;
        }
        r = string_format(&line, "%s=%s", name, value);
        if (r < 0) {
                return r;
        }
        record->vectors[record->n] = (struct iovec) { .iov_base = line, .iov_len = strlen(line) };
        record->lines[record->n++] = line;
        return 0;
}

/* A program started by hand also tells its terminal what went wrong; what merely happened is for the journal. */
static bool is_for_terminal(int priority) {
        return priority <= LOG_LEVEL_WARNING && isatty(STDERR_FILENO);
}

static int send_record(int priority, const JournalField *fields, size_t n_fields, const char *text) {
        char number[16];
        Record record = {};
        int r;

        (void) snprintf(number, sizeof number, "%d", priority);
        r = record_add(&record, "MESSAGE", text);
        r = r < 0 ? r : record_add(&record, "PRIORITY", number);
        r = r < 0 ? r : record_add(&record, "SYSLOG_IDENTIFIER", program_invocation_short_name);
        for (size_t i = 0; r >= 0 && i < n_fields; i++) {
                if (fields[i].value) {
                        r = record_add(&record, fields[i].name, fields[i].value);
                }
        }
        r = r < 0 ? r : sd_journal_sendv(record.vectors, (int) record.n);
        record_done(&record);
        return r;
}

void journal_send(int priority, const JournalField *fields, size_t n_fields, const char *format, ...) {
        _cleanup_free_ char *text = NULL;
        va_list arguments;
        int r;

        if (priority > log_max_level()) {
                return;
        }
        va_start(arguments, format);
        r = vasprintf(&text, format, arguments);
        va_end(arguments);
        if (r < 0) {
                text = NULL;
                return;
        }
        r = access("/run/systemd/journal/socket", F_OK) < 0 ? -errno :
                                                              send_record(priority, fields, n_fields, text);
        if (r < 0 || is_for_terminal(priority)) {
                (void) log_full(priority, 0, "%s", text);
        }
}
