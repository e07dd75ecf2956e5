/* The log of a job on the web. Handlers, see services/api.h. */
#pragma once

#include "services/api.h"

int api_job_logs(Api *api);
int api_job_logs_download(Api *api);
