/* `weirctl doctor`: everything measuring needs, one line each, with the next step where something is wrong.
 * Every check stands alone: what cannot be found out is a line, too, and the others are still made. */
#include "services/ctl_doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/human.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "clients/jobs_client.h"
#include "clients/lock_client.h"
#include "clients/systemd_client.h"
#include "resources/journal.h"
#include "services/config.h"
#include "services/ctl_table.h"
#include "services/ctl_verbs.h"
#include "services/server_store.h"

#define DISK_WARN_BYTES (INT64_C(1024) * 1024 * 1024)
#define DISK_FAIL_BYTES (INT64_C(100) * 1024 * 1024)

/* --- reporting --- */

static const struct {
        const char *word, *colour;
} verdicts[_DOCTOR_VERDICT_MAX] = {
        [DOCTOR_OK] = { "ok", "\033[32m" },
        [DOCTOR_WARN] = { "warn", "\033[33m" },
        [DOCTOR_FAIL] = { "fail", "\033[31m" },
};

static void print_line(const Doctor *doctor, DoctorVerdict verdict, const char *subject, const char *next,
                       const char *text) {
        _cleanup_free_ char *printable = NULL;

        (void) ctl_printable(&printable, text, 4096);
        printf("%s%-5s%s %-20s %s\n", doctor->has_colours ? verdicts[verdict].colour : "",
               verdicts[verdict].word, doctor->has_colours ? "\033[0m" : "", subject,
               printable ? printable : text);
        if (next) {
                printf("%26s Next: %s\n", "", next);
        }
        (void) fflush(stdout); /* the next check may take its time */
}

void doctor_report(Doctor *doctor, DoctorVerdict verdict, const char *subject, const char *next,
                   const char *format, ...) {
        _cleanup_free_ char *text = NULL;
        va_list arguments;
        int r;

        va_start(arguments, format);
        r = string_format_list(&text, format, arguments);
        va_end(arguments);
        if (r < 0) {
                return;
        }
        doctor->counts[verdict]++;
        if (!doctor->ctl->json) {
                print_line(doctor, verdict, subject, next, text);
                return;
        }
        json_object_begin(&doctor->json.writer, NULL);
        json_string(&doctor->json.writer, "verdict", verdicts[verdict].word);
        json_string(&doctor->json.writer, "subject", subject);
        json_string(&doctor->json.writer, "text", text);
        json_string(&doctor->json.writer, "next", next);
        json_object_end(&doctor->json.writer);
}

/* --- the configuration --- */

static void check_weir_yaml(Doctor *doctor) {
        _cleanup_free_ char *message = NULL;
        WeirConfig config = {};
        int r = config_load(doctor->ctl->config_directory, &config, &message);

        if (r < 0) {
                doctor_report(doctor, DOCTOR_FAIL, "weir.yaml",
                              "Correct it; until then the last good one is in force.", "%s",
                              message ? message : strerror(-r));
        } else {
                doctor_report(doctor, DOCTOR_OK, "weir.yaml", NULL, "read from %s",
                              doctor->ctl->config_directory);
        }
        weir_config_done(&config);
}

static void check_servers_yaml(Doctor *doctor) {
        _cleanup_free_ char *message = NULL;
        ServerList list = {};
        int r = config_load_servers(doctor->ctl->config_directory, &list, &message);

        if (r == -ENOENT) {
                doctor_report(doctor, DOCTOR_FAIL, "servers.yaml", "Write one; servers.yaml(5) tells how.",
                              "there is none in %s", doctor->ctl->config_directory);
        } else if (r < 0) {
                doctor_report(doctor, DOCTOR_FAIL, "servers.yaml",
                              "Correct it; until then the last good one is in force.", "%s",
                              message ? message : strerror(-r));
        } else if (list.n_servers == 0) {
                doctor_report(doctor, DOCTOR_WARN, "servers.yaml",
                              "List your servers in it; servers.yaml(5) tells how.",
                              "no servers are listed");
        } else {
                doctor_report(doctor, DOCTOR_OK, "servers.yaml", NULL, "%zu server%s listed", list.n_servers,
                              list.n_servers == 1 ? "" : "s");
        }
        for (size_t i = 0; i < strv_length(list.warnings); i++) {
                doctor_report(doctor, DOCTOR_WARN, "servers.yaml", NULL, "%s", list.warnings[i]);
        }
        server_list_done(&list);
}

