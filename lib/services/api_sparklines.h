/* GET /api/sparklines: the sizes of many streams over the last days, as small drawings beside them need them. */
#pragma once

#include "services/api.h"

int api_sparklines(Api *api);
