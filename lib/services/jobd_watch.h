/* Units of jobs: starting them, noticing their ends, ending those that shall or must. The answers of JobdPort arrive here. */
#pragma once

#include "services/jobd.h"

/* How unitd answered: 0; -EINVAL it will never do it; -EEXIST the unit is there already; -ETIMEDOUT nobody knows whether it was done; other
 * errors: not now. message: its words, may be NULL. */
void jobd_launched(Jobd *jobd, const char *id, uint32_t attempt, int error, const char *message);
void jobd_stopped(Jobd *jobd, const char *id, uint32_t attempt, int error, const char *message);
void jobd_credential_dropped(Jobd *jobd, int error);

/* What systemd knows of one unit of a job. */
typedef struct JobdUnit {
        char id[32];
        uint32_t attempt;
        bool is_alive;    /* it runs, or is about to, or is being stopped */
        bool is_stopping; /* it will end by itself */
} JobdUnit;
/* All there are, as the last look found them. */
void jobd_units_seen(Jobd *jobd, const JobdUnit *units, size_t n_units);
void jobd_look_failed(Jobd *jobd);

/* Something may have happened to the units: look again. To be called for every signal that hints at it. */
void jobd_units_changed(Jobd *jobd);
/* unitd or systemd are back: what was put off need not wait longer. */
void jobd_peers_changed(Jobd *jobd);

/* For jobd.c. */
typedef struct Job Job;
void jobd_launch(Jobd *jobd, Job *job);
void jobd_check_timeouts(Jobd *jobd);
void jobd_check_stops(Jobd *jobd);
