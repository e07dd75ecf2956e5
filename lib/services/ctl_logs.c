/* `weirctl logs`: what a job printed and did, from the journal. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "domain/job_stage.h"
#include "services/ctl_job.h"
#include "services/ctl_output.h"
#include "services/ctl_verbs.h"
#include "services/job_log.h"

#define LOOK_USEC USEC_PER_SEC /* how often it is asked whether the job has ended */
#define QUIET_USEC                                                                                          \
        (500 * USEC_PER_MSEC) /* after its end nothing comes any more when it was quiet for so long */
#define LINE_MAX_BYTES ((size_t) 128 * 1024) /* of one message on the terminal */
#define LINES_MAX 10000000

const CtlOption ctl_logs_options[] = {
        { "follow", 'f', NULL, "go on until the job has ended" },
        { "stage", 's', "STAGE", "only lines of one stage: SYNC, INTEGRATE, BUILD…" },
        { "lines", 'n', "N", "only the last N lines" },
        {},
};

typedef struct Logs {
        const Ctl *ctl;
        const char *id;
        JobLog log;
        const char *stage; /* the only one that is wanted; NULL: all */
        uint64_t n_lines, n_skipped;
} Logs;

/* --- one line -------------------------------------------------------------------------------------------------------- */

static void print_json_line(const JournalLine *line, const char *stage) {
        CtlJson json;

        ctl_json_begin(&json);
        json_object_begin(&json.writer, NULL);
        json_time(&json.writer, "time", line->time);
        json_int(&json.writer, "time_usec", line->time);
        json_int(&json.writer, "priority", line->priority);
        json_string(&json.writer, "identifier", line->identifier);
        json_string(&json.writer, "stage", stage);
        json_string(&json.writer, "message", line->message);
        json_object_end(&json.writer);
        (void) ctl_json_print(&json);
}

/* Each line of a message of several on its own, so that none can pass for another record's. */
static void print_text_line(const JournalLine *line) {
        char when[TIME_TEXT_MAX];
        _cleanup_free_ char *copy = NULL;
        char *rest, *part;
        bool is_first = true;

        if (string_copy(&copy, line->message) < 0) {
                return;
        }
        (void) time_format_local(when, line->time);
        rest = copy;
        while ((part = strsep(&rest, "\n"))) {
                _cleanup_free_ char *printable = NULL;

                (void) string_printable(&printable, part, LINE_MAX_BYTES);
                printf("%s%s%s\n", when, is_first ? "  " : "  | ", printable ? printable : "");
                is_first = false;
        }
}

static bool is_wanted(const Logs *logs, const JobLogLine *line) {
        return !line->is_foreign && (!logs->stage || string_equal(logs->stage, line->stage));
}

/* Prints what is there, passing over the first n_skipped lines. */
static int print_lines(Logs *logs) {
        JobLogLine line;
        int r;

        while ((r = job_log_next(&logs->log, &line)) > 0) {
                if (!is_wanted(logs, &line)) {
                        continue;
                }
                if (logs->n_skipped > 0) {
                        logs->n_skipped--;
                        continue;
                }
                if (logs->ctl->json) {
                        print_json_line(&line.line, line.stage);
                } else {
                        print_text_line(&line.line);
                }
                logs->n_lines++;
        }
        (void) fflush(stdout);
        return ferror(stdout) ? -EPIPE : r;
}

/* --- the last ones --------------------------------------------------------------------------------------------------- */

/* With a stage it takes two passes: how many there are, then all but the last of them are passed over. */
static int skip_to_last(Logs *logs, uint64_t n) {
        JobLogLine line;
        uint64_t n_wanted = 0;
        int r = 0;

        if (!ctl_option(logs->ctl, "lines")) {
                return 0;
        }
        if (n > 0 && !logs->stage && !logs->ctl->json) {
                return journal_reader_seek(logs->log.reader, n);
        }
        while ((r = job_log_next(&logs->log, &line)) > 0) {
                n_wanted += is_wanted(logs, &line);
        }
        logs->n_skipped = n_wanted > n ? n_wanted - n : 0;
        logs->log.stage = NULL;
        return r < 0 ? r : journal_reader_seek(logs->log.reader, 0);
}

