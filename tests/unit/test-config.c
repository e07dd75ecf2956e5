/* weir.yaml and servers.yaml: defaults, every mistake with its line, the last good copies; timers and
 * backups made of them. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd_util.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "services/config.h"
#include "services/generator.h"
#include "services/prune.h"
#include "services/sample_store.h"
#include "services/sync.h"

static char directory[64];

static int make_directory(void **state) {
        char command[256];
        strcpy(directory, "/tmp/weir-config-XXXXXX");
        if (!mkdtemp(directory)) {
                return -1;
        }
        (void) snprintf(command, sizeof(command), "mkdir '%s/monitor' '%s/units'", directory, directory);
        return system(command);
}

static int remove_directory(void **state) {
        char command[256];
        (void) snprintf(command, sizeof(command), "rm -rf '%s'", directory);
        return system(command);
}

static char *path_of(const char *name) {
        static char path[1024];
        (void) snprintf(path, sizeof(path), "%s/%s", directory, name);
        return path;
}

static void write_file(const char *name, const char *text) {
        assert_int_equal(file_write_atomic(path_of(name), text, strlen(text), 0644), 0);
}

static char *read_file(const char *name) {
        char *text = NULL;
        size_t length = 0;
        assert_int_equal(file_read(path_of(name), 1 << 20, &text, &length), 0);
        return text;
}

/* --- weir.yaml -------------------------------------------------------------------------------------- */

static void test_defaults(void **state) {
        static const char *const files[] = { NULL, "", "# nothing\n", "measure:\np4:\nhistory:\nbackup:\n" };
        for (size_t i = 0; i < ELEMENTSOF(files); i++) {
                _cleanup_(weir_config_done) WeirConfig config = {};
                _cleanup_free_ char *message = NULL;
                if (files[i]) {
                        write_file("weir.yaml", files[i]);
                }
                int r = config_load(directory, &config, &message);
                if (r < 0) {
                        fail_msg("case %zu: %s", i, message ?: strerror(-r));
                }
                assert_int_equal(config.measure_interval_usec, 6 * USEC_PER_HOUR);
                assert_int_equal(config.measure_parallel, 4);
                assert_int_equal(config.history_keep_usec, 0);
                assert_int_equal(config.backup_keep, 7);
                assert_null(config.measure_calendar);
        }
}

static void test_settings(void **state) {
        _cleanup_(weir_config_done) WeirConfig config = {};
        _cleanup_free_ char *message = NULL;
        write_file("weir.yaml",
                   "measure:\n  calendar: 'Mon..Fri 02:30'\n  full_every: 0\n  servers: 1\n  parallel: 8\n"
                   "  timeout: 90s\np4:\n  program: /opt/p4\n  charset: utf8\nhistory:\n  keep: 2 weeks\n"
                   "backup:\n  keep: 0\n");
        int r = config_load(directory, &config, &message);
        if (r < 0) {
                fail_msg("%s", message ?: strerror(-r));
        }
        assert_string_equal(config.measure_calendar, "Mon..Fri 02:30");
        assert_int_equal(config.measure_full_every_usec, 0);
        assert_int_equal(config.measure_servers, 1);
        assert_int_equal(config.measure_timeout_usec, 90 * USEC_PER_SEC);
        assert_string_equal(config.p4_program, "/opt/p4");
        assert_string_equal(config.p4_charset, "utf8");
        assert_int_equal(config.history_keep_usec, 14 * USEC_PER_DAY);
        assert_int_equal(config.backup_keep, 0);
}

