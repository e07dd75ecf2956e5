/* `weirctl jobs`, `queue`, `show`: how jobs stand. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/string_util.h"
#include "base/time_util.h"
#include "domain/job_spec_text.h"
#include "domain/job_stage.h"
#include "services/ctl_job.h"
#include "services/ctl_output.h"
#include "services/ctl_table.h"
#include "services/ctl_verbs.h"

#define PAGE 500
#define LIST_MAX 1000000

const CtlOption ctl_jobs_options[] = {
        { "status", 's', "STATUS",
          "only queued, running, needs_resolve, cancelling, done, failed or cancelled ones" },
        { "owner", 'o', "USER", "only those of one user" },
        { "server", 0, "NAME", "only those on one server" },
        { "before", 0, "JOB", "only those older than this one" },
        { "limit", 'n', "N", "at most N, the newest (50)" },
        {},
};

/* --- lists ----------------------------------------------------------------------------------------------------------- */

/* What it integrates, in a few words. */
static char *summary_of(const JobRecord *job) {
        _cleanup_(job_spec_done) JobSpec spec = {};
        _cleanup_free_ char *message = NULL;
        char *text = NULL;

        if (job->spec && job_spec_parse(job->spec, &spec, &message) >= 0) {
                (void) job_spec_summary(&spec, &text);
        }
        return text;
}

static int add_row(CtlTable *table, const JobRecord *job) {
        _cleanup_free_ char *summary = summary_of(job);
        char created[TIME_TEXT_MAX], change[24] = "";
        const char *cells[] = { job->id,    job->status,
                                job->stage, job->server,
                                job->owner, time_format_ago(created, (int64_t) job->created_at),
                                change,     summary };

        if (job->changelist > 0) {
                (void) snprintf(change, sizeof(change), "%" PRId64, job->changelist);
        } else {
                cells[6] = NULL;
        }
        return ctl_table_add(table, cells);
}

static int print_jobs(const JobRecords *jobs) {
        static const CtlColumn columns[] = {
                { .title = "JOB" },
                { .title = "STATUS" },
                { .title = "STAGE" },
                { .title = "SERVER", .may_shrink = true },
                { .title = "OWNER", .may_shrink = true },
                { .title = "CREATED" },
                { .title = "CHANGE", .is_right = true },
                { .title = "WHAT", .may_shrink = true },
        };
        _cleanup_(ctl_table_freep) CtlTable *table = NULL;
        int r = ctl_table_new(columns, ELEMENTSOF(columns), &table);

        for (size_t i = 0; r >= 0 && i < jobs->n_items; i++) {
                r = add_row(table, jobs->items + i);
        }
        return r < 0 ? r : ctl_table_print(table);
}

static int print_queue(const JobRecords *jobs) {
        static const CtlColumn columns[] = {
                { .title = "PLACE", .is_right = true },       { .title = "JOB" },
                { .title = "SERVER", .may_shrink = true },    { .title = "CLIENT", .may_shrink = true },
                { .title = "OWNER", .may_shrink = true },     { .title = "CREATED" },
                { .title = "WAITS FOR", .may_shrink = true },
        };
        _cleanup_(ctl_table_freep) CtlTable *table = NULL;
        int r = ctl_table_new(columns, ELEMENTSOF(columns), &table);

        for (size_t i = 0; r >= 0 && i < jobs->n_items; i++) {
                const JobRecord *job = jobs->items + i;
                char place[16], created[TIME_TEXT_MAX];

                (void) snprintf(place, sizeof(place), "%" PRIu32, job->position);
                r = ctl_table_add(table,
                                  (const char *const[]) {
                                                  place, job->id, job->server, job->client, job->owner,
                                                  time_format_ago(created, (int64_t) job->created_at),
                                                  job->blocked_by });
        }
        return r < 0 ? r : ctl_table_print(table);
}

