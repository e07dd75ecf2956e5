/*
 * See environment.h.
 */
#include "environment.h"

#include "temporary.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
        SETTINGS_FILE_MAX = 1024 * 1024, /* nobody's P4CONFIG; a larger file is cut */
};

const char *const environment_variables[] = {
        "P4ALIASES",        "P4AUDIT",      "P4AUTH",
        "P4BROKEROPTIONS",  "P4CHANGE",     "P4CHARSET",
        "P4CLIENT",         "P4CLIENTPATH", "P4COLORS",
        "P4COMMANDCHARSET", "P4CONFIG",     "P4DEBUG",
        "P4DESCRIPTION",    "P4DIAGLOG",    "P4DIFF",
        "P4DIFFUNICODE",    "P4EDITOR",     "P4EXTENSIONS",
        "P4ENVIRO",         "P4FTPCHANGE",  "P4FTPDEBUG",
        "P4FTPLOG",         "P4FTPOPTIONS", "P4FTPPORT",
        "P4FTPPREFIX",      "P4FTPSYSLOG",  "P4FTPTEMPLATE",
        "P4HOST",           "P4IGNORE",     "P4INITROOT",
        "P4JOURNAL",        "P4LANGUAGE",   "P4LOG",
        "P4LOGINSSO",       "P4MERGE",      "P4MERGEUNICODE",
        "P4NAME",           "P4PAGER",      "P4PASSWD",
        "P4PCACHE",         "P4PFSIZE",     "P4POPTIONS",
        "P4PORT",           "P4ROOT",       "P4SSLDIR",
        "P4TARGET",         "P4TICKETS",    "P4TRUST",
        "P4USER",           "P4WEBPORT",    "P4WEBSERVICEFLAGS",
        "P4WEBVIEWER",      "P4ZEROSYNC",   NULL,
};

static Setting *find_setting(const Environment *environment, Str name, SettingSource source) {
        for (size_t i = 0; i < environment->n_settings; i++) {
                Setting *s = &environment->settings[i];

                if (s->source == source && str_is(name, s->name)) {
                        return s;
                }
        }
        return NULL;
}

/* The first setting of a source wins: the nearest P4CONFIG file is read first. */
static void add_setting(Environment *environment, Str name, char *value, const char *origin,
                        SettingSource source) {
        if (find_setting(environment, name, source)) {
                free(value);
                return;
        }
        environment->settings = memory_resize(environment->settings,
                                              (environment->n_settings + 1) * sizeof(Setting));
        environment->settings[environment->n_settings++] = (Setting) {
                .name = str_dup(name),
                .value = value,
                .origin = origin ? str_dup(str_from(origin)) : NULL,
                .source = source,
        };
}

/* Replaces every `what`, case as it stands. */
static char *replace(const char *text, const char *what, const char *by) {
        Buffer out = {};
        const char *hit;

        buffer_append_text(&out, "");
        while ((hit = strstr(text, what))) {
                buffer_append(&out, text, (size_t) (hit - text));
                buffer_append_text(&out, by);
                text = hit + strlen(what);
        }
        buffer_append_text(&out, text);
        return out.data;
}

static char *directory_of(const char *path) {
        const char *slash = strrchr(path, '/');

        if (!slash) {
                return memory_string(".", 1);
        }
        return memory_string(path, slash == path ? 1 : (size_t) (slash - path));
}

static void add_line(Environment *environment, Str line, const char *file, SettingSource source) {
        _cleanup_(free_charp) char *directory = directory_of(file);
        _cleanup_(free_charp) char *raw = NULL, *with_directory = NULL;
        const char *equals;

        while (line.length > 0 && strchr(" \t\r\n", line.data[line.length - 1])) {
                line.length--;
        }
        equals = line.length > 0 ? memchr(line.data, '=', line.length) : NULL;
        if (!equals) {
                return;
        }
        raw = memory_string(equals + 1, (size_t) (line.data + line.length - equals - 1));
        with_directory = replace(raw, "$configdir", source == SETTING_CONFIG ? directory : "$configdir");
        add_setting(environment, (Str) { .data = line.data, .length = (size_t) (equals - line.data) },
                    replace(with_directory, "$home", environment->home ? environment->home : "$home"), file,
                    source);
}

/* Returns false if there is no such file to read. */
static bool read_settings(Environment *environment, const char *file, SettingSource source) {
        _cleanup_(close_fd) int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        _cleanup_(buffer_done) Buffer content = {};
        struct stat st;
        const char *at, *end;

        if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
                return false;
        }
        (void) buffer_read_fd(&content, fd, SETTINGS_FILE_MAX);
        at = content.data;
        end = content.data + content.length;
        while (at < end) {
                const char *newline = memchr(at, '\n', (size_t) (end - at));
                const char *stop = newline ? newline : end;

                add_line(environment, (Str) { .data = at, .length = (size_t) (stop - at) }, file, source);
                at = stop + 1;
        }
        return true;
}

