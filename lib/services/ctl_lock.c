/* `weirctl lock` runs a command while holding a lock, as systemd-inhibit(1) does; `weirctl locks` shows and
 * breaks locks. */
#include "services/ctl_lock.h"

#include <stdio.h>
#include <string.h>

#include "base/parse_util.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "clients/lock_client.h"
#include "domain/lock_record.h"
#include "resources/foreground.h"
#include "services/ctl_output.h"
#include "services/ctl_table.h"
#include "services/ctl_verbs.h"

const CtlOption ctl_lock_options[] = {
        { "mode", 'm', "MODE", "exclusive (the default) or shared" },
        { "why", 'w', "TEXT", "what is shown to whoever meets the lock; the command otherwise" },
        { "wait", 0, "[TIME]", "wait until the lock is free, at most TIME (30, 5min; for ever without)" },
        {},
};

/* --- answers of weir-lockd --- */

static int connect_lockd(const Ctl *ctl, LockClient **ret, int *ret_status) {
        int r = lock_client_new(ret);

        if (r < 0) {
                *ret_status = ctl_fail(ctl, 1, "Is D-Bus running? `systemctl status dbus`",
                                       "Failed to reach the system bus: %s.", strerror(-r));
        }
        return r;
}

/* Each failure of a call to weir-lockd, with its exit status and what to do. Its own sentence says the rest;
 * "busy" needs no more. */
static int explain(const Ctl *ctl, int error, const char *what, const char *resource, const char *message) {
        static const struct {
                int error, status;
                const char *next;
        } table[] = {
                { -EBUSY, CTL_EXIT_BUSY, "Wait for it with --wait, or see `weirctl locks`." },
                { -EACCES, CTL_EXIT_NO_PERMISSION, "Run it as root, or ask for a polkit rule." },
                { -EINVAL, CTL_EXIT_USAGE, "weirctl(1) lists the resources and modes." },
                { -EHOSTDOWN, 1, "`systemctl status weir-lockd` tells what is wrong there." },
                { 0, 1, "`journalctl -u weir-lockd` has the details." }, /* anything else */
        };
        size_t i = 0;

        while (table[i].error != error && table[i].error != 0) {
                i++;
        }
        if (error == -EBUSY && message) {
                return ctl_fail(ctl, table[i].status, table[i].next, "%s.", message);
        }
        return ctl_fail(ctl, table[i].status, table[i].next, "Failed to %s%s: %s.", what, resource,
                        message ? message : strerror(-error));
}

/* --- lock --- */

static int read_wait(const Ctl *ctl, uint64_t *ret) {
        const char *text = ctl_option(ctl, "wait");

        *ret = 0;
        if (!text) {
                return 0;
        }
        if (!*text) {
                *ret = USEC_INFINITY;
                return 0;
        }
        return parse_span(text, ret);
}

static int read_why(const Ctl *ctl, char **ret) {
        const char *why = ctl_option(ctl, "why");
        _cleanup_free_ char *command = NULL;
        int r = why ? string_copy(&command, why) : string_join(&command, ctl->arguments + 1, " ");

        return r < 0 ? r : string_printable(ret, command, LOCK_WHY_MAX);
}

static int take_lock(const Ctl *ctl, uint64_t wait_usec, int *ret_status) {
        const char *resource = ctl->arguments[0], *mode = ctl_option(ctl, "mode");
        _cleanup_(lock_client_freep) LockClient *client = NULL;
        _cleanup_free_ char *why = NULL, *message = NULL;
        int r = connect_lockd(ctl, &client, ret_status);

        if (r < 0) {
                return r;
        }
        r = read_why(ctl, &why);
        if (r >= 0) {
                r = lock_client_acquire(client, resource, mode ? mode : "exclusive", why, wait_usec, NULL,
                                        &message);
        }
        if (r < 0) {
                *ret_status = explain(ctl, r, "lock ", resource, message);
        }
        return r;
}

typedef struct Watched {
        const Ctl *ctl;
        int fd;
} Watched;

static void warn_broken(void *userdata) {
        const Ctl *ctl = ((Watched *) userdata)->ctl;

        fprintf(stderr, "weirctl: The lock on %s was broken or lost; %s goes on without it.\n",
                ctl->arguments[0], ctl->arguments[1]);
}

