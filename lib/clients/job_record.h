/* What is said about a job between weir-jobd and everybody else, as structures: clients/jobs_client.h hands them out, services/jobd.h
 * fills them. Plain data; the texts of JobRecord, JobWork and JobAnswer are owned by the structure, those of JobReport and JobResult are
 * borrowed from whoever made it. dbus/org.weir.Jobs1.xml says what each field means on the bus. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"

/* Two texts that belong together: a file and how to accept it; the kind and the name of something a job made. */
typedef struct JobPair {
        char *first, *second;
} JobPair;
typedef struct JobPairs {
        JobPair *items;
        size_t n_items;
} JobPairs;
void job_pairs_done(JobPairs *pairs);
int job_pairs_append(JobPairs *pairs, const char *first, const char *second); /* copies */

/* A file that needs a person, or once did. */
typedef struct JobConflict {
        char *type;       /* content, branch, delete, move, filetype, attribute */
        char *depot_path; /* the file in the job's client, by its depot path */
        char *local_path;
        char *base, *theirs, *yours; /* "//depot/file#3"; NULL: there is none */
        bool is_text;                /* it can be read and edited by lines */
        uint32_t chunks_yours, chunks_theirs, chunks_both, chunks_conflicting; /* of content */
        char *state;                                                           /* "open" or "resolved" */
} JobConflict;
typedef struct JobConflicts {
        JobConflict *items;
        size_t n_items;
} JobConflicts;
void job_conflict_done(JobConflict *conflict);
void job_conflicts_done(JobConflicts *conflicts);
int job_conflict_copy(JobConflict *ret, const JobConflict *conflict);
int job_conflicts_append(JobConflicts *conflicts, const JobConflict *conflict); /* copies */

/* Bytes with a NUL behind them that is not counted; NULL: there are none, which is less than an empty text. */
typedef struct JobBytes {
        char *data;
        size_t size;
} JobBytes;
void job_bytes_done(JobBytes *bytes);
int job_bytes_copy(JobBytes *ret, const void *data, size_t size); /* data NULL: none */

#define JOB_CONTENT_MAX ((size_t) 1024 * 1024) /* of each text */

/* What the sides of a conflict say, to be merged by a person. */
typedef struct JobText {
        char *file;              /* its depot path */
        char *state;             /* "ready"; "pending": it is being read; "unavailable" */
        char *type;              /* of the conflict */
        char *error;             /* why it is unavailable */
        bool is_text, truncated; /* truncated: a text is longer than JOB_CONTENT_MAX, and nothing was merged */
        JobBytes base, theirs, yours;
        JobBytes merged; /* with markers around what conflicts */
} JobText;
void job_text_done(JobText *text);
int job_text_copy(JobText *ret, const JobText *text);

/* One change of stage. */
typedef struct JobStep {
        char *from, *to;
        uint64_t at;
} JobStep;
typedef struct JobHistory {
        JobStep *items;
        size_t n_items;
} JobHistory;
void job_history_done(JobHistory *history);
int job_history_append(JobHistory *history, const char *from, const char *to, uint64_t at); /* copies */

/* A job as everybody may see it. Times are realtime µs, 0: not yet. Numbers of changelists: 0: none. */
typedef struct JobRecord {
        char *id, *kind, *status, *stage, *owner;
        char *spec; /* JSON */
        char *server, *client, *host, *unit;
        bool trial;
        uint64_t created_at, updated_at, started_at, finished_at;
        uint32_t attempt;
        uint32_t position;                            /* in the queue, from 1; 0: not queued */
        char *blocked_by;                             /* what it waits for; queued jobs only */
        int64_t changelist, source_changelist, shelf; /* changelist: what was submitted */
        bool needs_login;       /* it waits, and what it was logged in with is no longer valid */
        uint32_t n_conflicts;   /* how many there are, also where they are not listed */
        JobConflicts conflicts; /* GetJob only, as the next one */
        JobHistory history;
        char *error;  /* for people */
        char *reason; /* why it ended: "exit", "timeout", "cancelled by alice", … */
        char *retry_of, *cancelled_by, *status_text;
        JobPairs left_behind; /* kind and name of what could not be removed; GetJob only */
} JobRecord;
void job_record_done(JobRecord *record);
typedef struct JobRecords {
        JobRecord *items;
        size_t n_items;
} JobRecords;
void job_records_done(JobRecords *records);
int job_records_take(JobRecords *records, JobRecord *record); /* *record is empty afterwards, on success */

