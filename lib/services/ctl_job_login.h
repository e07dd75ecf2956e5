/* The caller's own login to a Perforce server, to be lent to a job: the ticket that p4 keeps for it, or one made from a password typed now.
 * What the caller has is left as it is: p4 runs with files of our own in a folder that is removed again. */
#pragma once

#include <stddef.h>

#include "base/macro.h"
#include "clients/job_record.h"
#include "resources/p4.h"
#include "services/ctl.h"
#include "services/ctl_perforce.h"

typedef struct JobLogin {
        P4Server server;  /* as the caller; borrows from here and from the CtlPerforce */
        char *user;       /* Perforce's name of the caller */
        char *credential; /* lines of a tickets file; NULL: none is needed there. Wiped when it is freed */
        char *folder, *tickets, *trust;
} JobLogin;

/* What a job on the server called name borrows of the caller, who is option --user, or found out ($P4USER, the login name, the server's own user).
 * Negative: it was told, *ret_status is the exit status. *perforce is opened for that, and outlives *ret. */
int job_login_lend(const Ctl *ctl, const char *name, CtlPerforce *perforce, JobLogin *ret, int *ret_status);
JobOptions job_login_options(const JobLogin *login); /* borrows from it */
void job_login_done(JobLogin *login);
