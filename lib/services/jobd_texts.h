/* What the conflicts of a job say, for a person who merges them. The daemon can read neither workspace nor depot: the job's runner does, when
 * somebody wants to know, and what it told is kept for a short while, in memory only. What a person wrote is committed at once and carried
 * out by the runner as any other resolution. Errors as in services/jobd_control.h. */
#pragma once

#include "services/jobd.h"

#define JOBD_TEXTS_WANTED_MAX 32 /* of one job at a time */
#define JOBD_TEXTS_KEPT_MAX 8    /* of all jobs */
#define JOBD_EDITS_MAX 64        /* texts of one job that wait to be carried out */

/* 1: *ret says what there is, good until the next change; 0: it is not known yet, *ret has what is. wish: the runner is told to read it. */
int jobd_read_conflict(Jobd *jobd, const char *id, const char *file, bool wish, JobText *ret,
                       char **ret_message);
int jobd_resolve_with_text(Jobd *jobd, const char *id, const char *file, const JobBytes *text,
                           char **ret_message);
