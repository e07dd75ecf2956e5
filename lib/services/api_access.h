/* Who may do what: the session or token a request carries, the roles of weir.yaml, and whether a request that changes something
 * comes from our own pages. */
#pragma once

#include "services/api.h"

/* 0 allowed; 1 refused, and the answer says why. Fills api->identity. */
int api_access_check(Api *api);
ApiAccess api_role_of(const WebConfig *config, const char *user, const char *server);
/* API_ACCESS_OPEN for what is no role. */
ApiAccess api_role_from_string(const char *text);
/* The Perforce ticket that came with the login, owned by the caller, who wipes it. -ENOENT: there is none. */
int api_access_ticket(const Api *api, char **ret);
#define API_SESSION_COOKIE "weir_session"
