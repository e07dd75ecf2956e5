#include "services/api_routes.h"

#include <string.h>

#include "base/parse_util.h"
#include "base/string_util.h"

#define FORMAT                                                                                              \
        {                                                                                                   \
                .name = "format", .type = API_TYPE_CHOICE, .choices = "json|csv",                           \
                .summary = "CSV is the list as a table"                                                     \
        }
#define SERVER_ID                                                                                           \
        {                                                                                                   \
                .name = "server_id", .type = API_TYPE_INT, .otherwise = 0, .min = 1, .max = INT64_MAX,      \
                .summary = "of this server only"                                                            \
        }
#define DAYS(text)                                                                                          \
        { .name = "days", .type = API_TYPE_INT, .otherwise = 30, .min = 0, .max = 36500, .summary = text }
#define WAIT(seconds)                                                                                       \
        {                                                                                                   \
                .name = "wait", .type = API_TYPE_INT, .otherwise = seconds, .min = 0, .max = 30,            \
                .summary = "wait this many seconds for its end"                                             \
        }

static const ApiParameter format_only[] = { FORMAT, {} };
static const ApiParameter streams_parameters[] = {
        { .name = "page",
          .type = API_TYPE_INT,
          .otherwise = 1,
          .min = 1,
          .max = 1000000,
          .summary = "which page" },
        { .name = "per_page",
          .type = API_TYPE_INT,
          .otherwise = 50,
          .min = 1,
          .max = 1000,
          .summary = "streams on a page" },
        SERVER_ID,
        { .name = "after",
          .type = API_TYPE_INT,
          .otherwise = 0,
          .min = 1,
          .max = INT64_MAX,
          .summary = "the page that follows the stream with this id (only with sort=name; pages do not shift)" },
        { .name = "sort",
          .type = API_TYPE_CHOICE,
          .choices = "name|size|files|measured",
          .summary = "by what" },
        { .name = "order",
          .type = API_TYPE_CHOICE,
          .choices = "desc|asc",
          .summary = "not with sort=name, which ascends" },
        FORMAT,
        {},
};
static const ApiParameter search_parameters[] = {
        { .name = "q",
          .type = API_TYPE_TEXT,
          .min = 2,
          .max = 400,
          .summary = "a part of the path, in any case" },
        { .name = "limit",
          .type = API_TYPE_INT,
          .otherwise = 50,
          .min = 1,
          .max = 1000,
          .summary = "streams at most" },
        SERVER_ID,
        FORMAT,
        {},
};
static const ApiParameter history_parameters[] = {
        DAYS("the last days; 0 is everything"),
        { .name = "limit",
          .type = API_TYPE_INT,
          .otherwise = 100,
          .min = 1,
          .max = 10000,
          .summary = "points at most; fewer than there are keep the lowest and the highest" },
        FORMAT,
        {},
};
static const ApiParameter growth_parameters[] = {
        DAYS("since so many days ago; 0 is since the beginning"),
        { .name = "limit",
          .type = API_TYPE_INT,
          .otherwise = 50,
          .min = 1,
          .max = 1000,
          .summary = "streams at most" },
        { .name = "direction",
          .type = API_TYPE_CHOICE,
          .choices = "up|down",
          .summary = "that grew, or that shrank" },
        SERVER_ID,
        FORMAT,
        {},
};
static const ApiParameter wait_none[] = { WAIT(0), {} };
static const ApiParameter wait_stream[] = { WAIT(30), {} };
static const ApiParameter login_fields[] = {
        { .name = "server",
          .type = API_TYPE_TEXT,
          .min = 1,
          .max = 100,
          .summary = "name of a configured server" },
        { .name = "user", .type = API_TYPE_TEXT, .min = 1, .max = 256, .summary = "Perforce user there" },
        { .name = "password",
          .type = API_TYPE_TEXT,
          .min = 1,
          .max = 1024,
          .summary = "that user's password" },
        {},
};

#define READS API_PROGRAM_READS
#define CONTROL API_PROGRAM_CONTROL
#define MONITOR API_ACCESS_MONITOR
#define ACTION "status:string message:string success:bool operation:Operation?"

