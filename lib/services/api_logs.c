#include "services/api_logs.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd_util.h"
#include "base/log.h"
#include "base/string_util.h"
#include "services/api_logs_page.h"
#include "services/job_list_store.h"

#define SETTLE_USEC                                                                                         \
        ((int64_t) USEC_PER_SEC) /* after a job's end lines may still come; when it was quiet for so long, none do */
#define LOOK_USEC USEC_PER_SEC           /* how often it is asked whether the job has ended */
#define CHUNK_BYTES ((size_t) 64 * 1024) /* of a download */
#define CHUNK_MAX (CHUNK_BYTES + JOURNAL_MESSAGE_MAX + 4096)

typedef struct Logs {
        Api *api;
        JobStore *store;
        JobLog log;
        LogPage page;
        int64_t created_at, finished_at; /* of the job */
        bool is_gone;                    /* lines that should be here are not kept any more */
        bool is_back;                    /* the page was read backwards */
} Logs;

static void logs_done(Logs *logs) {
        job_store_close(logs->store);
        job_log_done(&logs->log);
        log_page_done(&logs->page);
}

/* --- the job ---------------------------------------------------------------------------------------- */

static int look_at_job(Logs *logs) {
        _cleanup_(job_record_done) JobRecord job = {};
        int r = job_list_store_get_brief(logs->store, logs->api->job, &job, NULL);

        if (r < 0) {
                return r;
        }
        logs->created_at = (int64_t) job.created_at;
        logs->finished_at = (int64_t) job.finished_at;
        return 0;
}

/* After the last line that there is. */
static bool is_ended(const Logs *logs, int64_t last_time) {
        int64_t since = last_time > logs->finished_at ? last_time : logs->finished_at;

        return logs->finished_at > 0 && now_realtime() - since >= SETTLE_USEC;
}

/* 1: there is a log to read; 0: the answer says why not. */
static int open_logs(Logs *logs) {
        const char *state = getenv("WEIR_STATE");
        int r = job_store_open(state ? state : WEIR_STATE_DIRECTORY, DB_READ_ONLY, &logs->store);

        r = r < 0 ? r : look_at_job(logs);
        if (r == -ENOENT) {
                return api_fail(logs->api, 404, "no_such_job", "job", logs->api->job, NULL);
        }
        if (r < 0) {
                return r;
        }
        r = job_log_open(logs->api->job, &logs->log);
        if (r == -ENODATA || r == -EACCES || r == -ENOENT) {
                (void) log_error(r, "Failed to read the journal: %s", strerror(-r));
                return api_fail(logs->api, 503, "no_journal", NULL);
        }
        return r < 0 ? r : 1;
}

/* The first line that is kept of a job is not its first one when the whole journal begins later than the job. */
static int note_beginning(Logs *logs) {
        int64_t begin = 0;
        int r = journal_reader_begin(logs->log.reader, &begin);

        logs->is_gone = logs->is_gone || begin > logs->created_at;
        return r < 0 ? r : 0;
}

/* --- what is asked for ------------------------------------------------------------------------------ */

/* "any" and the levels that one can ask for, in the route table's order. */
static const int levels[] = { 7, 3, 4, 5, 6, 7 };

static const char *level_name(int priority) {
        static const char *const names[] = { "error",   "error",  "error", "error",
                                             "warning", "notice", "info",  "debug" };
        return names[priority];
}

static const char *given(const Api *api, const char *parameter) {
        const char *text = api_text(api, parameter);
        return string_or_null(text);
}

/* The name of a parameter that makes no sense, beside another one or by itself; NULL: all do. */
static const char *find_nonsense(const Api *api) {
        bool after = given(api, "after"), before = given(api, "before"), tail = api_number(api, "tail") > 0;

        if (before && (after || api_number(api, "wait") > 0)) {
                return "before";
        }
        if (tail && (after || before || api_number(api, "wait") > 0)) {
                return "tail";
        }
        return given(api, "stage") && job_stage_from_string(api_text(api, "stage")) < 0 ? "stage" : NULL;
}

static void read_wishes(Logs *logs) {
        const Api *api = logs->api;
        int64_t tail = api_number(api, "tail");

        logs->page.filter = (LogFilter) { .text = given(api, "q"),
                                          .stage = given(api, "stage"),
                                          .level = levels[api_number(api, "level")] };
        logs->page.limit = (size_t) (tail > 0 ? tail : api_number(api, "limit"));
        logs->is_back = tail > 0 || given(api, "before");
}

/* --- reading ---------------------------------------------------------------------------------------- */

static volatile sig_atomic_t is_reader_gone;

