/* The D-Bus side of weir-lockd. A request that has to wait keeps its message and answers later; it is
 * dropped when its time is over or its sender leaves the bus. Everything a caller can make us keep is
 * bounded here or in lockd.h. */
#include "services/lock_bus.h"

#include <pwd.h>
#include <string.h>
#include <time.h>

#include "base/fd_util.h"
#include "base/log.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "clients/polkit_client.h"
#include "domain/lock_record.h"
#include "domain/lock_resource.h"
#include "resources/journal.h"
#include "resources/notify.h"
#include "services/lockd.h"

#define OBJECT "/org/weir/Locks1"
#define INTERFACE "org.weir.Locks1.Manager"
#define ERROR_BUSY "org.weir.Locks1.Error.Busy"
#define LOCK_TYPES "tssssuutb"
#define FOREVER_USEC (UINT64_C(100) * 365 * USEC_PER_DAY) /* beyond it no timer is needed */

typedef struct Request Request;
struct Request { /* one that waits */
        LockBus *lock_bus;
        sd_bus_message *message;
        Lock *lock;
        sd_event_source *timer;
        sd_bus_track *sender;
        Request *next;
};

struct LockBus {
        sd_bus *bus;
        sd_event *event;
        sd_bus_slot *slot;
        Lockd *lockd;
        PolkitClient *polkit;
        Request *requests;
};

/* --- answers --- */

static int append_lock(sd_bus_message *message, const Lock *lock) {
        const LockOwner *owner = &lock->owner;

        return sd_bus_message_append(message, "(" LOCK_TYPES ")", lock->id, lock->resource,
                                     lock_mode_to_string(lock->mode), owner->holder, owner->why,
                                     (uint32_t) owner->uid, (uint32_t) owner->pid, (uint64_t) owner->since,
                                     !lock->held);
}

/* Tells who is in the way twice: as a sentence, and behind it as the structure of List(), for programs. */
static int reply_busy(sd_bus_message *message, const char *resource, const Lock *blocker) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        char since[TIME_TEXT_MAX];
        int r;

        (void) sd_bus_error_setf(&error, ERROR_BUSY, "%s is busy: %s %s %s%s since %s (%s)%s%s", resource,
                                 blocker->owner.holder, blocker->held ? "holds" : "waits for",
                                 string_equal(resource, blocker->resource) ? "it" : blocker->resource,
                                 blocker->held ? "" : " in front",
                                 time_format_local(since, blocker->owner.since),
                                 lock_mode_to_string(blocker->mode), *blocker->owner.why ? ": " : "",
                                 blocker->owner.why);
        r = sd_bus_message_new_method_error(message, &reply, &error);
        if (r >= 0) {
                r = append_lock(reply, blocker);
        }
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

/* Sends the write end and forgets it: from now on the caller has the only one. */
static int reply_granted(sd_bus_message *message, const Lock *lock, int fd) {
        static const char text[] = "%s took %s (%s)%s%s";
        const LockOwner *owner = &lock->owner;
        const JournalField fields[] = {
                { "MESSAGE_ID", WEIR_MESSAGE_LOCK_TAKEN },
                { "WEIR_LOCK", lock->resource },
                { "WEIR_HOLDER", owner->holder },
        };
        int r = sd_bus_reply_method_return(message, "h", fd);

        (void) fd_close(fd);
        if (r >= 0) {
                journal_send(LOG_LEVEL_INFO, fields, ELEMENTSOF(fields), text, owner->holder, lock->resource,
                             lock_mode_to_string(lock->mode), *owner->why ? ": " : "", owner->why);
                (void) sd_bus_emit_signal(sd_bus_message_get_bus(message), OBJECT, INTERFACE, "LockAcquired",
                                          "tssss", lock->id, lock->resource, lock_mode_to_string(lock->mode),
                                          owner->holder, owner->why);
        }
        return r;
}

static void on_changed(void *userdata) {
        const LockBus *lock_bus = userdata;
        const LockTable *table = lockd_table(lock_bus->lockd);

        notify_status("%zu held, %zu waiting", table->n_held, table->n_waiting);
}

