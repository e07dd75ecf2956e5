/* Structured journal records. Fields of this tree: WEIR_SERVER WEIR_STREAM WEIR_COMMAND WEIR_EXIT
 * WEIR_DURATION_USEC WEIR_ROWS WEIR_CLASS WEIR_LOCK WEIR_HOLDER WEIR_JOB WEIR_STAGE. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/macro.h"

typedef struct JournalField {
        const char *name; /* upper case, from the list above, or MESSAGE_ID; NULL value: left out */
        const char *value;
} JournalField;

/* Sends MESSAGE, PRIORITY, SYSLOG_IDENTIFIER (the program) and the fields. With no journald it falls back to
 * log_full(). Never fails visibly. What was printed before stands before it in the journal. */
void journal_send(int priority, const JournalField *fields, size_t n_fields, const char *format, ...)
                _printf_(4, 5);

/* What this program and its children print takes another way to the journal, where megabytes may wait. Has some not arrived yet? */
bool journal_has_output_on_its_way(void);
/* A child has ended: what it may have printed without an end of line becomes a line now, instead of when something is printed next. (An empty
 * line the journal does not keep.) */
void journal_end_line(void);

/* A field of every record from now on, those of p4 commands included: the job a program works for, and its stage. value is copied; NULL
 * takes it away. Before there are threads. A handful of names; more are ignored. */
void journal_set_context(const char *name, const char *value);

/* Can the caller read the system's journal? 0; -ENODATA: it can be opened, but shows nothing
 * (sd_journal_open() succeeds without permission); other negative errno. */
int journal_check_reading(void);

/* Message ids (config/weir.catalog explains each in en and ru). */
#define WEIR_MESSAGE_P4_COMMAND "b4d1c6f0a5f84d6c9a3e1f0c7d2e8a01"
#define WEIR_MESSAGE_STREAM_MEASURED "b4d1c6f0a5f84d6c9a3e1f0c7d2e8a02"
#define WEIR_MESSAGE_STREAM_GONE "b4d1c6f0a5f84d6c9a3e1f0c7d2e8a03"
#define WEIR_MESSAGE_SERVER_FAILED "b4d1c6f0a5f84d6c9a3e1f0c7d2e8a04"
#define WEIR_MESSAGE_RUN_FINISHED "b4d1c6f0a5f84d6c9a3e1f0c7d2e8a05"
#define WEIR_MESSAGE_LOCK_TAKEN "b4d1c6f0a5f84d6c9a3e1f0c7d2e8a06"
#define WEIR_MESSAGE_LOCK_BROKEN "b4d1c6f0a5f84d6c9a3e1f0c7d2e8a07"
#define WEIR_MESSAGE_SERVERS_SYNCED "b4d1c6f0a5f84d6c9a3e1f0c7d2e8a08"
#define WEIR_MESSAGE_CONFIG_BAD "b4d1c6f0a5f84d6c9a3e1f0c7d2e8a09"
#define WEIR_MESSAGE_JOB_CONFLICTS "b4d1c6f0a5f84d6c9a3e1f0c7d2e8a21"
#define WEIR_MESSAGE_JOB_HOOK "b4d1c6f0a5f84d6c9a3e1f0c7d2e8a22"
#define WEIR_MESSAGE_JOB_CLEANED "b4d1c6f0a5f84d6c9a3e1f0c7d2e8a23"
#define WEIR_MESSAGE_JOB_QUEUED "b4d1c6f0a5f84d6c9a3e1f0c7d2e8a10"
#define WEIR_MESSAGE_JOB_STARTED "b4d1c6f0a5f84d6c9a3e1f0c7d2e8a11"
#define WEIR_MESSAGE_JOB_CANCELLING "b4d1c6f0a5f84d6c9a3e1f0c7d2e8a12"
#define WEIR_MESSAGE_JOB_RESUMED "b4d1c6f0a5f84d6c9a3e1f0c7d2e8a13"
#define WEIR_MESSAGE_JOB_FINISHED "b4d1c6f0a5f84d6c9a3e1f0c7d2e8a14"
#define WEIR_MESSAGE_JOB_STAGE "b4d1c6f0a5f84d6c9a3e1f0c7d2e8a15"
