/* A page of a job's log: which lines of the journal it holds, whichever way it is read and whatever is asked of them. Looking for lines takes
 * no longer than LOG_PAGE_USEC; where it ended is a place to go on from, so a page may hold nothing and yet not be the last. */
#pragma once

#include "base/time_util.h"
#include "services/job_log.h"

#define LOG_PAGE_USEC USEC_PER_SEC
#define LOG_PAGE_BYTES_MAX ((size_t) 2 * 1024 * 1024) /* of lines; a page has at least one */

typedef struct LogFilter {
        const char *text;  /* in any case of ASCII's letters, whatever its colours; NULL: any */
        const char *stage; /* NULL: any */
        int level;         /* 0 to 7: up to this priority */
} LogFilter;

typedef struct LogEntry {
        char *cursor;
        char *data; /* invalid as UTF-8 where the line was, and where it had a NUL */
        const char *stage;
        int64_t time, pid;
        uint32_t attempt;
        int priority;
        bool is_printed, is_cut;
} LogEntry;

typedef struct LogPage {
        LogFilter filter;
        size_t limit; /* entries */
        LogEntry *entries;
        size_t n, n_allocated, bytes;
        char first[JOURNAL_CURSOR_MAX]; /* before this place nothing was looked at; empty: nothing was */
        char last[JOURNAL_CURSOR_MAX];  /* behind this one */
        int64_t last_time;              /* when the journal took that line; 0: there is none */
        bool more;                      /* there may be more lines in the direction of reading */
} LogPage;
void log_page_done(LogPage *page);

/* What comes next, added to what the page holds. */
int log_page_read(LogPage *page, JobLog *log);
/* The last ones before a cursor, or before the end. The page is empty still. -EINVAL: it is no cursor. */
int log_page_read_back(LogPage *page, JobLog *log, const char *cursor);
