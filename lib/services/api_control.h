/* What the web may set in motion, and what only the bus knows: measuring, reading lists, locks. Handlers, see services/api.h. The
 * work itself is units that polkit lets members of group weir start; nothing is measured in a program of the web. */
#pragma once

#include "services/api.h"

int api_locks_status(Api *api);
int api_update_all(Api *api);
int api_update_stream(Api *api);
int api_update_server(Api *api);
int api_sync_streams(Api *api);
int api_sync_servers(Api *api);
