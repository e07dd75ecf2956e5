/* A job that waits for people may wait longer than its ticket is valid: then it is given another one. */
#pragma once

#include "services/jobd.h"

/* Whether it may be: the job waits, and works as the Perforce user whose ticket it is. -ENOENT; -EBUSY: it does not wait; -EINVAL: another
 * user's, or no ticket. */
int jobd_check_login(Jobd *jobd, const char *id, const JobOptions *options, char **ret_message);
/* It is kept by weir-unitd for attempts to come; now the attempt that runs gets it. */
int jobd_login_renewed(Jobd *jobd, const char *id, const JobOptions *options, char **ret_message);