/* --- requests that wait --- */

static Request *request_free(Request *request) {
        if (request) {
                (void) sd_event_source_unref(request->timer);
                (void) sd_bus_track_unref(request->sender);
                (void) sd_bus_message_unref(request->message);
                free(request);
        }
        return NULL;
}
DEFINE_TRIVIAL_CLEANUP_FUNC(Request *, request_free);

/* Out of the list, and freed. The lock, if it still waits, is the caller's to cancel. */
static void drop_request(Request *request) {
        Request **link = &request->lock_bus->requests;

        while (*link != request) {
                link = &(*link)->next;
        }
        *link = request->next;
        (void) request_free(request);
}

static void cancel_request(Request *request) {
        LockBus *lock_bus = request->lock_bus;
        Lock *lock = request->lock;

        drop_request(request);
        lockd_cancel(lock_bus->lockd, lock);
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *userdata) {
        Request *request = userdata;
        const Lock *blocker =
                        lock_table_find_blocker_of(lockd_table(request->lock_bus->lockd), request->lock);
        int r = reply_busy(request->message, request->lock->resource, blocker);

        if (r < 0) {
                (void) log_warning(r, "Failed to answer a request for %s: %s", request->lock->resource,
                                   strerror(-r));
        }
        cancel_request(request);
        return 0;
}

static int on_sender_gone(sd_bus_track *track, void *userdata) {
        cancel_request(userdata);
        return 0;
}

static void on_granted(const Lock *lock, int fd, void *userdata, void *unused) {
        Request *request = userdata;
        int r = fd < 0 ? sd_bus_reply_method_errno(request->message, fd, NULL) :
                         reply_granted(request->message, lock, fd);

        if (r < 0) { /* fd is closed, so the lock frees itself */
                (void) log_warning(r, "Failed to answer a request for %s: %s", lock->resource, strerror(-r));
        }
        drop_request(request);
}

static void on_ended(const Lock *lock, LockEnd end, void *userdata) {
        LockBus *lock_bus = userdata;

        (void) sd_bus_emit_signal(lock_bus->bus, OBJECT, INTERFACE, "LockReleased", "tssss", lock->id,
                                  lock->resource, lock_mode_to_string(lock->mode), lock->owner.holder,
                                  end == LOCK_END_BROKEN ? "broken" : "released");
}

static int request_new(LockBus *lock_bus, sd_bus_message *message, uint64_t timeout_usec, Request **ret) {
        _cleanup_(request_freep) Request *request = calloc(1, sizeof(*request));
        int r;

        if (!request) {
                return -ENOMEM;
        }
        request->lock_bus = lock_bus;
        request->message = sd_bus_message_ref(message);
        r = sd_bus_track_new(lock_bus->bus, &request->sender, on_sender_gone, request);
        if (r >= 0) {
                r = sd_bus_track_add_sender(request->sender, message);
        }
        if (r >= 0 && timeout_usec < FOREVER_USEC) {
                r = sd_event_add_time_relative(lock_bus->event, &request->timer, CLOCK_MONOTONIC,
                                               timeout_usec, 0, on_timeout, request);
        }
        if (r < 0) {
                return r;
        }
        *ret = TAKE_PTR(request);
        return 0;
}

static size_t count_requests(const LockBus *lock_bus, const char *sender) {
        size_t n = 0;

        for (const Request *request = lock_bus->requests; request; request = request->next) {
                n += string_equal(sd_bus_message_get_sender(request->message), sender);
        }
        return n;
}

/* --- who asks --- */

/* A service's name says it all; for anything else, a login session for example, the command says more. */
static int describe_holder(sd_bus_creds *creds, pid_t pid, char **ret) {
        _cleanup_free_ char *text = NULL;
        const char *unit = NULL, *command = NULL;
        int r;

        (void) sd_bus_creds_get_unit(creds, &unit);
        (void) sd_bus_creds_get_comm(creds, &command);
        if (unit && string_has_suffix(unit, ".service")) {
                r = string_copy(&text, unit);
        } else {
                r = string_format(&text, "%s (pid %d%s%s)", command ? command : "process", pid,
                                  unit ? ", " : "", unit ? unit : "");
        }
        return r < 0 ? r : string_printable(ret, text, LOCK_HOLDER_MAX);
}