static void test_jobs(void **state) {
        _cleanup_(weir_config_done) WeirConfig config = {}, plain = {};
        _cleanup_(job_spec_done) JobSpec spec = { .tasks_max = 9 };
        _cleanup_free_ char *message = NULL;
        write_file("weir.yaml", "jobs:\n");
        assert_int_equal(config_load(directory, &plain, &message), 0);
        assert_int_equal(plain.jobs.max_running, 16);
        assert_int_equal(plain.jobs.timeout_usec, 4 * USEC_PER_HOUR);
        write_file("weir.yaml",
                   "jobs:\n  max_running: 3\n  max_running_per_server: 0\n  keep: 2 weeks\n  timeout: 90min\n"
                   "  stop_timeout: 5s\n  hooks_see_ticket: yes\n  limits: {MemoryMax: 2G, TasksMax: 64}\n"
                   "  hooks:\n    build: [[make], [make, check]]\n    push: [mypush, '{changelist}']\n");
        int r = config_load(directory, &config, &message);
        if (r < 0) {
                fail_msg("%s", message ?: strerror(-r));
        }
        assert_int_equal(config.jobs.max_running, 3);
        assert_int_equal(config.jobs.max_running_per_server, 0);
        assert_int_equal(config.jobs.keep_usec, 14 * USEC_PER_DAY);
        assert_int_equal(config.jobs.memory_max, UINT64_C(2) << 30);
        assert_true(config.jobs.hooks_see_ticket);
        assert_int_equal(config.jobs.hooks[JOB_HOOK_BUILD].n_commands, 2);
        assert_string_equal(config.jobs.hooks[JOB_HOOK_BUILD].commands[1][1], "check");
        assert_int_equal(config.jobs.hooks[JOB_HOOK_PUSH].n_commands, 1);
        /* A spec's own word counts; for the rest it is as the file says. */
        assert_int_equal(jobs_config_apply(&config.jobs, &spec), 0);
        assert_int_equal(spec.tasks_max, 9);
        assert_int_equal(spec.memory_max, UINT64_C(2) << 30);
        assert_int_equal(spec.timeout_sec, 90 * 60);
        assert_string_equal(spec.hooks[JOB_HOOK_PUSH].commands[0][1], "{changelist}");
}

static void check_mistake(int r, const char *message, const char *where, const char *what,
                          const char *text) {
        char *begin = path_of(where);
        if (r != -EBADMSG || !message || !string_has_prefix(message, begin) || !strstr(message, what)) {
                fail_msg("'%s': expected %s … %s, got %d %s", text, begin, what, r, message ?: "-");
        }
}

static void test_mistakes(void **state) {
        static const struct {
                const char *text, *where, *what;
        } cases[] = {
                { "measure:\n  intervall: 6h\n", "weir.yaml:2:", "interval" },
                { "jobs:\n  max_running: many\n", "weir.yaml:2:", "max_running" },
                { "jobs:\n  timeout: 0\n", "weir.yaml:2:", "timeout" },
                { "jobs:\n  limits: {CPUWeight: 0}\n", "weir.yaml:2:", "CPUWeight" },
                { "jobs:\n  hooks:\n    lunch: [eat]\n", "weir.yaml:3:", "lunch" },
                { "jobs:\n  hooks:\n    build: make\n", "weir.yaml:3:", "command" },
                { "jobs:\n  hooks:\n    build: []\n", "weir.yaml:3:", "command" },
                { "jobs:\n  hooks:\n    build: [[make], check]\n", "weir.yaml:3:", "list of words" },
                { "jobs:\n  hooks:\n    build: [make, '{change}']\n", "weir.yaml:3:", "{change}" },
                { "measure:\n  interval: soon\n", "weir.yaml:2:", "interval" },
                { "measure:\n  interval: 30s\n", "weir.yaml:2:", "minute" },
                { "measure:\n  interval: 6h\n  calendar: daily\n", "weir.yaml:3:", "not both" },
                { "measure:\n  calendar: \"daily\\nExecStart=/bin/sh\"\n", "weir.yaml:2:", "calendar" },
                { "measure:\n  parallel: 0\n", "weir.yaml:2:", "parallel" },
                { "measure:\n  parallel: 1000\n", "weir.yaml:2:", "parallel" },
                { "measure: 6h\n", "weir.yaml:1:", "measure" },
                { "p4:\n  program: bin/p4\n", "weir.yaml:2:", "absolute" },
                { "webb:\n  port: 80\n", "weir.yaml:1:", "webb" },
                { "web:\n  port: 80\n", "weir.yaml:2:", "port" },
                { "web:\n  url: weir.example\n", "weir.yaml:2:", "url" },
                { "web:\n  session: 1s\n", "weir.yaml:2:", "session" },
                { "web:\n  operators: {a: b}\n", "weir.yaml:2:", "operators" },
                { "- a\n", "weir.yaml:1:", "" },
                { "measure: {\n", "weir.yaml:", "" },
                { "measure:\n\tinterval: 6h\n", "weir.yaml:2:", "" },
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(weir_config_done) WeirConfig config = {};
                _cleanup_free_ char *message = NULL;
                write_file("weir.yaml", cases[i].text);
                int r = config_load(directory, &config, &message);
                check_mistake(r, message, cases[i].where, cases[i].what, cases[i].text);
        }
}

/* --- servers.yaml ----------------------------------------------------------------------------------- */

