/* The lists within the dictionaries of clients/job_wire.h: each append writes one entry, name and all; each read is called at the entry's
 * variant and returns 1 when it was read. */
#pragma once

#include "clients/job_wire.h"

/* Nothing is written for an empty list, or NULL. */
int job_wire_append_pairs_entry(sd_bus_message *message, const char *name, const JobPairs *pairs);
int job_wire_read_pairs_entry(sd_bus_message *message, JobPairs *ret);
int job_wire_append_strings_entry(sd_bus_message *message, const char *name, char *const *strings);
int job_wire_read_strings_entry(sd_bus_message *message, char ***ret);

/* These are written also when they are empty. */
int job_wire_append_conflicts_entry(sd_bus_message *message, const JobConflicts *conflicts);
int job_wire_read_conflicts_entry(sd_bus_message *message, JobConflicts *ret);
int job_wire_append_history_entry(sd_bus_message *message, const JobHistory *history);
int job_wire_read_history_entry(sd_bus_message *message, JobHistory *history);
