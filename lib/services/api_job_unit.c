#include "services/api_job_unit.h"

#include <string.h>
#include <unistd.h>

#include "base/fd_util.h"
#include "base/log.h"
#include "base/parse_util.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "clients/systemd_client.h"
#include "domain/job_stage.h"
#include "services/api_jobs.h"

#define HOST_MAX 256
#define FIGURE_MAX 64 /* bytes of one file in the cgroup file system */
#define JOBD_UNIT "weir-jobd.service"

static bool is_active(const JobRecord *job) {
        return job_status_is_active(job_status_from_string(job->status));
}

/* --- the unit --------------------------------------------------------------------------------------- */

typedef struct Look {
        SystemdClient *client;
        SystemdService service;
        bool is_running; /* it has a main process, or is about to have one */
} Look;

static void look_done(Look *look) {
        systemd_client_free(look->client);
        systemd_service_done(&look->service);
}

/* Without a unit there is nothing to see, and that is no mistake: jobs come and go. */
static int look_at(const char *unit, Look *ret) {
        int r;

        if (string_is_empty(unit)) {
                return 0;
        }
        r = systemd_client_new(&ret->client);
        r = r < 0 ? r : systemd_client_get_service(ret->client, unit, &ret->service);
        if (r == -ENOENT) {
                return 0;
        }
        if (r < 0) {
                return log_error(r, "Failed to ask systemd for %s: %s", unit, strerror(-r));
        }
        ret->is_running = !string_equal(ret->service.active_state, "inactive") &&
                          !string_equal(ret->service.active_state, "failed");
        return 0;
}

/* systemd 252 does not tell it, the kernel does. -1: not here. */
static int64_t read_peak(const char *control_group) {
        _cleanup_free_ char *path = NULL, *text = NULL;
        uint64_t value;
        size_t length;

        if (string_is_empty(control_group) ||
            string_format(&path, "/sys/fs/cgroup%s/memory.peak", control_group) < 0 ||
            file_read(path, FIGURE_MAX, &text, &length) < 0) {
                return -1;
        }
        text[strcspn(text, "\n")] = 0;
        return parse_uint64(text, &value) < 0 ? -1 : (int64_t) value;
}

static void write_figure(JsonWriter *json, const char *name, int64_t value) {
        if (value < 0) {
                json_null(json, name);
        } else {
                json_int(json, name, value);
        }
}

static void write_unit(JsonWriter *json, const char *name, const Look *look) {
        const SystemdService *service = &look->service;

        if (!service->active_state || !look->is_running) {
                json_null(json, "unit");
                return;
        }
        json_object_begin(json, "unit");
        json_string(json, "name", name);
        json_string(json, "active_state", service->active_state);
        json_string(json, "sub_state", service->sub_state);
        json_int(json, "main_pid", service->main_pid);
        write_figure(json, "memory_bytes", service->memory_bytes);
        write_figure(json, "memory_peak", read_peak(service->control_group));
        write_figure(json, "cpu_nsec", service->cpu_nsec);
        write_figure(json, "tasks", service->tasks);
        json_time(json, "started_at", service->started_at);
        json_string(json, "result", service->result);
        json_object_end(json);
}

/* --- processes -------------------------------------------------------------------------------------- */

typedef struct ProcessWriter {
        JsonWriter *json;
        bool is_closed; /* the program's name without its arguments */
} ProcessWriter;

static int write_process(int64_t pid, const char *command, void *userdata) {
        const ProcessWriter *writer = userdata;
        _cleanup_free_ char *text = NULL;
        int r = string_copy(&text, command);

        if (r < 0) {
                return r;
        }
        if (writer->is_closed) {
                text[strcspn(text, " ")] = 0;
        }
        json_object_begin(writer->json, NULL);
        json_int(writer->json, "pid", pid);
        json_string(writer->json, "command", text);
        json_object_end(writer->json);
        return 0;
}

/* Arguments of hooks are, like their variables, for those who may change the job. */
static int write_processes(Api *api, const JobRecord *job, const Look *look) {
        ProcessWriter writer = { .json = &api->json, .is_closed = !api_job_may(api, job, API_JOB_STEER) };
        int r = 0;

        json_array_begin(&api->json, "process_list");
        if (look->is_running) {
                r = systemd_client_each_process(look->client, job->unit, write_process, &writer);
        }
        json_array_end(&api->json);
        return r == -ENOMEM ? r : 0; /* it may have ended just now */
}

