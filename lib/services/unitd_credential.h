/* Secrets at rest: one file each below /var/lib/weir-credentials, encrypted with the host's key by systemd-creds(1), which only PID 1 reads
 * again, for the unit of the job. Names are letters, digits and hyphens, 64 at most, so that none leaves the folder. */
#pragma once

#include <stddef.h>

#include "base/macro.h"
#include "resources/bus.h"

#define UNITD_CREDENTIAL_ID "p4-ticket" /* the file in the job's $CREDENTIALS_DIRECTORY */

/* The file of a credential, whether it is there or not. All errors of this module are told in ret_error, too. */
int unitd_credential_path(const char *name, char **ret, sd_bus_error *ret_error);
/* Replaces what was there. The secret, of 1 to 4096 bytes, reaches the encrypting program by its standard input. Returns 1 when that runs:
 * message is answered, with nothing or an error, when it has ended, after 10 s at most; the bus goes on meanwhile. */
int unitd_credential_store(sd_bus_message *message, const char *name, const void *secret, size_t length,
                           sd_bus_error *ret_error);
/* One that is not there is fine. */
int unitd_credential_drop(const char *name, sd_bus_error *ret_error);
