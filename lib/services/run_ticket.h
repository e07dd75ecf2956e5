/* The job's Perforce ticket on its way from the unit's credential to a tickets file that p4 reads: 0600 in the unit's runtime directory,
 * in memory only, gone with the unit. Never an argument, never in an environment, never in the journal. */
#pragma once

#include "base/macro.h"
#include "services/run.h"

/* Writes the file from $CREDENTIALS_DIRECTORY/p4-ticket: a ticket alone, or lines of a tickets file (ADDRESS=USER:TICKET). A job without a
 * credential gets an empty one, unless the attempt's file is there already. */
int run_ticket_install(Run *run);
/* The same with a credential that came another way. -EBADMSG: it is none. */
int run_ticket_use(Run *run, const char *credential);
/* p4 looks a ticket up under the address that the server says it has. Asks for it and adds a line. 1: there is a new one to try. */
int run_ticket_add_address(Run *run);
void run_ticket_forget(Run *run);
