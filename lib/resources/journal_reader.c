#include "resources/journal_reader.h"

#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-journal.h>

#include "base/buffer.h"
#include "base/parse_util.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "resources/journal.h"

#define READER_LINES_MAX 8000 /* of about half a kilobyte each, mapped */
#define BLIND_USEC                                                                                          \
        (250 * USEC_PER_MSEC) /* how often it is looked when the kernel has no watch left to give */

typedef enum Field {
        FIELD_MESSAGE,
        FIELD_STAGE,
        FIELD_IDENTIFIER,
        FIELD_UNIT,
        FIELD_STREAM,
        FIELD_PRIORITY,
        FIELD_PID,
        FIELD_TRANSPORT,
        FIELD_LINE_BREAK,
        N_FIELDS,
} Field;

#define NAME(text)                                                                                          \
        { text "=", sizeof(text) }
static const struct {
        const char *text;
        size_t length; /* with the '=' */
} field_names[N_FIELDS] = {
        [FIELD_MESSAGE] = NAME("MESSAGE"),
        [FIELD_STAGE] = NAME("WEIR_STAGE"),
        [FIELD_IDENTIFIER] = NAME("SYSLOG_IDENTIFIER"),
        [FIELD_UNIT] = NAME("_SYSTEMD_UNIT"),
        [FIELD_STREAM] = NAME("_STREAM_ID"),
        [FIELD_PRIORITY] = NAME("PRIORITY"),
        [FIELD_PID] = NAME("_PID"),
        [FIELD_TRANSPORT] = NAME("_TRANSPORT"),
        [FIELD_LINE_BREAK] = NAME("_LINE_BREAK"),
};

struct JournalReader {
        sd_journal *journal;
        char *job;
        const char *const *users;
        Buffer texts[N_FIELDS]; /* of the line that was read last */
        uint32_t n_lines;       /* read since the journal was opened */
        bool is_watching;
};

/* --- opening --------------------------------------------------------------------------------------------------------- */

