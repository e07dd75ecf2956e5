#include "services/api_queue.h"

#include "base/string_util.h"
#include "services/api_job.h"
#include "services/api_jobs.h"

/* All that has not ended. */
typedef struct Queue {
        JobRecords queued; /* in the order they will start */
        JobRecords active; /* those that hold a client */
} Queue;

static void queue_done(Queue *queue) {
        job_records_done(&queue->queued);
        job_records_done(&queue->active);
}

static int read_active(JobRecords *ret) {
        static const char *const statuses[] = { "running", "needs_resolve", "cancelling" };
        _cleanup_(job_store_closep) JobStore *store = NULL;
        int r = api_jobs_open(&store);

        for (size_t s = 0; s < ELEMENTSOF(statuses) && r >= 0; s++) {
                _cleanup_(job_records_done) JobRecords records = {};
                const JobFilter filter = { .status = statuses[s], .limit = JOB_LIST_MAX };

                r = job_list_store_list(store, &filter, &records);
                for (size_t i = 0; i < records.n_items && r >= 0; i++) {
                        r = job_records_take(ret, &records.items[i]);
                }
        }
        return r;
}

/* 1: read. 0: nobody could be asked, and the answer says so. */
static int read_queue(Api *api, Queue *ret) {
        _cleanup_(jobs_client_freep) JobsClient *client = NULL;
        _cleanup_free_ char *message = NULL;
        int r = api_job_connect(api, &client);

        if (r <= 0) {
                return r;
        }
        r = jobs_client_queue(client, &ret->queued, &message);
        if (r < 0) {
                return api_job_explain(api, r, message);
        }
        r = read_active(&ret->active);
        return r < 0 ? r : 1;
}

static bool is_same_client(const JobRecord *a, const JobRecord *b) {
        return !string_is_empty(a->client) && string_equal(a->client, b->client) &&
               string_equal(a->server, b->server);
}

/* --- a queued job ------------------------------------------------------------------------------------ */

static void write_queued(JsonWriter *json, const JobRecord *job) {
        json_object_begin(json, NULL);
        json_string(json, "job_id", job->id);
        json_string(json, "owner", job->owner);
        json_null(json, "template_id");
        json_time(json, "queued_at", (int64_t) job->created_at);
        json_string(json, "workspace", string_or_null(job->client));
        json_string(json, "server", job->server);
        json_int(json, "position", job->position);
        json_string(json, "blocked_by", string_or_null(job->blocked_by));
        json_object_end(json);
}

int api_queue_my_jobs(Api *api) {
        _cleanup_(queue_done) Queue queue = {};
        int64_t n = 0;
        int r = read_queue(api, &queue);

        if (r <= 0) {
                return r;
        }
        api_begin(api);
        json_array_begin(&api->json, "queued_jobs");
        for (size_t i = 0; i < queue.queued.n_items; i++) {
                if (string_equal(queue.queued.items[i].owner, api->identity.user)) {
                        write_queued(&api->json, &queue.queued.items[i]);
                        n++;
                }
        }
        json_array_end(&api->json);
        json_int(&api->json, "count", n);
        return api_end(api);
}

/* --- one client -------------------------------------------------------------------------------------- */

static bool is_asked_for(const Api *api, const JobRecord *job) {
        const char *server = string_or_null(api_text(api, "server"));

        return string_equal(job->client, api_text(api, "workspace")) &&
               (!server || string_equal(job->server, server));
}

int api_queue_check(Api *api) {
        _cleanup_(queue_done) Queue queue = {};
        const JobRecord *running = NULL;
        int64_t n = 0;
        int r = read_queue(api, &queue);

        if (r <= 0) {
                return r;
        }
        for (size_t i = 0; i < queue.active.n_items && !running; i++) {
                running = is_asked_for(api, &queue.active.items[i]) ? &queue.active.items[i] : NULL;
        }
        for (size_t i = 0; i < queue.queued.n_items; i++) {
                n += is_asked_for(api, &queue.queued.items[i]);
        }
        api_begin(api);
        json_bool(&api->json, "available", !running && n == 0);
        json_string(&api->json, "running_job_id", running ? running->id : NULL);
        json_string(&api->json, "running_job_owner", running ? running->owner : NULL);
        json_int(&api->json, "queue_length", n);
        return api_end(api);
}

/* --- all clients ------------------------------------------------------------------------------------- */

/* A client with what works in it, or what waits for it alone. A job without a client given has one of its own. */
static void write_workspace(JsonWriter *json, const JobRecord *first, bool is_running, const Queue *queue) {
        int64_t n = 0;

        json_object_begin(json, NULL);
        json_string(json, "workspace", string_or_null(first->client));
        json_string(json, "server", first->server);
        json_string(json, "host", first->host);
        json_string(json, "running_job_id", is_running ? first->id : NULL);
        json_string(json, "running_job_owner", is_running ? first->owner : NULL);
        json_time(json, "started_at", is_running ? (int64_t) first->started_at : 0);
        json_array_begin(json, "queued_jobs");
        for (size_t i = 0; i < queue->queued.n_items; i++) {
                const JobRecord *job = &queue->queued.items[i];
                if (job == first || is_same_client(job, first)) {
                        write_queued(json, job);
                        n++;
                }
        }
        json_array_end(json);
        json_int(json, "queue_length", n);
        json_object_end(json);
}

/* Whether a queued job's client was written with another job before it. */
static bool is_written(const Queue *queue, size_t queued) {
        const JobRecord *job = &queue->queued.items[queued];
        bool found = false;

        for (size_t i = 0; i < queue->active.n_items && !found; i++) {
                found = is_same_client(&queue->active.items[i], job);
        }
        for (size_t i = 0; i < queued && !found; i++) {
                found = is_same_client(&queue->queued.items[i], job);
        }
        return found;
}

int api_queue_status(Api *api) {
        _cleanup_(queue_done) Queue queue = {};
        int64_t n = 0;
        int r = read_queue(api, &queue);

        if (r <= 0) {
                return r;
        }
        api_begin(api);
        json_array_begin(&api->json, "workspaces");
        for (size_t i = 0; i < queue.active.n_items; i++, n++) {
                write_workspace(&api->json, &queue.active.items[i], true, &queue);
        }
        for (size_t i = 0; i < queue.queued.n_items; i++) {
                if (!is_written(&queue, i)) {
                        write_workspace(&api->json, &queue.queued.items[i], false, &queue);
                        n++;
                }
        }
        json_array_end(&api->json);
        json_int(&api->json, "count", n);
        return api_end(api);
}
