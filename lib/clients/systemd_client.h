/* Starting units and reading how they ended, for command line tools (calls block; daemons do not use this).
 * */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"

typedef struct SystemdClient SystemdClient;
int systemd_client_new(SystemdClient **ret);
SystemdClient *systemd_client_free(SystemdClient *client);
DEFINE_TRIVIAL_CLEANUP_FUNC(SystemdClient *, systemd_client_free);

/* Starts a unit (mode "fail") and waits until its start job is gone; for Type=oneshot that is the end of its
 * work. A unit that is being started already is joined. on_tick is called about four times a second
 * meanwhile; may be NULL. 0 with *ret_exit_status the main process's status (0 when the job's result was
 * "done"); -EACCES not allowed, -ENOENT no such unit, -ECANCELED stopped meanwhile, -EIO when the process
 * ended by a signal or was never started. *ret_message (owned, may be NULL) is systemd's sentence. */
int systemd_client_run_unit(SystemdClient *client, const char *unit, void (*on_tick)(void *userdata),
                            void *userdata, int *ret_exit_status, char **ret_message);

/* The same, but waits for its end no longer than wait_usec, nor after something happened on fd (-1: none). 1: it has ended; 0: it goes on. */
int systemd_client_start_unit(SystemdClient *client, const char *unit, uint64_t wait_usec, int fd,
                              int *ret_exit_status, char **ret_message);

/* Where an active socket unit takes connections: its first address, "127.0.0.1:8585", owned by the caller. -ENOENT: it is not active. */
int systemd_client_get_address(SystemdClient *client, const char *unit, char **ret);

/* The manager's state as `systemctl is-system-running` prints it, "stopping" when the machine goes down; owned by the caller. */
int systemd_client_get_state(SystemdClient *client, char **ret);

typedef struct SystemdUnit {
        char *active_state, *sub_state, *result, *status_text;
        bool is_enabled_or_static; /* UnitFileState is enabled, static, generated, indirect or linked */
        bool is_loaded;
        int64_t next_elapse;  /* timers: realtime µs of the next elapse, 0 for none */
        int64_t last_trigger; /* timers: realtime µs, 0 never */
} SystemdUnit;
void systemd_unit_done(SystemdUnit *unit);
int systemd_client_get_unit(SystemdClient *client, const char *unit, SystemdUnit *ret);

/* What systemd knows of a service that runs. */
typedef struct SystemdService {
        char *active_state, *sub_state, *result, *control_group;
        int64_t main_pid;               /* 0: none */
        int64_t memory_bytes, cpu_nsec; /* -1: not accounted */
        int64_t tasks;                  /* the same */
        int64_t started_at;             /* realtime µs, 0: it did not start */
} SystemdService;
void systemd_service_done(SystemdService *service);
/* -ENOENT: it is not loaded; a transient one that has ended is not. */
int systemd_client_get_service(SystemdClient *client, const char *unit, SystemdService *ret);
/* Calls function for each process of a unit, until it returns non-zero, which is returned. */
int systemd_client_each_process(SystemdClient *client, const char *unit,
                                int (*function)(int64_t pid, const char *command, void *userdata),
                                void *userdata);

/* Calls function for each loaded unit whose name matches the glob. A non-zero return of it ends it and is
 * returned. */
int systemd_client_each_unit(SystemdClient *client, const char *pattern,
                             int (*function)(const char *unit, void *userdata), void *userdata);
