#include "services/api_routes.h"

#include <string.h>

#include "base/parse_util.h"
#include "base/string_util.h"
#include "services/api_objects.h"

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

#define YES_OR_NO "0|1|true|yes|false|no"

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
        { .name = "q",
          .type = API_TYPE_TEXT,
          .min = 0,
          .max = 400,
          .summary = "only those with this in their path, in any case (not with after)" },
        FORMAT,
        {},
};
static const ApiParameter sparklines_parameters[] = {
        { .name = "ids",
          .type = API_TYPE_TEXT,
          .min = 1,
          .max = 8000,
          .summary = "of these streams: 1,2,3 (1000 at most)" },
        { .name = "days",
          .type = API_TYPE_INT,
          .otherwise = 30,
          .min = 1,
          .max = 3650,
          .summary = "over the last days" },
        { .name = "points",
          .type = API_TYPE_INT,
          .otherwise = 30,
          .min = 2,
          .max = 200,
          .summary = "sizes of each" },
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

static const ApiParameter tokens_parameters[] = {
        { .name = "all",
          .type = API_TYPE_CHOICE,
          .choices = YES_OR_NO,
          .summary = "everybody's (administrators)" },
        {},
};
static const ApiParameter token_fields[] = {
        { .name = "name", .type = API_TYPE_TEXT, .min = 1, .max = 100, .summary = "what it is for" },
        { .name = "role",
          .type = API_TYPE_CHOICE,
          .choices = "own|user|operator|admin",
          .summary = "what it may do at most; never more than its owner" },
        { .name = "days",
          .type = API_TYPE_INT,
          .otherwise = 90,
          .min = 1,
          .max = 3650,
          .summary = "how long it is good" },
        {},
};

static const ApiParameter jobs_parameters[] = {
        { .name = "owner", .type = API_TYPE_TEXT, .max = 256, .summary = "of this owner" },
        { .name = "all",
          .type = API_TYPE_CHOICE,
          .choices = YES_OR_NO,
          .summary = "everybody's; otherwise, without an owner, one's own" },
        { .name = "status",
          .type = API_TYPE_CHOICE,
          .choices = "any|queued|running|needs_resolve|cancelling|done|failed|cancelled",
          .summary = "in this state" },
        { .name = "server", .type = API_TYPE_TEXT, .max = 100, .summary = "of this Perforce server" },
        { .name = "q",
          .type = API_TYPE_TEXT,
          .max = 400,
          .summary = "with this text in its number, specification, client or error, in any case" },
        { .name = "before", .type = API_TYPE_TEXT, .max = JOB_ID_MAX - 1, .summary = "older than this job" },
        { .name = "limit",
          .type = API_TYPE_INT,
          .otherwise = 50,
          .min = 1,
          .max = 1000,
          .summary = "jobs at most" },
        FORMAT,
        {},
};
static const ApiParameter job_fields[] = {
        { .name = "spec",
          .type = API_TYPE_JSON,
          .min = 1,
          .choices = "JobSpec",
          .summary = "what to integrate, see job.json(5)" },
        { .name = "ticket",
          .type = API_TYPE_TEXT,
          .max = 4096,
          .summary = "Perforce ticket of whoever asks, instead of that of the login" },
        { .name = "owner",
          .type = API_TYPE_TEXT,
          .max = 255,
          .summary = "whose job it is to be (administrators)" },
        {},
};
static const ApiParameter preview_fields[] = {
        { .name = "spec",
          .type = API_TYPE_JSON,
          .min = 1,
          .choices = "JobSpec",
          .summary = "what would be integrated, see job.json(5)" },
        { .name = "ticket",
          .type = API_TYPE_TEXT,
          .max = 4096,
          .summary = "Perforce ticket of whoever asks, instead of that of the login" },
        {},
};
static const ApiParameter cancel_fields[] = {
        { .name = "mode",
          .type = API_TYPE_CHOICE,
          .choices = "graceful|immediate",
          .summary = "immediate does not wait for what runs to end by itself" },
        {},
};
static const ApiParameter continue_fields[] = {
        { .name = "ticket",
          .type = API_TYPE_TEXT,
          .max = 4096,
          .summary = "Perforce ticket of whoever asks, instead of that of the login; used when needs_login" },
        {},
};
static const ApiParameter retry_fields[] = {
        { .name = "ticket",
          .type = API_TYPE_TEXT,
          .max = 4096,
          .summary = "Perforce ticket of whoever asks, instead of that of the login" },
        {},
};
static const ApiParameter resolve_fields[] = {
        { .name = "files",
          .type = API_TYPE_JSON,
          .min = 1,
          .choices = "[Resolution]",
          .summary = "each once" },
        {},
};
static const ApiParameter conflict_parameters[] = {
        { .name = "file", .type = API_TYPE_TEXT, .min = 1, .max = 4096, .summary = "its path in the depot" },
        WAIT(10),
        {},
};
static const ApiParameter log_parameters[] = {
        { .name = "after",
          .type = API_TYPE_TEXT,
          .max = 256,
          .summary = "lines that follow the one with this cursor" },
        { .name = "wait",
          .type = API_TYPE_INT,
          .otherwise = 0,
          .min = 0,
          .max = 20,
          .summary = "wait this many seconds for the next line where there is none yet" },
        { .name = "before",
          .type = API_TYPE_TEXT,
          .max = 256,
          .summary = "lines before the one with this cursor" },
        { .name = "limit",
          .type = API_TYPE_INT,
          .otherwise = 1000,
          .min = 1,
          .max = 10000,
          .summary = "lines at most" },
        { .name = "tail",
          .type = API_TYPE_INT,
          .otherwise = 0,
          .min = 1,
          .max = 10000,
          .summary = "the last lines" },
        { .name = "q", .type = API_TYPE_TEXT, .max = 400, .summary = "lines with this text, in any case" },
        { .name = "level",
          .type = API_TYPE_CHOICE,
          .choices = "any|error|warning|notice|info|debug",
          .summary = "lines at least as grave" },
        { .name = "stage", .type = API_TYPE_TEXT, .max = 32, .summary = "lines of this stage" },
        {},
};
static const ApiParameter queue_check_parameters[] = {
        { .name = "workspace",
          .type = API_TYPE_TEXT,
          .min = 1,
          .max = 1024,
          .summary = "a Perforce client" },
        { .name = "server",
          .type = API_TYPE_TEXT,
          .max = 100,
          .summary = "of this server; otherwise of any" },
        {},
};
static const ApiParameter queue_cancel_fields[] = {
        { .name = "workspace",
          .type = API_TYPE_TEXT,
          .max = 1024,
          .summary = "the client it waits for; may be left out" },
        {},
};

#define READS API_PROGRAM_READS
#define CONTROL API_PROGRAM_CONTROL
#define LOGS API_PROGRAM_LOGS
#define MONITOR API_ACCESS_MONITOR
#define USER API_ACCESS_USER
#define JOB_ACTION "status:string job_id:string message:string success:bool"
#define RESOLVE_BODY_MAX ((size_t) 3 * 1024 * 1024) /* a text of 1 MiB, escaped */
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
        [API_SPARKLINES] = { "GET", "/api/sparklines", READS, MONITOR,
                             "Sizes of many streams at evenly spread moments, oldest first",
                             "sparklines:[Sparkline] from:time to:time success:bool",
                             .parameters = sparklines_parameters },
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
        [API_TOKENS] = { "GET", "/api/tokens", CONTROL, USER, "One's tokens for programs",
                         "tokens:[Token] count:int success:bool", .parameters = tokens_parameters },
        [API_TOKEN_NEW] = { "POST", "/api/tokens", CONTROL, USER,
                            "A new one; it is told this once, and to be sent as Authorization: Bearer",
                            "id:int name:string token:string role:string expires_at:time success:bool",
                            .fields = token_fields, .status = 201 },
        [API_TOKEN_REVOKE] = { "DELETE", "/api/tokens/{id}", CONTROL, USER,
                               "It is good for nothing any more", "success:bool" },

        [API_JOBS] = { "GET", "/api/jobs", READS, USER, "Integration jobs, newest first",
                       "jobs:[JobSummary] count:int counts:JobCounts next_before:string? success:bool",
                       .has_csv = true, .parameters = jobs_parameters },
        [API_JOB_NEW] = { "POST", "/api/jobs", CONTROL, USER, "Create a job and queue it",
                          "job_id:string status:string owner:string location:string success:bool",
                          .fields = job_fields, .status = 201 },
        [API_JOB_PREVIEW] = { "POST", "/api/jobs/preview", CONTROL, USER,
                              "What a job would integrate; nothing is changed",
                              "files:[PreviewFile] conflicts:[PreviewFile] messages:[string] count:int "
                              "conflict_count:int source_changelist:int? truncated:bool success:bool",
                              .fields = preview_fields },
        [API_JOB] = { "GET", "/api/jobs/{job}", CONTROL, USER, "One job, with everything",
                      API_JOB_SUMMARY
                      " spec:object agent_id:string? conflicts:[Conflict] pids:object history:[Step] "
                      "left_behind:[LeftBehind] shelf:int? unit:string? blocked_by:string? cancelled_by:string? needs_login:bool "
                      "can:JobCan success:bool" },
        [API_JOB_CANCEL] = { "POST", "/api/jobs/{job}/cancel", CONTROL, USER, "End a job that has not ended",
                             JOB_ACTION, .fields = cancel_fields },
        [API_JOB_CONTINUE] = { "POST", "/api/jobs/{job}/continue", CONTROL, USER,
                               "A job that waits for people looks at its conflicts again", JOB_ACTION,
                               .fields = continue_fields },
        [API_JOB_RETRY] = { "POST", "/api/jobs/{job}/retry", CONTROL, USER,
                            "A new job with the specification of one that has ended",
                            "job_id:string new_job_id:string original_job_id:string status:string owner:string "
                            "location:string success:bool",
                            .fields = retry_fields, .status = 201 },
        [API_JOB_RESOLVE] = { "POST", "/api/jobs/{job}/resolve", CONTROL, USER, "How conflicts are resolved",
                              JOB_ACTION, .fields = resolve_fields, .status = 202,
                              .body_max = RESOLVE_BODY_MAX },
        [API_JOB_CONFLICT] = { "GET", "/api/jobs/{job}/conflict", CONTROL, USER, "The texts of one conflict",
                               "file:string type:string? is_text:bool base:string? theirs:string? yours:string? "
                               "merged:string? truncated:bool state:string reason:string? success:bool",
                               .parameters = conflict_parameters },
        [API_JOB_LOGS] = { "GET", "/api/jobs/{job}/logs", LOGS, USER, "Its log", "[LogEntry]",
                           .parameters = log_parameters },
        [API_JOB_LOGS_DOWNLOAD] = { "GET", "/jobs/{job}/logs/download", LOGS, USER,
                                    "All of its log as a text", NULL, "text/plain" },
        [API_JOB_HEARTBEAT] = { "GET", "/api/jobs/{job}/heartbeat", CONTROL, USER,
                                "Whether something works on it right now, as systemd knows",
                                "connected:bool agent_id:string? last_heartbeat:time? hostname:string? "
                                "unit:Unit? process_list:[Process] success:bool" },
        [API_JOB_PROCESS_STATUS] = { "GET", "/api/jobs/{job}/process_status", CONTROL, USER,
                                     "What runs for it right now",
                                     "processes:object agent_connected:bool current_stage:string "
                                     "current_cmd_id:string? agent_id:string? unit:Unit? process_list:[Process] "
                                     "success:bool" },
        [API_QUEUE_CHECK] = { "GET", "/api/queue/check", CONTROL, USER,
                              "Whether a job in this client would start at once",
                              "available:bool running_job_id:string? running_job_owner:string? queue_length:int "
                              "success:bool",
                              .parameters = queue_check_parameters },
        [API_QUEUE_STATUS] = { "GET", "/api/queue/status", CONTROL, USER,
                               "What works in which client, and what waits",
                               "workspaces:[Workspace] count:int success:bool" },
        [API_QUEUE_MY_JOBS] = { "GET", "/api/queue/my-jobs", CONTROL, USER, "One's own queued jobs",
                                "queued_jobs:[QueuedJob] count:int success:bool" },
        [API_QUEUE_CANCEL] = { "POST", "/api/queue/{job}/cancel", CONTROL, USER,
                               "Cancel a job that is queued", JOB_ACTION, .fields = queue_cancel_fields },
        [API_AGENTS] = { "GET", "/api/agents", CONTROL, USER, "The hosts that jobs run on", "{Agent}" },
        [API_AGENTS_STATUS] = { "GET", "/api/agents/status", CONTROL, USER, "The same, with those awaited",
                                "connected:object expected:object success:bool" },
};

