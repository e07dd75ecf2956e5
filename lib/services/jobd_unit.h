/* What the unit of a job's attempt asks and says. That the caller is that unit was found out before. Errors: -ENOENT no such job; -EACCES it is
 * not the attempt's turn; -EBUSY the job's state does not allow it; -EINVAL what was said; -ENOBUFS too much; each with *ret_message (owned, may be
 * NULL). Everything may be said twice. */
#pragma once

#include "services/jobd.h"

#define JOBD_CHECKPOINT_MAX ((size_t) 256 * 1024)
#define JOBD_INTENT_MAX ((size_t) 64 * 1024)
#define JOBD_TEXT_MAX ((size_t) 8 * 1024)
#define JOBD_LEDGER_MAX 1000

int jobd_take(Jobd *jobd, const char *id, uint32_t attempt, JobWork *ret, char **ret_message);
int jobd_report(Jobd *jobd, const char *id, uint32_t attempt, const JobReport *report, JobAnswer *ret,
                char **ret_message);
/* What a person wrote for a file: *ret is owned by the caller. */
int jobd_take_text(Jobd *jobd, const char *id, uint32_t attempt, const char *file, JobBytes *ret,
                   char **ret_message);
int jobd_finished(Jobd *jobd, const char *id, uint32_t attempt, const JobResult *result, char **ret_message);