static void write_stage_pid(JsonWriter *json, const char *name, const JobRecord *job, const Look *look) {
        json_object_begin(json, name);
        if (look->is_running && look->service.main_pid > 0) {
                json_int(json, job->stage, look->service.main_pid);
        }
        json_object_end(json);
}

void api_job_unit_write_pids(Api *api, const JobRecord *job) {
        _cleanup_(look_done) Look look = {};

        if (is_active(job)) {
                (void) look_at(job->unit, &look);
        }
        write_stage_pid(&api->json, "pids", job, &look);
}

/* --- answers ---------------------------------------------------------------------------------------- */

static int find_and_look(Api *api, JobRecord *job, Look *look) {
        int r = api_job_find(api, job);

        if (r <= 0 || !is_active(job)) {
                return r;
        }
        r = look_at(job->unit, look);
        if (r < 0) {
                (void) api_fail(api, 503, "no_systemd", NULL);
                return 0;
        }
        return 1;
}

int api_job_heartbeat(Api *api) {
        _cleanup_(job_record_done) JobRecord job = {};
        _cleanup_(look_done) Look look = {};
        int r = find_and_look(api, &job, &look);

        if (r <= 0) {
                return r;
        }
        const char *host = look.is_running ? job.host : NULL;
        api_begin(api);
        json_bool(&api->json, "connected", look.is_running);
        json_string(&api->json, "agent_id", host);
        json_time(&api->json, "last_heartbeat",
                  look.is_running ? now_realtime() : (int64_t) job.finished_at);
        json_string(&api->json, "hostname", host);
        write_unit(&api->json, job.unit, &look);
        r = write_processes(api, &job, &look);
        return r < 0 ? r : api_end(api);
}

int api_job_process_status(Api *api) {
        _cleanup_(job_record_done) JobRecord job = {};
        _cleanup_(look_done) Look look = {};
        int r = find_and_look(api, &job, &look);

        if (r <= 0) {
                return r;
        }
        api_begin(api);
        write_stage_pid(&api->json, "processes", &job, &look);
        json_bool(&api->json, "agent_connected", look.is_running);
        json_string(&api->json, "current_stage", job.stage);
        json_string(&api->json, "current_cmd_id", look.is_running ? job.unit : NULL);
        json_string(&api->json, "agent_id", look.is_running ? job.host : NULL);
        write_unit(&api->json, job.unit, &look);
        r = write_processes(api, &job, &look);
        return r < 0 ? r : api_end(api);
}

/* --- the host --------------------------------------------------------------------------------------- */

static int write_active_jobs(JsonWriter *json) {
        static const char *const statuses[] = { "running", "needs_resolve", "cancelling" };
        _cleanup_(job_store_closep) JobStore *store = NULL;
        int r = api_jobs_open(&store);

        json_array_begin(json, "jobs");
        for (size_t s = 0; s < ELEMENTSOF(statuses) && r >= 0; s++) {
                _cleanup_(job_records_done) JobRecords records = {};
                const JobFilter filter = { .status = statuses[s], .limit = JOB_LIST_MAX };

                r = job_list_store_list(store, &filter, &records);
                for (size_t i = 0; i < records.n_items; i++) {
                        json_string(json, NULL, records.items[i].id);
                }
        }
        json_array_end(json);
        return r;
}

/* Jobs run on this host, and weir-jobd is what speaks for it. */
static int write_host(JsonWriter *json) {
        _cleanup_(look_done) Look look = {};
        char host[HOST_MAX] = "";
        int r = look_at(JOBD_UNIT, &look);

        (void) gethostname(host, sizeof host - 1);
        if (r < 0 || !look.is_running) {
                return r;
        }
        json_object_begin(json, host);
        json_string(json, "hostname", host);
        json_null(json, "ip");
        json_null(json, "workspace");
        json_time(json, "connected_at", look.service.started_at);
        json_time(json, "last_heartbeat", now_realtime());
        r = write_active_jobs(json);
        json_object_end(json);
        return r;
}

int api_agents(Api *api) {
        int r;

        api_begin(api);
        r = write_host(&api->json);
        json_object_end(&api->json);
        return r < 0 ? r : json_finish(&api->json);
}

int api_agents_status(Api *api) {
        int r;

        api_begin(api);
        json_object_begin(&api->json, "connected");
        r = write_host(&api->json);
        json_object_end(&api->json);
        json_object_begin(&api->json, "expected"); /* nobody has to arrive before a job can start */
        json_object_end(&api->json);
        return r < 0 ? r : api_end(api);
}
