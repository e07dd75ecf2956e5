/* What is known of a unit comes from looks at all of weir's units at once. A look is only believed about units that were started before it was
 * asked for, so a slow answer harms nobody. */
#include "services/jobd_watch.h"

#include <string.h>
#include <sys/param.h>

#include "base/log.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "services/job_parts_store.h"
#include "services/jobd_job.h"

#define LAUNCH_PAUSE_MIN_USEC USEC_PER_SEC
#define LAUNCH_PAUSE_MAX_USEC USEC_PER_MINUTE
#define LOOK_RETRY_USEC USEC_PER_SEC
#define SAVE_RETRY_USEC (10 * USEC_PER_SEC)
#define STOP_GRACE_USEC (90 * USEC_PER_SEC) /* for weir-finish, beyond the stop time-out */

/* --- starting -------------------------------------------------------------------------------------------------------- */

/* The first attempt of a queued job gets its number before unitd is asked: whatever happens then, it is known what to look for. */
static int prepare_attempt(Jobd *jobd, Job *job) {
        JobState next = job->state;

        if (job->state.attempt > 0) {
                return 0;
        }
        next.attempt = next.n_run = 1;
        return jobd_save(jobd, job, &next, NULL);
}

static void put_off(Jobd *jobd, Job *job, const char *trouble) {
        uint64_t pause = LAUNCH_PAUSE_MIN_USEC << MIN(job->n_failed_launches, 6U);

        job->n_failed_launches++;
        job->not_before = now_monotonic() + MIN(pause, LAUNCH_PAUSE_MAX_USEC);
        if (!string_equal(job->trouble, trouble)) {
                job_log(job, LOG_LEVEL_WARNING, NULL, "cannot be started yet: %s", trouble);
                (void) string_replace(&job->trouble, trouble);
        }
        jobd_settle_soon(jobd);
}

/* Nothing runs: what the job left is the ledger's matter. */
static int end_without_unit(Jobd *jobd, Job *job, JobOutcome outcome, const char *error) {
        int n = ledger_store_count(jobd->store, job->seq);
        JobEnd end = { .outcome = outcome, .reason = outcome == JOB_OUTCOME_FAILED ? "start" : NULL };
        const JobChange change = { .error = error };

        if (n < 0) {
                return n;
        }
        end.is_clean = n == 0 && !job->has_intent && !job_stage_has_open_files(job->state.stage);
        return jobd_end_attempt(jobd, job, &end, &change);
}

void jobd_launch(Jobd *jobd, Job *job) {
        JobdLimits limits;
        int r = jobd_read_limits(jobd, job, &limits);

        if (r == -EBADMSG) { /* written by an older weir */
                (void) end_without_unit(jobd, job, JOB_OUTCOME_FAILED,
                                        "The specification is no longer valid");
                return;
        }
        r = r < 0 ? r : prepare_attempt(jobd, job);
        if (r < 0) {
                put_off(jobd, job, strerror(-r));
                return;
        }
        job->is_launching = true;
        r = jobd->port.launch(job->id, job->state.attempt, &limits, jobd->port.userdata);
        if (r < 0) {
                job->is_launching = false;
                put_off(jobd, job, strerror(-r));
        }
}

void jobd_stop_unit(Jobd *jobd, Job *job) {
        int r;

        if (!job_has_unit(job)) {
                return; /* jobd_launched() or the next look will do it */
        }
        job->kill_at = job->state.is_immediate ? 0 : now_monotonic() + job->stop_timeout_usec;
        job->stop_overdue = now_monotonic() + job->stop_timeout_usec + STOP_GRACE_USEC;
        jobd_settle_soon(jobd);
        r = jobd->port.stop(job->id, job->state.attempt, job->state.is_immediate, jobd->port.userdata);
        if (r < 0) {
                jobd_stopped(jobd, job->id, job->state.attempt, r, strerror(-r));
        }
}

/* systemd has the same time-out, but is up to 250 ms late with it, and kills one process after the other: what forks without end can outrun
 * that. */
void jobd_check_stops(Jobd *jobd) {
        for (Job *job = jobd->first; job; job = job->next) {
                if (job->kill_at > 0 && job->kill_at <= now_monotonic()) {
                        job->kill_at = 0;
                        (void) jobd->port.stop(job->id, job->state.attempt, true, jobd->port.userdata);
                }
        }
}

