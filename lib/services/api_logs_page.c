#include "services/api_logs_page.h"

#include <string.h>

#include "base/string_util.h"

#define BLOCK_LINES 4096 /* looked at in one go when not every line is wanted */
#define CLOCK_LINES 256  /* how often the time is looked at */
#define ESCAPE '\033'

/* --- which lines ----------------------------------------------------------------------------------------------------- */

/* The length of a terminal's escape sequence: what a search passes over. */
static size_t escape_length(const char *text) {
        size_t n = 1;

        if (text[n] != '[') {
                return n;
        }
        for (n++; text[n] >= 0x20 && text[n] < 0x40; n++) {}
        return n + (text[n] != 0);
}

static bool has_text(const char *message, const char *text) {
        _cleanup_free_ char *plain = NULL;
        size_t n = 0;

        if (!strchr(message, ESCAPE)) {
                return strcasestr(message, text);
        }
        if (string_copy(&plain, message) < 0) {
                return false;
        }
        for (const char *c = message; *c;) {
                if (*c == ESCAPE) {
                        c += escape_length(c);
                } else {
                        plain[n++] = *c++;
                }
        }
        plain[n] = 0;
        return strcasestr(plain, text);
}

static bool is_wanted(const LogFilter *filter, const JobLogLine *line) {
        return !line->is_foreign && line->line.priority <= filter->level &&
               (!filter->stage || string_equal(filter->stage, line->stage)) &&
               (!filter->text || has_text(line->line.message, filter->text));
}

static bool is_picky(const LogFilter *filter) {
        return filter->text || filter->stage || filter->level < 7;
}

/* --- entries --------------------------------------------------------------------------------------------------------- */

static void entry_done(LogEntry *entry) {
        free(entry->cursor);
        free(entry->data);
}

void log_page_done(LogPage *page) {
        for (size_t i = 0; i < page->n; i++) {
                entry_done(page->entries + i);
        }
        free(page->entries);
        page->entries = NULL;
        page->n = page->n_allocated = 0;
}

static int reserve(LogPage *page, size_t n) {
        LogEntry *entries;

        if (n <= page->n_allocated) {
                return 0;
        }
        n = n < 2 * page->n_allocated ? 2 * page->n_allocated : n;
        entries = reallocarray(page->entries, n, sizeof(*entries));
        if (!entries) {
                return -ENOMEM;
        }
        page->entries = entries;
        page->n_allocated = n;
        return 0;
}

static char *copy_message(const JournalLine *line) {
        char *copy = malloc(line->message_length + 1);

        for (size_t i = 0; copy && i < line->message_length; i++) {
                copy[i] = line->message[i] ? line->message[i] : (char) 0xff;
        }
        if (copy) {
                copy[line->message_length] = 0;
        }
        return copy;
}

static int add_entry(LogPage *page, JobLog *log, const JobLogLine *line) {
        char cursor[JOURNAL_CURSOR_MAX];
        LogEntry entry = { .stage = line->stage,
                           .time = line->line.time,
                           .pid = line->line.pid,
                           .attempt = line->attempt,
                           .priority = line->line.priority,
                           .is_printed = line->line.is_printed,
                           .is_cut = line->line.is_cut };
        int r = reserve(page, page->n + 1);

        r = r < 0 ? r : journal_reader_cursor(log->reader, cursor);
        if (r < 0) {
                return r;
        }
        entry.cursor = strdup(cursor);
        entry.data = copy_message(&line->line);
        if (!entry.cursor || !entry.data) {
                entry_done(&entry);
                return -ENOMEM;
        }
        page->entries[page->n++] = entry;
        page->bytes += line->line.message_length;
        return 0;
}

static void drop_first(LogPage *page) {
        page->bytes -= strlen(page->entries[0].data);
        entry_done(page->entries);
        page->n--;
        memmove(page->entries, page->entries + 1, page->n * sizeof(*page->entries));
}

static bool is_full(const LogPage *page) {
        return page->n >= page->limit || page->bytes >= LOG_PAGE_BYTES_MAX;
}

/* --- forward --------------------------------------------------------------------------------------------------------- */

/* The place of the line that was read last, where one was. */
static int note_place(JobLog *log, char place[static JOURNAL_CURSOR_MAX]) {
        int r = journal_reader_cursor(log->reader, place);

        return r == -EADDRNOTAVAIL ? 0 : r;
}

