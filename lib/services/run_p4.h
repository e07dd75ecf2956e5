/* p4 commands of a job: in the journal with the job and its stage, ended when the attempt shall end, tried again when the server could not
 * be reached at all. Results come back whatever their class. */
#pragma once

#include "base/macro.h"
#include "services/run.h"

/* One try. */
int run_p4_once(Run *run, const P4Command *command, P4Result *ret);
/* Tries again while the server cannot be reached, for some seconds, and once after looking up where p4 wants the ticket. Nothing is tried
 * again that may have had an effect. */
int run_p4(Run *run, const P4Command *command, P4Result *ret);
/* The same, and everything but success and "nothing there" fails the job. */
int run_p4_or_fail(Run *run, const P4Command *command, P4Result *ret);

/* A command of which only the result matters; words are its arguments and NULL. */
int run_p4_simple(Run *run, P4Result *ret, const char *const *words);

/* Helpers for what comes back. */
uint64_t record_number(const MarshalRecord *record, const char *key); /* 0: none */
/* The first number in a message, as in "Change 12 created."; 0: none. */
uint64_t message_number(const char *text);
