/* What the verbs need that talk to Perforce themselves: the configuration in force, and p4 with measuring's
 * own tickets. */
#pragma once

#include "services/config.h"
#include "services/ctl.h"
#include "services/p4_queries.h"

typedef struct CtlPerforce {
        WeirConfig config;
        ServerList list;
        char *tickets, *trust;
        const char *home;
} CtlPerforce;
/* Negative: *ret_message (owned, may be NULL) says why the configuration cannot be read. */
int ctl_perforce_open(const Ctl *ctl, CtlPerforce *ret, char **ret_message);
void ctl_perforce_done(CtlPerforce *perforce);

const Server *ctl_perforce_find(const CtlPerforce *perforce, const char *name);
/* Borrows from both. No question takes longer than half a minute. */
P4Session ctl_perforce_session(const CtlPerforce *perforce, const Server *server);

/* Tickets belong to the user that measures, who owns the state directory. 1: that is us from now on (root
 * becomes that user for good), 0: we are somebody else. */
int ctl_become_owner(const Ctl *ctl);
