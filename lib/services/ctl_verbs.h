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
int ctl_integrate(Ctl *ctl);
int ctl_jobs(Ctl *ctl);
int ctl_queue(Ctl *ctl);
int ctl_show(Ctl *ctl);
int ctl_logs(Ctl *ctl);
int ctl_cancel(Ctl *ctl);
int ctl_continue(Ctl *ctl);
int ctl_resolve(Ctl *ctl);
int ctl_retry(Ctl *ctl);

extern const CtlOption ctl_servers_options[], ctl_streams_options[], ctl_history_options[],
                ctl_measure_options[], ctl_purge_options[], ctl_lock_options[], ctl_integrate_options[],
                ctl_jobs_options[], ctl_logs_options[], ctl_cancel_options[], ctl_continue_options[],
                ctl_resolve_options[], ctl_retry_options[];
