/* Secrets at rest: one file each below /var/lib/weir-credentials, encrypted with the host's key by systemd-creds(1), which only PID 1 reads
 * again, for the unit of the job. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/macro.h"

#define UNITD_SECRET_MAX 4096

/* Letters, digits and hyphens, 64 at most: a name never leaves the folder. */
bool unitd_credential_name_is_valid(const char *name);
int unitd_credential_path(const char *name, char **ret);
bool unitd_credential_exists(const char *path);
/* Replaces what was there. The secret reaches the encrypting program by its standard input. -EREMOTEIO: it failed, *ret_message (owned,
 * may be NULL) has its words. */
int unitd_credential_store(const char *name, const void *secret, size_t length, char **ret_message);
int unitd_credential_drop(const char *name); /* one that is not there is fine */
/* What a kill left half-written. */
void unitd_credential_tidy(void);
