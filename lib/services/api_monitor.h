/* The reads of the monitor half: servers, streams, figures. Handlers, see services/api.h. */
#pragma once

#include "services/api.h"
#include "services/stream_store.h"

int api_health(Api *api);
int api_servers(Api *api);
int api_server(Api *api);
int api_server_streams(Api *api);
int api_streams(Api *api);
int api_streams_search(Api *api);
int api_stream(Api *api);
int api_growth(Api *api);
int api_stats(Api *api);
int api_info(Api *api);
int api_auth_check(Api *api);
int api_operations(Api *api);

/* The server or stream of the route's id. 0; 1: there is none, and the answer says so. */
int api_find_server(Api *api, MonitorServer *ret);
int api_find_stream(Api *api, MonitorStream *ret);