const ApiRoute api_routes[_API_ROUTE_MAX] = {
        [API_HEALTH] = { "GET", "/healthz", READS, API_ACCESS_OPEN, "Whether answers can be given",
                         "status:string" },
        [API_OPENAPI] = { "GET", "/api/openapi.json", READS, API_ACCESS_OPEN, "This description", NULL,
                          "application/json" },
        [API_SERVERS] = { "GET", "/api/servers", READS, MONITOR, "The configured servers",
                          "servers:[Server] count:int success:bool", NULL, true, format_only },
        [API_SERVER] = { "GET", "/api/server/{id}", READS, MONITOR, "One server",
                         "server:Server success:bool" },
        [API_SERVER_STREAMS] = { "GET", "/api/server/{id}/streams", READS, MONITOR,
                                 "The paths of its streams, as last listed",
                                 "server:string streams:[string] count:int listed_at:time? success:bool" },
        [API_STREAMS] = { "GET", "/api/streams", READS, MONITOR, "A page of streams",
                          "streams:[Stream] pagination:Pagination success:bool", NULL, true,
                          streams_parameters },
        [API_STREAMS_SEARCH] = { "GET", "/api/streams/search", READS, MONITOR,
                                 "Streams by a part of their path",
                                 "streams:[Stream] count:int total:int query:string success:bool", NULL,
                                 true, search_parameters },
        [API_STREAM] = { "GET", "/api/stream/{id}", READS, MONITOR, "One stream",
                         "stream:StreamDetail success:bool" },
        [API_STREAM_HISTORY] = { "GET", "/api/stream/{id}/history", READS, MONITOR,
                                 "Its size over time, newest first",
                                 "stream_id:int stream_name:string history:[Point] statistics:Statistics? from:time? to:time "
                                 "success:bool",
                                 NULL, true, history_parameters },
        [API_GROWTH] = { "GET", "/api/growth", READS, MONITOR, "Streams that grew or shrank most",
                         "streams:[Growth] count:int since:time? success:bool", NULL, true,
                         growth_parameters },
        [API_STATS] = { "GET", "/api/stats", READS, MONITOR, "How many of everything",
                        "stats:Stats success:bool" },
        [API_INFO] = { "GET", "/api/info", READS, MONITOR, "About this installation",
                       "app_info:Info success:bool" },
        [API_AUTH_CHECK] = { "GET", "/api/auth/check", READS, MONITOR,
                             "Whether measuring is logged in, as last seen",
                             "tickets_file_exists:bool servers:[AuthCheck] success:bool" },
        [API_LOCKS_STATUS] = { "GET", "/api/status/locks", CONTROL, MONITOR, "What is locked, and by whom",
                               "mass_update_in_progress:bool server_updates_in_progress:[int] config_sync_in_progress:bool "
                               "can_start_mass_update:bool locks:[Lock] success:bool" },
        [API_OPERATIONS] = { "GET", "/api/operations", READS, MONITOR, "What is being measured right now",
                             "operations:[Run] count:int success:bool" },
        [API_METRICS] = { "GET", "/metrics", CONTROL, MONITOR, "Figures for Prometheus", NULL,
                          "text/plain" },
        [API_UPDATE_ALL] = { "POST", "/api/update/all", CONTROL, API_ACCESS_OPERATOR, "Measure every server",
                             ACTION, NULL, false, wait_none },
        [API_UPDATE_STREAM] = { "POST", "/api/update/stream/{id}", CONTROL, API_ACCESS_OPERATOR,
                                "Measure one stream",
                                ACTION " size_bytes:int? file_count:int? human:string? timestamp:time?",
                                NULL, false, wait_stream },
        [API_UPDATE_SERVER] = { "POST", "/api/update/server/{id}", CONTROL, API_ACCESS_OPERATOR,
                                "Measure one server", ACTION " updated:int? added:int? removed:int?", NULL,
                                false, wait_none },
        [API_SYNC_STREAMS] = { "POST", "/api/update/server/{id}/sync-streams", CONTROL, API_ACCESS_OPERATOR,
                               "Bring the list of its streams up to date",
                               ACTION " added:int? removed:int? total:int?", NULL, false, wait_stream },
        [API_SYNC_SERVERS] = { "POST", "/api/admin/sync-servers", CONTROL, API_ACCESS_ADMIN,
                               "Read servers.yaml", ACTION, NULL, false, wait_stream },
        [API_SESSION] = { "GET", "/api/session", CONTROL, API_ACCESS_OPEN, "Who is logged in",
                          "user:string? server:string? role:string expires_at:time? servers:[string] success:bool" },
        [API_LOGIN] = { "POST", "/api/session", CONTROL, API_ACCESS_OPEN, "Log in with a Perforce password",
                        "user:string server:string role:string expires_at:time success:bool", NULL, false,
                        NULL, login_fields },
        [API_LOGOUT] = { "DELETE", "/api/session", CONTROL, API_ACCESS_OPEN, "Log out", "success:bool" },
};

