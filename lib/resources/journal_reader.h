/* Reading the journal of one job, from the beginning, from near its end, or as it grows.
 *
 * WEIR_JOB= is on every line of the job's units and on what weir-jobd says of it. Anybody can send such a line, so only those of root and of
 * weir's users count: the journal itself writes down who sent it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"

typedef struct JournalLine {
        const char *message;    /* valid until the next call; long ones are cut off by the journal */
        const char *stage;      /* WEIR_STAGE, NULL: none */
        const char *identifier; /* the program; NULL: unknown */
        int64_t time;           /* realtime µs */
        int priority;           /* 0 to 7 */
} JournalLine;

typedef struct JournalReader JournalReader;
/* users: NULL-terminated names of who may have sent lines, beside root; those who do not exist are passed over. -ENODATA: the caller may
 * not read the journal. */
int journal_reader_open(const char *job, const char *const *users, JournalReader **ret);
JournalReader *journal_reader_close(JournalReader *reader);
DEFINE_TRIVIAL_CLEANUP_FUNC(JournalReader *, journal_reader_close);

/* Starts over, so that the next lines are the last n ones; 0: all of them. */
int journal_reader_seek(JournalReader *reader, uint64_t n);
/* 1 and the next line; 0: there is none yet. */
int journal_reader_next(JournalReader *reader, JournalLine *ret);
/* Until there may be more lines, or the time is over: 1 or 0. -EINTR. */
int journal_reader_wait(JournalReader *reader, uint64_t timeout_usec);
