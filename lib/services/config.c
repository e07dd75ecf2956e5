/* Reading the configuration. One table per mapping names every key there is; what a value must be like
 * beyond its type is a rule of domain/server.h. Nothing is read half: a file is good as a whole or
 * refused with the first mistake. */
#include "services/config.h"

#include <string.h>
#include <strings.h>

#include "base/buffer.h"
#include "base/fd_util.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "formats/yaml_config.h"

#define FILE_MAX ((size_t) 1024 * 1024)
#define INTERVAL_MIN USEC_PER_MINUTE
#define INTERVAL_MAX (366 * USEC_PER_DAY)

void weir_config_done(WeirConfig *config) {
        free(config->measure_calendar);
        free(config->p4_program);
        free(config->p4_charset);
        jobs_config_done(&config->jobs);
        web_config_done(&config->web);
        *config = (WeirConfig) {};
}

void server_list_done(ServerList *list) {
        for (size_t i = 0; i < list->n_servers; i++) {
                server_done(&list->servers[i]);
        }
        free(list->servers);
        strv_free(list->warnings);
        *list = (ServerList) {};
}

/* --- weir.yaml -------------------------------------------------------------------------------------- */

static const WeirConfig defaults = {
        .measure_interval_usec = 6 * USEC_PER_HOUR,
        .measure_full_every_usec = 7 * USEC_PER_DAY,
        .measure_servers = 2,
        .measure_parallel = 4,
        .measure_timeout_usec = 30 * USEC_PER_MINUTE,
        .backup_keep = 7,
        .jobs = JOBS_CONFIG_DEFAULTS,
        .web = WEB_CONFIG_DEFAULTS,
};

typedef struct Sections {
        const YamlNode *measure, *p4, *history, *backup, *jobs, *web;
} Sections;

static const YamlKey section_keys[] = {
        { "measure", YAML_MAPPING, false, offsetof(Sections, measure), 0, 0 },
        { "p4", YAML_MAPPING, false, offsetof(Sections, p4), 0, 0 },
        { "history", YAML_MAPPING, false, offsetof(Sections, history), 0, 0 },
        { "backup", YAML_MAPPING, false, offsetof(Sections, backup), 0, 0 },
        { "jobs", YAML_MAPPING, false, offsetof(Sections, jobs), 0, 0 },
        { "web", YAML_MAPPING, false, offsetof(Sections, web), 0, 0 },
};
static const YamlKey measure_keys[] = {
        { "interval", YAML_SPAN, false, offsetof(WeirConfig, measure_interval_usec), 0, INTERVAL_MAX },
        { "calendar", YAML_STRING, false, offsetof(WeirConfig, measure_calendar), 1, 200 },
        { "full_every", YAML_SPAN, false, offsetof(WeirConfig, measure_full_every_usec), 0, INTERVAL_MAX },
        { "servers", YAML_UINT, false, offsetof(WeirConfig, measure_servers), 1, 16 },
        { "parallel", YAML_UINT, false, offsetof(WeirConfig, measure_parallel), 1, SERVER_PARALLEL_MAX },
        { "timeout", YAML_SPAN, false, offsetof(WeirConfig, measure_timeout_usec), USEC_PER_SEC,
          7 * USEC_PER_DAY },
};
static const YamlKey p4_keys[] = {
        { "program", YAML_STRING, false, offsetof(WeirConfig, p4_program), 1, 1024 },
        { "charset", YAML_STRING, false, offsetof(WeirConfig, p4_charset), 1, 32 },
};
static const YamlKey history_keys[] = {
        { "keep", YAML_SPAN, false, offsetof(WeirConfig, history_keep_usec), 0, 0 },
};
static const YamlKey backup_keys[] = {
        { "keep", YAML_UINT, false, offsetof(WeirConfig, backup_keep), 0, 1000 },
};

static int fill(const char *name, const YamlNode *mapping, const YamlKey *keys, size_t n_keys, void *target,
                char **ret_message) {
        return mapping && !yaml_is_null(mapping) ?
                               yaml_fill(name, mapping, keys, n_keys, target, ret_message) :
                               0;
}

/* The calendar goes into a unit file, so it may not bring lines of its own. systemd judges the expression
 * itself. */