/* The file of that name in the working directory and in every one above it. */
static void read_config_files(Environment *environment) {
        const char *name = environment_get(environment, "P4CONFIG");
        _cleanup_(free_charp) char *directory = str_dup(str_from(environment->cwd));

        while (name) {
                _cleanup_(buffer_done) Buffer file = {};
                char *slash = strrchr(directory, '/');

                if (name[0] != '/') {
                        buffer_printf(&file, "%s/", str_is(str_from(directory), "/") ? "" : directory);
                }
                buffer_append_text(&file, name);
                if (read_settings(environment, file.data, SETTING_CONFIG)) {
                        environment->config_files =
                                        memory_resize(environment->config_files,
                                                      (environment->n_config_files + 1) * sizeof(char *));
                        environment->config_files[environment->n_config_files++] =
                                        str_dup(buffer_str(&file));
                }
                if (name[0] == '/' || !slash || directory[1] == 0) {
                        break;
                }
                slash[slash == directory ? 1 : 0] = 0;
        }
}

static char *enviro_file(const Environment *environment) {
        const char *given = environment_get(environment, "P4ENVIRO");
        Buffer file = {};

        if (given) {
                return str_dup(str_from(given));
        }
        if (!environment->home) {
                return NULL;
        }
        buffer_printf(&file, "%s/.p4enviro", environment->home);
        return file.data;
}

/* $PWD keeps the user's way through symbolic links; it is believed only if it still leads here, because
 * programs that start p4 elsewhere forget to change it. */
static char *working_directory(void) {
        const char *pwd = getenv("PWD");
        struct stat here, there;
        char *cwd;

        if (pwd && pwd[0] == '/' && stat(".", &here) == 0 && stat(pwd, &there) == 0 &&
            here.st_dev == there.st_dev && here.st_ino == there.st_ino) {
                return str_dup(str_from(pwd));
        }
        cwd = getcwd(NULL, 0);
        return cwd ? cwd : memory_string("/", 1);
}

void environment_load(Environment *environment, const char *cwd, const char *const *updates) {
        _cleanup_(free_charp) char *enviro = NULL;
        const char *home = getenv("HOME");

        *environment = (Environment) {
                .cwd = cwd ? str_dup(str_from(cwd)) : working_directory(),
                .home = home && home[0] ? str_dup(str_from(home)) : NULL,
        };
        if (home && home[0] && home[strlen(home) - 1] == '/') {
                environment->home[strlen(home) - 1] = 0;
        }
        for (; *updates; updates++) {
                const char *equals = strchr(*updates, '=');
                Str all = str_from(*updates);

                add_setting(environment, equals ? str_sub(all, 0, (size_t) (equals - *updates)) : all,
                            str_dup(str_from(equals ? equals + 1 : "")), NULL, SETTING_UPDATE);
        }
        enviro = enviro_file(environment);
        if (enviro) {
                (void) read_settings(environment, enviro, SETTING_ENVIRO);
        }
        read_config_files(environment);
}

void environment_done(Environment *environment) {
        for (size_t i = 0; i < environment->n_settings; i++) {
                free(environment->settings[i].name);
                free(environment->settings[i].value);
                free(environment->settings[i].origin);
        }
        for (size_t i = 0; i < environment->n_config_files; i++) {
                free(environment->config_files[i]);
        }
        free(environment->settings);
        free(environment->config_files);
        free(environment->cwd);
        free(environment->home);
        *environment = (Environment) {};
}

/* Where a variable comes from; the setting if it is from a file or -E. */
static SettingSource find_source(const Environment *environment, const char *name,
                                 const Setting **ret_setting) {
        for (SettingSource source = SETTING_UPDATE; source < SETTING_SOURCE_MAX; source++) {
                *ret_setting = find_setting(environment, str_from(name), source);
                if (*ret_setting || (source == SETTING_ENVIRONMENT && getenv(name))) {
                        return source;
                }
        }
        return SETTING_UNSET;
}

const char *environment_get(const Environment *environment, const char *name) {
        const Setting *setting;
        SettingSource source = find_source(environment, name, &setting);
        const char *value = setting ? setting->value : source == SETTING_ENVIRONMENT ? getenv(name) : NULL;

        return value && value[0] ? value : NULL;
}

