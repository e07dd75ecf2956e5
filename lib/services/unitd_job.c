/* The table of properties is the whole of what a job's unit is. It comes from here alone: a caller gives an identity and bounded numbers.
 * A site changes it the way every unit is changed, by drop-ins in weir-job-.service.d/ (see weir-unitd(8)). */
#include "services/unitd_job.h"

#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/string_util.h"
#include "base/time_util.h"
#include "clients/unit_properties.h"
#include "services/unitd_credential.h"

#define WORDS(...) ((const char *const[]) { __VA_ARGS__, NULL })

/* What the unit is, whatever the job. */
static const UnitProperty constant_properties[] = {
        /* exec: that the runner cannot be executed is known by the start job, not only afterwards. */
        { "Type", UNIT_PROPERTY_TEXT, .text = "exec" },
        { "Slice", UNIT_PROPERTY_TEXT, .text = "weir-jobs.slice" },
        { "CollectMode", UNIT_PROPERTY_TEXT, .text = "inactive-or-failed" },
        { "User", UNIT_PROPERTY_TEXT, .text = "weir-run" },
        { "Group", UNIT_PROPERTY_TEXT, .text = "weir-run" },
        { "WorkingDirectory", UNIT_PROPERTY_TEXT, .text = "/var/lib/weir-run" },
        { "StateDirectory", UNIT_PROPERTY_WORDS, .words = WORDS("weir-run") },
        { "StateDirectoryMode", UNIT_PROPERTY_UINT32, .number = 0750 },
        { "RuntimeDirectoryMode", UNIT_PROPERTY_UINT32, .number = 0700 },
        /* When the machine goes down, jobs end before what they need. */
        { "After", UNIT_PROPERTY_WORDS,
          .words = WORDS("dbus.service", "network.target", "weir-jobd.service", "weir-lockd.service") },

        /* Every process of the cgroup ends with the runner, whatever session or parent it has found itself. */
        { "KillMode", UNIT_PROPERTY_TEXT, .text = "control-group" },
        { "TimeoutStopUSec", UNIT_PROPERTY_UINT64,
          .number = 20 * USEC_PER_SEC }, /* unless the caller chooses */
        { "OOMPolicy", UNIT_PROPERTY_TEXT, .text = "stop" },
        /* exec: the runner says what it is doing, and weir-finish that it needs longer than the time-out of stopping. */
        { "NotifyAccess", UNIT_PROPERTY_TEXT, .text = "exec" },

        /* The log is what people wait for: all of it. An interval of 0 would mean the default. */
        { "LogRateLimitIntervalUSec", UNIT_PROPERTY_UINT64, .number = USEC_PER_SEC },
        { "LogRateLimitBurst", UNIT_PROPERTY_UINT32, .number = 2000000000 },

        /* What it may see and change. Each mount of a sandbox costs every job a millisecond or more at its start, so what its user could not
         * do anyway, without capabilities, is not forbidden once more (ProtectKernel…, ProtectControlGroups, ProtectClock,
         * ProtectHostname). And hooks are whole builds, so some of what weir's other services have is missing:
         * - PrivateDevices: some build in virtual machines, /dev/kvm, or mount images by /dev/fuse;
         * - ProcSubset=pid: builds ask /proc for processors and memory;
         * - PrivateNetwork: p4 needs it, and so do downloads;
         * - UMask=0077: what a build installs is for others; the state directory itself is closed. */
        { "ProtectSystem", UNIT_PROPERTY_TEXT, .text = "strict" },
        { "ReadWritePaths", UNIT_PROPERTY_WORDS, .words = WORDS("-/srv") },
        { "ProtectHome", UNIT_PROPERTY_TEXT, .text = "yes" },
        { "PrivateTmp", UNIT_PROPERTY_BOOL, .number = true },
        { "ProtectProc", UNIT_PROPERTY_TEXT, .text = "invisible" },
        /* All jobs are one user, but not of one person: a name space of users for each keeps a hook out of the memory, the environment and
         * the files of another job's processes in /proc. See also append_identity(). */
        { "PrivateUsers", UNIT_PROPERTY_BOOL, .number = true },
        { "KeyringMode", UNIT_PROPERTY_TEXT, .text = "private" },

        /* What it may do. Missing for the sake of builds, too:
         * - MemoryDenyWriteExecute: Java, Node and others write code and run it;
         * - RestrictNamespaces, SystemCallFilter=~@mount: some build in containers of their own;
         * - SystemCallArchitectures=native: 32-bit compilers and tools;
         * - a list of allowed system calls: debuggers, profilers. Those below need capabilities, and there are none. */
        { "LimitCORE", UNIT_PROPERTY_UINT64, .number = 0 }, /* the runner's memory has the ticket */
        { "NoNewPrivileges", UNIT_PROPERTY_BOOL, .number = true },
        { "CapabilityBoundingSet", UNIT_PROPERTY_UINT64, .number = 0 },
        { "AmbientCapabilities", UNIT_PROPERTY_UINT64, .number = 0 },
        { "LockPersonality", UNIT_PROPERTY_BOOL, .number = true },
        { "RestrictRealtime", UNIT_PROPERTY_BOOL, .number = true },
        { "RestrictSUIDSGID", UNIT_PROPERTY_BOOL, .number = true },
        { "SystemCallFilter", UNIT_PROPERTY_DENY,
          .words = WORDS("@clock", "@module", "@obsolete", "@raw-io", "@reboot", "@swap") },
        { "RestrictAddressFamilies", UNIT_PROPERTY_ALLOW,
          .words = WORDS("AF_UNIX", "AF_INET", "AF_INET6", "AF_NETLINK") },
};