/* --- systemd --- */

typedef enum Demand { DEMAND_ACTIVE, DEMAND_ENABLED, DEMAND_TIMER, DEMAND_LOADED, DEMAND_NOT_FAILED } Demand;
static const struct {
        const char *name;
        Demand demand;
} units[] = {
        { "weir.target", DEMAND_ENABLED },
        { "weir-lockd.service", DEMAND_LOADED },
        { "weir-sync.path", DEMAND_ACTIVE },
        { "weir-measure.timer", DEMAND_TIMER },
        { "weir-prune.timer", DEMAND_TIMER },
        { "weir-sync.service", DEMAND_NOT_FAILED },
        { "weir-measure.service", DEMAND_NOT_FAILED },
};

static void report_timer(Doctor *doctor, const char *name, const SystemdUnit *unit) {
        char next[TIME_TEXT_MAX], last[TIME_TEXT_MAX];

        if (unit->next_elapse == 0) {
                doctor_report(doctor, DOCTOR_WARN, name, "Look at measure: in weir.yaml.",
                              "it will never elapse");
        } else {
                doctor_report(doctor, DOCTOR_OK, name, NULL, "next at %s, last %s",
                              time_format_local(next, unit->next_elapse),
                              time_format_ago(last, unit->last_trigger));
        }
}

static void report_unit(Doctor *doctor, const char *name, Demand demand, const SystemdUnit *unit) {
        bool active = string_equal(unit->active_state, "active"),
             failed = string_equal(unit->active_state, "failed");

        if (!unit->is_loaded) {
                doctor_report(doctor, DOCTOR_FAIL, name,
                              "Install weir again, then `systemctl daemon-reload`.",
                              "systemd does not know it");
        } else if (failed) {
                _cleanup_free_ char *next = NULL;

                (void) string_format(&next, "`journalctl -u %s` tells why.", name);
                doctor_report(doctor, demand == DEMAND_NOT_FAILED ? DOCTOR_WARN : DOCTOR_FAIL, name, next,
                              "failed (%s)", unit->result ? unit->result : "");
        } else if (!active && demand <= DEMAND_TIMER) {
                doctor_report(doctor, DOCTOR_FAIL, name, "`systemctl enable --now weir.target`", "it is %s",
                              unit->active_state);
        } else if (demand == DEMAND_ENABLED && !unit->is_enabled_or_static) {
                doctor_report(doctor, DOCTOR_WARN, name, "`systemctl enable weir.target`",
                              "active, but not started at boot");
        } else if (demand == DEMAND_TIMER) {
                report_timer(doctor, name, unit);
        } else if (demand == DEMAND_NOT_FAILED && !active) {
                doctor_report(doctor, DOCTOR_OK, name, NULL, "not running; last result: %s",
                              unit->result ? unit->result : "none");
        } else {
                doctor_report(doctor, DOCTOR_OK, name, NULL, "%s (%s)", unit->active_state, unit->sub_state);
        }
}

static void check_units(Doctor *doctor) {
        _cleanup_(systemd_client_freep) SystemdClient *client = NULL;
        int r = systemd_client_new(&client);

        for (size_t i = 0; i < ELEMENTSOF(units) && r >= 0; i++) {
                SystemdUnit unit = {};

                r = systemd_client_get_unit(client, units[i].name, &unit);
                if (r >= 0) {
                        report_unit(doctor, units[i].name, units[i].demand, &unit);
                        systemd_unit_done(&unit);
                }
        }
        if (r < 0) {
                doctor_report(doctor, DOCTOR_FAIL, "systemd", "weir needs systemd and its D-Bus interface.",
                              "cannot be asked about units: %s", strerror(-r));
        }
}

