/* api.cgi: what is read from the databases, and the door of the whole API: requests that are another program's duty are handed over to
 * it. Linked without D-Bus and, where that is possible, statically: a request costs about a millisecond. */
#include "services/api.h"
#include "resources/db.h"
#include "services/api_history.h"
#include "services/api_jobs.h"
#include "services/api_monitor.h"
#include "services/api_schema.h"
#include "services/api_sparklines.h"

static const ApiHandler handlers[_API_ROUTE_MAX] = {
        [API_HEALTH] = api_health,
        [API_OPENAPI] = api_openapi,
        [API_SERVERS] = api_servers,
        [API_SERVER] = api_server,
        [API_SERVER_STREAMS] = api_server_streams,
        [API_STREAMS] = api_streams,
        [API_STREAMS_SEARCH] = api_streams_search,
        [API_STREAM] = api_stream,
        [API_STREAM_HISTORY] = api_stream_history,
        [API_SPARKLINES] = api_sparklines,
        [API_GROWTH] = api_growth,
        [API_STATS] = api_stats,
        [API_INFO] = api_info,
        [API_AUTH_CHECK] = api_auth_check,
        [API_OPERATIONS] = api_operations,
        [API_JOBS] = api_jobs,
};

int main(void) {
        db_single_threaded();
        return api_main(API_PROGRAM_READS, handlers);
}
