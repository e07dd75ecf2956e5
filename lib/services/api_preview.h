/* POST /api/jobs/preview: what a job would integrate, asked of weir-preview with the ticket of whoever is logged in. */
#pragma once

#include "services/api.h"

int api_job_preview(Api *api);
