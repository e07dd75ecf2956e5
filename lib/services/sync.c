#include "services/sync.h"

#include <string.h>

#include "base/log.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "resources/journal.h"
#include "services/config.h"
#include "services/report.h"
#include "services/run_locks.h"
#include "services/server_store.h"

static int report_bad(const char *directory, const char *file, int error, const char *mistake) {
        Report bad = { .priority = LOG_LEVEL_ERROR, .message_id = WEIR_MESSAGE_CONFIG_BAD };
        if (mistake) {
                report(&bad, "%s; the last good configuration stays in force", mistake);
        } else {
                report(&bad, "Failed to read %s/%s: %s; the last good configuration stays in force",
                       directory, file, strerror(-error));
        }
        return SYNC_EXIT_CONFIG;
}

/* Both files or none: a half-new configuration is not what anybody wrote. */
static int read_files(const char *directory, ServerList *ret) {
        _cleanup_(weir_config_done) WeirConfig config = {};
        _cleanup_free_ char *mistake = NULL, *other_mistake = NULL;
        int r = config_load(directory, &config, &mistake);
        if (r < 0) {
                return report_bad(directory, "weir.yaml", r, mistake);
        }
        r = config_load_servers(directory, ret, &other_mistake);
        if (r < 0) {
                return report_bad(directory, "servers.yaml", r, other_mistake);
        }
        for (char **warning = ret->warnings; warning && *warning; warning++) {
                (void) log_warning(0, "%s", *warning);
        }
        return 0;
}

static int fail(int error, const char *what, const char *detail) {
        Report failure = { .priority = LOG_LEVEL_ERROR };
        report(&failure, "Failed to %s: %s", what, string_is_empty(detail) ? strerror(-error) : detail);
        return 1;
}

static int put_into_force(const SyncOptions *options, const ServerList *list) {
        _cleanup_(monitor_store_closep) MonitorStore *store = NULL;
        MonitorSync sync = {};
        int r = monitor_store_open(options->state_directory, DB_READ_WRITE, &store);
        if (r < 0) {
                return fail(r, "open the database", db_strerror(r));
        }
        r = server_store_sync(store, list->servers, list->n_servers, now_realtime(), &sync);
        if (r < 0) {
                return fail(r, "write the servers", db_error(monitor_store_db(store)));
        }
        r = config_remember(options->config_directory, options->state_directory, list);
        if (r < 0) {
                return fail(r, "keep a copy of the configuration", NULL);
        }
        Report done = { .priority = LOG_LEVEL_INFO, .message_id = WEIR_MESSAGE_SERVERS_SYNCED };
        report(&done, "%zu server%s: %u added, %u changed, %u returned, %u retired", list->n_servers,
               list->n_servers == 1 ? "" : "s", sync.added, sync.updated, sync.returned, sync.retired);
        return 0;
}

int sync_run(const SyncOptions *options) {
        _cleanup_(server_list_done) ServerList list = {};
        _cleanup_(run_locks_freep) RunLocks *locks = NULL;
        int status = 0;
        if (!options->check_only) {
                int r = run_locks_new(options->wait_usec, &locks);
                r = r < 0 ? r : run_locks_take(locks, "config", "exclusive", "reading the configuration");
                if (r < 0) {
                        return r == -EBUSY ? SYNC_EXIT_BUSY : 1;
                }
        }
        /* Read only now: while we waited, the files may have been saved again. */
        status = read_files(options->config_directory, &list);
        if (status != 0 || options->check_only) {
                return status;
        }
        return put_into_force(options, &list);
}
