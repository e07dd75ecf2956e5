#include "services/jobd.h"

#include <string.h>
#include <sys/param.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "domain/job_queue.h"
#include "resources/notify.h"
#include "services/job_list_store.h"
#include "services/job_parts_store.h"
#include "services/jobd_job.h"
#include "services/jobd_watch.h"

#define PRUNE_EVERY_USEC USEC_PER_HOUR
#define PRUNE_AT_ONCE 500
#define DROP_RETRY_USEC USEC_PER_MINUTE
#define HOST_MAX 256

/* --- the queue ------------------------------------------------------------------------------------------------------- */

static JobQueueItem make_item(const Job *job, uint64_t now) {
        return (JobQueueItem) { .id = job->id,
                                .key = job->key,
                                .server = job->server,
                                .status = job->state.status,
                                .is_starting = job->is_launching || job->is_uncertain,
                                .is_held = job->not_before > now };
}

/* The live jobs and their places, in the same order. Both are owned by the caller. */
static int plan_queue(const Jobd *jobd, JobQueueItem **ret_items, JobQueuePlace **ret_places) {
        const JobQueueLimits limits = { jobd->config.jobs.max_running,
                                        jobd->config.jobs.max_running_per_server };
        _cleanup_free_ JobQueueItem *items = calloc(jobd->n_live + 1, sizeof(*items));
        _cleanup_free_ JobQueuePlace *places = calloc(jobd->n_live + 1, sizeof(*places));
        uint64_t now = now_monotonic();
        size_t n = 0;
        int r;

        if (!items || !places) {
                return -ENOMEM;
        }
        for (const Job *job = jobd->first; job; job = job->next) {
                items[n++] = make_item(job, now);
        }
        r = job_queue_plan(items, n, &limits, places);
        if (r < 0) {
                return r;
        }
        *ret_items = TAKE_PTR(items);
        *ret_places = TAKE_PTR(places);
        return 0;
}

/* Everything that may start does: what is queued and has its turn, and the next attempts of jobs that are at work. */
static void dispatch(Jobd *jobd) {
        _cleanup_free_ JobQueueItem *items = NULL;
        _cleanup_free_ JobQueuePlace *places = NULL;
        uint64_t now = now_monotonic();
        size_t n = 0;
        Job *job, *next;

        if (!jobd->has_looked || !jobd->first) {
                return;
        }
        if (plan_queue(jobd, &items, &places) < 0) {
                (void) log_error(-ENOMEM, "No memory to plan the queue");
                return;
        }
        for (job = jobd->first; job; job = next, n++) {
                bool is_next_attempt = job_status_is_active(job->state.status) && !job->state.is_launched &&
                                       !job->is_launching && !job->is_uncertain && job->not_before <= now;

                next = job->next;
                if (is_next_attempt || places[n].state == JOB_QUEUE_READY) {
                        jobd_launch(jobd, job);
                }
        }
}

/* --- the clock ------------------------------------------------------------------------------------------------------- */

static uint64_t deadline_of(const Job *job) {
        uint64_t deadline = UINT64_MAX;

        if (!job->state.is_launched && !job->is_launching && job->not_before > 0) {
                deadline = MIN(deadline, job->not_before);
        }
        if (job->clock > 0 && job->timeout_usec > 0) {
                uint64_t rest = job->timeout_usec - MIN(job->timeout_usec, job->state.active_usec);

                deadline = MIN(deadline, job->clock + rest);
        }
        return deadline;
}