static int note_last(LogPage *page, JobLog *log) {
        int r = note_place(log, page->last);

        return r < 0 ? r : journal_reader_time(log->reader, &page->last_time);
}

int log_page_read(LogPage *page, JobLog *log) {
        uint64_t until = now_monotonic() + LOG_PAGE_USEC;
        JobLogLine line;
        int r = 1;

        for (size_t n = 1; r > 0 && !is_full(page); n++) {
                if (n % CLOCK_LINES == 0 && now_monotonic() >= until) {
                        break;
                }
                r = job_log_next(log, &line);
                if (r > 0 && is_wanted(&page->filter, &line)) {
                        int e = add_entry(page, log, &line);
                        r = e < 0 ? e : r;
                }
        }
        if (r >= 0) {
                int e = note_last(page, log);
                r = e < 0 ? e : r;
        }
        if (r > 0 && page->n >= page->limit) {
                r = job_log_next(log, &line); /* is that all? */
        }
        page->more = r > 0;
        return r < 0 ? r : 0;
}

/* --- backward -------------------------------------------------------------------------------------------------------- */

/* The last wanted ones of the next n lines. */
static int read_block(LogPage *block, JobLog *log, int n) {
        int r = 1;

        for (int i = 0; i < n && r > 0; i++) {
                JobLogLine line;

                r = job_log_next(log, &line);
                if (r > 0 && i == 0) {
                        int e = note_place(log, block->first);
                        r = e < 0 ? e : r;
                }
                if (r > 0 && is_wanted(&block->filter, &line)) {
                        int e = add_entry(block, log, &line);
                        r = e < 0 ? e : r;
                }
                while (block->n > 1 && (block->n > block->limit || block->bytes > LOG_PAGE_BYTES_MAX)) {
                        drop_first(block);
                        block->more = true;
                }
        }
        if (r >= 0 && block->more) {
                strcpy(block->first, block->entries[0].cursor);
        }
        r = r < 0 ? r : note_last(block, log);
        return r < 0 ? r : 0;
}

/* The block's entries go before those of the page, which takes them over. */
static int put_before(LogPage *page, LogPage *block) {
        int r = reserve(page, page->n + block->n);

        if (r < 0) {
                return r;
        }
        if (block->n > 0) {
                memmove(page->entries + block->n, page->entries, page->n * sizeof(*page->entries));
                memcpy(page->entries, block->entries, block->n * sizeof(*page->entries));
        }
        if (!*page->last) {
                strcpy(page->last, block->last);
                page->last_time = block->last_time;
        }
        strcpy(page->first, block->first);
        page->n += block->n;
        page->bytes += block->bytes;
        block->n = 0;
        return 0;
}

/* One step back: n lines and what is wanted of them. Returns how many lines there were; 0 also when not all of them had room. */
static int read_block_before(LogPage *page, JobLog *log, const char *cursor, uint32_t n) {
        LogPage block = { .filter = page->filter, .limit = page->limit - page->n };
        int found = journal_reader_seek_before(log->reader, cursor, n);
        int r = found <= 0 ? found : job_log_find_stage(log);

        if (r >= 0 && found > 0) {
                r = read_block(&block, log, found);
                r = r < 0 ? r : put_before(page, &block);
                page->more = block.more || (uint32_t) found == n;
        } else {
                page->more = false;
        }
        log_page_done(&block);
        return r < 0 ? r : block.more ? 0 : found;
}

int log_page_read_back(LogPage *page, JobLog *log, const char *cursor) {
        uint64_t until = now_monotonic() + LOG_PAGE_USEC;
        char place[JOURNAL_CURSOR_MAX] = "";
        int r;

        if (cursor) {
                (void) strncpy(place, cursor, sizeof(place) - 1);
        }
        do {
                size_t left = page->limit - page->n;
                uint32_t n = is_picky(&page->filter) ? BLOCK_LINES : (uint32_t) left;

                r = read_block_before(page, log, *place ? place : NULL, n);
                strcpy(place, page->first);
        } while (r > 0 && page->more && !is_full(page) && now_monotonic() < until);
        return r < 0 ? r : 0;
}
