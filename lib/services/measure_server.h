/* One measuring run of one server, from the first question to the last row. */
#pragma once

#include "domain/scope.h"
#include "services/measure_context.h"

typedef enum MeasureOutcome {
        MEASURE_OUTCOME_OK,
        MEASURE_OUTCOME_PARTIAL, /* some streams failed */
        MEASURE_OUTCOME_FAILED,  /* the server failed, or everything on it */
        MEASURE_OUTCOME_STOPPED, /* by a signal */
} MeasureOutcome;

/* scope says what of the server: all of it, one stream (scope->path), only the list. Everything is
 * reported, and the server's state is in the database afterwards. The caller holds the locks. */
MeasureOutcome measure_server(MeasureContext *context, const MonitorServer *server, const Scope *scope);
