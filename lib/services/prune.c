#include "services/prune.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/human.h"
#include "base/log.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "services/config.h"
#include "services/report.h"
#include "services/sample_store.h"

#define BACKUP_PREFIX "monitor-"
#define BACKUP_SUFFIX ".db"

static int fail(int error, const char *what, const char *detail) {
        Report failure = { .priority = LOG_LEVEL_ERROR };
        report(&failure, "Failed to %s: %s", what, string_is_empty(detail) ? strerror(-error) : detail);
        return error;
}

static int prune_samples(MonitorStore *store, uint64_t keep_usec) {
        int64_t dropped = 0, before = now_realtime() - (int64_t) keep_usec;
        if (keep_usec == 0 || before <= 0) {
                return 0;
        }
        int r = sample_store_prune(store, before, &dropped);
        if (r < 0) {
                return fail(r, "drop old samples", db_error(monitor_store_db(store)));
        }
        if (dropped > 0) {
                log_info("%lld old samples dropped", (long long) dropped);
        }
        return 0;
}

/* --- backups ---------------------------------------------------------------------------------------- */

static int is_backup(const struct dirent *entry) {
        return string_has_prefix(entry->d_name, BACKUP_PREFIX) &&
               string_has_suffix(entry->d_name, BACKUP_SUFFIX);
}

/* Their names sort by age. Leftovers of an interrupted backup have another suffix and are overwritten by
 * the next one. */
static int drop_old_backups(const char *directory, uint64_t keep) {
        struct dirent **entries = NULL;
        int n = scandir(directory, &entries, is_backup, alphasort);
        if (n < 0) {
                return -errno;
        }
        int r = 0;
        for (int i = 0; i < n; i++) {
                _cleanup_free_ char *path = NULL;
                if ((uint64_t) (n - i) > keep &&
                    string_format(&path, "%s/%s", directory, entries[i]->d_name) >= 0 && unlink(path) < 0) {
                        r = -errno;
                }
                free(entries[i]);
        }
        free(entries);
        return r;
}

static int backup_path(const char *directory, char **ret) {
        char stamp[32];
        time_t now = (time_t) (now_realtime() / 1000000);
        struct tm tm;
        (void) gmtime_r(&now, &tm);
        (void) strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
        return string_format(ret, "%s/" BACKUP_PREFIX "%s" BACKUP_SUFFIX, directory, stamp);
}

/* VACUUM INTO reads a snapshot: writers go on meanwhile, and the copy is consistent and as small as it
 * can be. */
static int copy_database(MonitorStore *store, const char *part) {
        _cleanup_(db_releasep) DbStatement *s = NULL;
        if (unlink(part) < 0 && errno != ENOENT) {
                return -errno;
        }
        int r = db_prepare(monitor_store_db(store), "VACUUM INTO ?1", &s);
        r = r < 0 ? r : db_bind_text(s, 1, part);
        return r < 0 ? r : db_run(s);
}

static int make_backup(MonitorStore *store, const char *directory) {
        _cleanup_free_ char *path = NULL, *part = NULL;
        char size[HUMAN_SIZE_MAX];
        struct stat st;
        int r = backup_path(directory, &path);
        r = r < 0 ? r : string_format(&part, "%s/part", directory);
        r = r < 0 ? r : copy_database(store, part);
        r = r < 0 ? r : RET_NERRNO(rename(part, path));
        r = r < 0 ? r : RET_NERRNO(stat(path, &st));
        if (r < 0) {
                return r;
        }
        log_info("%s written, %s", path, human_size(size, st.st_size));
        return 0;
}

static int back_up(MonitorStore *store, const char *state_directory, uint64_t keep) {
        _cleanup_free_ char *directory = NULL;
        if (keep == 0) {
                return 0;
        }
        int r = string_format(&directory, "%s/backup", state_directory);
        if (r >= 0 && mkdir(directory, 0750) < 0 && errno != EEXIST) {
                r = -errno;
        }
        r = r < 0 ? r : make_backup(store, directory);
        r = r < 0 ? r : drop_old_backups(directory, keep);
        return r < 0 ? fail(r, "back up the database", db_error(monitor_store_db(store))) : 0;
}

int prune_run(const PruneOptions *options) {
        _cleanup_(weir_config_done) WeirConfig config = {};
        _cleanup_(monitor_store_closep) MonitorStore *store = NULL;
        _cleanup_free_ char *warning = NULL;
        int r = config_load_in_force(options->config_directory, options->state_directory, &config, &warning);
        if (r < 0) {
                (void) fail(r, "read the configuration", NULL);
                return 1;
        }
        if (warning) {
                (void) log_warning(0, "%s", warning);
        }
        r = monitor_store_open(options->state_directory, DB_READ_WRITE, &store);
        if (r < 0) {
                (void) fail(r, "open the database", db_strerror(r));
                return 1;
        }
        /* A backup comes before anything is dropped, and one failure does not keep the rest from being
         * done. */
        int backed_up = back_up(store, options->state_directory, config.backup_keep);
        int pruned = prune_samples(store, config.history_keep_usec);
        int optimized = db_execute(monitor_store_db(store), "PRAGMA optimize");
        if (optimized < 0) {
                (void) fail(optimized, "optimize the database", db_error(monitor_store_db(store)));
        }
        return backed_up < 0 || pruned < 0 || optimized < 0;
}