int ctl_lock(Ctl *ctl) {
        Watched watched = { .ctl = ctl };
        ForegroundSpec spec = { .argv = ctl->arguments + 1, .on_watch = warn_broken, .userdata = &watched };
        uint64_t wait_usec;
        int status = 1, r = read_wait(ctl, &wait_usec);

        if (r < 0) {
                return ctl_fail(ctl, CTL_EXIT_USAGE, NULL, "--wait=%s is no time span.",
                                ctl_option(ctl, "wait"));
        }
        spec.watch_fd = take_lock(ctl, wait_usec, &status);
        if (spec.watch_fd < 0) {
                return status;
        }
        r = foreground_run(&spec); /* the lock is close-on-exec, and ours until we end */
        if (r < 0) {
                return ctl_fail(ctl, r == -ENOENT ? 127 : 126, NULL, "Failed to run %s: %s.",
                                ctl->arguments[1], strerror(-r));
        }
        return r;
}

/* --- locks --- */

static void write_holder(JsonWriter *writer, const LockHolder *holder) {
        json_object_begin(writer, NULL);
        json_string(writer, "resource", holder->resource);
        json_string(writer, "mode", holder->mode);
        json_bool(writer, "waiting", holder->waiting);
        json_string(writer, "holder", holder->holder);
        json_string(writer, "why", holder->why);
        json_time(writer, "since", holder->since);
        json_int(writer, "uid", holder->uid);
        json_int(writer, "pid", holder->pid);
        json_object_end(writer);
}

void ctl_write_locks(JsonWriter *writer, const char *key, const LockHolder *holders, size_t n) {
        json_array_begin(writer, key);
        for (size_t i = 0; i < n; i++) {
                write_holder(writer, holders + i);
        }
        json_array_end(writer);
}

int ctl_print_locks(const LockHolder *holders, size_t n) {
        static const CtlColumn columns[] = {
                { .title = "RESOURCE", .may_shrink = true },
                { .title = "MODE" },
                { .title = "STATE" },
                { .title = "HOLDER", .may_shrink = true },
                { .title = "SINCE" },
                { .title = "WHY", .may_shrink = true },
        };
        _cleanup_(ctl_table_freep) CtlTable *table = NULL;
        int r = ctl_table_new(columns, ELEMENTSOF(columns), &table);

        for (size_t i = 0; r >= 0 && i < n; i++) {
                char since[TIME_TEXT_MAX];

                r = ctl_table_add(table, (const char *const[]) { holders[i].resource, holders[i].mode,
                                                                 holders[i].waiting ? "waiting" : "held",
                                                                 holders[i].holder,
                                                                 time_format_local(since, holders[i].since),
                                                                 holders[i].why });
        }
        return r < 0 ? r : ctl_table_print(table);
}

static int list_locks(const Ctl *ctl, LockClient *client) {
        _cleanup_free_ char *message = NULL;
        LockHolder *holders = NULL;
        size_t n = 0;
        int status = 0, r = lock_client_list(client, &holders, &n, &message);
        CtlJson json;

        if (r < 0) {
                return explain(ctl, r, "list the locks", "", message);
        }
        if (ctl->json) {
                ctl_json_begin(&json);
                ctl_write_locks(&json.writer, NULL, holders, n);
                status = ctl_json_print(&json);
        } else if (n > 0) {
                status = ctl_print_locks(holders, n) < 0;
        } else {
                printf("Nothing is locked.\n");
        }
        lock_holders_free(holders, n);
        return status;
}

static int break_lock(const Ctl *ctl, LockClient *client, const char *resource) {
        _cleanup_free_ char *message = NULL;
        uint32_t broken = 0;
        int r = lock_client_break(client, resource, &broken, &message);

        if (r < 0) {
                return explain(ctl, r, "break the lock on ", resource, message);
        }
        if (broken == 0) {
                return ctl_fail(ctl, 1, "`weirctl locks` lists what is: a lock is broken by its exact name.",
                                "Nobody holds a lock on %s.", resource);
        }
        if (ctl->json) {
                printf("{\"broken\":%u}\n", broken);
        } else {
                printf("Broke %u lock%s on %s. The holder was told, not stopped.\n", broken,
                       broken == 1 ? "" : "s", resource);
        }
        return 0;
}

int ctl_locks(Ctl *ctl) {
        _cleanup_(lock_client_freep) LockClient *client = NULL;
        bool breaks = ctl->n_arguments == 2 && string_equal(ctl->arguments[0], "break");
        int status = 1;

        if (ctl->n_arguments > 0 && !breaks &&
            !(ctl->n_arguments == 1 && string_equal(ctl->arguments[0], "list"))) {
                return ctl_fail(ctl, CTL_EXIT_USAGE, NULL, "Usage: weirctl locks [list | break RESOURCE]");
        }
        if (connect_lockd(ctl, &client, &status) < 0) {
                return status;
        }
        return breaks ? break_lock(ctl, client, ctl->arguments[1]) : list_locks(ctl, client);
}
