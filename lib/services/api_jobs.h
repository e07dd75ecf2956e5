/* Integration jobs as the web API tells them: what lists and one job's answer have in common, and GET /api/jobs, which is read from jobs.db
 * without asking anybody. See services/api_job.h for the rest. */
#pragma once

#include "services/api_rows.h"
#include "services/job_list_store.h"

/* jobs.db, read-only; closed by whoever opened it. */
int api_jobs_open(JobStore **ret);
/* The fields of a JobSummary, into a row or an object that was begun. */
int api_jobs_write_summary(ApiRows *rows, const JobRecord *record);

int api_jobs(Api *api);