JournalReader *journal_reader_close(JournalReader *reader) {
        if (reader) {
                if (reader->journal) {
                        sd_journal_close(reader->journal);
                }
                for (Field field = 0; field < N_FIELDS; field++) {
                        buffer_done(reader->texts + field);
                }
                free(reader->job);
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
static int add_matches(const JournalReader *reader) {
        const char *const *users = reader->users;
        int r = add_match(reader->journal, "WEIR_JOB", reader->job);

        r = r < 0 ? r : add_match(reader->journal, "_UID", "0");
        for (; r >= 0 && *users; users++) {
                const struct passwd *user = getpwnam(*users);
                char uid[16];

                if (user) {
                        (void) snprintf(uid, sizeof(uid), "%u", user->pw_uid);
                        r = add_match(reader->journal, "_UID", uid);
                }
        }
        return r;
}

static int open_journal(JournalReader *reader) {
        int r = sd_journal_open(&reader->journal, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM);

        r = r < 0 ? r : sd_journal_set_data_threshold(reader->journal, JOURNAL_MESSAGE_MAX);
        r = r < 0 ? r : add_matches(reader);
        reader->n_lines = 0;
        reader->is_watching = false;
        return r;
}

int journal_reader_open(const char *job, const char *const *users, JournalReader **ret) {
        _cleanup_(journal_reader_closep) JournalReader *reader = calloc(1, sizeof(*reader));
        int r = reader ? journal_check_reading() : -ENOMEM;

        r = r < 0 ? r : string_copy(&reader->job, job);
        if (r < 0) {
                return r;
        }
        reader->users = users;
        r = open_journal(reader);
        r = r < 0 ? r : sd_journal_seek_head(reader->journal);
        if (r < 0) {
                return r;
        }
        *ret = TAKE_PTR(reader);
        return 0;
}

/* --- places ---------------------------------------------------------------------------------------------------------- */

/* Behind the tail, and behind a line, the only sure way is back: what next() does at the tail differs from release to release. From the
 * line before the first one wanted the next is that one. n_found: lines before the place that were already stepped over. */
static int step_back(JournalReader *reader, uint32_t n_found, uint32_t n) {
        int r = sd_journal_previous_skip(reader->journal, (uint64_t) n + 1 - n_found);

        if (r < 0) {
                return r;
        }
        if ((uint64_t) r + n_found > n) {
                return (int) n;
        }
        n_found += (uint32_t) r;
        r = sd_journal_seek_head(reader->journal); /* there are no more than these */
        return r < 0 ? r : (int) n_found;
}

int journal_reader_seek(JournalReader *reader, uint64_t n) {
        int r;

        if (n == 0) {
                return sd_journal_seek_head(reader->journal);
        }
        r = sd_journal_seek_tail(reader->journal);
        r = r < 0 ? r : step_back(reader, 0, n < INT32_MAX ? (uint32_t) n : INT32_MAX);
        return r < 0 ? r : 0;
}

int journal_reader_seek_before(JournalReader *reader, const char *cursor, uint32_t n) {
        int r;

        if (!cursor) {
                r = sd_journal_seek_tail(reader->journal);
                return r < 0 ? r : step_back(reader, 0, n);
        }
        r = sd_journal_seek_cursor(reader->journal, cursor);
        r = r < 0 ? r : sd_journal_previous(reader->journal);
        if (r <= 0) { /* nothing is before it */
                return r < 0 ? r : sd_journal_seek_head(reader->journal);
        }
        r = sd_journal_test_cursor(reader->journal, cursor);
        return r < 0 ? r : step_back(reader, r > 0 ? 0 : 1, n);
}

int journal_reader_seek_behind(JournalReader *reader, const char *cursor) {
        int r = sd_journal_seek_cursor(reader->journal, cursor);

        r = r < 0 ? r : sd_journal_next(reader->journal);
        if (r <= 0) {
                return r; /* it is gone, with all that followed */
        }
        r = sd_journal_test_cursor(reader->journal, cursor);
        if (r == 0) { /* on what follows already: once more, up to before it */
                r = sd_journal_seek_cursor(reader->journal, cursor);
                return r < 0 ? r : 0;
        }
        return r;
}

/* Enough of the journal was mapped: a new one at the same place. */
static int reopen(JournalReader *reader) {
        char cursor[JOURNAL_CURSOR_MAX];
        int r = journal_reader_cursor(reader, cursor);

        if (r < 0) {
                return r;
        }
        sd_journal_close(TAKE_PTR(reader->journal));
        r = open_journal(reader);
        r = r < 0 ? r : journal_reader_seek_behind(reader, cursor);
        return r < 0 ? r : 0;
}

int journal_reader_cursor(JournalReader *reader, char ret[static JOURNAL_CURSOR_MAX]) {
        _cleanup_free_ char *cursor = NULL;
        int r = sd_journal_get_cursor(reader->journal, &cursor);

        if (r < 0 || strlen(cursor) >= JOURNAL_CURSOR_MAX) {
                return r < 0 ? r : -EOVERFLOW;
        }
        strcpy(ret, cursor);
        return 0;
}

int journal_reader_time(JournalReader *reader, int64_t *ret_realtime_usec) {
        uint64_t usec = 0;
        int r = sd_journal_get_realtime_usec(reader->journal, &usec);

        if (r < 0 && r != -EADDRNOTAVAIL) {
                return r;
        }
        *ret_realtime_usec = r < 0 ? 0 : (int64_t) usec;
        return 0;
}

int journal_reader_begin(JournalReader *reader, int64_t *ret_realtime_usec) {
        uint64_t from = 0;
        int r = sd_journal_get_cutoff_realtime_usec(reader->journal, &from, NULL);

        if (r < 0) {
                return r;
        }
        *ret_realtime_usec = (int64_t) from;
        return 0;
}

/* --- lines ----------------------------------------------------------------------------------------------------------- */

static int note_field(JournalReader *reader, const char *data, size_t length, bool has[static N_FIELDS]) {
        for (Field field = 0; field < N_FIELDS; field++) {
                size_t name = field_names[field].length;

                if (length >= name && memcmp(data, field_names[field].text, name) == 0) {
                        buffer_clear(reader->texts + field);
                        has[field] = true;
                        return buffer_append(reader->texts + field, data + name, length - name);
                }
        }
        return 0;
}

/* What cannot be read any more, of a damaged file, is left out. */
static int read_fields(JournalReader *reader, bool has[static N_FIELDS]) {
        const void *data;
        size_t length;
        int r;

        sd_journal_restart_data(reader->journal);
        while ((r = sd_journal_enumerate_available_data(reader->journal, &data, &length)) > 0) {
                r = note_field(reader, data, length, has);
                if (r < 0) {
                        return r;
                }
        }
        return r == -EBADMSG ? 0 : r;
}

static int read_line(JournalReader *reader, JournalLine *ret) {
        bool has[N_FIELDS] = {};
        uint64_t usec = 0;
        int r = sd_journal_get_realtime_usec(reader->journal, &usec);

        r = r < 0 ? r : read_fields(reader, has);
        if (r < 0) {
                return r;
        }
        const char *texts[N_FIELDS];
        for (Field field = 0; field < N_FIELDS; field++) {
                texts[field] = has[field] && reader->texts[field].data ? reader->texts[field].data : NULL;
        }
        JournalLine line = {
                .message = texts[FIELD_MESSAGE] ? texts[FIELD_MESSAGE] : "",
                .message_length = texts[FIELD_MESSAGE] ? reader->texts[FIELD_MESSAGE].length : 0,
                .stage = texts[FIELD_STAGE],
                .identifier = texts[FIELD_IDENTIFIER],
                .unit = texts[FIELD_UNIT],
                .stream = texts[FIELD_STREAM],
                .time = (int64_t) usec,
                .priority = 6,
                .is_printed = string_equal(texts[FIELD_TRANSPORT], "stdout"),
                .is_cut = string_equal(texts[FIELD_LINE_BREAK], "line-max"),
        };
        if (!texts[FIELD_PID] || parse_int64(texts[FIELD_PID], &line.pid) < 0) {
                line.pid = 0;
        }
        if (texts[FIELD_PRIORITY] && reader->texts[FIELD_PRIORITY].length == 1) {
                line.priority = (texts[FIELD_PRIORITY][0] - '0') & 7;
        }
        *ret = line;
        return 1;
}

int journal_reader_next(JournalReader *reader, JournalLine *ret) {
        int r = reader->n_lines >= READER_LINES_MAX ? reopen(reader) : 0;

        r = r < 0 ? r : sd_journal_next(reader->journal);
        if (r <= 0) {
                return r;
        }
        reader->n_lines++;
        return read_line(reader, ret);
}

/* --- the stage of a place -------------------------------------------------------------------------------------------- */

/* By the journal's index: a hook may have printed a million lines since. */
static int find_stage_before(JournalReader *reader, const char *cursor, const char *const *stages,
                             const char **ret) {
        bool has[N_FIELDS] = {};
        int r = 0;

        for (const char *const *stage = stages; r >= 0 && *stage; stage++) {
                r = add_match(reader->journal, "WEIR_STAGE", *stage);
        }
        r = r < 0 ? r : sd_journal_seek_cursor(reader->journal, cursor);
        r = r < 0 ? r : sd_journal_previous(reader->journal);
        r = r <= 0 ? r : read_fields(reader, has);
        for (; r >= 0 && has[FIELD_STAGE] && *stages; stages++) {
                if (string_equal(*stages, reader->texts[FIELD_STAGE].data)) {
                        *ret = *stages;
                }
        }
        return r;
}

int journal_reader_find_stage(JournalReader *reader, const char *const *stages, const char **ret) {
        char cursor[JOURNAL_CURSOR_MAX];
        int r = journal_reader_cursor(reader, cursor);

        *ret = NULL;
        if (r == -EADDRNOTAVAIL) {
                return 0; /* before the first line */
        }
        r = r < 0 ? r : find_stage_before(reader, cursor, stages, ret);
        sd_journal_flush_matches(reader->journal);
        r = r < 0 ? r : add_matches(reader);
        r = r < 0 ? r : journal_reader_seek_behind(reader, cursor);
        return r < 0 ? r : 0;
}

/* --- waiting --------------------------------------------------------------------------------------------------------- */

/* Watches are scarce, 128 of a user: without one it is looked again and again. */
static int wait_blindly(uint64_t timeout_usec, int fd) {
        struct pollfd polled = { .fd = fd, .events = POLLIN };
        uint64_t pause = timeout_usec < BLIND_USEC ? timeout_usec : BLIND_USEC;
        int n = poll(&polled, 1, (int) (pause / USEC_PER_MSEC));

        return n < 0 ? -errno : n > 0 ? -ECANCELED : timeout_usec > BLIND_USEC;
}

int journal_reader_wait(JournalReader *reader, uint64_t timeout_usec, int fd) {
        uint64_t until = now_monotonic() + timeout_usec, now;
        struct pollfd polled[2] = { { .fd = fd, .events = POLLIN } };
        bool was_watching = reader->is_watching;

        polled[1].fd = sd_journal_get_fd(reader->journal);
        polled[1].events = POLLIN;
        reader->is_watching = polled[1].fd >= 0;
        if (!reader->is_watching) {
                return wait_blindly(timeout_usec, fd);
        }
        if (!was_watching) {
                return 1;
        }
        while ((now = now_monotonic()) < until) {
                int n = poll(polled, ELEMENTSOF(polled), (int) ((until - now + 999) / USEC_PER_MSEC));
                if (n <= 0 || polled[0].revents) {
                        return n < 0 ? -errno : n > 0 ? -ECANCELED : 0;
                }
                n = sd_journal_process(reader->journal);
                if (n != SD_JOURNAL_NOP) {
                        return n < 0 ? n : 1;
                }
        }
        return 0;
}