const char *api_program_file(ApiProgram program) {
        static const char *const files[_API_PROGRAM_MAX] = { "api.cgi", "control.cgi", "logs.cgi" };
        return files[program];
}

const char *api_access_to_string(ApiAccess access) {
        static const char *const names[] = { "open", "monitor", "user", "operator", "admin" };
        return names[access];
}

bool api_parameter_is_required(const ApiParameter *parameter) {
        return (parameter->type == API_TYPE_TEXT || parameter->type == API_TYPE_JSON) && parameter->min > 0;
}

/* --- finding ---------------------------------------------------------------------------------------- */

static int match_number(const char *digits, int64_t *ret) {
        size_t length = strlen(digits);

        if (length == 0 || strspn(digits, "0123456789") < length) {
                return 0;
        }
        return parse_int64(digits, ret) < 0 || *ret <= 0 ? -EINVAL : 1;
}

/* 1: it is that path. 0: it is not. -EINVAL: it is, but the number is none that an id could be. */
static int match(const char *pattern, const char *path, ApiRouteMatch *match) {
        size_t length, before = strcspn(pattern, "{");
        char segment[JOB_ID_MAX];

        if (!pattern[before]) {
                return string_equal(pattern, path);
        }
        if (strncmp(pattern, path, before) != 0) {
                return 0;
        }
        path += before;
        length = strcspn(path, "/");
        if (length >= sizeof segment || !string_equal(strchr(pattern, '}') + 1, path + length)) {
                return 0;
        }
        memcpy(segment, path, length);
        segment[length] = 0;
        if (string_has_prefix(pattern + before, "{id}")) {
                return match_number(segment, &match->id);
        }
        strcpy(match->job, segment);
        return job_id_is_valid(segment);
}

static int allow(char **allowed, const char *method) {
        _cleanup_free_ char *more = NULL;
        int r = *allowed ? string_format(&more, "%s, %s", *allowed, method) : string_copy(&more, method);

        return r < 0 ? r : string_replace(allowed, more);
}

int api_route_find(const char *method, const char *path, ApiRouteMatch *ret, char **ret_allowed) {
        _cleanup_free_ char *allowed = NULL;

        for (ApiRouteId i = 0; i < _API_ROUTE_MAX; i++) {
                ApiRouteMatch found = { .route = i };
                int r = match(api_routes[i].pattern, path, &found);
                if (r == -EINVAL) {
                        return r;
                }
                if (r > 0 && string_equal(api_routes[i].method, method)) {
                        *ret = found;
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