static int check_measure(const char *name, const YamlNode *measure, const WeirConfig *config,
                         char **ret_message) {
        const YamlNode *calendar = measure ? yaml_get(measure, "calendar") : NULL;
        const YamlNode *interval = measure ? yaml_get(measure, "interval") : NULL;
        if (calendar && strpbrk(config->measure_calendar, "\r\n%")) {
                return yaml_error(name, calendar->line, ret_message,
                                  "calendar must be one systemd calendar expression");
        }
        if (calendar && interval) {
                return yaml_error(name, calendar->line, ret_message,
                                  "give either interval or calendar, not both");
        }
        if (interval && config->measure_interval_usec > 0 && config->measure_interval_usec < INTERVAL_MIN) {
                return yaml_error(name, interval->line, ret_message,
                                  "interval must be 0, which means never, or at least a minute");
        }
        return 0;
}

static int check_p4(const char *name, const YamlNode *p4, const WeirConfig *config, char **ret_message) {
        if (config->p4_program && config->p4_program[0] != '/') {
                return yaml_error(name, yaml_get(p4, "program")->line, ret_message,
                                  "program must be an absolute path");
        }
        return 0;
}

static int read_config(const char *name, const YamlNode *root, WeirConfig *config, char **ret_message) {
        Sections sections = {};
        int r = fill(name, root, section_keys, ELEMENTSOF(section_keys), &sections, ret_message);
        r = r < 0 ? r :
                    fill(name, sections.measure, measure_keys, ELEMENTSOF(measure_keys), config,
                         ret_message);
        r = r < 0 ? r : fill(name, sections.p4, p4_keys, ELEMENTSOF(p4_keys), config, ret_message);
        r = r < 0 ? r :
                    fill(name, sections.history, history_keys, ELEMENTSOF(history_keys), config,
                         ret_message);
        r = r < 0 ? r :
                    fill(name, sections.backup, backup_keys, ELEMENTSOF(backup_keys), config, ret_message);
        r = r < 0 ? r : jobs_config_read(name, sections.jobs, &config->jobs, ret_message);
        r = r < 0 ? r : web_config_read(name, sections.web, &config->web, ret_message);
        r = r < 0 ? r : check_measure(name, sections.measure, config, ret_message);
        return r < 0 ? r : check_p4(name, sections.p4, config, ret_message);
}

static int load_config_file(const char *path, WeirConfig *ret, char **ret_message) {
        _cleanup_(yaml_node_freep) YamlNode *root = NULL;
        _cleanup_(weir_config_done) WeirConfig config = defaults;
        int r = yaml_load(path, &root, ret_message);
        if (r < 0 && r != -ENOENT) {
                return r;
        }
        r = root ? read_config(path, root, &config, ret_message) : 0;
        if (r < 0) {
                return r;
        }
        *ret = config;
        config = (WeirConfig) {};
        return 0;
}

int config_load(const char *directory, WeirConfig *ret, char **ret_message) {
        _cleanup_free_ char *path = NULL;
        int r = string_format(&path, "%s/weir.yaml", directory);
        return r < 0 ? r : load_config_file(path, ret, ret_message);
}

/* --- servers.yaml ----------------------------------------------------------------------------------- */

typedef struct ServerEntry {
        Server server;
        char *password;
} ServerEntry;

static void server_entry_done(ServerEntry *entry) {
        if (entry->password) {
                explicit_bzero(entry->password, strlen(entry->password));
                free(entry->password);
        }
        server_done(&entry->server);
}

static const YamlKey list_keys[] = { { "servers", YAML_SEQUENCE, true, 0, 0, 0 } };

static const YamlKey server_keys[] = {
        { "name", YAML_STRING, true, offsetof(ServerEntry, server.name), 0, 0 },
        { "p4port", YAML_STRING, true, offsetof(ServerEntry, server.p4port), 0, 0 },
        { "p4user", YAML_STRING, true, offsetof(ServerEntry, server.p4user), 0, 0 },
        { "stream_mask", YAML_STRING, false, offsetof(ServerEntry, server.stream_mask), 0, 0 },
        { "interval", YAML_SPAN, false, offsetof(ServerEntry, server.interval_usec), INTERVAL_MIN,
          INTERVAL_MAX },
        { "parallel", YAML_UINT, false, offsetof(ServerEntry, server.parallel), 1, SERVER_PARALLEL_MAX },
        { "trust", YAML_STRING, false, offsetof(ServerEntry, server.trust), 0, 0 },
        { "timeout", YAML_SPAN, false, offsetof(ServerEntry, server.timeout_usec), USEC_PER_SEC,
          7 * USEC_PER_DAY },
        { "password", YAML_STRING, false, offsetof(ServerEntry, password), 0, 0 },
};

static int check_value(const char *name, const YamlNode *mapping, const char *key, const char *problem,
                       char **ret_message) {
        const YamlNode *value = yaml_get(mapping, key);
        return problem ? yaml_error(name, value ? value->line : mapping->line, ret_message, "%s %s", key,
                                    problem) :
                         0;
}