static void arm_timer(Jobd *jobd) {
        uint64_t now = now_monotonic(), deadline = UINT64_MAX;
        const uint64_t others[] = { jobd->next_look, jobd->next_prune, jobd->next_drop, jobd->next_forget };

        for (size_t i = 0; i < ELEMENTSOF(others); i++) {
                deadline = others[i] > 0 ? MIN(deadline, others[i]) : deadline;
        }
        for (const Job *job = jobd->first; job; job = job->next) {
                uint64_t at = deadline_of(job);

                /* One whose turn it is not is not what the clock has to wait for. */
                deadline = at > now || job->clock > 0 ? MIN(deadline, at) : deadline;
                deadline = job->kill_at > 0 ? MIN(deadline, job->kill_at) : deadline;
        }
        (void) sd_event_source_set_time(jobd->timer, deadline);
        (void) sd_event_source_set_enabled(jobd->timer,
                                           deadline == UINT64_MAX ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
}

static void prune(Jobd *jobd) {
        uint64_t keep = jobd->config.jobs.keep_usec;
        bool may = keep > 0 && steady_clock_look(&jobd->clock, now_realtime(), now_monotonic());
        int n = may ? job_store_prune(jobd->store, now_realtime() - (int64_t) keep, PRUNE_AT_ONCE) : 0;

        if (n < 0) {
                (void) log_warning(n, "Failed to remove old jobs: %s", db_error(job_store_db(jobd->store)));
        }
        /* Many of them go in several steps: others want to be served between. */
        jobd->next_prune = now_monotonic() + (n == PRUNE_AT_ONCE ? USEC_PER_SEC : PRUNE_EVERY_USEC);
}

static bool is_due(uint64_t at, uint64_t now) {
        return at > 0 && at <= now;
}

static void attend(Jobd *jobd) {
        uint64_t now = now_monotonic();

        jobd_check_timeouts(jobd);
        jobd_check_stops(jobd);
        if (is_due(jobd->next_look, now)) {
                jobd_look(jobd);
        }
        if (is_due(jobd->next_prune, now)) {
                prune(jobd);
        }
        if (is_due(jobd->next_drop, now)) {
                jobd->next_drop = 0;
                jobd_drop_credentials(jobd);
        }
        if (is_due(jobd->next_forget, now)) {
                jobd_texts_forget(jobd);
        }
        dispatch(jobd);
        arm_timer(jobd);
}

static void tell_status(const Jobd *jobd) {
        uint32_t queued, running;

        jobd_count(jobd, &queued, &running);
        notify_status("%u running, %u queued", running, queued);
}

static int on_settle(sd_event_source *source, void *userdata) {
        attend(userdata);
        tell_status(userdata);
        return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        attend(userdata);
        return 0;
}

void jobd_settle_soon(Jobd *jobd) {
        (void) sd_event_source_set_enabled(jobd->settle, SD_EVENT_ONESHOT);
}

/* --- credentials ----------------------------------------------------------------------------------------------------- */

/* One after another, also those that came to it meanwhile; one that fails is tried again later, with the others. */
static void drop_next(Jobd *jobd) {
        _cleanup_free_ char *name = NULL;
        int r = credential_store_next(jobd->store, &name);

        if (r <= 0) {
                return;
        }
        r = jobd->port.drop_credential(name, jobd->port.userdata);
        if (r < 0) {
                jobd->next_drop = now_monotonic() + DROP_RETRY_USEC;
                return;
        }
        jobd->dropping = TAKE_PTR(name);
}

void jobd_drop_credentials(Jobd *jobd) {
        if (!jobd->dropping && jobd->next_drop == 0) {
                drop_next(jobd);
        }
}

void jobd_credential_dropped(Jobd *jobd, int error) {
        _cleanup_free_ char *name = TAKE_PTR(jobd->dropping);

        if (!name) {
                return;
        }
        if (error >= 0) {
                error = credential_store_remove(jobd->store, name);
        }
        if (error < 0) {
                jobd->next_drop = now_monotonic() + DROP_RETRY_USEC;
                jobd_settle_soon(jobd);
                return;
        }
        drop_next(jobd);
}

/* --- asking ---------------------------------------------------------------------------------------------------------- */

static int describe_block(const Jobd *jobd, const JobQueueItem *items, const JobQueuePlace *place,
                          const Job *job, char **ret) {
        switch (place->state) {
        case JOB_QUEUE_BY_JOB:
                return string_copy(ret, items[place->blocker].id);
        case JOB_QUEUE_BY_TOTAL:
                return string_format(ret, "%llu jobs run, as many as may",
                                     (unsigned long long) jobd->config.jobs.max_running);
        case JOB_QUEUE_BY_SERVER:
                return string_format(ret, "%llu jobs run on %s, as many as may",
                                     (unsigned long long) jobd->config.jobs.max_running_per_server,
                                     job->server);
        case JOB_QUEUE_HELD:
                return string_format(ret, "it could not be started%s%s", job->trouble ? ": " : "",
                                     job->trouble ? job->trouble : "");
        case JOB_QUEUE_ACTIVE:
        case JOB_QUEUE_READY:
                return 0;
        }
        return 0;
}

/* Positions and blocks of the queued ones among records, which are in the order of asking, or in the opposite one: one walk finds all. */
static int put_places(const Jobd *jobd, JobRecord *records, size_t n_records, bool newest_first) {
        _cleanup_free_ JobQueueItem *items = NULL;
        _cleanup_free_ JobQueuePlace *places = NULL;
        const Job *job = newest_first ? jobd->last : jobd->first;
        size_t at = newest_first ? jobd->n_live - 1 : 0;
        int r = job ? plan_queue(jobd, &items, &places) : 0;

        for (size_t i = 0; r >= 0 && job && i < n_records;) {
                JobRecord *record = &records[i];

                if (!string_equal(record->status, "queued")) {
                        i++;
                } else if (string_equal(record->id, job->id)) {
                        record->position = places[at].position;
                        r = describe_block(jobd, items, &places[at], job, &record->blocked_by);
                        i++;
                } else {
                        job = newest_first ? job->previous : job->next;
                        at += newest_first ? SIZE_MAX : 1; /* one less, or one more */
                }
        }
        return r;
}

int jobd_get(Jobd *jobd, const char *id, JobRecord *ret) {
        _cleanup_(job_record_done) JobRecord record = {};
        const Job *job;
        int r = job_list_store_get(jobd->store, id, &record, NULL);

        r = r < 0 ? r : put_places(jobd, &record, 1, true);
        if (r < 0) {
                return r;
        }
        job = jobd_find(jobd, id);
        record.needs_login = job && job->needs_login;
        *ret = record;
        record = (JobRecord) {};
        return 0;
}

int jobd_get_brief(Jobd *jobd, const char *id, JobRecord *ret) {
        return job_list_store_get_brief(jobd->store, id, ret, NULL);
}

int jobd_list(Jobd *jobd, const JobFilter *filter, JobRecords *ret) {
        _cleanup_(job_records_done) JobRecords records = {};
        int r = job_list_store_list(jobd->store, filter, &records);

        r = r < 0 ? r : put_places(jobd, records.items, records.n_items, true);
        if (r < 0) {
                return r;
        }
        *ret = records;
        records = (JobRecords) {};
        return 0;
}

int jobd_list_queue(Jobd *jobd, JobRecords *ret) {
        _cleanup_(job_records_done) JobRecords records = {};
        int r = job_list_store_list_queued(jobd->store, &records);

        r = r < 0 ? r : put_places(jobd, records.items, records.n_items, false);
        if (r < 0) {
                return r;
        }
        *ret = records;
        records = (JobRecords) {};
        return 0;
}

void jobd_count(const Jobd *jobd, uint32_t *ret_queued, uint32_t *ret_running) {
        *ret_queued = *ret_running = 0;
        for (const Job *job = jobd->first; job; job = job->next) {
                (*(job->state.status == JOB_STATUS_QUEUED ? ret_queued : ret_running))++;
        }
}

int jobd_owner(Jobd *jobd, const char *id, char **ret) {
        const Job *job = jobd_find(jobd, id);
        _cleanup_(job_record_done) JobRecord record = {};
        int r;

        if (job) {
                return string_copy(ret, job->owner);
        }
        r = job_list_store_get_brief(jobd->store, id, &record, NULL);
        return r < 0 ? r : string_copy(ret, record.owner);
}

int jobd_each_live(const Jobd *jobd, int (*function)(const char *id, void *userdata), void *userdata) {
        int r = 0;

        for (const Job *job = jobd->first; job && r >= 0; job = job->next) {
                r = function(job->id, userdata);
        }
        return r;
}

/* --- life ------------------------------------------------------------------------------------------------------------ */

void jobd_reload(Jobd *jobd) {
        _cleanup_free_ char *warning = NULL;
        WeirConfig config = {};
        int r = config_load_in_force(jobd->config_directory, jobd->state_directory, &config, &warning);

        if (r < 0) {
                (void) log_error(r, "Failed to read the configuration: %s", strerror(-r));
                return;
        }
        if (warning) {
                (void) log_warning(0, "%s", warning);
        }
        weir_config_done(&jobd->config);
        jobd->config = config;
        if (jobd->settle) {
                jobd_settle_soon(jobd);
        }
}

/* Whether its unit lived on while nobody watched is not known yet; both answers are prepared. */
static void prepare_clock(Job *job, int64_t updated_at) {
        int64_t now = now_realtime(), since = job->state.active_since;

        if (since > 0) {
                job->clock = now_monotonic();
                job->unseen_usec = (uint64_t) MAX(now - since, 0);
                job->known_usec = MIN((uint64_t) MAX(updated_at - since, 0), job->unseen_usec);
        }
}

static int load_job(const JobLiveRow *row, void *userdata) {
        Jobd *jobd = userdata;
        JobdLimits limits;
        Job *job = jobd_add(jobd, row);

        if (!job) {
                return -ENOMEM;
        }
        /* Perhaps unitd was asked, and nobody was there to hear the answer. */
        job->is_uncertain = job->state.attempt > 0 && !job->state.is_launched;
        prepare_clock(job, row->updated_at);
        return job_status_is_active(job->state.status) ? jobd_read_limits(jobd, job, &limits) : 0;
}

static int make_sources(Jobd *jobd) {
        int r = sd_event_add_defer(jobd->event, &jobd->settle, on_settle, jobd);

        r = r < 0 ? r :
                    sd_event_add_time(jobd->event, &jobd->timer, CLOCK_MONOTONIC, UINT64_MAX,
                                      10 * USEC_PER_MSEC, on_timer, jobd);
        return r < 0 ? r : sd_event_source_set_enabled(jobd->timer, SD_EVENT_OFF);
}

int jobd_new(sd_event *event, const char *config_directory, const char *state_directory,
             const JobdPort *port, Jobd **ret) {
        _cleanup_(jobd_freep) Jobd *jobd = calloc(1, sizeof(*jobd));
        char host[HOST_MAX] = "";
        int64_t last_update = 0;
        int r;

        if (!jobd) {
                return -ENOMEM;
        }
        (void) gethostname(host, sizeof(host) - 1);
        jobd->event = sd_event_ref(event);
        jobd->port = *port;
        r = string_copy(&jobd->config_directory, config_directory);
        r = r < 0 ? r : string_copy(&jobd->state_directory, state_directory);
        r = r < 0 ? r : string_copy(&jobd->host, host);
        if (r < 0) {
                return r;
        }
        jobd_reload(jobd);
        r = job_store_open(state_directory, DB_READ_WRITE, &jobd->store);
        r = r < 0 ? r : credential_store_release_orphans(jobd->store);
        r = r < 0 ? r : job_store_each_live(jobd->store, load_job, jobd);
        r = r < 0 ? r : job_store_last_update(jobd->store, &last_update);
        r = r < 0 ? r : make_sources(jobd);
        if (r < 0) {
                return r;
        }
        jobd->next_prune = jobd->next_drop = now_monotonic();
        steady_clock_start(&jobd->clock, now_realtime(), now_monotonic(), last_update);
        jobd_look(jobd);
        *ret = TAKE_PTR(jobd);
        return 0;
}

Jobd *jobd_free(Jobd *jobd) {
        if (!jobd) {
                return NULL;
        }
        while (jobd->first) {
                jobd_remove(jobd, jobd->first);
        }
        (void) sd_event_source_unref(jobd->timer);
        (void) sd_event_source_unref(jobd->settle);
        (void) sd_event_unref(jobd->event);
        (void) job_store_close(jobd->store);
        weir_config_done(&jobd->config);
        free(jobd->config_directory);
        free(jobd->state_directory);
        free(jobd->host);
        free(jobd->dropping);
        free(jobd);
        return NULL;
}