static void check_lockd(Doctor *doctor) {
        _cleanup_(lock_client_freep) LockClient *client = NULL;
        _cleanup_free_ char *message = NULL;
        LockHolder *holders = NULL;
        size_t n = 0;
        int r = lock_client_new(&client);

        r = r < 0 ? r : lock_client_list(client, &holders, &n, &message);
        if (r < 0) {
                doctor_report(doctor, DOCTOR_FAIL, "lock manager",
                              "`systemctl status weir-lockd` shows what is wrong with it.",
                              "cannot be reached: %s", message ? message : strerror(-r));
                return;
        }
        doctor_report(doctor, DOCTOR_OK, "lock manager", NULL, "answers; %zu lock%s", n, n == 1 ? "" : "s");
        lock_holders_free(holders, n);
}

static void check_journal(Doctor *doctor) {
        int r = journal_check_reading();

        if (r < 0) {
                doctor_report(doctor, DOCTOR_WARN, "journal",
                              "Run it as root, or join the group systemd-journal.",
                              "you cannot read what weir logged%s%s", r == -ENODATA ? "" : ": ",
                              r == -ENODATA ? "" : strerror(-r));
        } else {
                doctor_report(doctor, DOCTOR_OK, "journal", NULL, "can be read");
        }
}

/* --- the state --- */

/* Of the history, which may have a file system of its own. */
static void check_disk(Doctor *doctor) {
        _cleanup_free_ char *monitor = NULL;
        const char *directory = doctor->ctl->state_directory;
        char text[HUMAN_SIZE_MAX];
        struct statvfs fs;
        int64_t available;

        if (string_format(&monitor, "%s/monitor", directory) >= 0 && access(monitor, F_OK) >= 0) {
                directory = monitor;
        }
        if (statvfs(directory, &fs) < 0) {
                doctor_report(doctor, DOCTOR_FAIL, "disk",
                              "`systemd-tmpfiles --create` makes it; is weir installed?",
                              "%s cannot be looked at: %s", directory, strerror(errno));
                return;
        }
        available = (int64_t) (fs.f_bavail * fs.f_frsize);
        doctor_report(doctor,
                      available < DISK_FAIL_BYTES ? DOCTOR_FAIL :
                      available < DISK_WARN_BYTES ? DOCTOR_WARN :
                                                    DOCTOR_OK,
                      "disk",
                      available < DISK_WARN_BYTES ?
                                      "Make room, or let `history.keep` in weir.yaml be shorter." :
                                      NULL,
                      "%s is available in %s", human_size(text, available), directory);
}

/* What is wrong with the database, and what helps; the last row is for everything else. */
static const struct {
        int error;
        DoctorVerdict verdict;
        const char *found, *next;
} database_faults[] = {
        { -ENOENT, DOCTOR_WARN, "there is none yet", "`weirctl sync` makes it." },
        { -EACCES, DOCTOR_WARN, "you may not read it", "Run it as root, or join the group weir." },
        { -EPERM, DOCTOR_WARN, "you may not read it", "Run it as root, or join the group weir." },
        { -EPROTONOSUPPORT, DOCTOR_FAIL, NULL, "Install the newer weir again." },
        { -ESTALE, DOCTOR_FAIL, NULL, "`weirctl sync` brings it up to date." },
        { 0, DOCTOR_FAIL, NULL,
          "Stop weir.target and put the newest copy from the folder `backup` of the state in its place." },
};

static void report_database_fault(Doctor *doctor, int error) {
        size_t i = 0;

        while (i + 1 < ELEMENTSOF(database_faults) && database_faults[i].error != error) {
                i++;
        }
        if (database_faults[i].found) {
                doctor_report(doctor, database_faults[i].verdict, "database", database_faults[i].next, "%s",
                              database_faults[i].found);
        } else {
                doctor_report(doctor, database_faults[i].verdict, "database", database_faults[i].next,
                              "cannot be read: %s", db_strerror(error));
        }
}

static void check_database(Doctor *doctor) {
        _cleanup_(monitor_store_closep) MonitorStore *store = NULL;
        MonitorServer *servers = NULL;
        size_t n = 0;
        int64_t streams = 0;
        int r = monitor_store_open(doctor->ctl->state_directory, DB_READ_ONLY, &store);

        r = r < 0 ? r : server_store_list(store, false, &servers, &n);
        if (r < 0) {
                report_database_fault(doctor, r);
                return;
        }
        for (size_t i = 0; i < n; i++) {
                streams += servers[i].n_streams;
        }
        doctor_report(doctor, DOCTOR_OK, "database", NULL, "%zu server%s, %lld streams", n,
                      n == 1 ? "" : "s", (long long) streams);
        monitor_servers_free(servers, n);
}