/* --- what a caller may choose --- */

static const struct {
        const char *name, *property;
        uint64_t min, max;
        size_t offset;
} limits[] = {
        { "MemoryMax", "MemoryMax", 1024 * 1024, INT64_MAX, offsetof(UnitdJob, memory_max) },
        { "CPUWeight", "CPUWeight", 1, 10000, offsetof(UnitdJob, cpu_weight) },
        { "IOWeight", "IOWeight", 1, 10000, offsetof(UnitdJob, io_weight) },
        { "TasksMax", "TasksMax", 8, 1000000, offsetof(UnitdJob, tasks_max) },
        { "stop_timeout_usec", "TimeoutStopUSec", USEC_PER_SEC, USEC_PER_HOUR,
          offsetof(UnitdJob, stop_timeout_usec) },
};

static uint64_t limit_of(const UnitdJob *job, size_t i) {
        return *(const uint64_t *) ((const char *) job + limits[i].offset);
}

/* A unit whose credential is missing would fail without a word of why. */
static int check_credential(const char *name, sd_bus_error *ret_error) {
        _cleanup_free_ char *path = NULL;
        int r = unitd_credential_path(name, &path, ret_error);

        return r < 0 || access(path, F_OK) >= 0 ?
                               r :
                               sd_bus_error_setf(ret_error, SD_BUS_ERROR_FILE_NOT_FOUND,
                                                 "There is no credential called %s", name);
}

int unitd_job_check(const UnitdJob *job, sd_bus_error *ret_error) {
        if (!job_id_is_valid(job->id) || job->attempt < 1 || job->attempt > JOB_ATTEMPT_MAX) {
                return sd_bus_error_setf(ret_error, SD_BUS_ERROR_INVALID_ARGS,
                                         "A job is INT-YYYYMMDD-NNN, and its attempt from 1 to %d",
                                         JOB_ATTEMPT_MAX);
        }
        for (size_t i = 0; i < ELEMENTSOF(limits); i++) {
                uint64_t value = limit_of(job, i);

                if (value != 0 && (value < limits[i].min || value > limits[i].max)) {
                        return sd_bus_error_setf(ret_error, SD_BUS_ERROR_INVALID_ARGS,
                                                 "%s must be from %" PRIu64 " to %" PRIu64, limits[i].name,
                                                 limits[i].min, limits[i].max);
                }
        }
        return job->credential ? check_credential(job->credential, ret_error) : 0;
}

