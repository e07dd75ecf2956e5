#include "resources/journal_reader.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-journal.h>

#include "base/buffer.h"
#include "base/string_util.h"
#include "resources/journal.h"

typedef enum Field { FIELD_MESSAGE, FIELD_STAGE, FIELD_IDENTIFIER, FIELD_PRIORITY, N_FIELDS } Field;

static const char *const field_names[N_FIELDS] = {
        [FIELD_MESSAGE] = "MESSAGE",
        [FIELD_STAGE] = "WEIR_STAGE",
        [FIELD_IDENTIFIER] = "SYSLOG_IDENTIFIER",
        [FIELD_PRIORITY] = "PRIORITY",
};

struct JournalReader {
        sd_journal *journal;
        Buffer texts[N_FIELDS]; /* of the line that was read last */
};

JournalReader *journal_reader_close(JournalReader *reader) {
        if (reader) {
                if (reader->journal) {
                        sd_journal_close(reader->journal);
                }
                for (Field field = 0; field < N_FIELDS; field++) {
                        buffer_done(reader->texts + field);
                }
                free(reader);
        }
        return NULL;
}

static int add_match(sd_journal *journal, const char *field, const char *value) {
        _cleanup_free_ char *match = NULL;
        int r = string_format(&match, "%s=%s", field, value);

        return r < 0 ? r : sd_journal_add_match(journal, match, 0);
}

/* Matches of one field are alternatives, those of different fields must all hold. */
static int add_matches(sd_journal *journal, const char *job, const char *const *users) {
        int r = add_match(journal, "WEIR_JOB", job);

        r = r < 0 ? r : add_match(journal, "_UID", "0");
        for (; r >= 0 && *users; users++) {
                const struct passwd *user = getpwnam(*users);
                char uid[16];

                if (user) {
                        (void) snprintf(uid, sizeof(uid), "%u", user->pw_uid);
                        r = add_match(journal, "_UID", uid);
                }
        }
        return r;
}

int journal_reader_open(const char *job, const char *const *users, JournalReader **ret) {
        _cleanup_(journal_reader_closep) JournalReader *reader = calloc(1, sizeof(*reader));
        int r = reader ? journal_check_reading() : -ENOMEM;

        r = r < 0 ? r : sd_journal_open(&reader->journal, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM);
        r = r < 0 ? r : add_matches(reader->journal, job, users);
        r = r < 0 ? r : sd_journal_seek_head(reader->journal);
        if (r < 0) {
                return r;
        }
        *ret = TAKE_PTR(reader);
        return 0;
}

/* Behind the tail the only sure way is back: what next() does there differs from release to release. */
int journal_reader_seek(JournalReader *reader, uint64_t n) {
        int r;

        if (n == 0) {
                return sd_journal_seek_head(reader->journal);
        }
        r = sd_journal_seek_tail(reader->journal);
        r = r < 0 ? r : sd_journal_previous_skip(reader->journal, n + 1);
        if (r < 0 || (uint64_t) r > n) {
                return r < 0 ? r : 0; /* on the line before the first one wanted */
        }
        return sd_journal_seek_head(reader->journal); /* there are no more than n */
}

static int read_field(JournalReader *reader, Field field) {
        size_t length, name = strlen(field_names[field]) + 1;
        const void *data;
        int r = sd_journal_get_data(reader->journal, field_names[field], &data, &length);

        buffer_clear(reader->texts + field);
        if (r < 0) {
                return r == -ENOENT || r == -EBADMSG ? 0 : r; /* not there, or not readable any more */
        }
        r = buffer_append(reader->texts + field, (const char *) data + name, length - name);
        return r < 0 ? r : 1;
}

static int read_line(JournalReader *reader, JournalLine *ret) {
        JournalLine line = { .priority = 6 };
        uint64_t usec = 0;
        bool has[N_FIELDS] = {};
        int r = sd_journal_get_realtime_usec(reader->journal, &usec);

        for (Field field = 0; field < N_FIELDS && r >= 0; field++) {
                r = read_field(reader, field);
                has[field] = r > 0;
        }
        if (r < 0) {
                return r;
        }
        line.message = has[FIELD_MESSAGE] && reader->texts[FIELD_MESSAGE].data ?
                                       reader->texts[FIELD_MESSAGE].data :
                                       "";
        line.stage = has[FIELD_STAGE] ? reader->texts[FIELD_STAGE].data : NULL;
        line.identifier = has[FIELD_IDENTIFIER] ? reader->texts[FIELD_IDENTIFIER].data : NULL;
        if (has[FIELD_PRIORITY] && reader->texts[FIELD_PRIORITY].length == 1) {
                line.priority = (reader->texts[FIELD_PRIORITY].data[0] - '0') & 7;
        }
        line.time = (int64_t) usec;
        *ret = line;
        return 1;
}

int journal_reader_next(JournalReader *reader, JournalLine *ret) {
        int r = sd_journal_next(reader->journal);

        return r <= 0 ? r : read_line(reader, ret);
}

int journal_reader_wait(JournalReader *reader, uint64_t timeout_usec) {
        int r = sd_journal_wait(reader->journal, timeout_usec);

        return r < 0 ? r : r != SD_JOURNAL_NOP;
}