static void note_gone(int number) {
        is_reader_gone = number;
}

/* The web server sends SIGHUP when the reader has said all he had to say: mostly he is gone, but he may still be listening. */
static void watch_reader(void) {
        struct sigaction action = { .sa_handler = note_gone };

        (void) sigaction(SIGHUP, &action, NULL);
}

/* What comes first where one waits for it: a line, the job's end, the end of the time, or that the server or the reader is going. */
static int wait_for_lines(Logs *logs, int fd, uint64_t until) {
        LogPage *page = &logs->page;
        int r = 0;

        while (r >= 0 && page->n == 0 && !page->more && !is_ended(logs, page->last_time) &&
               !is_reader_gone) {
                uint64_t now = now_monotonic();
                if (now >= until) {
                        break;
                }
                r = journal_reader_wait(logs->log.reader, until - now < LOOK_USEC ? until - now : LOOK_USEC,
                                        fd);
                if (r == -ECANCELED) {
                        return 0;
                }
                r = r < 0 && r != -EINTR ? r : look_at_job(logs);
                r = r < 0 ? r : log_page_read(page, &logs->log);
        }
        return r;
}

static int read_forward(Logs *logs) {
        Api *api = logs->api;
        const char *after = given(api, "after");
        _cleanup_close_ int end = api_open_end(); /* before all that takes time */
        uint64_t until = now_monotonic() +
                         api_wait_limit(end, (uint64_t) api_number(api, "wait") * USEC_PER_SEC);
        int r = after ? journal_reader_seek_behind(logs->log.reader, after) : note_beginning(logs);

        if (after && r >= 0) {
                logs->is_gone = r == 0;
                (void) strncpy(logs->page.last, after, JOURNAL_CURSOR_MAX - 1);
                r = job_log_find_stage(&logs->log);
        }
        r = r < 0 ? r : log_page_read(&logs->page, &logs->log);
        return r < 0 || api->request.is_head ? r : wait_for_lines(logs, end, until);
}

static int read_back(Logs *logs) {
        int r = log_page_read_back(&logs->page, &logs->log, given(logs->api, "before"));

        return r < 0 || logs->page.more ? r : note_beginning(logs);
}

/* --- the answer ------------------------------------------------------------------------------------- */

static void write_entry(JsonWriter *json, const LogEntry *entry) {
        json_object_begin(json, NULL);
        json_string(json, "cursor", entry->cursor);
        json_time(json, "timestamp", entry->time);
        json_int(json, "time_usec", entry->time);
        json_string(json, "stream", entry->is_printed ? "stdout" : "weir");
        json_string(json, "level", level_name(entry->priority));
        json_string(json, "stage", entry->stage);
        json_string(json, "data", entry->data);
        json_bool(json, "continues", entry->is_cut);
        if (entry->attempt > 0) {
                json_int(json, "attempt", entry->attempt);
        } else {
                json_null(json, "attempt");
        }
        if (entry->pid > 0) {
                json_int(json, "pid", entry->pid);
        } else {
                json_null(json, "pid");
        }
        json_object_end(json);
}

/* Where to go on: forward, or backwards where that is how the page was read. */
static int write_headers(Logs *logs) {
        const LogPage *page = &logs->page;
        bool is_before = given(logs->api, "before");
        bool is_last = !is_before && (logs->is_back || !page->more) && is_ended(logs, page->last_time);
        const struct {
                const char *name, *value;
        } headers[] = {
                { "Weir-Cursor", is_before ? page->first : page->last },
                { "Weir-Before", logs->is_back ? page->first : "" },
                { "Weir-More", page->more ? "1" : "0" },
                { "Weir-Ended", is_last ? "1" : "0" },
                { "Weir-Gone", logs->is_gone ? "1" : "" },
        };
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(headers); i++) {
                r = *headers[i].value ? http_response_header(&logs->api->response, headers[i].name,
                                                             headers[i].value) :
                                        0;
        }
        return r;
}

static int answer(Logs *logs) {
        Api *api = logs->api;
        int r = write_headers(logs);

        if (r < 0) {
                return r;
        }
        buffer_clear(&api->response.body);
        json_start(&api->json, &api->response.body);
        json_array_begin(&api->json, NULL);
        for (size_t i = 0; i < logs->page.n; i++) {
                write_entry(&api->json, logs->page.entries + i);
        }
        json_array_end(&api->json);
        return json_finish(&api->json);
}