/* --- following ------------------------------------------------------------------------------------------------------- */

/* weir-jobd being away is no reason to stop reading. */
static bool has_ended(const Logs *logs, JobsClient *client) {
        _cleanup_(job_record_done) JobRecord job = {};
        _cleanup_free_ char *message = NULL;
        int r = jobs_client_get(client, logs->id, &job, &message);

        return r == -ENOENT || (r >= 0 && job.finished_at > 0);
}

static int follow(Logs *logs, JobsClient *client) {
        bool ended = false;
        int r = print_lines(logs);

        while (r >= 0) {
                r = journal_reader_wait(logs->log.reader, ended ? QUIET_USEC : LOOK_USEC, -1);
                if (r == 0 && ended) {
                        return 0;
                }
                ended = ended || (r == 0 && has_ended(logs, client));
                r = r < 0 ? r : print_lines(logs);
        }
        return r;
}

/* --- the verb -------------------------------------------------------------------------------------------------------- */

static int fail(const Ctl *ctl, int error, const char *id) {
        switch (error) {
        case -ENODATA:
        case -EACCES:
                return ctl_fail(ctl, CTL_EXIT_NO_PERMISSION,
                                "Run it as root, or join the group `systemd-journal`.",
                                "You may not read the journal.");
        case -EPIPE:
                return 1;
        default:
                return ctl_fail(ctl, 1, NULL, "Failed to read the journal of %s: %s.", id, strerror(-error));
        }
}

static int read_logs(Logs *logs, uint64_t n, JobsClient *client) {
        int r = job_log_open(logs->id, &logs->log);

        r = r < 0 ? r : skip_to_last(logs, n);
        return r < 0 ? r : ctl_flag(logs->ctl, "follow") ? follow(logs, client) : print_lines(logs);
}

/* A job may be known although its lines are not kept any more, and the other way round. */
static int explain_nothing(const Ctl *ctl, const char *id) {
        _cleanup_(jobs_client_freep) JobsClient *client = NULL;
        _cleanup_(job_record_done) JobRecord job = {};
        _cleanup_free_ char *message = NULL;
        int status = 1, r = ctl_job_connect(ctl, &client, &status);

        if (r < 0) {
                return status;
        }
        r = jobs_client_get(client, id, &job, &message);
        return r < 0 ? ctl_job_fail(ctl, r, "find", id, message) :
                       ctl_fail(ctl, 1, NULL, "The journal has %s %s.",
                                ctl_option(ctl, "stage") ? "no such lines of" : "no lines of", id);
}

int ctl_logs(Ctl *ctl) {
        _cleanup_(jobs_client_freep) JobsClient *client = NULL;
        Logs logs = { .ctl = ctl, .id = ctl->arguments[0], .stage = ctl_option(ctl, "stage") };
        unsigned long long n;
        int status = 1, r;
        bool has_none;

        if (ctl_option_uint(ctl, "lines", 0, LINES_MAX, &n) < 0) {
                return CTL_EXIT_USAGE;
        }
        if ((status = ctl_job_check_name(ctl, logs.id)) != 0) {
                return status;
        }
        if (logs.stage && job_stage_from_string(logs.stage) < 0) {
                return ctl_fail(ctl, CTL_EXIT_USAGE, NULL, "There is no stage %s.", logs.stage);
        }
        /* The journal needs no bus; knowing when the job has ended does. */
        if (ctl_flag(ctl, "follow") && ctl_job_connect(ctl, &client, &status) < 0) {
                return status;
        }
        has_none = ctl_option(ctl, "lines") && n == 0; /* with --follow: only what comes */
        r = read_logs(&logs, n, client);
        job_log_done(&logs.log);
        return r < 0                        ? fail(ctl, r, logs.id) :
               logs.n_lines > 0 || has_none ? 0 :
                                              explain_nothing(ctl, logs.id);
}