static int check_server(const char *name, const YamlNode *mapping, const Server *server,
                        char **ret_message) {
        int r = check_value(name, mapping, "name", server_name_problem(server->name), ret_message);
        r = r < 0 ? r :
                    check_value(name, mapping, "p4port", server_port_problem(server->p4port), ret_message);
        r = r < 0 ? r :
                    check_value(name, mapping, "p4user", server_user_problem(server->p4user), ret_message);
        r = r < 0 ? r :
                    check_value(name, mapping, "stream_mask", server_mask_problem(server->stream_mask),
                                ret_message);
        if (r < 0 || !server->trust) {
                return r;
        }
        r = check_value(name, mapping, "trust", server_trust_problem(server->trust), ret_message);
        if (r >= 0 && !server_is_ssl(server->p4port)) {
                r = check_value(name, mapping, "trust", "needs a p4port that begins with ssl:", ret_message);
        }
        return r;
}

static int check_unique(const char *name, const YamlNode *mapping, const Server *server,
                        const ServerList *list, char **ret_message) {
        for (size_t i = 0; i < list->n_servers; i++) {
                const Server *other = &list->servers[i];
                const char *key = string_equal(other->p4port, server->p4port) ?
                                                  "p4port" :
                                                  (string_equal(other->name, server->name) ? "name" : NULL);
                const YamlNode *value = key ? yaml_get(mapping, key) : NULL;
                if (value) {
                        return yaml_error(name, value->line, ret_message,
                                          "%s %s is already that of the server in line %u", key,
                                          value->scalar, other->line);
                }
        }
        return 0;
}

/* Passwords stood in this file before; a ticket in P4TICKETS takes their place. */
static int warn_of_password(const char *name, const YamlNode *mapping, const Server *server,
                            ServerList *list) {
        _cleanup_free_ char *warning = NULL;
        int r = string_format(
                        &warning,
                        "%s:%u: password is ignored and should not stand in a file; run `weirctl login %s`",
                        name, yaml_get(mapping, "password")->line, server->name);
        return r < 0 ? r : strv_append(&list->warnings, warning);
}

static int append_server(ServerList *list, Server *server) {
        Server *grown = reallocarray(list->servers, list->n_servers + 1, sizeof(*grown));
        if (!grown) {
                return -ENOMEM;
        }
        list->servers = grown;
        grown[list->n_servers++] = *server;
        *server = (Server) {};
        return 0;
}

static int read_server(const char *name, const YamlNode *mapping, ServerList *list, char **ret_message) {
        _cleanup_(server_entry_done) ServerEntry entry = { .server.line = mapping->line };
        if (mapping->kind != YAML_KIND_MAPPING) {
                return yaml_error(name, mapping->line, ret_message,
                                  "a server must be a mapping with name, p4port and p4user");
        }
        int r = string_copy(&entry.server.stream_mask, SERVER_STREAM_MASK_DEFAULT);
        r = r < 0 ? r : yaml_fill(name, mapping, server_keys, ELEMENTSOF(server_keys), &entry, ret_message);
        r = r < 0 ? r : check_server(name, mapping, &entry.server, ret_message);
        if (r < 0) {
                return r;
        }
        server_normalise(&entry.server);
        r = check_unique(name, mapping, &entry.server, list, ret_message);
        if (r >= 0 && entry.password) {
                r = warn_of_password(name, mapping, &entry.server, list);
        }
        return r < 0 ? r : append_server(list, &entry.server);
}

static int load_servers_file(const char *path, ServerList *ret, char **ret_message) {
        _cleanup_(yaml_node_freep) YamlNode *root = NULL;
        _cleanup_(server_list_done) ServerList list = {};
        const YamlNode *servers = NULL;
        int r = yaml_load(path, &root, ret_message);
        r = r < 0 ? r : yaml_fill(path, root, list_keys, ELEMENTSOF(list_keys), &servers, ret_message);
        for (size_t i = 0; r >= 0 && servers && i < servers->n_items; i++) {
                r = read_server(path, servers->items[i], &list, ret_message);
        }
        if (r < 0) {
                return r;
        }
        *ret = list;
        list = (ServerList) {};
        return 0;
}

int config_load_servers(const char *directory, ServerList *ret, char **ret_message) {
        _cleanup_free_ char *path = NULL;
        int r = string_format(&path, "%s/servers.yaml", directory);
        return r < 0 ? r : load_servers_file(path, ret, ret_message);
}

/* --- the last good configuration -------------------------------------------------------------------- */

static int last_good_path(const char *state_directory, const char *file, char **ret) {
        return string_format(ret, "%s/monitor/%s.last.yaml", state_directory, file);
}

