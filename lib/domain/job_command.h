/* Commands of hooks: words, never a shell. */
#pragma once

#include "base/macro.h"

#define JOB_PLACEHOLDERS 5
typedef enum JobPlaceholder {
        JOB_PLACEHOLDER_CHANGELIST,
        JOB_PLACEHOLDER_CLIENT,
        JOB_PLACEHOLDER_WORKSPACE,
        JOB_PLACEHOLDER_SOURCE_CHANGELIST,
        JOB_PLACEHOLDER_JOB,
} JobPlaceholder;

/* The placeholder that argument is, {changelist} {client} {workspace} {source_changelist} {job}; -EINVAL when it looks like one ({word})
 * but is none; -ENOENT when it is an ordinary argument. Only a whole argument is ever a placeholder. */
int job_placeholder_from_string(const char *argument);
/* A new argv with each placeholder replaced by its value as a whole argument; NULL: empty text. */
int job_command_fill(char *const *command, const char *const values[static JOB_PLACEHOLDERS], char ***ret);

/* `NAME=COMMAND` of the command line: text split into words, "…" and '…' and backslashes known. -EINVAL: unbalanced, or nothing there. */
int job_command_split(const char *text, char ***ret);
