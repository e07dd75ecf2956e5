/* Every endpoint of the web API: one table that routing, access, the parameters' checks, and /api/openapi.json are made of. What a
 * route answers with is in the table, too, so that the description cannot say another thing than the code (a test compares them).
 * Which program carries a route out is its duty: reads, actions over D-Bus, logs. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "domain/job_id.h"

typedef enum ApiRouteId {
        API_HEALTH,
        API_OPENAPI,
        API_SERVERS,
        API_SERVER,
        API_SERVER_STREAMS,
        API_STREAMS,
        API_STREAMS_SEARCH,
        API_STREAM,
        API_STREAM_HISTORY,
        API_SPARKLINES,
        API_GROWTH,
        API_STATS,
        API_INFO,
        API_AUTH_CHECK,
        API_LOCKS_STATUS,
        API_OPERATIONS,
        API_METRICS,
        API_UPDATE_ALL,
        API_UPDATE_STREAM,
        API_UPDATE_SERVER,
        API_SYNC_STREAMS,
        API_SYNC_SERVERS,
        API_SESSION,
        API_LOGIN,
        API_LOGOUT,
        API_TOKENS,
        API_TOKEN_NEW,
        API_TOKEN_REVOKE,
        API_JOBS,
        API_JOB_NEW,
        API_JOB_PREVIEW,
        API_JOB,
        API_JOB_CANCEL,
        API_JOB_CONTINUE,
        API_JOB_RETRY,
        API_JOB_RESOLVE,
        API_JOB_CONFLICT,
        API_JOB_LOGS,
        API_JOB_LOGS_DOWNLOAD,
        API_JOB_HEARTBEAT,
        API_JOB_PROCESS_STATUS,
        API_QUEUE_CHECK,
        API_QUEUE_STATUS,
        API_QUEUE_MY_JOBS,
        API_QUEUE_CANCEL,
        API_AGENTS,
        API_AGENTS_STATUS,
        _API_ROUTE_MAX,
} ApiRouteId;

typedef enum ApiProgram {
        API_PROGRAM_READS,   /* from the databases */
        API_PROGRAM_CONTROL, /* over D-Bus, and who is logged in */
        API_PROGRAM_LOGS,    /* from the journal */
        _API_PROGRAM_MAX
} ApiProgram;
const char *api_program_file(ApiProgram program); /* "api.cgi" */

typedef enum ApiAccess {
        API_ACCESS_OPEN,    /* everybody, always */
        API_ACCESS_MONITOR, /* everybody, unless weir.yaml wants people to be logged in */
        API_ACCESS_USER,    /* who is logged in */
        API_ACCESS_OPERATOR,
        API_ACCESS_ADMIN,
} ApiAccess;
const char *api_access_to_string(ApiAccess access);

typedef enum ApiType {
        API_TYPE_INT,
        API_TYPE_TEXT,
        API_TYPE_CHOICE,
        API_TYPE_JSON, /* of a body only: whatever the handler makes of it */
} ApiType;
typedef struct ApiParameter {
        const char *name;
        ApiType type;
        int64_t otherwise, min, max; /* API_TYPE_INT: above max is max. API_TYPE_TEXT: lengths in bytes */
        const char *choices; /* API_TYPE_CHOICE: "name|size", the first one unless given. API_TYPE_JSON: its type in an answer's words */
        const char *summary;
} ApiParameter;
#define API_PARAMETERS_MAX 8
/* What is longer than nothing, and JSON, must be there; other texts and numbers may be left out. */
bool api_parameter_is_required(const ApiParameter *parameter);

typedef struct ApiRoute {
        const char *method, *pattern; /* "{id}" in it is a positive number, "{job}" a job's id */
        ApiProgram program;
        ApiAccess access;
        const char *summary;
        const char *answer; /* "count:int streams:[Stream]", "[Line]", "{Agent}", see api_schema.h; NULL: no JSON */
        const char *content_type;       /* where answer is NULL */
        bool has_csv;                   /* format=csv gives the list as a table */
        const ApiParameter *parameters; /* of the query; ends with a nameless one; NULL: none */
        const ApiParameter *fields;     /* of the JSON body, the same way */
        int status;                     /* of success, beside 202 where one may wait; 0: 200 */
        size_t body_max;                /* bytes; 0: HTTP_BODY_MAX */
} ApiRoute;
extern const ApiRoute api_routes[_API_ROUTE_MAX];

/* What an address names. */
typedef struct ApiRouteMatch {
        ApiRouteId route;
        int64_t id;           /* 0: none in the pattern */
        char job[JOB_ID_MAX]; /* empty: the same */
} ApiRouteMatch;
/* -ENOENT: no such path; -EOPNOTSUPP: it takes other methods, *ret_allowed ("GET, POST", owned) says which; -EINVAL: its number is none
 * that an id could be. */
int api_route_find(const char *method, const char *path, ApiRouteMatch *ret, char **ret_allowed);
