/*
 * Temporary files that must not outlive the process: every one is registered here while it exists, and a
 * signal that ends p4 removes what is registered before it does.
 */
#pragma once

#include "text.h"

#include <sys/types.h>

/* Installs the handlers of SIGHUP, SIGINT, SIGTERM and SIGPIPE; signals that are ignored stay ignored. */
void temporary_catch_signals(void);

/* Creates a new file beside `target` and registers it. Returns the descriptor, or a negative errno;
 * *ret_name is owned by the caller, who ends it with temporary_rename or temporary_remove. */
int temporary_create(const char *target, mode_t mode, char **ret_name);

/* Registers the name of something the caller makes himself (a symbolic link). */
int temporary_name(const char *target, char **ret_name);

/* Puts the file in the place of the target. On failure it is still registered. */
int temporary_rename(const char *name, const char *target);
void temporary_remove(const char *name);

/* Writes it all, or returns a negative errno. */
int write_all(int fd, Str content);

/* A new file with that content in one step. */
int file_replace(const char *target, Str content, mode_t mode);
