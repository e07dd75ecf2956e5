/* logs.cgi: the logs of jobs, from the journal. A reader who waits for the next line has one of these for himself. */
#include "services/api.h"
#include "services/api_logs.h"

static const ApiHandler handlers[_API_ROUTE_MAX] = {
        [API_JOB_LOGS] = api_job_logs,
        [API_JOB_LOGS_DOWNLOAD] = api_job_logs_download,
};

int main(void) {
        return api_main(API_PROGRAM_LOGS, handlers);
}