/* --- the unit --- */

static int append_limits(sd_bus_message *message, const UnitdJob *job) {
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(limits) && r >= 0; i++) {
                if (limit_of(job, i) > 0) {
                        r = sd_bus_message_append(message, "(sv)", limits[i].property, "t",
                                                  limit_of(job, i));
                }
        }
        return r;
}

/* The programs that units run are installed beside this one. */
static int program_path(const char *name, char **ret) {
        char path[PATH_MAX];
        ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

        if (n < 0) {
                return -errno;
        }
        path[n] = 0;
        return string_format(ret, "%s/%s", dirname(path), name);
}

static int append_identity(sd_bus_message *message, const UnitdJob *job) {
        _cleanup_free_ char *runner = NULL, *finish = NULL, *credential = NULL;
        char attempt[16], description[JOB_ID_MAX + 64], runtime[JOB_ID_MAX + 32], field[JOB_ID_MAX + 16];
        char folder[sizeof(runtime) + 8];
        int r = program_path("weir-integrate", &runner);

        r = r < 0 ? r : program_path("weir-finish", &finish);
        r = r < 0 || !job->credential ? r : unitd_credential_path(job->credential, &credential, NULL);
        if (r < 0) {
                return r;
        }
        (void) snprintf(attempt, sizeof(attempt), "%" PRIu32, job->attempt);
        (void) snprintf(description, sizeof(description), "weir integration job %s, attempt %s", job->id,
                        attempt);
        (void) snprintf(runtime, sizeof(runtime), "weir-job/%s-%s", job->id, attempt);
        (void) snprintf(folder, sizeof(folder), "/run/%s", runtime);
        (void) snprintf(field, sizeof(field), "WEIR_JOB=%s", job->id);

        const UnitProperty properties[] = {
                { "Description", UNIT_PROPERTY_TEXT, .text = description },
                { "ExecStart", UNIT_PROPERTY_COMMAND, .words = WORDS(runner, job->id, attempt) },
                { "ExecStopPost", UNIT_PROPERTY_COMMAND, .words = WORDS(finish, job->id, attempt) },
                { "RuntimeDirectory", UNIT_PROPERTY_WORDS, .words = WORDS(runtime) },
                /* Of the folders with tickets it sees its own alone. */
                { "TemporaryFileSystem", UNIT_PROPERTY_PAIR, .words = WORDS("/run/weir-job", "ro") },
                { "BindPaths", UNIT_PROPERTY_BIND, .text = folder },
                { "LogExtraFields", UNIT_PROPERTY_FIELDS, .words = WORDS(field) },
                { "LoadCredentialEncrypted", UNIT_PROPERTY_PAIR,
                  .words = WORDS(UNITD_CREDENTIAL_ID, credential) }, /* the last one: left out without one */
        };
        return unit_properties_append(message, properties, ELEMENTSOF(properties) - !credential);
}

int unitd_job_append(sd_bus_message *message, const UnitdJob *job) {
        char unit[JOB_UNIT_MAX];
        int r = sd_bus_message_append(message, "ss", job_unit_format(unit, job->id, job->attempt), "fail");

        r = r < 0 ? r : sd_bus_message_open_container(message, 'a', "(sv)");
        r = r < 0 ? r :
                    unit_properties_append(message, constant_properties, ELEMENTSOF(constant_properties));
        r = r < 0 ? r : append_identity(message, job);
        r = r < 0 ? r : append_limits(message, job);
        r = r < 0 ? r : sd_bus_message_close_container(message);
        return r < 0 ? r : sd_bus_message_append(message, "a(sa(sv))", 0); /* further units: none */
}
