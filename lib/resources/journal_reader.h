/* Reading the journal of one job: from the beginning, from a place that was remembered, backwards from one, or as it grows.
 *
 * WEIR_JOB= is on every line of the job's units and on what weir-jobd says of it. Anybody can send such a line, so only those of root and of
 * weir's users count: the journal itself writes down who sent it, and from which unit.
 *
 * However much is read, memory stays bounded: the journal's files are mapped, and let go of every READER_LINES_MAX lines. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"

/* Texts are valid until the next call, and NULL where the journal has none. */
typedef struct JournalLine {
        const char *message; /* never NULL; any bytes, with a NUL behind; beyond JOURNAL_MESSAGE_MAX it is cut off */
        size_t message_length;  /* it may hold NULs */
        const char *stage;      /* WEIR_STAGE */
        const char *identifier; /* the program */
        const char *unit;       /* the unit of who sent it */
        const char *stream;     /* which standard output it was printed to */
        int64_t time;           /* realtime µs */
        int64_t pid;            /* 0: unknown */
        int priority;           /* 0 to 7 */
        bool is_printed;        /* to standard output or error; otherwise a program sent it by itself */
        bool is_cut; /* the journal divides long lines: this one goes on in the next of its stream */
} JournalLine;
#define JOURNAL_MESSAGE_MAX ((size_t) 1024 * 1024)
#define JOURNAL_CURSOR_MAX 256 /* bytes with the NUL */

typedef struct JournalReader JournalReader;
/* users: NULL-terminated names of who may have sent lines, beside root; those who do not exist are passed over. The next line is the first
 * one. -ENODATA: the caller may not read the journal. */
int journal_reader_open(const char *job, const char *const *users, JournalReader **ret);
JournalReader *journal_reader_close(JournalReader *reader);
DEFINE_TRIVIAL_CLEANUP_FUNC(JournalReader *, journal_reader_close);

/* Starts over, so that the next lines are the last n ones; 0: all of them. */
int journal_reader_seek(JournalReader *reader, uint64_t n);
/* The next line is the one behind a cursor. 1; 0: its line is not kept any more, and the next one is what follows; -EINVAL: it is none. */
int journal_reader_seek_behind(JournalReader *reader, const char *cursor);
/* The next lines are the n ones before a cursor (NULL: before the end). How many of them there are. -EINVAL as above. */
int journal_reader_seek_before(JournalReader *reader, const char *cursor, uint32_t n);
/* The stage that was in force at the place where the reader is: of the last line with one of these. *ret is one of them or NULL. Only right
 * after one of the three above. */
int journal_reader_find_stage(JournalReader *reader, const char *const *stages, const char **ret);

/* 1 and the next line; 0: there is none yet. */
int journal_reader_next(JournalReader *reader, JournalLine *ret);
/* The place of the line that was read last, or behind which the reader was put. -EADDRNOTAVAIL: there is none. */
int journal_reader_cursor(JournalReader *reader, char ret[static JOURNAL_CURSOR_MAX]);
int journal_reader_time(JournalReader *reader,
                        int64_t *ret_realtime_usec); /* and when it came; 0: there is no such line */
/* Since when the journal is kept at all; 0: it is empty. */
int journal_reader_begin(JournalReader *reader, int64_t *ret_realtime_usec);
/* Until there may be more lines, or the time is over: 1 or 0. Or until something happens on fd (-1: none): -ECANCELED. -EINTR. The first time
 * it returns at once: from then on nothing is missed. */
int journal_reader_wait(JournalReader *reader, uint64_t timeout_usec, int fd);
