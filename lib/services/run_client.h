/* The job's client: a given one is looked at, one of the job's own is made, below STATE/ID. */
#pragma once

#include "base/buffer.h"
#include "base/macro.h"
#include "services/run.h"
#include "services/run_target.h"

/* Trusts the server's certificate by the fingerprint that is pinned for it, if one is. */
int run_client_trust(Run *run);
/* Sets state.client, state.root and the server's client. May be done again. */
int run_client_prepare(Run *run, const RunTarget *target);
/* Appends the form, for `client -i`, of a client that shows the target below state.root. */
int run_client_form(const Run *run, const RunTarget *target, Buffer *form);

/* p4 runs in the root of a client that is not the job's own: of several roots it is the one that is used. */
void run_client_enter(Run *run);

int stage_init(Run *run, JobStage *ret_next);