/* Its unit is there, as unitd, systemd or the unit itself told. */
static void has_started(Jobd *jobd, Job *job) {
        char unit[JOB_UNIT_MAX];
        JobState next = job->state;
        const JobChange change = { .starts = true };

        job->is_launching = job->is_uncertain = false;
        job->n_failed_launches = 0;
        job->not_before = 0;
        free(TAKE_PTR(job->trouble));
        if (job->state.is_launched) {
                return;
        }
        next.is_launched = true;
        next.status = next.status == JOB_STATUS_QUEUED ? JOB_STATUS_RUNNING : next.status;
        if (jobd_save(jobd, job, &next, &change) < 0) {
                job->is_uncertain = true; /* the next look tries again */
                return;
        }
        job_log(job, LOG_LEVEL_INFO, WEIR_MESSAGE_JOB_STARTED, "started as %s",
                job_unit_format(unit, job->id, job->state.attempt));
        if (job->state.wish != JOB_WISH_NONE && !job->state.is_clean_mode) {
                jobd_stop_unit(jobd, job);
        }
}

/* Asked for, but not there. Without a wish it is started again in its turn. */
static void has_not_started(Jobd *jobd, Job *job) {
        job->is_launching = job->is_uncertain = false;
        if (job->state.wish != JOB_WISH_NONE && !job->state.is_clean_mode) {
                (void) end_without_unit(jobd, job, JOB_OUTCOME_CANCELLED, NULL);
        }
        jobd_settle_soon(jobd);
}

static void launch_failed(Jobd *jobd, Job *job, int error, const char *message) {
        if (error == -EEXIST || error == -ETIMEDOUT) {
                job->is_launching = false;
                job->is_uncertain = true;
                put_off(jobd, job, message ? message : strerror(-error));
                jobd_look(jobd);
        } else if (error == -EINVAL) {
                job->is_launching = false;
                (void) end_without_unit(jobd, job, JOB_OUTCOME_FAILED, message);
        } else {
                put_off(jobd, job, message ? message : strerror(-error));
                has_not_started(jobd, job);
        }
}

void jobd_launched(Jobd *jobd, const char *id, uint32_t attempt, int error, const char *message) {
        Job *job = jobd_find(jobd, id);

        if (!job || job->state.attempt != attempt || !job->is_launching) {
                return; /* its own unit was faster, or it is over */
        }
        job->launch_look = jobd->look_number;
        if (error >= 0) {
                has_started(jobd, job);
        } else {
                launch_failed(jobd, job, error, message);
        }
}

void jobd_stopped(Jobd *jobd, const char *id, uint32_t attempt, int error, const char *message) {
        Job *job = jobd_find(jobd, id);

        if (error < 0 && job && job->state.attempt == attempt) {
                job_log(job, LOG_LEVEL_WARNING, NULL, "its unit could not be told to stop, trying again: %s",
                        message ? message : strerror(-error));
                job->stop_overdue = now_monotonic() + LOOK_RETRY_USEC;
        }
        jobd_look(jobd);
}

/* --- looking --------------------------------------------------------------------------------------------------------- */

void jobd_look(Jobd *jobd) {
        if (jobd->is_looking) {
                jobd->look_again = true;
                return;
        }
        jobd->look_number++;
        jobd->look_again = false;
        jobd->is_looking = true;
        if (jobd->port.look(jobd->port.userdata) < 0) {
                jobd_look_failed(jobd);
        }
}

void jobd_look_failed(Jobd *jobd) {
        jobd->is_looking = false;
        jobd->next_look = now_monotonic() + LOOK_RETRY_USEC;
        if (jobd->settle) {
                jobd_settle_soon(jobd);
        }
}

static const JobdUnit *find_unit(const JobdUnit *units, size_t n_units, const Job *job) {
        for (size_t i = 0; i < n_units; i++) {
                if (units[i].attempt == job->state.attempt && strcmp(units[i].id, job->id) == 0) {
                        return &units[i];
                }
        }
        return NULL;
}

/* The working time of before this weir-jobd started counts as far as it is known to have been one. */
static void settle_clock(Job *job, bool was_alive) {
        job->state.active_usec += was_alive ? job->unseen_usec : job->known_usec;
        if (!was_alive && (job->unseen_usec > 0 || job->known_usec > 0)) {
                job->clock = 0;
        }
        job->unseen_usec = job->known_usec = 0;
}

/* The unit is gone, and weir-finish said nothing: the machine went down, or it was killed as well. */
static void is_lost(Jobd *jobd, Job *job) {
        char unit[JOB_UNIT_MAX];

        job_log(job, LOG_LEVEL_WARNING, NULL, "%s is gone without a word",
                job_unit_format(unit, job->id, job->state.attempt));
        if (end_without_unit(jobd, job, JOB_OUTCOME_LOST, NULL) < 0) {
                jobd->next_look = now_monotonic() + LOOK_RETRY_USEC; /* a full disk, perhaps: once more */
        }
}

