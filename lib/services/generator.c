#include "services/generator.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/fd_util.h"
#include "base/log.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "domain/calendar.h"
#include "formats/unit_name.h"

#define HEAD "# Made by weir-generator(8) from weir.yaml(5) and servers.yaml(5); changes belong there.\n"

static int make_directory(const char *path) {
        return mkdir(path, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

static int write_unit(const char *directory, const char *name, const char *text) {
        _cleanup_free_ char *path = NULL;
        int r = string_format(&path, "%s/%s", directory, name);
        return r < 0 ? r : file_write_atomic(path, text, strlen(text), 0644);
}

/* A timer cannot be told by a drop-in not to be one; a condition that never holds keeps it from starting. */
static int common_settings(const WeirConfig *config, char **ret) {
        _cleanup_free_ char *calendar = NULL;
        if (config->measure_calendar) {
                return string_format(ret, HEAD "[Timer]\nOnCalendar=\nOnCalendar=%s\n",
                                     config->measure_calendar);
        }
        if (config->measure_interval_usec == 0) {
                return string_copy(ret, HEAD "[Unit]\nConditionPathExists=!/\n");
        }
        int r = calendar_from_interval(config->measure_interval_usec, &calendar);
        return r < 0 ? r : string_format(ret, HEAD "[Timer]\nOnCalendar=\n%s", calendar);
}

static int write_common(const char *unit_directory, const WeirConfig *config) {
        _cleanup_free_ char *directory = NULL, *text = NULL;
        int r = string_format(&directory, "%s/weir-measure.timer.d", unit_directory);
        r = r < 0 ? r : common_settings(config, &text);
        r = r < 0 ? r : make_directory(directory);
        return r < 0 ? r : write_unit(directory, "50-weir.conf", text);
}

/* In unit files a '%' begins a specifier. */
static int escape_specifiers(const char *text, char **ret) {
        _cleanup_(buffer_done) Buffer buffer = {};
        int r = buffer_append(&buffer, "", 0);
        for (; *text && r >= 0; text++) {
                r = *text == '%' ? buffer_append(&buffer, "%%", 2) : buffer_append(&buffer, text, 1);
        }
        return r < 0 ? r : buffer_take_string(&buffer, ret);
}

static int server_timer(const Server *server, char **ret) {
        _cleanup_free_ char *calendar = NULL, *name = NULL;
        int r = calendar_from_interval(server->interval_usec, &calendar);
        r = r < 0 ? r : escape_specifiers(server->name, &name);
        return r < 0 ? r :
                       string_format(ret,
                                     HEAD
                                     "[Unit]\nDescription=Measure the streams of %s regularly\n"
                                     "Documentation=man:weir-measure(8) man:servers.yaml(5)\nPartOf=weir.target\n"
                                     "\n[Timer]\n%sPersistent=yes\nAccuracySec=1min\nRandomizedDelaySec=2min\n"
                                     "FixedRandomDelay=yes\n",
                                     name, calendar);
}

static int write_server(const char *unit_directory, const char *wants, const Server *server) {
        _cleanup_free_ char *unit = NULL, *text = NULL, *target = NULL, *link = NULL;
        int r = unit_name_instance("weir-measure", server->name, ".timer", &unit);
        r = r < 0 ? r : server_timer(server, &text);
        r = r < 0 ? r : write_unit(unit_directory, unit, text);
        r = r < 0 ? r : string_format(&target, "../%s", unit);
        r = r < 0 ? r : string_format(&link, "%s/%s", wants, unit);
        return r < 0 ? r : (symlink(target, link) < 0 && errno != EEXIST ? -errno : 0);
}

int generator_write(const char *unit_directory, const WeirConfig *config, const ServerList *servers) {
        _cleanup_free_ char *wants = NULL;
        int r = write_common(unit_directory, config);
        r = r < 0 ? r : string_format(&wants, "%s/weir.target.wants", unit_directory);
        r = r < 0 ? r : make_directory(wants);
        for (size_t i = 0; i < servers->n_servers && r >= 0; i++) {
                if (servers->servers[i].interval_usec > 0) {
                        r = write_server(unit_directory, wants, &servers->servers[i]);
                }
        }
        return r;
}

static void tell(const char *warning) {
        if (warning) {
                (void) log_warning(0, "%s", warning);
        }
}

int generator_run(const char *config_directory, const char *state_directory, const char *unit_directory) {
        _cleanup_(weir_config_done) WeirConfig config = {};
        _cleanup_(server_list_done) ServerList servers = {};
        _cleanup_free_ char *config_warning = NULL, *servers_warning = NULL;
        int r = config_load_in_force(config_directory, state_directory, &config, &config_warning);
        r = r < 0 ? r :
                    config_load_servers_in_force(config_directory, state_directory, &servers,
                                                 &servers_warning);
        tell(config_warning);
        tell(servers_warning);
        r = r < 0 ? r : generator_write(unit_directory, &config, &servers);
        if (r < 0) {
                (void) log_error(r, "Failed to write timers into %s: %s", unit_directory, strerror(-r));
                return 1;
        }
        return 0;
}
