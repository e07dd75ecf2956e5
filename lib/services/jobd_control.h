/* What people want of a job that has not ended. Errors: -ENOENT no such job; -EBUSY its state does not allow it; -EINVAL arguments; -ENOBUFS
 * too many; each with *ret_message (owned, may be NULL). */
#pragma once

#include "services/jobd.h"

#define JOBD_RESOLUTIONS_MAX 20000

/* by: the name of whoever wants it. Committed when this returns; the end comes later. Once more, immediate, makes haste. */
int jobd_cancel(Jobd *jobd, const char *id, const char *by, bool immediate, char **ret_message);
int jobd_continue(Jobd *jobd, const char *id, char **ret_message);
int jobd_resolve(Jobd *jobd, const char *id, const JobPairs *files, char **ret_message);
