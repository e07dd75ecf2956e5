/* GET /api/jobs/ID/conflict: what the sides of one conflict say, for people who merge them. The job's runner reads them when they are asked
 * for. They are content of files, so they are for those who may resolve. */
#pragma once

#include "services/api.h"

int api_job_conflict(Api *api);
