/* The two configuration files of /etc/weir (weir.yaml(5), servers.yaml(5)), read and checked completely;
 * every mistake is "FILE:LINE: what".
 *
 * Last good configuration: weir-sync alone puts a configuration into force. The servers then live in
 * monitor.db, and copies of both files in STATE/monitor/{weir,servers}.last.yaml; everyone else falls
 * back to the copy of weir.yaml when the file itself is broken. weir-generator, which runs before
 * anything is mounted or started, reads both files with the same fallback. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "domain/server.h"
#include "services/config_jobs.h"
#include "services/config_web.h"

#define WEIR_CONFIG_DIRECTORY "/etc/weir"
#define WEIR_STATE_DIRECTORY "/var/lib/weir"

typedef struct WeirConfig {
        uint64_t measure_interval_usec;   /* 0: no timer */
        char *measure_calendar;           /* an OnCalendar= expression instead of the interval; NULL: none */
        uint64_t measure_full_every_usec; /* everything is measured again after this time; 0: never */
        uint64_t measure_servers;         /* servers at once */
        uint64_t measure_parallel; /* p4 commands at once per server, unless servers.yaml says otherwise */
        uint64_t measure_timeout_usec; /* per p4 command, unless servers.yaml says otherwise */
        char *p4_program;              /* NULL: p4 from PATH */
        char *p4_charset;              /* NULL: none */
        uint64_t history_keep_usec;    /* 0: for ever */
        uint64_t backup_keep;          /* copies of the database; 0: none are made */
        JobsConfig jobs;
        WebConfig web;
} WeirConfig;
void weir_config_done(WeirConfig *config);

typedef struct ServerList {
        Server *servers;
        size_t n_servers;
        char **warnings; /* "FILE:LINE: what" for what is ignored; may be NULL */
} ServerList;
void server_list_done(ServerList *list);

/* Reads DIRECTORY/weir.yaml; a missing file means the defaults. -EBADMSG and *ret_message (owned) for a
 * mistake; other negative errno: reading. */
int config_load(const char *directory, WeirConfig *ret, char **ret_message);
/* The same, falling back to the last good copy below state_directory, then to the defaults. Fails only
 * for lack of memory; *ret_warning (owned) is set when the file in force is not the one in directory. */
int config_load_in_force(const char *directory, const char *state_directory, WeirConfig *ret,
                         char **ret_warning);

/* Reads DIRECTORY/servers.yaml. A missing file is -ENOENT. */
int config_load_servers(const char *directory, ServerList *ret, char **ret_message);
int config_load_servers_in_force(const char *directory, const char *state_directory, ServerList *ret,
                                 char **ret_warning);

/* Makes the last good copies. Called by weir-sync after both files were found good; passwords are not
 * copied. */
int config_remember(const char *directory, const char *state_directory, const ServerList *servers);
