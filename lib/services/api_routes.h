/* Every endpoint of the web API: one table that routing, access, the parameters' checks, and /api/openapi.json are made of. What a
 * route answers with is in the table, too, so that the description cannot say another thing than the code (a test compares them).
 * Which program carries a route out is its duty: reads, actions over D-Bus, logs. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
        _API_ROUTE_MAX,
} ApiRouteId;

typedef enum ApiProgram { API_PROGRAM_READS, API_PROGRAM_CONTROL, _API_PROGRAM_MAX } ApiProgram;
const char *api_program_file(ApiProgram program); /* "api.cgi" */

typedef enum ApiAccess {
        API_ACCESS_OPEN,    /* everybody, always */
        API_ACCESS_MONITOR, /* everybody, unless weir.yaml wants people to be logged in */
        API_ACCESS_USER,    /* who is logged in */
        API_ACCESS_OPERATOR,
        API_ACCESS_ADMIN,
} ApiAccess;
const char *api_access_to_string(ApiAccess access);

typedef enum ApiType { API_TYPE_INT, API_TYPE_TEXT, API_TYPE_CHOICE } ApiType;
typedef struct ApiParameter {
        const char *name;
        ApiType type;
        int64_t otherwise, min, max; /* API_TYPE_INT: above max is max. API_TYPE_TEXT: lengths in bytes */
        const char *choices;         /* API_TYPE_CHOICE: "name|size", the first one unless given */
        const char *summary;
} ApiParameter;
#define API_PARAMETERS_MAX 8

typedef struct ApiRoute {
        const char *method, *pattern; /* "{id}" in it is a positive number */
        ApiProgram program;
        ApiAccess access;
        const char *summary;
        const char *answer;             /* "count:int streams:[Stream]", see api_schema.h; NULL: no JSON */
        const char *content_type;       /* where answer is NULL */
        bool has_csv;                   /* format=csv gives the list as a table */
        const ApiParameter *parameters; /* of the query; ends with a nameless one; NULL: none */
        const ApiParameter *fields;     /* of the JSON body, the same way */
} ApiRoute;
extern const ApiRoute api_routes[_API_ROUTE_MAX];

/* Named objects in answers. */
typedef struct ApiObject {
        const char *name, *fields;
} ApiObject;
extern const ApiObject api_objects[];
extern const size_t api_n_objects;

/* -ENOENT: no such path; -EOPNOTSUPP: it takes other methods, *ret_allowed ("GET, POST", owned) says which; -EINVAL: its id is none.
 * *ret_id is 0 where the pattern has none. */
int api_route_find(const char *method, const char *path, ApiRouteId *ret, int64_t *ret_id,
                   char **ret_allowed);
