/* What people do with jobs that are there: cancel, continue, resolve. Every change is made in the name of whoever is logged in. */
#pragma once

#include "services/api_job.h"

int api_job_cancel(Api *api);
int api_job_continue(Api *api);
int api_job_resolve(Api *api);
int api_queue_cancel(Api *api);
