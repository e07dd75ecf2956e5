/* What weir-jobd asks of others on the bus, and what it hears of units: weir-unitd and systemd, both asynchronously. All that systemd signals
 * only leads to another look at weir's units; what is believed is the answer to that. */
#pragma once

#include <systemd/sd-bus.h>

#include "base/macro.h"
#include "services/jobd.h"

typedef struct JobsPort JobsPort;
int jobs_port_new(sd_bus *bus, void *owner, JobsPort **ret);
JobsPort *jobs_port_free(JobsPort *port); /* forgets all calls that are under way */
DEFINE_TRIVIAL_CLEANUP_FUNC(JobsPort *, jobs_port_free);

/* Fills in all but announce, whose userdata is the port, too: that of jobs_port_owner(). */
void jobs_port_fill(JobsPort *port, JobdPort *ret);
void *jobs_port_owner(const JobsPort *port);
/* Where answers go from now on; before, none arrives. */
void jobs_port_attach(JobsPort *port, Jobd *jobd);

/* Keeps a secret under a name. done is called later with 0 or a negative errno and words (may be NULL). */
typedef void (*JobsPortDone)(void *userdata, int error, const char *message);
int jobs_port_store_credential(JobsPort *port, const char *name, const void *secret, size_t size,
                               JobsPortDone done, void *userdata);
