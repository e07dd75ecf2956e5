/* New jobs over the web: POST /api/jobs and /retry. They belong to whoever is logged in, and work with that login's Perforce ticket, which is
 * handed to weir-jobd and told to nobody. */
#pragma once

#include "domain/job_spec.h"
#include "services/api_job.h"

/* What a job of this request works with, owned by the caller, who wipes it. 1: there is one. 0: there is none, or the one that was sent
 * is none, and the answer says so. */
int api_job_ticket(Api *api, char **ret);
/* The request's specification: *ret_json as it was sent. 1: it is in order, and for the server of the login; 0: the answer says why not.
 * Both owned by the caller. */
int api_job_read_spec(Api *api, JobSpec *ret, char **ret_json);

int api_job_new(Api *api);
int api_job_retry(Api *api);