/* Strings of *ret are owned by the caller. uid and pid are the bus's knowledge, the rest comes from /proc
 * and is for people only. */
static int describe_sender(sd_bus_message *message, const char *why, LockOwner *ret) {
        _cleanup_(sd_bus_creds_unrefp) sd_bus_creds *creds = NULL;
        LockOwner owner = { .since = now_realtime() };
        int r = sd_bus_query_sender_creds(message,
                                          SD_BUS_CREDS_EUID | SD_BUS_CREDS_PID | SD_BUS_CREDS_COMM |
                                                          SD_BUS_CREDS_UNIT | SD_BUS_CREDS_AUGMENT,
                                          &creds);

        if (r >= 0) {
                r = sd_bus_creds_get_euid(creds, &owner.uid);
        }
        if (r >= 0) {
                r = sd_bus_creds_get_pid(creds, &owner.pid);
        }
        if (r >= 0) {
                r = describe_holder(creds, owner.pid, &owner.holder);
        }
        if (r >= 0) {
                r = string_printable(&owner.why, why, LOCK_WHY_MAX);
        }
        if (r < 0) {
                free(owner.holder);
                return r;
        }
        *ret = owner;
        return 0;
}

/* --- methods --- */

typedef struct Acquire { /* what a caller of Acquire() asks for */
        char *resource;
        LockMode mode;
        const char *why;
        uint64_t timeout_usec;
} Acquire;

static void acquire_done(Acquire *acquire) {
        free(acquire->resource);
}

static int read_resource(const char *text, char **ret, sd_bus_error *ret_error) {
        const char *problem = NULL;
        _cleanup_free_ char *printable = NULL;
        int r = lock_resource_parse(text, ret, &problem);

        if (r != -EINVAL || string_printable(&printable, text, 256) < 0) {
                return r;
        }
        return sd_bus_error_setf(ret_error, SD_BUS_ERROR_INVALID_ARGS, "\"%s\" is no lockable resource: %s",
                                 printable, problem);
}

static int read_acquire(sd_bus_message *message, Acquire *ret, sd_bus_error *ret_error) {
        const char *resource, *mode;
        int r = sd_bus_message_read(message, "ssst", &resource, &mode, &ret->why, &ret->timeout_usec);

        if (r < 0) {
                return r;
        }
        ret->mode = lock_mode_from_string(mode);
        if (ret->mode < 0) {
                return sd_bus_error_set(
                                ret_error, SD_BUS_ERROR_INVALID_ARGS,
                                "The mode must be exclusive, shared, shared-intent-exclusive, intent-exclusive or intent-shared");
        }
        if (strlen(ret->why) > LOCK_WHY_MAX) {
                return sd_bus_error_setf(ret_error, SD_BUS_ERROR_INVALID_ARGS,
                                         "The reason is longer than %d bytes", LOCK_WHY_MAX);
        }
        return read_resource(resource, &ret->resource, ret_error);
}

static int check_queue(const LockBus *lock_bus, sd_bus_message *message, sd_bus_error *ret_error) {
        if (count_requests(lock_bus, sd_bus_message_get_sender(message)) < LOCK_BUS_WAITERS_MAX) {
                return 0;
        }
        return sd_bus_error_setf(ret_error, SD_BUS_ERROR_LIMITS_EXCEEDED,
                                 "One connection may wait for %d locks at once", LOCK_BUS_WAITERS_MAX);
}

