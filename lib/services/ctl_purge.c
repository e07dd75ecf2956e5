/* `weirctl purge`: the only thing that removes history. Only what is gone from Perforce or from servers.yaml can be purged. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "services/ctl_verbs.h"
#include "services/server_store.h"
#include "services/stream_store.h"

const CtlOption ctl_purge_options[] = {
        { "server", 's', "NAME", "a retired server with all its streams; with a stream: of that server" },
        { "yes", 'y', NULL, "do not ask" },
        {},
};

static bool confirm(const Ctl *ctl, const char *what) {
        char answer[16];

        if (ctl_flag(ctl, "yes")) {
                return true;
        }
        if (!isatty(STDIN_FILENO)) {
                (void) ctl_fail(ctl, 0, "Say --yes if that is meant.", "Nobody is there to confirm.");
                return false;
        }
        fprintf(stderr, "Remove %s and its whole history? This cannot be undone. (yes/no) ", what);
        return fgets(answer, sizeof answer, stdin) && strcmp(answer, "yes\n") == 0;
}

static int report(const Ctl *ctl, MonitorStore *store, int r, const char *what, const char *still) {
        switch (r < 0 ? r : 0) {
        case 0:
                if (ctl->json) {
                        printf("{\"purged\":1}\n");
                } else {
                        printf("Removed %s.\n", what);
                }
                return 0;
        case -EBUSY:
                return ctl_fail(ctl, 1, still, "%s is still there.", what);
        case -ENOENT:
                return ctl_fail(ctl, 1,
                                "`weirctl servers --all` and `weirctl streams --all` list what is known.",
                                "%s is not known.", what);
        case -EROFS:
        case -EACCES:
                return ctl_fail(ctl, CTL_EXIT_NO_PERMISSION, "Run it as root.", "You may not remove %s.",
                                what);
        default:
                return ctl_fail(ctl, 1, "See `weirctl doctor`.", "Failed to remove %s: %s.", what,
                                db_error(monitor_store_db(store)));
        }
}

static int purge_server(const Ctl *ctl, MonitorStore *store, const char *name) {
        MonitorServer server = {};
        int r = server_store_find(store, name, &server), status;

        if (r >= 0 && !confirm(ctl, name)) {
                monitor_server_done(&server);
                return 1;
        }
        r = r < 0 ? r : monitor_store_purge_server(store, server.id);
        status = report(ctl, store, r, name,
                        "Only a server that left servers.yaml can be purged: remove it there, then `weirctl sync`.");
        monitor_server_done(&server);
        return status;
}

static int purge_stream(const Ctl *ctl, MonitorStore *store, const char *server_name, const char *path) {
        MonitorServer server = {};
        int64_t id;
        int r = server_name ? server_store_find(store, server_name, &server) : 0;

        r = r < 0 ? r : stream_store_find(store, server.id, path, &id);
        monitor_server_done(&server);
        if (r == -ENOTUNIQ) {
                return ctl_fail(ctl, CTL_EXIT_USAGE, "Name one with --server=NAME.",
                                "Several servers have a stream %s.", path);
        }
        if (r >= 0 && !confirm(ctl, path)) {
                return 1;
        }
        r = r < 0 ? r : monitor_store_purge_stream(store, id);
        return report(ctl, store, r, path, "Only a stream that is gone from its server can be purged.");
}

int ctl_purge(Ctl *ctl) {
        _cleanup_(monitor_store_closep) MonitorStore *store = NULL;
        const char *server = ctl_option(ctl, "server");
        int status;

        if (!server && !ctl->n_arguments) {
                return ctl_fail(ctl, CTL_EXIT_USAGE, NULL, "Say what: a STREAM, or --server=NAME.");
        }
        if (ctl_open_store(ctl, DB_READ_WRITE, &store, &status) < 0) {
                return status;
        }
        return ctl->n_arguments ? purge_stream(ctl, store, server, ctl->arguments[0]) :
                                  purge_server(ctl, store, server);
}
