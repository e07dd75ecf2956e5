/* The log of a job as people see it: the lines of the journal that are its own, each with the stage it belongs to and the attempt that said
 * it. weirctl and the web read it through this. */
#pragma once

#include "domain/job_stage.h"
#include "resources/journal_reader.h"

typedef struct JobLog {
        JournalReader *reader;
        char *id;
        const char *stage; /* that was entered last, by a static name; NULL: none yet */
} JobLog;

typedef struct JobLogLine {
        JournalLine line;
        const char *stage; /* its own, or for a line that names none, as those of hooks, the one in force; NULL: none yet */
        uint32_t attempt; /* 0: it is not of the job's unit */
        bool is_foreign;  /* another job's hook sent it in this one's name: not to be shown */
} JobLogLine;

/* Errors as of journal_reader_open(). */
int job_log_open(const char *id, JobLog *ret);
void job_log_done(JobLog *log);

/* After the reader has been moved: which stage is in force there. */
int job_log_find_stage(JobLog *log);
/* 1 and the next line; 0: there is none yet. */
int job_log_next(JobLog *log, JobLogLine *ret);