int api_job_logs(Api *api) {
        _cleanup_(logs_done) Logs logs = { .api = api };
        const char *nonsense = find_nonsense(api);
        int r;

        if (nonsense) {
                return api_fail(api, 400, "bad_parameter", "field", nonsense, NULL);
        }
        read_wishes(&logs);
        watch_reader();
        r = open_logs(&logs);
        if (r <= 0) {
                return r;
        }
        r = logs.is_back ? read_back(&logs) : read_forward(&logs);
        if (r == -EINVAL) { /* only a cursor may be invalid here */
                return api_fail(api, 400, "bad_parameter", "field",
                                given(api, "before") ? "before" : "after", NULL);
        }
        return r < 0 ? r : answer(&logs);
}

/* --- all of it as a text ---------------------------------------------------------------------------- */

/* A slow reader may take as long as he likes, as long as he takes something. */
static int flush_chunk(Buffer *chunk) {
        int r;

        (void) alarm(API_SECONDS_MAX);
        r = chunk->length > 0 ? fd_write_all(STDOUT_FILENO, chunk->data, chunk->length) : 0;
        buffer_clear(chunk);
        return r;
}

/* What the journal divided is one line again, unless somebody else's line came between. */
static int append_line(Buffer *chunk, const JournalLine *line, char open_stream[static 64]) {
        int r = 0;

        if (*open_stream && !string_equal(open_stream, line->stream)) {
                r = buffer_append(chunk, "\n", 1);
        }
        *open_stream = 0;
        r = r < 0 ? r : buffer_append(chunk, line->message, line->message_length);
        if (line->is_cut && line->stream) {
                (void) snprintf(open_stream, 64, "%s", line->stream);
                return r;
        }
        return r < 0 ? r : buffer_append(chunk, "\n", 1);
}

static int append_note(Logs *logs, Buffer *chunk, const char *code) {
        _cleanup_free_ char *message = NULL;
        int r = api_message(logs->api, &message, code, NULL);

        return r < 0 ? r : buffer_append_format(chunk, "[%s]\n", message);
}

/* When a job has ended the text is all of it: lines that are on their way are waited for. */
static int next_line(Logs *logs, Buffer *chunk, JobLogLine *ret) {
        int64_t last_time = 0;
        int r;

        while ((r = job_log_next(&logs->log, ret)) == 0 && logs->finished_at > 0) {
                r = journal_reader_time(logs->log.reader, &last_time);
                if (r < 0 || is_ended(logs, last_time)) {
                        return r;
                }
                r = flush_chunk(chunk);
                r = r < 0 ? r : journal_reader_wait(logs->log.reader, SETTLE_USEC / 4, -1);
                if (r < 0 && r != -EINTR) {
                        return r;
                }
        }
        return r;
}

static int write_lines(Logs *logs, Buffer *chunk) {
        char open_stream[64] = "";
        JobLogLine line;
        int r = logs->is_gone ? append_note(logs, chunk, "log_begins_later") : 0;

        r = r < 0 ? r : 1;
        while (r > 0 && (r = next_line(logs, chunk, &line)) > 0) {
                int e = line.is_foreign ? 0 : append_line(chunk, &line.line, open_stream);
                if (e >= 0 && chunk->length >= CHUNK_BYTES) {
                        e = flush_chunk(chunk);
                }
                r = e < 0 ? e : r;
        }
        if (*open_stream && r >= 0) {
                r = buffer_append(chunk, "\n", 1);
        }
        return r;
}

/* The first bytes have left: what goes wrong now can only be said at the end of the text. */
static int stream_lines(Logs *logs) {
        _cleanup_(buffer_done) Buffer chunk = { .max = CHUNK_MAX };
        int r = write_lines(logs, &chunk);

        if (r < 0 && r != -EPIPE) {
                (void) log_error(r, "Failed to read the log of %s: %s", logs->api->job, strerror(-r));
                (void) append_note(logs, &chunk, "log_broken");
        }
        return flush_chunk(&chunk);
}

int api_job_logs_download(Api *api) {
        _cleanup_(logs_done) Logs logs = { .api = api };
        _cleanup_free_ char *disposition = NULL;
        int r;

        watch_reader();
        r = open_logs(&logs);
        if (r <= 0) {
                return r;
        }
        r = note_beginning(&logs);
        r = r < 0 ? r : string_format(&disposition, "attachment; filename=\"%s-logs.txt\"", api->job);
        r = r < 0 ? r : http_response_header(&api->response, "Content-Disposition", disposition);
        if (r < 0) {
                return r;
        }
        api->response.content_type = "text/plain; charset=utf-8";
        r = http_response_begin(&api->response, STDOUT_FILENO);
        return r < 0 || api->request.is_head ? r : stream_lines(&logs);
}
