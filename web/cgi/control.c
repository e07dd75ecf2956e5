/* control.cgi: what is carried out by others and asked for over D-Bus, and who is logged in. */
#include "services/api.h"
#include "services/api_control.h"
#include "services/api_metrics.h"
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
};

int main(void) {
        return api_main(API_PROGRAM_CONTROL, handlers);
}
