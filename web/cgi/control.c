/* control.cgi: what is carried out by others and asked for over D-Bus, and who is logged in. */
#include "services/api.h"
#include "services/api_conflict.h"
#include "services/api_control.h"
#include "services/api_job_actions.h"
#include "services/api_job_new.h"
#include "services/api_job_unit.h"
#include "services/api_metrics.h"
#include "services/api_preview.h"
#include "services/api_queue.h"
#include "services/api_session.h"
#include "services/api_tokens.h"

static const ApiHandler handlers[_API_ROUTE_MAX] = {
        [API_LOCKS_STATUS] = api_locks_status,
        [API_METRICS] = api_metrics,
        [API_UPDATE_ALL] = api_update_all,
        [API_UPDATE_STREAM] = api_update_stream,
        [API_UPDATE_SERVER] = api_update_server,
        [API_SYNC_STREAMS] = api_sync_streams,
        [API_SYNC_SERVERS] = api_sync_servers,
        [API_SESSION] = api_session,
        [API_LOGIN] = api_login,
        [API_LOGOUT] = api_logout,
        [API_TOKENS] = api_tokens,
        [API_TOKEN_NEW] = api_token_new,
        [API_TOKEN_REVOKE] = api_token_revoke,
        [API_JOB_NEW] = api_job_new,
        [API_JOB_PREVIEW] = api_job_preview,
        [API_JOB] = api_job,
        [API_JOB_CANCEL] = api_job_cancel,
        [API_JOB_CONTINUE] = api_job_continue,
        [API_JOB_RETRY] = api_job_retry,
        [API_JOB_RESOLVE] = api_job_resolve,
        [API_JOB_CONFLICT] = api_job_conflict,
        [API_JOB_HEARTBEAT] = api_job_heartbeat,
        [API_JOB_PROCESS_STATUS] = api_job_process_status,
        [API_QUEUE_CHECK] = api_queue_check,
        [API_QUEUE_STATUS] = api_queue_status,
        [API_QUEUE_MY_JOBS] = api_queue_my_jobs,
        [API_QUEUE_CANCEL] = api_queue_cancel,
        [API_AGENTS] = api_agents,
        [API_AGENTS_STATUS] = api_agents_status,
};

int main(void) {
        return api_main(API_PROGRAM_CONTROL, handlers);
}