typedef struct JobFilter {
        const char *status, *owner, *server; /* NULL: any */
        const char *before;                  /* a job's id: only older ones; NULL: from the newest */
        const char *text; /* in its id, client, owner, error or spec, ASCII in any case; not on the bus; NULL: any */
        uint32_t limit; /* 0: 50 */
} JobFilter;

/* What creating and repeating a job take beside the spec. */
typedef struct JobOptions {
        const void *credential; /* the ticket; NULL: none */
        size_t credential_size;
        const char *owner;  /* NULL: the caller */
        const char *p4user; /* whose ticket it is; NULL: the user configured for the server */
} JobOptions;

/* --- between weir-jobd and the job's own unit ----------------------------------------------------------------------- */

/* What an attempt has to do. */
typedef struct JobWork {
        char *spec; /* JSON, with the hooks of weir.yaml where the spec gives none */
        char *owner, *status, *stage;
        bool clean; /* mode "clean": settle the intent, remove what is left, do not go on with the work */
        char *checkpoint; /* the runner's own, NULL: none yet */
        char *intent;     /* NULL: none is open */
        bool cancel;      /* it shall end */
        char *cancelled_by;
        char *reason; /* why it shall end, or will have ended: final words, to be used as they are; NULL: not known yet */
        JobPairs resolutions; /* file, accept */
        JobPairs ledger;      /* kind, name: made and not removed */
        char *client;
        int64_t changelist, source_changelist, shelf;
        struct {
                char *p4port, *p4user, *trust; /* trust NULL: none pinned */
                char *program, *charset;       /* of weir.yaml; NULL: p4 from PATH, none */
                uint64_t timeout_usec;         /* per p4 command */
                bool hooks_see_ticket;         /* the site says so */
        } server;
} JobWork;
void job_work_done(JobWork *work);

/* What happened; what is NULL or 0 stays as it is. */
typedef struct JobReport {
        const char *stage;
        const char *checkpoint;
        const char *intent; /* "": settled */
        const char *status_text, *client;
        bool needs_login;                             /* the ticket has expired; told with every report */
        int64_t changelist, source_changelist, shelf; /* -1: there is none any more */
        const JobConflicts *conflicts;                /* the whole list anew; NULL: unchanged */
        uint32_t n_conflicts; /* how many there are, when that is more than are listed; with conflicts only */
        const JobPairs *ledger_add, *ledger_done; /* kind, name */
        char *const *resolved; /* files of resolutions that were carried out, as they were named there */
        const JobText *text;   /* what a conflict says, as it was asked for; without its type */
} JobReport;

typedef struct JobAnswer {
        bool cancel;
        bool go_on;           /* "continue": look at the conflicts again */
        JobPairs resolutions; /* all that are not yet carried out */
        char *login;          /* a new ticket; told once, wiped by job_answer_done() */
        char **texts;         /* files whose conflicts somebody wants to read */
} JobAnswer;
void job_answer_done(JobAnswer *answer);

/* How an attempt ended. */
typedef struct JobResult {
        const char *outcome; /* "done", "failed", "cancelled", "interrupted" */
        const char *reason;  /* "exit", "signal", "oom", … */
        const char *error, *note;
        int64_t changelist; /* submitted; 0: unchanged */
        const JobPairs *ledger_done;
        bool clean; /* nothing is left that the job made */
} JobResult;