static void test_servers(void **state) {
        _cleanup_(server_list_done) ServerList list = {};
        _cleanup_free_ char *message = NULL;
        write_file("servers.yaml",
                   "servers:\n"
                   "  - name: \"Main \\\"Studio\\\" \\\\ 50%\"\n"
                   "    p4port: SSL:Perforce.Example:1666\n"
                   "    p4user: p4monitor\n"
                   "    stream_mask: '*'\n"
                   "    interval: 1h\n"
                   "    parallel: 2\n"
                   "    timeout: 5min\n"
                   "    trust: b6:3d:0c:8f:22:11:43:9a:6e:f0:51:77:0b:cd:9e:24:3a:c1:88:05\n"
                   "  - { name: 2024, p4port: 'localhost:1666', p4user: u, password: hunter2 }\n");
        int r = config_load_servers(directory, &list, &message);
        if (r < 0) {
                fail_msg("%s", message ?: strerror(-r));
        }
        assert_int_equal(list.n_servers, 2);
        assert_string_equal(list.servers[0].name, "Main \"Studio\" \\ 50%");
        assert_string_equal(list.servers[0].p4port, "ssl:perforce.example:1666");
        assert_string_equal(list.servers[0].stream_mask, "*");
        assert_int_equal(list.servers[0].interval_usec, USEC_PER_HOUR);
        assert_int_equal(list.servers[0].parallel, 2);
        assert_int_equal(list.servers[0].line, 2);
        assert_string_equal(list.servers[1].name, "2024");
        assert_string_equal(list.servers[1].stream_mask, "*role*");
        assert_null(list.servers[1].trust);
        assert_int_equal(strv_length(list.warnings), 1);
        assert_non_null(strstr(list.warnings[0], "servers.yaml:10:"));
        assert_non_null(strstr(list.warnings[0], "weirctl login 2024"));
        assert_null(strstr(list.warnings[0], "hunter2"));

        /* The copy says the same, but for the password. */
        _cleanup_(server_list_done) ServerList copy = {};
        _cleanup_free_ char *warning = NULL, *text = NULL;
        assert_int_equal(config_remember(directory, directory, &list), 0);
        text = read_file("monitor/servers.last.yaml");
        assert_null(strstr(text, "hunter2"));
        write_file("servers.yaml", "servers: oops\n");
        assert_int_equal(config_load_servers_in_force(directory, directory, &copy, &warning), 0);
        assert_non_null(strstr(warning, "servers.yaml:1:"));
        assert_int_equal(copy.n_servers, 2);
        assert_string_equal(copy.servers[0].name, list.servers[0].name);
        assert_string_equal(copy.servers[0].trust, list.servers[0].trust);
        assert_int_equal(copy.servers[0].interval_usec, list.servers[0].interval_usec);
        assert_int_equal(copy.servers[0].timeout_usec, list.servers[0].timeout_usec);
}

static void test_server_mistakes(void **state) {
        static const struct {
                const char *text, *where, *what;
        } cases[] = {
                { "", "servers.yaml:", "servers" },
                { "servers:\n  - name: a\n    p4user: u\n", "servers.yaml:2:", "p4port" },
                { "servers:\n  - p4port: a:1\n    p4user: u\n", "servers.yaml:2:", "name" },
                { "servers:\n  - name: a\n    p4port: a:1\n", "servers.yaml:2:", "p4user" },
                { "servers:\n  - name: a\n    p4port: a\n    p4user: u\n", "servers.yaml:3:", "HOST:PORT" },
                { "servers:\n  - name: a/b\n    p4port: a:1\n    p4user: u\n", "servers.yaml:2:", "name" },
                { "servers:\n  - name: a\n    p4port: a:1\n    p4user: u\n    mask: x\n",
                  "servers.yaml:5:", "mask" },
                { "servers:\n  - name: a\n    p4port: a:1\n    p4user: u\n  - name: b\n    p4port: A:1\n    p4user: u\n",
                  "servers.yaml:6:", "line 2" },
                { "servers:\n  - name: a\n    p4port: a:1\n    p4user: u\n  - name: b\n    p4port: tcp:a:1\n    p4user: u\n",
                  "servers.yaml:6:", "line 2" },
                { "servers:\n  - name: a\n    p4port: a:1\n    p4user: u\n  - name: a\n    p4port: b:1\n    p4user: u\n",
                  "servers.yaml:5:", "line 2" },
                { "servers:\n  - name: a\n    p4port: a:1\n    p4user: u\n    interval: 5s\n",
                  "servers.yaml:5:", "interval" },
                { "servers:\n  - name: a\n    p4port: a:1\n    p4user: u\n    parallel: 99\n",
                  "servers.yaml:5:", "parallel" },
                { "servers:\n  - name: a\n    p4port: a:1\n    p4user: u\n    trust: "
                  "B6:3D:0C:8F:22:11:43:9A:6E:F0:51:77:0B:CD:9E:24:3A:C1:88:05\n",
                  "servers.yaml:5:", "ssl:" },
                { "servers:\n  - name: a\n    p4port: a:1\n    p4user: u\n    name: b\n",
                  "servers.yaml:5:", "name" },
                { "servers:\n  - a\n", "servers.yaml:2:", "mapping" },
                { "servers:\n  a: b\n", "servers.yaml:", "servers" },
                { "server:\n  - name: a\n", "servers.yaml:1:", "servers" },
        };
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(server_list_done) ServerList list = {};
                _cleanup_free_ char *message = NULL;
                write_file("servers.yaml", cases[i].text);
                int r = config_load_servers(directory, &list, &message);
                check_mistake(r, message, cases[i].where, cases[i].what, cases[i].text);
        }
}

