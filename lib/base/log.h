/* Logging to the journal when stderr is it (or a service's), to stderr as "PROGRAM: text" otherwise. A
 * function logs or returns an error, never both; below services/ only debug. Structured records go through
 * resources/journal.h. */
#pragma once

#include <stdarg.h>

#include "base/macro.h"

enum {
        LOG_LEVEL_ERROR = 3,
        LOG_LEVEL_WARNING = 4,
        LOG_LEVEL_NOTICE = 5,
        LOG_LEVEL_INFO = 6,
        LOG_LEVEL_DEBUG = 7,
};

void log_setup(const char *program); /* program is kept by reference; reads WEIR_LOG_LEVEL (3..7 or names) */
int log_max_level(void);
const char *log_program_name(void);
/* Prints with the <N> prefix systemd understands when stderr is a journal stream ($JOURNAL_STREAM). Returns
 * error unchanged, so that `return log_error(r, "Failed to …: %s", strerror(-r))` reads well. */
int log_full(int level, int error, const char *format, ...) _printf_(3, 4);
#define log_error(error, ...) log_full(LOG_LEVEL_ERROR, (error), __VA_ARGS__)
#define log_warning(error, ...) log_full(LOG_LEVEL_WARNING, (error), __VA_ARGS__)
#define log_notice(...) (void) log_full(LOG_LEVEL_NOTICE, 0, __VA_ARGS__)
#define log_info(...) (void) log_full(LOG_LEVEL_INFO, 0, __VA_ARGS__)
#define log_debug(...) (void) log_full(LOG_LEVEL_DEBUG, 0, __VA_ARGS__)
