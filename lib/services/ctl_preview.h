/* `weirctl integrate --preview`: what a job would do, asked of the server with the same command, opening nothing. */
#pragma once

#include "domain/job_spec.h"
#include "services/ctl.h"
#include "services/ctl_job_login.h"

/* Prints it. Returns the exit status. */
int ctl_preview(const Ctl *ctl, const JobSpec *spec, const JobLogin *login);
