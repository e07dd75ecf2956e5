#include "services/api_objects.h"

#include "base/macro.h"

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
        { "Sparkline", "id:int sizes:[int] skipped:int" },
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
        { "Token",
          "id:int name:string user:string server:string role:string created_at:time expires_at:time" },
        { "JobSpec",
          "server:string stream:string? branch_spec:string? source:string? target:string? path:string? reverse:bool? "
          "changelist:any? client:string? host:string? description:string? trial:bool? clean_workspace:bool? "
          "resolve:string? hooks:object? env:object? notify:[string]? limits:object?" },
        { "JobSummary", API_JOB_SUMMARY },
        { "JobCounts",
          "queued:int running:int needs_resolve:int cancelling:int done:int failed:int cancelled:int" },
        { "JobCan", "cancel:bool continue:bool retry:bool resolve:bool" },
        { "Conflict",
          "n:int type:string depot_path:string local_path:string? base:string? theirs:string? yours:string? "
          "is_text:bool chunks_yours:int chunks_theirs:int chunks_both:int chunks_conflicting:int state:string" },
        { "Resolution", "file:string accept:string text:string?" },
        { "Step", "from:string to:string time:time" },
        { "LeftBehind", "kind:string name:string" },
        { "PreviewFile", "from:string? to:string action:string? base:string? resolves:[string]" },
        { "LogEntry",
          "cursor:string timestamp:time time_usec:int stream:string level:string stage:string? data:string "
          "continues:bool attempt:int? pid:int?" },
        { "Unit",
          "name:string active_state:string sub_state:string main_pid:int memory_bytes:int? memory_peak:int? "
          "cpu_nsec:int? tasks:int? started_at:time? result:string?" },
        { "Process", "pid:int command:string" },
        { "QueuedJob",
          "job_id:string owner:string template_id:string? queued_at:time workspace:string? server:string "
          "position:int blocked_by:string?" },
        { "Workspace",
          "workspace:string? server:string host:string running_job_id:string? running_job_owner:string? "
          "started_at:time? queued_jobs:[QueuedJob] queue_length:int" },
        { "Agent",
          "hostname:string ip:string? workspace:string? connected_at:time? last_heartbeat:time? jobs:[string]" },
};
const size_t api_n_objects = ELEMENTSOF(api_objects);