static void test_no_servers(void **state) {
        _cleanup_(server_list_done) ServerList list = {};
        _cleanup_free_ char *message = NULL;
        assert_int_equal(config_load_servers(directory, &list, &message), -ENOENT);
        write_file("servers.yaml", "servers: []\n");
        assert_int_equal(config_load_servers(directory, &list, &message), 0);
        assert_int_equal(list.n_servers, 0);
}

static void test_last_good(void **state) {
        _cleanup_(weir_config_done) WeirConfig first = {}, second = {}, third = {};
        _cleanup_free_ char *none = NULL, *warning = NULL, *other = NULL;
        ServerList empty = {};
        write_file("weir.yaml", "measure:\n  parallel: 8\n");
        assert_int_equal(config_remember(directory, directory, &empty), 0);
        assert_int_equal(config_load_in_force(directory, directory, &first, &none), 0);
        assert_null(none);
        write_file("weir.yaml", "measure:\n  parallel: many\n");
        assert_int_equal(config_load_in_force(directory, directory, &second, &warning), 0);
        assert_int_equal(second.measure_parallel, 8);
        assert_non_null(strstr(warning, "weir.yaml:2:"));
        write_file("monitor/weir.last.yaml", "garbage: [\n");
        assert_int_equal(config_load_in_force(directory, directory, &third, &other), 0);
        assert_int_equal(third.measure_parallel, 4);
}

/* Without a lock manager: --check takes no lock. */
static void test_check(void **state) {
        SyncOptions options = { .config_directory = directory,
                                .state_directory = directory,
                                .check_only = true };
        assert_int_equal(sync_run(&options), SYNC_EXIT_CONFIG); /* no servers.yaml */
        write_file("servers.yaml", "servers: []\n");
        assert_int_equal(sync_run(&options), 0);
        write_file("weir.yaml", "nonsense\n");
        assert_int_equal(sync_run(&options), SYNC_EXIT_CONFIG);
        assert_int_equal(access(path_of("monitor/monitor.db"), F_OK), -1);
}

/* --- timers ----------------------------------------------------------------------------------------- */

static void test_generator(void **state) {
        Server servers[] = {
                { .name = (char *) "Main 50%", .interval_usec = USEC_PER_HOUR },
                { .name = (char *) "common" },
        };
        WeirConfig config = { .measure_interval_usec = 12 * USEC_PER_HOUR };
        ServerList list = { .servers = servers, .n_servers = 2 };
        char target[128] = "";
        assert_int_equal(generator_write(path_of("units"), &config, &list), 0);
        _cleanup_free_ char *common = read_file("units/weir-measure.timer.d/50-weir.conf");
        assert_non_null(strstr(common, "\nOnCalendar=\nOnCalendar=*-*-* 00/12:00:00\n"));
        _cleanup_free_ char *own = read_file("units/weir-measure@Main\\x2050\\x25.timer");
        assert_non_null(strstr(own, "Main 50%% regularly"));
        assert_non_null(strstr(own, "\nOnCalendar=*-*-* 00/1:00:00\n"));
        assert_true(readlink(path_of("units/weir.target.wants/weir-measure@Main\\x2050\\x25.timer"), target,
                             127) > 0);
        assert_string_equal(target, "../weir-measure@Main\\x2050\\x25.timer");
        assert_int_equal(access(path_of("units/weir-measure@common.timer"), F_OK), -1);

        config.measure_interval_usec = 0;
        assert_int_equal(generator_write(path_of("units"), &config, &list), 0);
        _cleanup_free_ char *never = read_file("units/weir-measure.timer.d/50-weir.conf");
        assert_non_null(strstr(never, "ConditionPathExists=!/\n"));
        config.measure_calendar = (char *) "Mon 02:30";
        assert_int_equal(generator_write(path_of("units"), &config, &list), 0);
        _cleanup_free_ char *calendar = read_file("units/weir-measure.timer.d/50-weir.conf");
        assert_non_null(strstr(calendar, "\nOnCalendar=\nOnCalendar=Mon 02:30\n"));
}

