/* The specification of a job from the options of `weirctl integrate`. */
#pragma once

#include "domain/job_spec.h"
#include "services/ctl.h"

/* Checked completely; *ret_json is its written form, owned by the caller. Negative: what is wrong was told, *ret_status is the exit status. */
int ctl_spec_read(const Ctl *ctl, JobSpec *ret, char **ret_json, int *ret_status);
