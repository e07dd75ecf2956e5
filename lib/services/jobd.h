/* The keeper of weir-jobd: every job that has not ended, who may start, and what becomes of it. No bus in here: services/jobs_bus.c speaks for
 * it, services/jobs_port_bus.c does what it asks for. One file per part: jobd.c life, queue and clock; jobd_create.c new jobs; jobd_control.c
 * what people want of one; jobd_texts.c what its conflicts say; jobd_unit.c what its unit says; jobd_watch.c what becomes of its unit.
 *
 * Nothing is believed that is not committed: a change is written first, then done. What is done outside (starting and stopping units, keeping
 * and forgetting credentials) is asked for again after a restart, and asking twice does no harm. Signals of others only lead to another look. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "base/macro.h"
#include "clients/job_record.h"
#include "services/config.h"

#define JOBD_QUEUE_MAX 10000 /* jobs that have not ended */
#define JOBD_SPEC_MAX ((size_t) 64 * 1024)
#define JOBD_DRAFTS_MAX 64 /* creations that wait for their credential to be kept */
#define JOBD_CREDENTIAL_MAX ((size_t) 4096)

typedef enum JobdEvent {
        JOBD_EVENT_NEW,
        JOBD_EVENT_CHANGED,
        JOBD_EVENT_UPDATED, /* its status and stage are the same */
        JOBD_EVENT_ENDED,
        JOBD_EVENT_WAKE,
} JobdEvent;

/* What unitd is asked to bound; 0: nothing said. */
typedef struct JobdLimits {
        uint64_t memory_max, cpu_weight, io_weight, tasks_max, stop_timeout_usec;
        const char *credential; /* its name; NULL: none */
} JobdLimits;

/* The world outside. What answers later does so with the function that is named; a negative return is an answer at once. */
typedef struct JobdPort {
        int (*launch)(const char *id, uint32_t attempt, const JobdLimits *limits,
                      void *userdata);                                                 /* jobd_launched() */
        int (*stop)(const char *id, uint32_t attempt, bool immediate, void *userdata); /* jobd_stopped() */
        int (*drop_credential)(const char *name, void *userdata); /* jobd_credential_dropped() */
        int (*look)(void *userdata); /* jobd_units_seen() or jobd_look_failed() */
        void (*announce)(const char *id, JobdEvent event, const char *status, const char *stage,
                         void *userdata);
        void *userdata;
} JobdPort;

typedef struct Jobd Jobd;
/* Opens the database, takes over what is in it, and asks for a first look; nothing starts before that was answered. */
int jobd_new(sd_event *event, const char *config_directory, const char *state_directory,
             const JobdPort *port, Jobd **ret);
Jobd *jobd_free(Jobd *jobd);
DEFINE_TRIVIAL_CLEANUP_FUNC(Jobd *, jobd_free);
/* Reads weir.yaml again. */
void jobd_reload(Jobd *jobd);

/* --- asking ---------------------------------------------------------------------------------------------------------- */

/* With its place in the queue. -ENOENT. */
int jobd_get(Jobd *jobd, const char *id, JobRecord *ret);
int jobd_get_brief(Jobd *jobd, const char *id, JobRecord *ret);
int jobd_list(Jobd *jobd, const JobFilter *filter, JobRecords *ret);
int jobd_list_queue(Jobd *jobd, JobRecords *ret);
void jobd_count(const Jobd *jobd, uint32_t *ret_queued, uint32_t *ret_running);
/* The owner's name, good until the next change. -ENOENT. */
int jobd_owner(Jobd *jobd, const char *id, char **ret);
/* Calls function for each job that has not ended, until it returns negative. */
int jobd_each_live(const Jobd *jobd, int (*function)(const char *id, void *userdata), void *userdata);
