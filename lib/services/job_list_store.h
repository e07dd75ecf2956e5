/* Jobs as people and runners see them, read from jobs.db. */
#pragma once

#include "services/job_store.h"

#define JOB_LIST_DEFAULT 50
#define JOB_LIST_MAX 1000
#define JOB_LIST_BYTES_MAX ((size_t) 4 * 1024 * 1024) /* of specs in one answer */

/* With everything. *ret_seq may be NULL. -ENOENT. */
int job_list_store_get(JobStore *store, const char *id, JobRecord *ret, int64_t *ret_seq);
/* Without what GetJob alone tells. -ENOENT. */
int job_list_store_get_brief(JobStore *store, const char *id, JobRecord *ret, int64_t *ret_seq);
/* Newest first. -ENOENT when filter->before is no job. */
int job_list_store_list(JobStore *store, const JobFilter *filter, JobRecords *ret);
/* In the order of asking, without their specs. */
int job_list_store_list_queued(JobStore *store, JobRecords *ret);
/* How many jobs of an owner (NULL: of everybody) are in each state. */
int job_list_store_count(JobStore *store, const char *owner, int64_t ret[static _JOB_STATUS_MAX]);
/* All that ever ended, forgotten ones, too: how many, and how long they took from their start, all together. */
typedef struct JobsEnded {
        int64_t n, usec;
} JobsEnded;
int job_list_store_ended(JobStore *store, JobsEnded ret[static _JOB_STATUS_MAX]);
/* The place of a queued job in the queue, from 1. -ENOENT. */
int job_list_store_position(JobStore *store, const char *id, int64_t *ret);
/* What an attempt has to do, as far as the database knows, and the Perforce user that was given (owned; empty: none). -ENOENT. */
int job_list_store_get_work(JobStore *store, const char *id, JobWork *ret, char **ret_p4user);