static void test_generator_with_broken_files(void **state) {
        write_file("weir.yaml", "measure: [\n");
        write_file("servers.yaml", "servers: 3\n");
        write_file("monitor/weir.last.yaml", "measure:\n  interval: 3h\n");
        assert_int_equal(generator_run(directory, directory, path_of("units")), 0);
        _cleanup_free_ char *common = read_file("units/weir-measure.timer.d/50-weir.conf");
        assert_non_null(strstr(common, "00/3:00:00"));
}

/* --- backups ---------------------------------------------------------------------------------------- */

static unsigned count_backups(void) {
        unsigned n = 0;
        DIR *backups = opendir(path_of("backup"));
        for (struct dirent *entry; backups && (entry = readdir(backups));) {
                n += string_has_prefix(entry->d_name, "monitor-");
                assert_string_not_equal(entry->d_name, "part");
        }
        if (backups) {
                (void) closedir(backups);
        }
        return n;
}

static void fill_database(void) {
        _cleanup_(monitor_store_closep) MonitorStore *store = NULL;
        Server server = { .name = (char *) "a",
                          .p4port = (char *) "a:1",
                          .p4user = (char *) "u",
                          .stream_mask = (char *) "*" };
        StreamListing listing = { .path = "//d/a", .name = "a", .type = "mainline" };
        MonitorSync sync;
        int64_t id = 0, now = now_realtime();
        assert_int_equal(monitor_store_open(directory, DB_READ_WRITE, &store), 0);
        assert_int_equal(server_store_sync(store, &server, 1, now, &sync), 0);
        assert_int_equal(stream_store_list(store, 1, &listing, now, &id), 1);
        for (int64_t day = 10; day >= 0; day--) {
                assert_int_equal(sample_store_measured(store, id, day, 1, 1,
                                                       now - day * (int64_t) USEC_PER_DAY),
                                 0);
        }
}

static int count_sample(const MonitorSample *sample, void *userdata) {
        (*(int *) userdata)++;
        return 0;
}

static void test_prune(void **state) {
        PruneOptions options = { .config_directory = directory, .state_directory = directory };
        _cleanup_(monitor_store_closep) MonitorStore *store = NULL;
        int n = 0;
        fill_database();
        write_file("weir.yaml", "history:\n  keep: 5d\nbackup:\n  keep: 2\n");
        assert_int_equal(mkdir(path_of("backup"), 0700), 0);
        write_file("backup/monitor-20200101T000000Z.db", "old");
        write_file("backup/monitor-20200102T000000Z.db", "less old");
        write_file("backup/part", "left by an interrupted backup");
        assert_int_equal(prune_run(&options), 0);
        assert_int_equal(count_backups(), 2);
        assert_int_equal(access(path_of("backup/monitor-20200101T000000Z.db"), F_OK), -1);
        assert_int_equal(access(path_of("backup/monitor-20200102T000000Z.db"), F_OK), 0);
        assert_int_equal(monitor_store_open(directory, DB_READ_ONLY, &store), 0);
        assert_int_equal(sample_store_each(store, 1, 0, 0, 0, count_sample, &n), 0);
        assert_int_equal(n, 5);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_directory, remove_directory)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_defaults),
                TEST(test_settings),
                TEST(test_jobs),
                TEST(test_mistakes),
                TEST(test_servers),
                TEST(test_server_mistakes),
                TEST(test_no_servers),
                TEST(test_last_good),
                TEST(test_check),
                TEST(test_generator),
                TEST(test_generator_with_broken_files),
                TEST(test_prune),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