static void is_alive(Jobd *jobd, Job *job, const JobdUnit *unit) {
        settle_clock(job, true);
        if (!job->state.is_launched || job->is_uncertain) {
                has_started(jobd, job);
        }
        if (job->state.wish == JOB_WISH_NONE || job->state.is_clean_mode) {
                return;
        }
        if (job->stop_overdue == 0 && !unit->is_stopping) {
                jobd_stop_unit(jobd, job); /* the wish is older than this weir-jobd */
        } else if (job->stop_overdue > 0 && job->stop_overdue <= now_monotonic()) {
                job_log(job, LOG_LEVEL_WARNING, NULL, "its unit does not stop");
                job->state.is_immediate = true;
                jobd_stop_unit(jobd, job);
        }
}

static void judge_unit(Jobd *jobd, Job *job, const JobdUnit *unit) {
        if (job->state.attempt == 0 || job->is_launching || job->launch_look >= jobd->look_number) {
                return;
        }
        if (unit && unit->is_alive) {
                is_alive(jobd, job, unit);
                return;
        }
        settle_clock(job, false);
        if (job->state.is_launched) {
                is_lost(jobd, job);
        } else if (job->is_uncertain) {
                has_not_started(jobd, job);
        }
}

/* A unit that works for nobody. One that is on its way out has just told its last words. */
static void end_strangers(Jobd *jobd, const JobdUnit *units, size_t n_units) {
        for (size_t i = 0; i < n_units; i++) {
                const JobdUnit *unit = &units[i];
                const Job *job = jobd_find(jobd, unit->id);

                if (unit->is_alive && !unit->is_stopping && (!job || job->state.attempt != unit->attempt)) {
                        log_notice("Ending attempt %u of job %s, which nobody waits for", unit->attempt,
                                   unit->id);
                        (void) jobd->port.stop(unit->id, unit->attempt, true, jobd->port.userdata);
                }
        }
}

/* While anything runs, looks are taken now and then; sooner where a stop that was asked for is awaited. 0: nothing runs. */
static uint64_t find_next_look(const Jobd *jobd) {
        uint64_t now = now_monotonic(), next = 0;

        for (const Job *job = jobd->first; job; job = job->next) {
                uint64_t at = now + JOBD_LOOK_EVERY_USEC;

                if (!job->state.is_launched && !job->is_uncertain) {
                        continue;
                }
                if (job->stop_overdue > 0) {
                        at = MIN(at, MAX(job->stop_overdue, now + LOOK_RETRY_USEC));
                }
                next = next > 0 ? MIN(next, at) : at;
        }
        return next;
}

void jobd_units_seen(Jobd *jobd, const JobdUnit *units, size_t n_units) {
        Job *next;

        jobd->is_looking = false;
        jobd->next_look = 0;
        for (Job *job = jobd->first; job; job = next) {
                next = job->next; /* it may end here */
                judge_unit(jobd, job, find_unit(units, n_units, job));
        }
        end_strangers(jobd, units, n_units);
        jobd->has_looked = true;
        if (jobd->next_look == 0) {
                jobd->next_look = find_next_look(jobd);
        }
        jobd_settle_soon(jobd);
        if (jobd->look_again) {
                jobd_look(jobd);
        }
}

void jobd_units_changed(Jobd *jobd) {
        jobd_look(jobd);
}

void jobd_peers_changed(Jobd *jobd) {
        for (Job *job = jobd->first; job; job = job->next) {
                if (job->n_failed_launches > 0) {
                        job->not_before = 0;
                }
        }
        jobd->next_drop = 0;
        jobd_drop_credentials(jobd);
        jobd_look(jobd);
        jobd_settle_soon(jobd);
}

/* --- time limits ----------------------------------------------------------------------------------------------------- */

static void time_is_over(Jobd *jobd, Job *job) {
        JobState next = job->state;

        next.wish = JOB_WISH_TIMEOUT;
        next.status = JOB_STATUS_CANCELLING;
        if (jobd_save(jobd, job, &next, NULL) < 0) {
                job->timeout_usec += SAVE_RETRY_USEC; /* a full disk, perhaps */
                return;
        }
        job_log(job, LOG_LEVEL_WARNING, WEIR_MESSAGE_JOB_CANCELLING, "worked longer than it may, %llu s",
                (unsigned long long) (job->timeout_usec / USEC_PER_SEC));
        jobd_announce(jobd, job, JOBD_EVENT_WAKE);
        jobd_stop_unit(jobd, job);
}

void jobd_check_timeouts(Jobd *jobd) {
        for (Job *job = jobd->first; job; job = job->next) {
                if (job->clock > 0 && job->timeout_usec > 0 && job->state.wish == JOB_WISH_NONE &&
                    job_active_usec(job) >= job->timeout_usec) {
                        time_is_over(jobd, job);
                }
        }
}
