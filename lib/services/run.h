/* One attempt of an integration job, as the two programs of its unit see it: what is to be done, what was done, and how to say so.
 *
 * The rules of every function of run_*: 0 or more is success. -ECANCELED: the attempt shall end now, and says nothing more; weir-finish does.
 * -EREMOTEIO: the job has failed, and run_fail() has kept why. Any other negative errno is trouble of our own and becomes a failure, too.
 *
 * A stage is a function stage_NAME(run, ret_next) that does the stage's work and says which one is next; each may be done once more after an
 * interruption. run_job.c has the table of them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"
#include "clients/jobs_client.h"
#include "domain/job_spec.h"
#include "domain/job_stage.h"
#include "domain/run_state.h"
#include "resources/p4.h"

#define RUN_STATE_DIRECTORY "/var/lib/weir-run"
#define RUN_CREDENTIAL "p4-ticket"

typedef struct Run {
        const char *id;
        uint32_t attempt;
        const char *runtime_directory, *state_directory;
        JobsClient *jobs;
        JobWork work;
        JobSpec spec;
        RunState state;
        JobStage stage;
        P4Server server;       /* borrows from work, state and the two files */
        char *secrets;         /* a folder that hooks do not see */
        char *tickets, *trust; /* files in secrets, and in the runtime directory */
        char *ticket;          /* for the server's own address; wiped and NULL once that is known */
        int cancel_fd;         /* readable: the attempt shall end */
        bool is_finishing;     /* that it shall end is no news any more */
        int lock_fd;           /* of the workspace */
        char **sources;        /* depot paths; between INIT and GET_LATEST_CL */
        JobPairs resolutions;  /* what people want resolved how, not yet done */
        JobPairs tried;        /* what of it was tried just now */
        char **texts;          /* files whose conflicts people want to read; NULL: none */
        JobConflicts conflicts;
        size_t n_conflicts;       /* beyond what is listed, too */
        uint64_t conflicts_stamp; /* of the list that weir-jobd was told; 0: none */
        size_t n_conflicts_told;  /* with it */
        bool is_all_resolved;     /* RESOLVE_PASS_1 found nothing to do */
        bool is_doubtful;         /* the power failed while people resolved: see run_boot.h */
        uint64_t shelf_digest;    /* of what was shelved; 0: not by this attempt */
        bool needs_login;         /* the ticket has expired, and the job waits for another one */
        bool has_intent;          /* committed and not settled */
        char *reason, *error;     /* why it failed; NULL: it did not */
        unsigned n_commands;      /* of p4 */
} Run;

/* Asks weir-jobd what to do, patience_usec at most, and reads it. *run has id, attempt, cancel_fd and is_finishing; the rest is empty. */
int run_open(Run *run, uint64_t patience_usec);
void run_done(Run *run);

/* Keeps why the job fails; the first reason stays. reason is short and for programs ("login expired"), the rest is for people. -EREMOTEIO. */
int run_fail(Run *run, const char *reason, const char *format, ...) _printf_(3, 4);
/* The same for what p4 answered. */
int run_fail_p4(Run *run, const char *command, const P4Result *result);

/* The job has reached its end and is done; what was submitted, if anything, is in the state already. *ret_next becomes JOB_CLEANUP. */
int run_finish_done(Run *run, JobStage *ret_next, const char *format, ...) _printf_(3, 4);

/* Tells weir-jobd; committed when it returns. The checkpoint is always part of it. */
int run_report(Run *run, JobReport *report);
/* The next stage begins: committed, in the journal, and in the unit's status line. */
int run_enter(Run *run, JobStage stage);
/* What the job is about to make, or has made and removed. kind: client, workspace, changelist, shelf. */
int run_ledger_add(Run *run, const char *kind, const char *name);
int run_ledger_done(Run *run, const char *kind, const char *name);
bool run_ledger_has(const Run *run, const char *kind, const char *name); /* name NULL: any */
/* A line of the job's log. */
void run_log(const Run *run, int priority, const char *format, ...) _printf_(3, 4);

/* Waits; -ECANCELED when the attempt shall end meanwhile. */
int run_sleep(const Run *run, uint64_t usec);
bool run_is_cancelled(const Run *run);
