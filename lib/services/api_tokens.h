/* /api/tokens: what programs log in with. A token is shown once, acts for whoever made it, and never does more than they may. */
#pragma once

#include "services/api.h"

int api_tokens(Api *api);
int api_token_new(Api *api);
int api_token_revoke(Api *api);