static int describe_fallback(char *mistake, int error, const char *instead, char **ret_warning) {
        return string_format(ret_warning, "%s; using %s", mistake ?: strerror(-error), instead);
}

int config_load_in_force(const char *directory, const char *state_directory, WeirConfig *ret,
                         char **ret_warning) {
        _cleanup_free_ char *mistake = NULL, *unused = NULL, *path = NULL;
        int error = config_load(directory, ret, &mistake);
        if (error >= 0 || error == -ENOMEM) {
                return error;
        }
        int r = last_good_path(state_directory, "weir", &path);
        r = r < 0 ? r : describe_fallback(mistake, error, "the last good configuration", ret_warning);
        if (r < 0) {
                return r;
        }
        if (load_config_file(path, ret, &unused) < 0) {
                *ret = defaults;
        }
        return 0;
}

int config_load_servers_in_force(const char *directory, const char *state_directory, ServerList *ret,
                                 char **ret_warning) {
        _cleanup_free_ char *mistake = NULL, *unused = NULL, *path = NULL;
        int error = config_load_servers(directory, ret, &mistake);
        if (error >= 0 || error == -ENOMEM) {
                return error;
        }
        int r = last_good_path(state_directory, "servers", &path);
        r = r < 0 ? r : describe_fallback(mistake, error, "the last good list of servers", ret_warning);
        if (r < 0) {
                return r;
        }
        if (load_servers_file(path, ret, &unused) < 0) {
                *ret = (ServerList) {};
        }
        return 0;
}

static int append_text(Buffer *buffer, const char *key, const char *value) {
        int r = buffer_append_format(buffer, "    %s: \"", key);
        for (const char *at = value; *at && r >= 0; at++) {
                r = strchr("\"\\", *at) ? buffer_append(buffer, "\\", 1) : 0;
                r = r < 0 ? r : buffer_append(buffer, at, 1);
        }
        return r < 0 ? r : buffer_append_string(buffer, "\"\n");
}

static int append_number(Buffer *buffer, const char *key, uint64_t value) {
        return value == 0 ? 0 :
                            buffer_append_format(buffer, "    %s: %llu\n", key, (unsigned long long) value);
}

static int append_entry(Buffer *buffer, const Server *server) {
        int r = buffer_append_string(buffer, "  -\n");
        r = r < 0 ? r : append_text(buffer, "name", server->name);
        r = r < 0 ? r : append_text(buffer, "p4port", server->p4port);
        r = r < 0 ? r : append_text(buffer, "p4user", server->p4user);
        r = r < 0 ? r : append_text(buffer, "stream_mask", server->stream_mask);
        r = r < 0 || !server->trust ? r : append_text(buffer, "trust", server->trust);
        r = r < 0 ? r : append_number(buffer, "interval", server->interval_usec / USEC_PER_SEC);
        r = r < 0 ? r : append_number(buffer, "timeout", server->timeout_usec / USEC_PER_SEC);
        return r < 0 ? r : append_number(buffer, "parallel", server->parallel);
}

/* Written anew from what was understood, not copied: an ignored password must not get a second life. */
static int remember_servers(const ServerList *list, const char *state_directory) {
        _cleanup_(buffer_done) Buffer buffer = {};
        _cleanup_free_ char *path = NULL;
        int r = last_good_path(state_directory, "servers", &path);
        r = r < 0 ? r : buffer_append_string(&buffer, "servers:");
        r = r < 0 ? r : buffer_append_string(&buffer, list->n_servers > 0 ? "\n" : " []\n");
        for (size_t i = 0; i < list->n_servers && r >= 0; i++) {
                r = append_entry(&buffer, &list->servers[i]);
        }
        return r < 0 ? r : file_write_atomic(path, buffer.data, buffer.length, 0640);
}

/* No file is remembered as an empty one: an old copy must not come back into force later. */
static int remember_config(const char *directory, const char *state_directory) {
        _cleanup_free_ char *from = NULL, *to = NULL, *content = NULL;
        size_t length = 0;
        int r = string_format(&from, "%s/weir.yaml", directory);
        r = r < 0 ? r : last_good_path(state_directory, "weir", &to);
        r = r < 0 ? r : file_read(from, FILE_MAX, &content, &length);
        if (r == -ENOENT) {
                r = 0;
        }
        return r < 0 ? r : file_write_atomic(to, content ?: "", length, 0640);
}

int config_remember(const char *directory, const char *state_directory, const ServerList *servers) {
        int r = remember_config(directory, state_directory);
        return r < 0 ? r : remember_servers(servers, state_directory);
}
