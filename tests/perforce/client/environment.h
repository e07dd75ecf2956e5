/*
 * The settings of the user: command line (-E), P4CONFIG files from the working directory upwards, the
 * process's environment, the P4ENVIRO file; the first that has a variable wins.
 */
#pragma once

#include "message.h"

typedef enum SettingSource {
        SETTING_UNSET,
        SETTING_UPDATE, /* -E */
        SETTING_CONFIG,
        SETTING_ENVIRONMENT,
        SETTING_ENVIRO,
        SETTING_SOURCE_MAX,
} SettingSource;

typedef struct Setting {
        char *name;
        char *value;
        char *origin; /* the P4CONFIG file */
        SettingSource source;
} Setting;

typedef struct Environment {
        Setting *settings; /* of the files and -E; the process's environment is asked when needed */
        size_t n_settings;
        char **config_files;
        size_t n_config_files;
        char *cwd;
        char *home;
} Environment;

/* Finds out the working directory and reads the files. `cwd` is -d or NULL, `updates` are the -E
 * VAR=value, ended by NULL. Unreadable files are as if they were not there. */
void environment_load(Environment *environment, const char *cwd, const char *const *updates);
void environment_done(Environment *environment);

/* The value, NULL if unset or empty. Valid as long as the environment is. */
const char *environment_get(const Environment *environment, const char *name);

/* As the product resolves them: -X option (may be NULL), then variable, then the built-in default. Owned
 * by the caller. */
char *environment_user(const Environment *environment, const char *option);
char *environment_host(const Environment *environment, const char *option);
char *environment_client(const Environment *environment, const char *option, const char *host);
char *environment_port(const Environment *environment, const char *option);

/* $P4TICKETS or ~/.p4tickets, $P4TRUST or ~/.p4trust; "" without a home. Owned by the caller. */
char *environment_home_file(const Environment *environment, const char *variable, const char *name);

/* `p4 set`: the variables known, one line of the listing ("" if unset), and writing the P4ENVIRO file. */
extern const char *const environment_variables[];
void environment_format(const Environment *environment, const char *name, bool quiet, Buffer *out);
int environment_write(const Environment *environment, const char *name, const char *value, Message *message);
