/* What works on jobs right now, as systemd knows it: their units, processes, and the host. These are the original's agents and heartbeats;
 * there is nothing that could fail to connect, so what they say is what is true at the moment of asking. */
#pragma once

#include "services/api_job.h"

/* "pids": the stage and the process that works on it; empty when nothing runs. */
void api_job_unit_write_pids(Api *api, const JobRecord *job);

int api_job_heartbeat(Api *api);
int api_job_process_status(Api *api);
int api_agents(Api *api);
int api_agents_status(Api *api);