static int print_list(const Ctl *ctl, const JobRecords *jobs, int (*print)(const JobRecords *jobs),
                      const char *when_empty) {
        CtlJson json;

        if (ctl->json) {
                ctl_json_begin(&json);
                json_array_begin(&json.writer, NULL);
                for (size_t i = 0; i < jobs->n_items; i++) {
                        ctl_write_listed_job(&json.writer, jobs->items + i);
                }
                json_array_end(&json.writer);
                return ctl_json_print(&json);
        }
        if (jobs->n_items == 0) {
                printf("%s\n", when_empty);
                return 0;
        }
        return print(jobs) < 0;
}

/* Page by page: an answer may be shorter than asked for, and an empty one is the end. */
static int list_all(JobsClient *client, JobFilter *filter, size_t limit, JobRecords *jobs,
                    char **ret_message) {
        while (jobs->n_items < limit) {
                _cleanup_(job_records_done) JobRecords page = {};
                int r;

                filter->limit = (uint32_t) (limit - jobs->n_items < PAGE ? limit - jobs->n_items : PAGE);
                r = jobs_client_list(client, filter, &page, ret_message);
                for (size_t i = 0; r >= 0 && i < page.n_items; i++) {
                        r = job_records_take(jobs, page.items + i);
                }
                if (r < 0 || page.n_items == 0) {
                        return r;
                }
                filter->before = jobs->items[jobs->n_items - 1].id;
        }
        return 0;
}

int ctl_jobs(Ctl *ctl) {
        _cleanup_(jobs_client_freep) JobsClient *client = NULL;
        _cleanup_(job_records_done) JobRecords jobs = {};
        _cleanup_free_ char *message = NULL;
        JobFilter filter = { .status = ctl_option(ctl, "status"),
                             .owner = ctl_option(ctl, "owner"),
                             .server = ctl_option(ctl, "server"),
                             .before = ctl_option(ctl, "before") };
        unsigned long long limit;
        int status = 1, r;

        if (ctl_option_uint(ctl, "limit", 50, LIST_MAX, &limit) < 0) {
                return CTL_EXIT_USAGE;
        }
        if (filter.status && job_status_from_string(filter.status) < 0) {
                return ctl_fail(ctl, CTL_EXIT_USAGE, "`weirctl jobs --help` lists them.",
                                "There is no status %s.", filter.status);
        }
        if (filter.before && (status = ctl_job_check_name(ctl, filter.before)) != 0) {
                return status;
        }
        if (ctl_job_connect(ctl, &client, &status) < 0) {
                return status;
        }
        r = list_all(client, &filter, limit, &jobs, &message);
        return r < 0 ? ctl_job_explain(ctl, r, "list the jobs", message) :
                       print_list(ctl, &jobs, print_jobs, "There are no such jobs.");
}

int ctl_queue(Ctl *ctl) {
        _cleanup_(jobs_client_freep) JobsClient *client = NULL;
        _cleanup_(job_records_done) JobRecords jobs = {};
        _cleanup_free_ char *message = NULL;
        int status = 1, r = ctl_job_connect(ctl, &client, &status);

        if (r < 0) {
                return status;
        }
        r = jobs_client_queue(client, &jobs, &message);
        return r < 0 ? ctl_job_explain(ctl, r, "list the queue", message) :
                       print_list(ctl, &jobs, print_queue, "The queue is empty.");
}

/* --- one ------------------------------------------------------------------------------------------------------------- */

static void print_field(const char *name, const char *value) {
        _cleanup_free_ char *printable = NULL;

        if (!string_is_empty(value) && ctl_printable(&printable, value, 8192) >= 0) {
                printf("%12s: %s\n", name, printable);
        }
}

static void print_number(const char *name, int64_t number) {
        char text[24];

        (void) snprintf(text, sizeof(text), "%" PRId64, number);
        print_field(name, number > 0 ? text : NULL);
}

static void print_time(const char *name, uint64_t at) {
        char text[TIME_TEXT_MAX];

        print_field(name, at > 0 ? time_format_local(text, (int64_t) at) : NULL);
}