char *environment_user(const Environment *environment, const char *option) {
        const char *user = option ? option : environment_get(environment, "P4USER");
        struct passwd *entry;
        char *result;

        user = user ? user : environment_get(environment, "USER");
        if (!user) {
                entry = getpwuid(getuid());
                user = entry ? entry->pw_name : "nouser";
        }
        result = str_dup(str_from(user));
        for (char *c = result; *c; c++) {
                *c = *c == ' ' ? '_' : *c;
        }
        return result;
}

char *environment_host(const Environment *environment, const char *option) {
        const char *host = option ? option : environment_get(environment, "P4HOST");
        char name[256] = "nohost";

        if (!host) {
                (void) gethostname(name, sizeof(name) - 1);
                host = name;
        }
        return str_dup(str_from(host));
}

char *environment_client(const Environment *environment, const char *option, const char *host) {
        const char *client = option ? option : environment_get(environment, "P4CLIENT");

        return client ? str_dup(str_from(client)) : memory_string(host, strcspn(host, "."));
}

char *environment_port(const Environment *environment, const char *option) {
        const char *port = option ? option : environment_get(environment, "P4PORT");

        return str_dup(str_from(port ? port : "perforce:1666"));
}

char *environment_home_file(const Environment *environment, const char *variable, const char *name) {
        const char *given = environment_get(environment, variable);
        Buffer file = {};

        buffer_append_text(&file, given ? given : "");
        if (!given && environment->home) {
                buffer_printf(&file, "%s/%s", environment->home, name);
        }
        return file.data;
}

static void format_config_files(const Environment *environment, Buffer *out) {
        if (environment->n_config_files == 0) {
                buffer_append_text(out, " (config 'noconfig')");
                return;
        }
        buffer_append_text(out, " (config '");
        for (size_t i = 0; i < environment->n_config_files; i++) {
                buffer_printf(out, "%s%s", i > 0 ? "', '" : "", environment->config_files[i]);
        }
        buffer_append_text(out, "' )"); /* the blank is the product's */
}

void environment_format(const Environment *environment, const char *name, bool quiet, Buffer *out) {
        const Setting *setting;
        SettingSource source = find_source(environment, name, &setting);

        if (source == SETTING_UNSET || source == SETTING_UPDATE) {
                return;
        }
        buffer_printf(out, "%s=%s", name, setting ? setting->value : getenv(name));
        if (quiet) {
                return;
        }
        if (source == SETTING_CONFIG) {
                buffer_printf(out, " (config '%s')", setting->origin);
        } else if (source == SETTING_ENVIRO) {
                buffer_append_text(out, " (enviro)");
        }
        if (str_is(str_from(name), "P4CONFIG")) {
                format_config_files(environment, out);
        }
}

/* The file's lines with the variable replaced, appended, or left out if the value is empty. */
static void edit_lines(Str content, const char *name, const char *value, Buffer *out) {
        size_t length = strlen(name);
        bool done = false;

        while (content.length > 0) {
                const char *newline = memchr(content.data, '\n', content.length);
                size_t line = newline ? (size_t) (newline - content.data) : content.length;
                bool match = !done && line > length && memcmp(content.data, name, length) == 0 &&
                             content.data[length] == '=';

                if (match && value[0]) {
                        buffer_printf(out, "%s=%s\n", name, value);
                } else if (!match) {
                        buffer_append(out, content.data, line);
                        buffer_append_char(out, '\n');
                }
                done = done || match;
                line += newline ? 1 : 0;
                content = str_sub(content, line, content.length - line);
        }
        if (!done && value[0]) {
                buffer_printf(out, "%s=%s\n", name, value);
        }
}

int environment_write(const Environment *environment, const char *name, const char *value,
                      Message *message) {
        _cleanup_(free_charp) char *file = enviro_file(environment);
        _cleanup_(buffer_done) Buffer old = {}, new = {};
        _cleanup_(close_fd) int fd = -EBADF;
        int r;

        if (str_is(str_from(name), "P4PASSWD")) {
                return 0; /* a password is never written down, and silently so in the product */
        }
        if (!file) {
                message_add(message, &MSG_NO_REGISTRY);
                return -ENOENT;
        }
        fd = open(file, O_RDONLY | O_CLOEXEC);
        r = fd >= 0 ? buffer_read_fd(&old, fd, SETTINGS_FILE_MAX) : 0;
        if (r == 0) {
                edit_lines(buffer_str(&old), name, value, &new);
                r = file_replace(file, buffer_str(&new), 0666);
        }
        if (r < 0) {
                message_add(message, &MSG_SYS, "operation", "open for write", "arg", file, "errmsg",
                            strerror(-r));
                message_add(message, &MSG_NO_REGISTRY);
        } else if (value[0] && getenv(name)) {
                message_add(message, &MSG_HIDES_VARIABLE, "name", name);
        }
        return r;
}
