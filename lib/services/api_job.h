/* One integration job over the web: finding it, who may do what with it, and GET /api/jobs/ID. The handlers ask
 * weir-jobd over D-Bus; whose a job is they read from jobs.db, so that what is refused asks nobody.
 *
 * A job is one's own when its owner has one's name and its server is the one where that name was proved: the same name on another server
 * may be another person. */
#pragma once

#include "clients/jobs_client.h"
#include "services/api.h"

/* 1: found, without what GetJob alone tells. 0: there is none, and the answer says so. */
int api_job_find(Api *api, JobRecord *ret);

typedef enum ApiJobRight {
        API_JOB_STEER, /* cancel, continue, resolve: its owner and operators */
        API_JOB_OWN,   /* everything else: its owner and administrators */
} ApiJobRight;
bool api_job_may(const Api *api, const JobRecord *job, ApiJobRight right);
/* As api_job_find(), and 0 also where one may not. */
int api_job_find_for(Api *api, ApiJobRight right, JobRecord *ret);

/* 1: connected. 0: nobody is there, and the answer says so. */
int api_job_connect(Api *api, JobsClient **ret);
/* What jobs_client_*() returned, told to the reader. message may be NULL. */
int api_job_explain(Api *api, int error, const char *message);
/* Without a value: null. */
void api_job_write_count(JsonWriter *json, const char *name, int64_t value);

int api_job(Api *api);
