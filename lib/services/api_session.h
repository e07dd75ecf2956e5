/* Logging in and out on the web. Handlers, see services/api.h. */
#pragma once

#include "services/api.h"

int api_session(Api *api);
int api_login(Api *api);
int api_logout(Api *api);
