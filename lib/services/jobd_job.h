/* What the parts of jobd share: the daemon, its jobs, and the one way to change one. Not for others. */
#pragma once

#include "domain/job_id.h"
#include "domain/job_outcome.h"
#include "domain/steady_clock.h"
#include "resources/journal.h"
#include "services/job_store.h"
#include "services/jobd.h"

#define JOBD_LOOK_EVERY_USEC (30 * USEC_PER_SEC) /* while anything runs, should every signal be lost */

typedef struct Job Job;
struct Job {
        char id[JOB_ID_MAX];
        int64_t seq;
        char *server, *key, *owner; /* key NULL: a client of its own */
        bool has_credential, has_intent;
        JobState state;
        uint64_t timeout_usec, stop_timeout_usec; /* 0: not yet read from the spec */

        uint64_t clock;       /* monotonic: working time counts from here; 0: it stands */
        uint64_t unseen_usec; /* working time while no weir-jobd watched, if the unit did live on; */
        uint64_t known_usec;  /* and the part of it that is certain */

        bool is_launching;   /* unitd has not answered yet */
        bool is_uncertain;   /* nobody knows whether the unit was started: the next look tells */
        uint64_t not_before; /* monotonic: no start before that */
        unsigned n_failed_launches;
        char *trouble;          /* why the last start failed; NULL */
        uint64_t launch_look;   /* looks up to this number say nothing about its unit */
        bool needs_login;       /* its runner says so */
        char *login;            /* a new ticket for it, wiped once it has it; NULL: none */
        struct JobdText *texts; /* of its conflicts, as far as somebody wants to read them; jobd_texts.c */
        uint64_t kill_at; /* monotonic: when the stop time-out is over, and what is left of its processes is killed; 0: never */
        uint64_t stop_overdue; /* monotonic: when the stop that was asked for should have come to its end; 0: none was */

        Job *next, *previous; /* in the order of asking */
};

struct Jobd {
        sd_event *event;
        sd_event_source *timer, *settle;
        char *config_directory, *state_directory, *host;
        WeirConfig config;
        JobStore *store;
        JobdPort port;
        Job *first, *last;
        size_t n_live, n_drafts;

        uint64_t look_number; /* of the last one asked for */
        bool is_looking, look_again, has_looked;
        uint64_t next_look, next_prune, next_drop, next_forget; /* monotonic; 0: none */
        SteadyClock clock;
        char *dropping; /* the credential that is being forgotten */
};

Job *jobd_find(const Jobd *jobd, const char *id);
Job *jobd_add(Jobd *jobd, const JobLiveRow *row); /* NULL: no memory */
void jobd_remove(Jobd *jobd, Job *job);

bool job_is_waiting(const Job *job); /* queued, and not on its way */
/* A unit works for it, as far as is known. */
bool job_has_unit(const Job *job);
/* How long it was at work until now. */
uint64_t job_active_usec(const Job *job);
/* Reads what the daemon itself needs of the spec, with weir.yaml's defaults. */
int jobd_read_limits(Jobd *jobd, Job *job, JobdLimits *ret);

/* Commits state and change, and only then believes and announces them. change may be NULL. */
int jobd_save(Jobd *jobd, Job *job, const JobState *state, const JobChange *change);
/* What an attempt's end comes to, carried out. end holds what was told; the rest of it is filled in here. */
int jobd_end_attempt(Jobd *jobd, Job *job, JobEnd *end, const JobChange *told);
void jobd_announce(const Jobd *jobd, const Job *job, JobdEvent event);
void job_log(const Job *job, int level, const char *message_id, const char *format, ...) _printf_(4, 5);

/* The queue, the clock and the looks are attended to when the event loop comes round. */
void jobd_settle_soon(Jobd *jobd);
void jobd_look(Jobd *jobd);
void jobd_drop_credentials(Jobd *jobd);
/* Tells the job's unit to end, when there is one. */
void jobd_stop_unit(Jobd *jobd, Job *job);

/* A job that has not ended; about others it is told why it cannot be WHAT ("cancelled"): -ENOENT, -EBUSY. */
int jobd_find_live(Jobd *jobd, const char *id, const char *what, Job **ret, char **ret_message);

/* --- texts of conflicts --- */
int jobd_texts_put(Jobd *jobd, Job *job, const JobText *text); /* what the runner has read; copied */
int jobd_texts_wanted(Jobd *jobd, Job *job, char ***ret);
void jobd_texts_outdated(Job *job); /* its conflicts are others now */
void jobd_texts_forget(Jobd *jobd); /* those that nobody read for a while */
void jobd_texts_free(Job *job);

/* A server as it is in force, also one that was taken out of the list lately when with_retired. *ret_ignores_case: of client names. -ENOENT. */
int jobd_find_server(Jobd *jobd, const char *name, bool with_retired, Server *ret, bool *ret_ignores_case);
