#include "services/api_metrics.h"

#include <string.h>

#include "base/log.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "clients/lock_client.h"
#include "services/api_jobs.h"
#include "services/stream_store.h"

/* A label's value: quotes, backslashes and newlines are escaped, broken UTF-8 is dropped. */
static int add_label(Buffer *body, const char *name, const char *value, bool is_first) {
        int r = buffer_append_format(body, "%s%s=\"", is_first ? "{" : ",", name);

        for (size_t length = 0; *value && r >= 0; value += length ? length : 1) {
                uint32_t code_point;
                length = string_utf8_decode(value, strnlen(value, 4), &code_point);
                r = *value == '\n'                  ? buffer_append_string(body, "\\n") :
                    *value == '"' || *value == '\\' ? buffer_append_format(body, "\\%c", *value) :
                                                      buffer_append(body, value, length);
        }
        return r < 0 ? r : buffer_append_string(body, "\"");
}

static int add_typed_title(Buffer *body, const char *name, const char *type, const char *help) {
        return buffer_append_format(body, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static int add_title(Buffer *body, const char *name, const char *help) {
        return add_typed_title(body, name, "gauge", help);
}

static int add_value(Buffer *body, const char *name, const char *const *labels, double value) {
        int r = buffer_append_string(body, name);

        for (size_t i = 0; labels && labels[i] && r >= 0; i += 2) {
                r = add_label(body, labels[i], labels[i + 1], i == 0);
        }
        return r < 0 ? r : buffer_append_format(body, "%s %.15g\n", labels && labels[0] ? "}" : "", value);
}

/* --- servers ---------------------------------------------------------------------------------------- */

static double age_of(int64_t at) {
        return (double) (now_realtime() - at) / (double) USEC_PER_SEC;
}

static double server_up(const MonitorServer *server) {
        return server->state == SERVER_OK;
}
static double server_streams(const MonitorServer *server) {
        return (double) server->n_streams;
}
static double server_age(const MonitorServer *server) {
        return server->measured_at ? age_of(server->measured_at) : -1;
}
static double server_ticket(const MonitorServer *server) {
        return server->ticket_expires_at ? -age_of(server->ticket_expires_at) : -1;
}

static const struct {
        const char *name, *help;
        double (*value)(const MonitorServer *server);
} server_figures[] = {
        { "weir_server_up", "Whether the last attempt to measure the server succeeded", server_up },
        { "weir_server_streams", "Streams that are listed", server_streams },
        { "weir_server_measurement_age_seconds", "Time since the last complete measurement, -1: never",
          server_age },
        { "weir_server_ticket_seconds", "Time until the ticket expires, -1: it does not, or is not known",
          server_ticket },
};

static int add_servers(Api *api) {
        MonitorServer *servers = NULL;
        size_t n = 0;
        Buffer *body = &api->response.body;
        int r = server_store_list(api->store, false, &servers, &n);

        for (size_t f = 0; f < ELEMENTSOF(server_figures) && r >= 0; f++) {
                r = add_title(body, server_figures[f].name, server_figures[f].help);
                for (size_t i = 0; i < n && r >= 0; i++) {
                        const char *const labels[] = { "server", servers[i].server.name, NULL };
                        r = add_value(body, server_figures[f].name, labels,
                                      server_figures[f].value(&servers[i]));
                }
        }
        monitor_servers_free(servers, n);
        return r;
}

/* --- streams ---------------------------------------------------------------------------------------- */

static double stream_size(const MonitorStream *stream) {
        return (double) stream->size_bytes;
}
static double stream_files(const MonitorStream *stream) {
        return (double) stream->file_count;
}
static double stream_age(const MonitorStream *stream) {
        return age_of(stream->measured_at);
}

typedef struct StreamFigure {
        const char *name, *help;
        double (*value)(const MonitorStream *stream);
        Buffer *body;
} StreamFigure;

static int add_stream(const MonitorStream *stream, void *userdata) {
        const StreamFigure *figure = userdata;
        const char *const labels[] = { "server", stream->server, "stream", stream->path, NULL };

        return stream->is_measured ? add_value(figure->body, figure->name, labels, figure->value(stream)) :
                                     0;
}

static int add_streams(Api *api) {
        StreamFigure figures[] = {
                { "weir_stream_size_bytes", "Size of the stream's newest revisions", stream_size,
                  &api->response.body },
                { "weir_stream_files", "Files of the stream", stream_files, &api->response.body },
                { "weir_stream_measurement_age_seconds", "Time since its size was last known to be so",
                  stream_age, &api->response.body },
        };
        const MonitorStreamFilter filter = {};
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(figures) && r >= 0; i++) {
                r = add_title(&api->response.body, figures[i].name, figures[i].help);
                r = r < 0 ? r : stream_store_each(api->store, &filter, add_stream, &figures[i]);
        }
        return r;
}

/* --- locks ------------------------------------------------------------------------------------------ */

/* Without a lock manager its figures are missing; the others still count. */
static int add_locks(Api *api) {
        _cleanup_(lock_client_freep) LockClient *client = NULL;
        _cleanup_free_ char *message = NULL;
        Buffer *body = &api->response.body;
        LockHolder *holders = NULL;
        size_t n = 0, n_waiting = 0;
        int r = lock_client_new(&client);

        r = r < 0 ? r : lock_client_list(client, &holders, &n, &message);
        if (r < 0) {
                (void) log_warning(r, "Failed to list locks: %s", message ? message : strerror(-r));
                return 0;
        }
        r = add_title(body, "weir_lock_held_seconds", "Locks that are held, and since when");
        for (size_t i = 0; i < n && r >= 0; i++) {
                const char *const labels[] = { "resource", holders[i].resource, "mode", holders[i].mode,
                                               "holder",   holders[i].holder,   NULL };
                n_waiting += holders[i].waiting;
                r = holders[i].waiting ? 0 :
                                         add_value(body, "weir_lock_held_seconds", labels,
                                                   age_of(holders[i].since));
        }
        lock_holders_free(holders, n);
        r = r < 0 ? r : add_title(body, "weir_lock_waiting", "Requests that wait for a lock");
        return r < 0 ? r : add_value(body, "weir_lock_waiting", NULL, (double) n_waiting);
}

/* --- jobs ------------------------------------------------------------------------------------------- */

static int add_counts(Buffer *body, JobStore *store) {
        int64_t counts[_JOB_STATUS_MAX];
        int r = job_list_store_count(store, NULL, counts);

        r = r < 0 ? r :
                    add_title(body, "weir_jobs", "Integration jobs that are remembered, by their status");
        for (JobStatus status = 0; status < _JOB_STATUS_MAX && r >= 0; status++) {
                const char *const labels[] = { "status", job_status_to_string(status), NULL };
                r = add_value(body, "weir_jobs", labels, (double) counts[status]);
        }
        r = r < 0 ? r :
                    add_title(body, "weir_job_queue_length", "Integration jobs that wait for their turn");
        return r < 0 ? r :
                       add_value(body, "weir_job_queue_length", NULL, (double) counts[JOB_STATUS_QUEUED]);
}

static int add_durations(Buffer *body, JobStore *store) {
        JobsEnded ended[_JOB_STATUS_MAX];
        int r = job_list_store_ended(store, ended);

        r = r < 0 ? r :
                    add_typed_title(body, "weir_job_duration_seconds", "summary",
                                    "How long integration jobs took from their start to their end");
        for (JobStatus status = 0; status < _JOB_STATUS_MAX && r >= 0; status++) {
                const char *const labels[] = { "status", job_status_to_string(status), NULL };
                if (!job_status_is_final(status)) {
                        continue;
                }
                r = add_value(body, "weir_job_duration_seconds_sum", labels,
                              (double) ended[status].usec / (double) USEC_PER_SEC);
                r = r < 0 ? r :
                            add_value(body, "weir_job_duration_seconds_count", labels,
                                      (double) ended[status].n);
        }
        return r;
}

/* Where there never was a weir-jobd its figures are missing. */
static int add_jobs(Api *api) {
        _cleanup_(job_store_closep) JobStore *store = NULL;
        int r = api_jobs_open(&store);

        if (r == -ENOENT) {
                return 0;
        }
        r = r < 0 ? r : add_counts(&api->response.body, store);
        return r < 0 ? r : add_durations(&api->response.body, store);
}

int api_metrics(Api *api) {
        int r = api_open_store(api);

        r = r < 0 ? r : add_servers(api);
        r = r < 0 ? r : add_streams(api);
        r = r < 0 ? r : add_jobs(api);
        r = r < 0 ? r : add_locks(api);
        api->response.content_type = "text/plain; version=0.0.4; charset=utf-8";
        api->response.may_be_stored = false;
        return r;
}
