/* The lists that belong to a job in jobs.db, and the names of credentials. What changes them runs within the transaction of
 * job_store_save() or job_store_reserve(); lists that are NULL change nothing. */
#pragma once

#include "services/job_store.h"

int history_store_add(JobStore *store, int64_t seq, JobStage from, JobStage to, int64_t now);
int history_store_read(JobStore *store, int64_t seq, JobHistory *ret);

/* n: how many there are, when that is more than are listed. */
int conflict_store_replace(JobStore *store, int64_t seq, const JobConflicts *conflicts, size_t n);
/* 1: a conflict is about this file, named by its depot or its local path. */
int conflict_store_has(JobStore *store, int64_t seq, const char *file);
/* The one of them that is about its content, if any is. 1: *ret is filled; 0: there is none. */
int conflict_store_find(JobStore *store, int64_t seq, const char *file, JobConflict *ret);
int conflict_store_read(JobStore *store, int64_t seq, JobConflicts *ret);

/* Kind and name of what a job made. Adding again what was removed makes it count again. */
int ledger_store_add(JobStore *store, int64_t seq, const JobPairs *entries, int64_t now);
int ledger_store_end(JobStore *store, int64_t seq, const JobPairs *entries, bool all, int64_t now);
int ledger_store_read(JobStore *store, int64_t seq, JobPairs *ret); /* what is not yet removed */
int ledger_store_count(JobStore *store, int64_t seq);

/* File and how to accept it; a later wish for a file replaces an earlier one. */
int resolution_store_add(JobStore *store, int64_t seq, const JobPairs *resolutions);
int resolution_store_remove(JobStore *store, int64_t seq, char *const *files);
int resolution_store_read(JobStore *store, int64_t seq, JobPairs *ret);
int resolution_store_count(JobStore *store, int64_t seq);
int resolution_store_clear(JobStore *store, int64_t seq);
/* A file that becomes what a person wrote, accepted as JOB_ACCEPT_TEXT. 1: *ret is it; 0: there is none for that file. */
#define JOB_ACCEPT_TEXT "text"
int resolution_store_add_text(JobStore *store, int64_t seq, const char *file, const JobBytes *text);
int resolution_store_read_text(JobStore *store, int64_t seq, const char *file, JobBytes *ret);
int resolution_store_count_texts(JobStore *store, int64_t seq);

int credential_store_add(JobStore *store, const char *name);
/* The job needs its credential no more; the same for one whose job never came to be. */
int credential_store_release(JobStore *store, int64_t seq);
int credential_store_release_name(JobStore *store, const char *name);
/* At start: those of creations that never came to their end. */
int credential_store_release_orphans(JobStore *store);
/* One name to be forgotten. 1: *ret (owned), 0: none. */
int credential_store_next(JobStore *store, char **ret);
int credential_store_remove(JobStore *store, const char *name);
