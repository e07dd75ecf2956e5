/* New jobs. Everything is checked before there is a job; where there is a credential, it is kept before there is a job, too. */
#pragma once

#include "services/jobd.h"

typedef struct JobdRequest {
        const char *kind, *spec_json;
        const char *retry_of; /* NULL: none */
        JobOptions options;   /* owner is given */
} JobdRequest;

/* A job that is about to be: its id is taken. */
typedef struct JobdDraft JobdDraft;
/* 0, or with *ret_message (owned, may be NULL): -EBADMSG the spec; -EINVAL another argument; -ENOBUFS a limit. */
int jobd_prepare(Jobd *jobd, const JobdRequest *request, JobdDraft **ret, char **ret_message);
/* The same with the spec of a job that has ended. -ENOENT; -EBUSY it has not. */
int jobd_prepare_retry(Jobd *jobd, const char *id, const JobOptions *options, JobdDraft **ret,
                       char **ret_message);
const char *jobd_draft_id(const JobdDraft *draft);
bool jobd_draft_has_credential(const JobdDraft *draft); /* it is to be kept under the id first */
/* Now it is a job, and queued. */
int jobd_commit(JobdDraft *draft);
/* Without a commit: it never was. */
JobdDraft *jobd_draft_free(JobdDraft *draft);
DEFINE_TRIVIAL_CLEANUP_FUNC(JobdDraft *, jobd_draft_free);
