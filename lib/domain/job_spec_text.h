/* A job's specification back into text: for jobs.db and for people. */
#pragma once

#include "domain/job_spec.h"

/* The spec in its one written form, JSON that job_spec_parse() takes again: every given field, defaults left out. Owned by the caller. */
int job_spec_format(const JobSpec *spec, char **ret);
/* The commands and their environment are for those who may manage the job: whether there are any, and the same without them. */
bool job_spec_has_private(const char *json);
int job_spec_format_public(const char *json, char **ret);
/* One line for people: "//demo/dev to its parent @latest". Owned by the caller. */
int job_spec_summary(const JobSpec *spec, char **ret);