static void print_fields(const JobRecord *job) {
        _cleanup_free_ char *summary = summary_of(job), *standing = NULL;

        (void) string_format(&standing, "%s, %s%s%s", job->status, job->stage,
                             string_is_empty(job->reason) ? "" : ": ", job->reason ? job->reason : "");
        print_field("Job", job->id);
        print_field("What", summary);
        print_field("Status", standing);
        print_field("Now", job->status_text);
        print_field("Error", job->error);
        print_field("Owner", job->owner);
        print_field("Server", job->server);
        print_field("Client", job->client);
        print_field("Unit", job->unit);
        print_number("Place", job->position);
        print_field("Waits for", job->blocked_by);
        print_time("Created", job->created_at);
        print_time("Started", job->started_at);
        print_time("Ended", job->finished_at);
        print_number("Source at", job->source_changelist);
        print_number("Submitted", job->changelist);
        print_number("Shelved", job->shelf);
        print_field("Retry of", job->retry_of);
        print_field("Cancelled by", job->cancelled_by);
}

static int print_conflicts(const JobRecord *job) {
        static const CtlColumn columns[] = {
                { .title = "CONFLICT" },
                { .title = "FILE", .may_shrink = true },
                { .title = "BASE", .may_shrink = true },
                { .title = "STATE" },
                { .title = "THEIRS", .may_shrink = true },
                { .title = "CHUNKS" },
        };
        _cleanup_(ctl_table_freep) CtlTable *table = NULL;
        int r = job->conflicts.n_items > 0 ? ctl_table_new(columns, ELEMENTSOF(columns), &table) : 0;

        for (size_t i = 0; r >= 0 && i < job->conflicts.n_items; i++) {
                const JobConflict *conflict = job->conflicts.items + i;
                bool has_chunks = string_equal(conflict->type, "content");
                char chunks[96];

                (void) snprintf(chunks, sizeof(chunks), "%u yours, %u theirs, %u both, %u conflicting",
                                conflict->chunks_yours, conflict->chunks_theirs, conflict->chunks_both,
                                conflict->chunks_conflicting);
                r = ctl_table_add(table,
                                  (const char *const[]) { conflict->type, conflict->depot_path,
                                                          conflict->base, conflict->state, conflict->theirs,
                                                          has_chunks ? chunks : NULL });
        }
        if (r < 0 || !table) {
                return r;
        }
        printf("\n");
        r = ctl_table_print(table);
        if (r >= 0 && job->n_conflicts > job->conflicts.n_items) {
                printf("… and %zu more, which are listed as these get resolved\n",
                       job->n_conflicts - job->conflicts.n_items);
        }
        return r;
}

/* Whoever looks at a job that waits for people is probably one of them. */
static void print_next(const JobRecord *job) {
        if (string_equal(job->status, job_status_to_string(JOB_STATUS_NEEDS_RESOLVE))) {
                printf("\nNext: `weirctl resolve %s FILE --show` prints both sides, --accept=HOW decides;\n"
                       "      or `p4 -c %s resolve`, then `weirctl continue %s`.\n",
                       job->id, string_or_null(job->client) ?: "CLIENT", job->id);
        }
}

static void print_story(const JobRecord *job) {
        char at[TIME_TEXT_MAX];

        for (size_t i = 0; i < job->history.n_items; i++) {
                printf("%s%s  %s\n", i == 0 ? "\n" : "",
                       time_format_local(at, (int64_t) job->history.items[i].at), job->history.items[i].to);
        }
        for (size_t i = 0; i < job->left_behind.n_items; i++) {
                print_field("Left behind", job->left_behind.items[i].second);
        }
}

int ctl_show(Ctl *ctl) {
        _cleanup_(jobs_client_freep) JobsClient *client = NULL;
        _cleanup_(job_record_done) JobRecord job = {};
        _cleanup_free_ char *message = NULL;
        int status = 1, r = ctl_job_open(ctl, &client, &status);

        if (r < 0) {
                return status;
        }
        r = jobs_client_get(client, ctl->arguments[0], &job, &message);
        if (r < 0) {
                return ctl_job_fail(ctl, r, "show", ctl->arguments[0], message);
        }
        if (ctl->json) {
                return ctl_print_job_json(&job);
        }
        print_fields(&job);
        print_story(&job);
        r = print_conflicts(&job);
        print_next(&job);
        return r < 0;
}