/* Everything is allowed: holds the lock, or waits for it. */
static int acquire(LockBus *lock_bus, sd_bus_message *message, const Acquire *asked, const LockOwner *owner,
                   sd_bus_error *ret_error) {
        const Lock *blocker =
                        lock_table_find_blocker(lockd_table(lock_bus->lockd), asked->resource, asked->mode);
        _cleanup_(request_freep) Request *request = NULL;
        Lock *lock = NULL;
        int fd = -EBADF, r = 0;

        if (blocker && asked->timeout_usec == 0) {
                return reply_busy(message, asked->resource, blocker);
        }
        if (blocker) {
                r = check_queue(lock_bus, message, ret_error);
        }
        if (r >= 0 && blocker) {
                r = request_new(lock_bus, message, asked->timeout_usec, &request);
        }
        if (r >= 0) {
                r = lockd_acquire(lock_bus->lockd, asked->resource, asked->mode, owner, request, &lock, &fd);
        }
        if (r == -ENOBUFS) {
                return sd_bus_error_setf(ret_error, SD_BUS_ERROR_LIMITS_EXCEEDED,
                                         "There are %d locks already", LOCKD_LOCKS_MAX);
        }
        if (r < 0) {
                return r;
        }
        if (request) { /* there is somebody in the way, so it waits */
                request->lock = lock;
                request->next = lock_bus->requests;
                lock_bus->requests = TAKE_PTR(request);
        } else {
                r = reply_granted(message, lock, fd);
        }
        return r < 0 ? r : 1;
}

/* Integration jobs lock the workspaces they work in, and nothing else: no polkit is asked for that, nor needed to be there. */
static bool is_job(sd_bus_message *message, const Acquire *asked) {
        static const struct passwd *user;
        _cleanup_(sd_bus_creds_unrefp) sd_bus_creds *creds = NULL;
        uid_t uid;

        if (!string_has_prefix(asked->resource, "workspace/")) {
                return false;
        }
        user = user ? user : getpwnam("weir-run"); /* nobody else here looks up users */
        return user && sd_bus_query_sender_creds(message, SD_BUS_CREDS_EUID, &creds) >= 0 &&
               sd_bus_creds_get_euid(creds, &uid) >= 0 && uid == user->pw_uid;
}

static int authorise_acquire(LockBus *lock_bus, sd_bus_message *message, const Acquire *asked,
                             sd_bus_error *ret_error) {
        return is_job(message, asked) ?
                               1 :
                               polkit_client_authorise(lock_bus->polkit, message, "org.weir.locks.acquire",
                                                       (const char *const[]) {
                                                                       "resource", asked->resource, "mode",
                                                                       lock_mode_to_string(asked->mode),
                                                                       NULL },
                                                       ret_error);
}

static int method_acquire(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        LockBus *lock_bus = userdata;
        _cleanup_(acquire_done) Acquire asked = {};
        LockOwner owner = {};
        int r = read_acquire(message, &asked, ret_error);

        if (r < 0) {
                return r;
        }
        r = authorise_acquire(lock_bus, message, &asked, ret_error);
        if (r <= 0) {
                return r < 0 ? r : 1;
        }
        r = describe_sender(message, asked.why, &owner);
        if (r < 0) {
                return r;
        }
        r = acquire(lock_bus, message, &asked, &owner, ret_error);
        free(owner.holder);
        free(owner.why);
        return r;
}