const ApiObject api_objects[] = {
        { "Server",
          "id:int name:string p4port:string p4user:string stream_mask:string created_at:time streams_count:int "
          "state:string state_text:string? checked_at:time? measured_at:time? last_updated:time?" },
        { "Stream",
          "id:int name:string size_bytes:int file_count:int size_human:string last_updated:time? server_id:int "
          "server_name:string is_measured:bool is_stale:bool error:string?" },
        { "StreamDetail",
          "id:int name:string size_bytes:int file_count:int size_human:string last_updated:time? server_id:int "
          "server_name:string is_measured:bool is_stale:bool error:string? server_p4port:string type:string "
          "parent:string? change:int created_at:time state:string" },
        { "Pagination",
          "page:int per_page:int total:int pages:int has_prev:bool has_next:bool next_after:int?" },
        { "Point", "timestamp:time size_bytes:int size_human:string file_count:int" },
        { "Statistics",
          "current:int min:int max:int mean:int change:int change_percent:number? measurements:int" },
        { "Growth",
          "id:int name:string server_id:int server_name:string size_bytes:int size_human:string before_bytes:int "
          "change:int change_human:string file_change:int since:time" },
        { "Stats",
          "total_servers:int total_streams:int last_global_update:time? servers:[ServerStats] note:string" },
        { "ServerStats", "server_id:int server_name:string streams_count:int last_updated:time?" },
        { "Info",
          "version:string environment:string debug_mode:bool database_uri:string? scheduler_interval_hours:number "
          "calendar:string? start_time:time? login_required:bool" },
        { "AuthCheck",
          "server_id:int server_name:string p4port:string p4user:string authenticated:bool state:string "
          "checked_at:time? ticket_expires_at:time?" },
        { "Lock", "resource:string mode:string holder:string why:string since:time waiting:bool" },
        { "Run",
          "scope:string server:string stage:string current:string? done:int total:int started_at:time" },
        { "Operation", "unit:string state:string" },
};
const size_t api_n_objects = ELEMENTSOF(api_objects);

const char *api_program_file(ApiProgram program) {
        static const char *const files[_API_PROGRAM_MAX] = { "api.cgi", "control.cgi" };
        return files[program];
}

const char *api_access_to_string(ApiAccess access) {
        static const char *const names[] = { "open", "monitor", "user", "operator", "admin" };
        return names[access];
}

/* 1: it is that path. 0: it is not. -EINVAL: it is, but the number is none that an id could be. */
static int match(const char *pattern, const char *path, int64_t *ret_id) {
        char digits[24];
        size_t length, before = strcspn(pattern, "{");

        if (!pattern[before]) {
                return string_equal(pattern, path);
        }
        if (strncmp(pattern, path, before) != 0) {
                return 0;
        }
        path += before;
        length = strcspn(path, "/");
        if (!string_equal(pattern + before + strlen("{id}"), path + length)) {
                return 0;
        }
        if (length == 0 || strspn(path, "0123456789") < length) {
                return 0;
        }
        if (length >= sizeof digits) {
                return -EINVAL;
        }
        memcpy(digits, path, length);
        digits[length] = 0;
        return parse_int64(digits, ret_id) < 0 || *ret_id <= 0 ? -EINVAL : 1;
}

static int allow(char **allowed, const char *method) {
        _cleanup_free_ char *more = NULL;
        int r = *allowed ? string_format(&more, "%s, %s", *allowed, method) : string_copy(&more, method);

        return r < 0 ? r : string_replace(allowed, more);
}

int api_route_find(const char *method, const char *path, ApiRouteId *ret, int64_t *ret_id,
                   char **ret_allowed) {
        _cleanup_free_ char *allowed = NULL;

        for (ApiRouteId i = 0; i < _API_ROUTE_MAX; i++) {
                int64_t id = 0;
                int r = match(api_routes[i].pattern, path, &id);
                if (r == -EINVAL) {
                        return r;
                }
                if (r > 0 && string_equal(api_routes[i].method, method)) {
                        *ret = i;
                        *ret_id = id;
                        return 0;
                }
                r = r > 0 ? allow(&allowed, api_routes[i].method) : r;
                if (r < 0) {
                        return r;
                }
        }
        if (!allowed) {
                return -ENOENT;
        }
        *ret_allowed = TAKE_PTR(allowed);
        return -EOPNOTSUPP;
}
