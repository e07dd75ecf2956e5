/* GET /api/openapi.json: the route table as an OpenAPI 3.0 document.
 *
 * Answers are noted in the table as fields with a blank between: "NAME:TYPE", TYPE one of int, number, string, bool, time, object
 * (with any names in it), any, or an object of api_objects; [TYPE] is a list of them; a question mark behind it says that it may be null
 * or missing. An answer that is "[TYPE]" or "{TYPE}" is a list, or an object with any names, of these. */
#pragma once

#include "services/api.h"

int api_openapi(Api *api);
