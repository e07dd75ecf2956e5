/* /api/queue: which client a job works in, and who waits for it. One queue for all jobs; the original's "workspaces" are its jobs by the
 * client they want. Its order and what blocks whom is weir-jobd's to say. */
#pragma once

#include "services/api.h"

int api_queue_check(Api *api);
int api_queue_status(Api *api);
int api_queue_my_jobs(Api *api);
