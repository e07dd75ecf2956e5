/* jobs.db: every job there is, queued, at work or ended. weir-jobd is the only writer, and commits with synchronous=FULL: what it answered
 * is on the disk. This file holds the schema and what changes a job; services/job_list_store.h reads jobs for people,
 * services/job_parts_store.h the lists that belong to one. Times are realtime µs, 0: not yet. A text without a value is empty. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"
#include "clients/job_record.h"
#include "domain/job_id.h"
#include "domain/job_outcome.h"
#include "domain/job_stage.h"
#include "resources/db.h"

#define JOB_STORE_HISTORY_MAX 1000 /* steps kept of one job: the newest */

typedef struct JobStore JobStore;
/* Opens STATE_DIRECTORY/jobs/jobs.db; DB_READ_WRITE makes folder and database. Errors as of db_open(). */
int job_store_open(const char *state_directory, DbMode mode, JobStore **ret);
JobStore *job_store_close(JobStore *store);
DEFINE_TRIVIAL_CLEANUP_FUNC(JobStore *, job_store_close);
Db *job_store_db(JobStore *store); /* for the sister modules, and the last error's text */

/* What the daemon must know of a job that has not ended, and of what it does with it. */
typedef struct JobState {
        JobStatus status;
        JobStage stage;
        JobWish wish;      /* that it shall end */
        bool is_immediate; /* and at once */
        uint32_t attempt;  /* 0: none yet */
        uint32_t n_run, n_clean;
        bool is_clean_mode; /* the attempt only cleans up; then the job becomes pending */
        JobStatus pending;
        bool is_launched;     /* unitd took the attempt, or its unit was heard of */
        bool go_on;           /* ContinueJob, not yet told to the runner */
        uint64_t active_usec; /* how long it was at work, waiting for people left out, */
        int64_t active_since; /* up to here; 0: the clock stands */
} JobState;

/* Takes the next number of that day, for good: numbers are never used twice, whatever fails later. With a credential its name, the id, is
 * remembered as well, so that none is ever left behind. */
int job_store_reserve(JobStore *store, uint32_t day, bool with_credential, uint32_t *ret_number);

typedef struct JobNewRow {
        const char *id, *kind, *owner, *spec, *server, *client, *host, *retry_of, *p4user;
        const char *key; /* of the workspace; NULL: one of its own */
        bool trial, has_credential;
        int64_t now;
} JobNewRow;
int job_store_insert(JobStore *store, const JobNewRow *row, int64_t *ret_seq);

/* Beside the state: NULL and 0 leave things as they are. */
typedef struct JobChange {
        const char *error, *reason, *cancelled_by, *status_text, *client;
        const char *checkpoint, *intent;              /* intent "": settled */
        int64_t changelist, source_changelist, shelf; /* -1: there is none any more */
        bool starts, finishes;                        /* sets started_at (once), finished_at */
        const JobConflicts *conflicts;                /* the whole list anew, */
        uint32_t n_conflicts;                         /* and how many there are, if more */
        const JobPairs *ledger_add, *ledger_done, *resolutions;
        bool ledger_clear; /* nothing is left: all entries are done */
        char *const *resolved;
        const char *edited; /* a file that a person merged, and into what */
        JobBytes edit;
} JobChange;
/* One transaction. was: the state before, for the history; state as it will be. change may be NULL. */
int job_store_save(JobStore *store, int64_t seq, const JobState *was, const JobState *state,
                   const JobChange *change, int64_t now);

/* Jobs that have not ended, in the order of asking. The texts are good during the call only. */
typedef struct JobLiveRow {
        const char *id, *owner, *server, *key, *spec;
        int64_t seq, updated_at;
        bool has_credential, has_intent;
        JobState state;
} JobLiveRow;
int job_store_each_live(JobStore *store, int (*function)(const JobLiveRow *row, void *userdata),
                        void *userdata);

/* When the newest job was last changed; 0: there is none. */
int job_store_last_update(JobStore *store, int64_t *ret);
/* Removes ended jobs that ended before; at most max of them. Returns how many. */
int job_store_prune(JobStore *store, int64_t before, uint64_t max);