static int method_list(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        LockBus *lock_bus = userdata;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r = sd_bus_message_new_method_return(message, &reply);

        if (r >= 0) {
                r = sd_bus_message_open_container(reply, 'a', "(" LOCK_TYPES ")");
        }
        for (const Lock *lock = lockd_table(lock_bus->lockd)->first; lock && r >= 0; lock = lock->next) {
                r = append_lock(reply, lock);
        }
        if (r >= 0) {
                r = sd_bus_message_close_container(reply);
        }
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static void log_broken(sd_bus_message *message, const char *resource, unsigned n) {
        const JournalField fields[] = { { "MESSAGE_ID", WEIR_MESSAGE_LOCK_BROKEN },
                                        { "WEIR_LOCK", resource } };
        LockOwner who = {};

        if (describe_sender(message, "", &who) >= 0) {
                journal_send(LOG_LEVEL_WARNING, fields, ELEMENTSOF(fields),
                             "%s, uid %u, broke %u lock%s on %s", who.holder, who.uid, n, n == 1 ? "" : "s",
                             resource);
        }
        free(who.holder);
        free(who.why);
}

static int method_break(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        LockBus *lock_bus = userdata;
        _cleanup_free_ char *resource = NULL;
        const char *text;
        unsigned n;
        int r = sd_bus_message_read(message, "s", &text);

        if (r >= 0) {
                r = read_resource(text, &resource, ret_error);
        }
        if (r < 0) {
                return r;
        }
        r = polkit_client_authorise(lock_bus->polkit, message, "org.weir.locks.break",
                                    (const char *const[]) { "resource", resource, NULL }, ret_error);
        if (r <= 0) {
                return r < 0 ? r : 1;
        }
        n = lockd_break(lock_bus->lockd, resource);
        if (n > 0) {
                log_broken(message, resource, n);
        }
        return sd_bus_reply_method_return(message, "u", (uint32_t) n);
}

/* --- the object --- */

static int property_count(sd_bus *bus, const char *path, const char *interface, const char *property,
                          sd_bus_message *reply, void *userdata, sd_bus_error *ret_error) {
        const LockTable *table = lockd_table(((LockBus *) userdata)->lockd);

        return sd_bus_message_append(reply, "u",
                                     (uint32_t) (string_equal(property, "Held") ? table->n_held :
                                                                                  table->n_waiting));
}

static int property_max(sd_bus *bus, const char *path, const char *interface, const char *property,
                        sd_bus_message *reply, void *userdata, sd_bus_error *ret_error) {
        return sd_bus_message_append(reply, "u", (uint32_t) LOCKD_LOCKS_MAX);
}

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Held", "u", property_count, 0, 0),
        SD_BUS_PROPERTY("Waiting", "u", property_count, 0, 0),
        SD_BUS_PROPERTY("LocksMax", "u", property_max, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_METHOD_WITH_ARGS("Acquire",
                                SD_BUS_ARGS("s", resource, "s", mode, "s", why, "t", timeout_usec),
                                SD_BUS_RESULT("h", lock), method_acquire, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("List", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(" LOCK_TYPES ")", locks),
                                method_list, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Break", SD_BUS_ARGS("s", resource), SD_BUS_RESULT("u", broken),
                                method_break, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_SIGNAL_WITH_ARGS("LockAcquired",
                                SD_BUS_ARGS("t", id, "s", resource, "s", mode, "s", holder, "s", why), 0),
        SD_BUS_SIGNAL_WITH_ARGS("LockReleased",
                                SD_BUS_ARGS("t", id, "s", resource, "s", mode, "s", holder, "s", how), 0),
        SD_BUS_VTABLE_END,
};

LockBus *lock_bus_free(LockBus *lock_bus) {
        if (!lock_bus) {
                return NULL;
        }
        while (lock_bus->requests) {
                drop_request(lock_bus->requests);
        }
        (void) sd_bus_slot_unref(lock_bus->slot);
        (void) polkit_client_free(lock_bus->polkit);
        (void) lockd_free(lock_bus->lockd);
        (void) sd_event_unref(lock_bus->event);
        (void) sd_bus_unref(lock_bus->bus);
        free(lock_bus);
        return NULL;
}

int lock_bus_new(sd_bus *bus, sd_event *event, LockBus **ret) {
        _cleanup_(lock_bus_freep) LockBus *lock_bus = calloc(1, sizeof(*lock_bus));
        const LockdObserver observer = {
                .granted = on_granted, .ended = on_ended, .changed = on_changed, .userdata = lock_bus
        };
        int r;

        if (!lock_bus) {
                return -ENOMEM;
        }
        lock_bus->bus = sd_bus_ref(bus);
        lock_bus->event = sd_event_ref(event);
        r = polkit_client_new(&lock_bus->polkit);
        if (r >= 0) {
                r = lockd_new(event, &observer, &lock_bus->lockd);
        }
        if (r >= 0) {
                r = lockd_restore(lock_bus->lockd);
        }
        if (r >= 0) {
                r = sd_bus_add_object_vtable(bus, &lock_bus->slot, OBJECT, INTERFACE, vtable, lock_bus);
        }
        if (r < 0) {
                return r;
        }
        on_changed(lock_bus);
        *ret = TAKE_PTR(lock_bus);
        return 0;
}
