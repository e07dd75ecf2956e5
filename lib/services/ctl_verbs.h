/* The verbs of weirctl, one row each in the table below; each function is in services/ctl_*.c and returns the exit status. */
#pragma once

#include "services/ctl.h"

int ctl_servers(Ctl *ctl);
int ctl_streams(Ctl *ctl);
int ctl_history(Ctl *ctl);
int ctl_measure(Ctl *ctl);
int ctl_sync(Ctl *ctl);
int ctl_sync_streams(Ctl *ctl);
int ctl_purge(Ctl *ctl);
int ctl_lock(Ctl *ctl);
int ctl_locks(Ctl *ctl);
int ctl_login(Ctl *ctl);
int ctl_doctor(Ctl *ctl);
int ctl_status(Ctl *ctl);

extern const CtlOption ctl_servers_options[], ctl_streams_options[], ctl_history_options[],
                ctl_measure_options[], ctl_purge_options[], ctl_lock_options[];
