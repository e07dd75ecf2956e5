/* `weirctl history STREAM`: the measurements of one stream. The value that held when the window begins is carried into it, so a
 * stream at rest shows a line and not "no data". */
#include <stdio.h>
#include <string.h>

#include "base/human.h"
#include "base/time_util.h"
#include "services/ctl_output.h"
#include "services/ctl_table.h"
#include "services/ctl_verbs.h"
#include "services/sample_store.h"
#include "services/server_store.h"

#define DAYS_DEFAULT 30
#define DAYS_MAX 36500

const CtlOption ctl_history_options[] = {
        { "server", 's', "NAME", "of the stream on this server" },
        { "days", 'd', "N", "the last N days (30); 0 for everything" },
        { "limit", 'n', "N", "at most the newest N measurements" },
        {},
};

typedef struct History {
        Ctl *ctl;
        CtlJson json;
        CtlTable *table;
        int64_t from;
        MonitorSample last;
        bool has_last;
} History;

static int write_sample(History *history, const MonitorSample *sample) {
        JsonWriter *writer = &history->json.writer;

        json_object_begin(writer, NULL);
        json_time(writer, "first_at", sample->first_at);
        json_time(writer, "last_at", sample->last_at);
        json_int(writer, "size_bytes", sample->size_bytes);
        json_int(writer, "file_count", sample->file_count);
        json_int(writer, "change", sample->change);
        json_object_end(writer);
        return 0;
}

static int add_row(History *history, const MonitorSample *sample) {
        char first[TIME_TEXT_MAX], last[TIME_TEXT_MAX], size[HUMAN_SIZE_MAX], growth[HUMAN_SIZE_MAX],
                        files[24], change[24];

        (void) snprintf(files, sizeof files, "%lld", (long long) sample->file_count);
        (void) snprintf(change, sizeof change, "%lld", (long long) sample->change);
        return ctl_table_add(
                        history->table,
                        (const char *const[]) {
                                        time_format_local(first, sample->first_at),
                                        time_format_local(last, sample->last_at),
                                        human_size(size, sample->size_bytes),
                                        history->has_last ?
                                                        human_size(growth,
                                                                   sample->size_bytes -
                                                                                   history->last.size_bytes) :
                                                        NULL,
                                        files, change });
}

static int on_sample(const MonitorSample *stored, void *userdata) {
        History *history = userdata;
        MonitorSample sample = *stored;
        int r;

        if (sample.first_at < history->from) {
                sample.first_at = history->from;
        }
        if (sample.last_at < sample.first_at) {
                sample.last_at = sample.first_at;
        }
        r = history->ctl->json ? write_sample(history, &sample) : add_row(history, &sample);
        history->last = sample;
        history->has_last = true;
        return r;
}

static int find_stream(Ctl *ctl, MonitorStore *store, int64_t *ret) {
        const char *name = ctl_option(ctl, "server");
        MonitorServer server = {};
        int r;

        if (name) {
                r = server_store_find(store, name, &server);
                if (r < 0) {
                        (void) ctl_fail(ctl, 1, "`weirctl servers --all` lists them.",
                                        "There is no server %s.", name);
                        return r;
                }
        }
        r = stream_store_find(store, server.id, ctl->arguments[0], ret);
        monitor_server_done(&server);
        if (r == -ENOTUNIQ) {
                (void) ctl_fail(ctl, CTL_EXIT_USAGE, "Name one with --server=NAME.",
                                "Several servers have a stream %s.", ctl->arguments[0]);
        } else if (r < 0) {
                (void) ctl_fail(ctl, 1, "`weirctl streams --all` lists what is known.",
                                "No stream %s is known.", ctl->arguments[0]);
        }
        return r;
}

static int print_json(History *history, MonitorStore *store, int64_t id, uint64_t limit) {
        MonitorStream stream = {};
        int r = stream_store_get(store, id, &stream);

        if (r < 0) {
                return r;
        }
        ctl_json_begin(&history->json);
        json_object_begin(&history->json.writer, NULL);
        json_int(&history->json.writer, "id", id);
        json_string(&history->json.writer, "server", stream.server);
        json_string(&history->json.writer, "name", stream.path);
        json_array_begin(&history->json.writer, "history");
        r = sample_store_each(store, id, history->from, 0, limit, on_sample, history);
        json_array_end(&history->json.writer);
        json_object_end(&history->json.writer);
        monitor_stream_done(&stream);
        if (r < 0) {
                buffer_done(&history->json.buffer);
                return r;
        }
        return ctl_json_print(&history->json) ? -EIO : 0;
}

static int print_table(History *history, MonitorStore *store, int64_t id, uint64_t limit) {
        static const CtlColumn columns[] = {
                { .title = "FROM" },
                { .title = "UNTIL" },
                { .title = "SIZE", .is_right = true },
                { .title = "GROWTH", .is_right = true },
                { .title = "FILES", .is_right = true },
                { .title = "CHANGE", .is_right = true },
        };
        int r = ctl_table_new(columns, ELEMENTSOF(columns), &history->table);

        if (r >= 0) {
                r = sample_store_each(store, id, history->from, 0, limit, on_sample, history);
        }
        if (r >= 0 && ctl_table_rows(history->table) > 0) {
                r = ctl_table_print(history->table);
        } else if (r >= 0) {
                (void) ctl_fail(history->ctl, 0, "`weirctl measure` measures it.", "%s was never measured.",
                                history->ctl->arguments[0]);
        }
        history->table = ctl_table_free(history->table);
        return r;
}

int ctl_history(Ctl *ctl) {
        _cleanup_(monitor_store_closep) MonitorStore *store = NULL;
        History history = { .ctl = ctl };
        unsigned long long days, limit;
        int64_t id;
        int status = 0, r;

        if (ctl_option_uint(ctl, "days", DAYS_DEFAULT, DAYS_MAX, &days) < 0 ||
            ctl_option_uint(ctl, "limit", 0, UINT32_MAX, &limit) < 0) {
                return CTL_EXIT_USAGE;
        }
        if (ctl_open_store(ctl, DB_READ_ONLY, &store, &status) < 0) {
                return status;
        }
        if (find_stream(ctl, store, &id) < 0) {
                return 1;
        }
        history.from = days ? now_realtime() - (int64_t) (days * USEC_PER_DAY) : 0;
        r = ctl->json ? print_json(&history, store, id, limit) : print_table(&history, store, id, limit);
        return r < 0 ? ctl_fail(ctl, 1, NULL, "Failed to read the history: %s.",
                                db_error(monitor_store_db(store))) :
                       0;
}