static void check_jobs(Doctor *doctor) {
        _cleanup_(jobs_client_freep) JobsClient *client = NULL;
        _cleanup_(job_records_done) JobRecords queue = {};
        _cleanup_free_ char *message = NULL;
        int r = jobs_client_new(&client);

        r = r < 0 ? r : jobs_client_queue(client, &queue, &message);
        if (r < 0) {
                doctor_report(doctor, DOCTOR_FAIL, "jobs",
                              r == -EIO ? "Nothing is lost that was told; weirctl jobs works again when that is done." :
                                          "`systemctl status weir-jobd` says more.",
                              "%s", message ? message : strerror(-r));
        } else {
                doctor_report(doctor, DOCTOR_OK, "jobs", NULL, "weir-jobd answers, %zu queued",
                              queue.n_items);
        }
}

static void check_tickets(Doctor *doctor) {
        _cleanup_free_ char *path = NULL;
        struct stat file, directory;
        char ago[TIME_TEXT_MAX];

        if (string_format(&path, "%s/tickets", doctor->ctl->state_directory) < 0 ||
            stat(doctor->ctl->state_directory, &directory) < 0) {
                return; /* the check of the disk has said so */
        }
        if (stat(path, &file) < 0) {
                doctor_report(doctor, DOCTOR_WARN, "tickets",
                              "`weirctl login SERVER` for each server that wants a password.",
                              "nobody has logged in yet");
        } else if (file.st_mode & 077) {
                doctor_report(doctor, DOCTOR_FAIL, "tickets",
                              "chmod 600 it, and log in again if somebody may have read it.",
                              "%s can be read by others (mode %04o)", path, file.st_mode & 07777);
        } else if (file.st_uid != directory.st_uid) {
                doctor_report(doctor, DOCTOR_FAIL, "tickets", "chown it to the owner of the folder.",
                              "%s belongs to uid %u, measuring runs as %u", path, file.st_uid,
                              directory.st_uid);
        } else {
                doctor_report(doctor, DOCTOR_OK, "tickets", NULL, "last login %s",
                              time_format_ago(ago, (int64_t) file.st_mtime * (int64_t) USEC_PER_SEC));
        }
}

/* --- the verb --- */

static int print_summary(Doctor *doctor) {
        int status = doctor->counts[DOCTOR_FAIL] > 0;

        if (!doctor->ctl->json) {
                printf("%u ok, %u warning%s, %u failure%s\n", doctor->counts[DOCTOR_OK],
                       doctor->counts[DOCTOR_WARN], doctor->counts[DOCTOR_WARN] == 1 ? "" : "s",
                       doctor->counts[DOCTOR_FAIL], doctor->counts[DOCTOR_FAIL] == 1 ? "" : "s");
                return status;
        }
        json_array_end(&doctor->json.writer);
        for (DoctorVerdict verdict = 0; verdict < _DOCTOR_VERDICT_MAX; verdict++) {
                json_int(&doctor->json.writer, verdicts[verdict].word, doctor->counts[verdict]);
        }
        json_object_end(&doctor->json.writer);
        return ctl_json_print(&doctor->json) != 0 || status;
}

int ctl_doctor(Ctl *ctl) {
        static void (*const checks[])(Doctor * doctor) = {
                check_weir_yaml, check_servers_yaml, check_units, check_lockd,   check_journal,
                check_disk,      check_database,     check_jobs,  check_tickets, doctor_check_servers,
        };
        Doctor doctor = { .ctl = ctl, .has_colours = isatty(STDOUT_FILENO) && !getenv("NO_COLOR") };

        if (ctl->json) {
                ctl_json_begin(&doctor.json);
                json_object_begin(&doctor.json.writer, NULL);
                json_array_begin(&doctor.json.writer, "checks");
        }
        for (size_t i = 0; i < ELEMENTSOF(checks); i++) {
                checks[i](&doctor);
        }
        return print_summary(&doctor);
}
