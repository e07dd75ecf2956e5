/* Speaking with weir-jobd (org.weir.Jobs1). Calls block; tools and the programs of a job's unit use this, daemons do not.
 *
 * Every function returns 0 or more, or: -ENOENT no such job; -EBADMSG the spec is bad; -EACCES not allowed; -EBUSY the job's state does
 * not allow it; -ENOBUFS a limit is reached; -ENOKEY the credential could not be kept; -EINVAL arguments; -EHOSTDOWN no weir-jobd;
 * -ETIMEDOUT no answer; -EIO its database failed. *ret_message (owned, may be NULL) is the sentence for people. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "clients/job_record.h"

typedef struct JobsClient JobsClient;
int jobs_client_new(JobsClient **ret); /* connects to the system bus */
JobsClient *jobs_client_free(JobsClient *client);
DEFINE_TRIVIAL_CLEANUP_FUNC(JobsClient *, jobs_client_free);

/* --- for people ------------------------------------------------------------------------------------------------------ */

int jobs_client_create(JobsClient *client, const char *spec_json, const JobOptions *options, char **ret_id,
                       char **ret_message);
/* A new job with the spec of another one that has ended. */
int jobs_client_retry(JobsClient *client, const char *id, const JobOptions *options, char **ret_id,
                      char **ret_message);
/* Newest first; an empty answer is the end. */
int jobs_client_list(JobsClient *client, const JobFilter *filter, JobRecords *ret, char **ret_message);
int jobs_client_get(JobsClient *client, const char *id, JobRecord *ret, char **ret_message);
/* In the order they will start. */
int jobs_client_queue(JobsClient *client, JobRecords *ret, char **ret_message);
/* actor: who wants it, from those who speak for others; NULL: the caller. */
int jobs_client_cancel(JobsClient *client, const char *id, bool immediate, const char *actor,
                       char **ret_message);
int jobs_client_continue(JobsClient *client, const char *id, char **ret_message);
/* Another ticket for a job that waits, of the user as which it works. */
int jobs_client_renew_login(JobsClient *client, const char *id, const JobOptions *options,
                            char **ret_message);
/* Pairs of file (depot or local path, or "*") and "theirs", "yours", "merged" or "edit". */
int jobs_client_resolve(JobsClient *client, const char *id, const JobPairs *files, char **ret_message);

/* What the sides of a conflict say; "pending" when the runner took longer than 10 s to read it: to be asked again. */
int jobs_client_read_conflict(JobsClient *client, const char *id, const char *file, JobText *ret,
                              char **ret_message);
/* What the file shall be instead. */
int jobs_client_resolve_with_text(JobsClient *client, const char *id, const char *file, const JobBytes *text,
                                  char **ret_message);

/* --- waiting --------------------------------------------------------------------------------------------------------- */

typedef enum JobsWatch {
        JOBS_WATCH_CHANGES, /* its status or stage is another one, it has ended, or weir-jobd restarted */
        JOBS_WATCH_WAKE,    /* the runner shall look again: Continue, ResolveFiles, CancelJob */
} JobsWatch;
/* From now on jobs_client_wait() tells. Watch first, then ask for the state: nothing is missed between. */
int jobs_client_watch(JobsClient *client, const char *id, JobsWatch watch);
/* 1: something happened since the last time (or a signal that is caught interrupted the waiting: -EINTR). 0: the time is over. */
int jobs_client_wait(JobsClient *client, uint64_t timeout_usec);

/* --- for the job's own unit ------------------------------------------------------------------------------------------ */

/* These ask again while weir-jobd is away, for up to patience (60 s unless set): all of them may be repeated without harm. */
void jobs_client_set_patience(JobsClient *client, uint64_t patience_usec);
int jobs_client_take(JobsClient *client, const char *id, uint32_t attempt, JobWork *ret, char **ret_message);
/* Committed when this returns. */
int jobs_client_report(JobsClient *client, const char *id, uint32_t attempt, const JobReport *report,
                       JobAnswer *ret, char **ret_message);
int jobs_client_take_text(JobsClient *client, const char *id, uint32_t attempt, const char *file,
                          JobBytes *ret, char **ret_message);
int jobs_client_finished(JobsClient *client, const char *id, uint32_t attempt, const JobResult *result,
                         char **ret_message);
