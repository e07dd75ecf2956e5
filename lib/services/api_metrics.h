/* GET /metrics: figures in Prometheus' text format. A handler, see services/api.h. */
#pragma once

#include "services/api.h"

int api_metrics(Api *api);
