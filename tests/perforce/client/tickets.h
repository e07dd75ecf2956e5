/*
 * The tickets file: lines `host:port=user:TICKET`. Changes are made under a lock on the file and by renaming
 * a complete new file into place, so any number of p4 may log in and out at once and a reader never sees
 * half of it. Mode 0600.
 */
#pragma once

#include "text.h"

/* The ticket of that user at that server (a P4PORT, or what the server calls itself), or NULL. */
char *tickets_find(const char *file, const char *port, const char *user);

/* Sets the ticket, or removes it if empty. An empty user removes everybody's of that server. Returns 0 or a
 * negative errno. */
int tickets_store(const char *file, const char *port, const char *user, const char *ticket);

/* Appends `port (user) TICKET` lines: the output of `p4 tickets`, and of `p4 trust -l` for that file and one user
 * (NULL: all). */
void tickets_list(const char *file, const char *user, Buffer *out);
