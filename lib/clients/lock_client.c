/* See lock_client.h. Acquire() is called asynchronously only because sd_bus_call() hands out no more of an
 * error than its name and text, and who holds the lock stands behind them. When weir-lockd restarts while we
 * wait, we ask again for the rest of the time. */
#include "clients/lock_client.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd_util.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "resources/bus.h"

#define NAME "org.weir.Locks1"
#define OBJECT "/org/weir/Locks1"
#define INTERFACE "org.weir.Locks1.Manager"
#define LOCK_TYPES "tssssuutb"
#define REPLY_USEC (60 * USEC_PER_SEC)      /* for everything but the waiting itself */
#define PASSWORD_USEC (5 * USEC_PER_MINUTE) /* when a person may have to type one for polkit */
#define RETRY_MAX_USEC (30 * USEC_PER_SEC)  /* how long a vanished daemon may take to return */
#define RETRY_PAUSE_USEC (useconds_t)(100 * USEC_PER_MSEC)

struct LockClient {
        sd_bus *bus;
};

void lock_holder_done(LockHolder *holder) {
        free(holder->resource);
        free(holder->mode);
        free(holder->holder);
        free(holder->why);
        *holder = (LockHolder) {};
}

void lock_holders_free(LockHolder *holders, size_t n) {
        for (size_t i = 0; i < n; i++) {
                lock_holder_done(&holders[i]);
        }
        free(holders);
}

int lock_client_new(LockClient **ret) {
        _cleanup_(lock_client_freep) LockClient *client = calloc(1, sizeof(*client));
        int r;

        if (!client) {
                return -ENOMEM;
        }
        r = bus_open_system(REPLY_USEC, &client->bus);
        if (r < 0) {
                return r;
        }
        *ret = TAKE_PTR(client);
        return 0;
}

LockClient *lock_client_free(LockClient *client) {
        if (client) {
                (void) sd_bus_flush_close_unref(client->bus);
                free(client);
        }
        return NULL;
}

/* --- answers --- */

static int to_errno(const sd_bus_error *error) {
        static const struct {
                const char *name;
                int code;
        } table[] = {
                { NAME ".Error.Busy", -EBUSY },
                { SD_BUS_ERROR_ACCESS_DENIED, -EACCES },
                { SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED, -EACCES },
                { SD_BUS_ERROR_INVALID_ARGS, -EINVAL },
                { SD_BUS_ERROR_LIMITS_EXCEEDED, -ENOBUFS },
                { SD_BUS_ERROR_SERVICE_UNKNOWN, -EHOSTDOWN },
                { SD_BUS_ERROR_NAME_HAS_NO_OWNER, -EHOSTDOWN },
                { SD_BUS_ERROR_NO_REPLY, -EHOSTDOWN },
                { "org.freedesktop.systemd1.NoSuchUnit", -EHOSTDOWN },
        };
        int code = sd_bus_error_get_errno(error);

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                if (sd_bus_error_has_name(error, table[i].name)) {
                        return table[i].code;
                }
        }
        if (error->name && string_has_prefix(error->name, "org.freedesktop.DBus.Error.Spawn.")) {
                return -EHOSTDOWN;
        }
        return code > 0 ? -code : -EIO;
}

static void put_message(const sd_bus_error *error, int r, char **ret_message) {
        if (ret_message) {
                *ret_message = NULL;
                (void) string_copy(ret_message, bus_error_text(error, r));
        }
}

/* 1 and one structure of List(), 0 at the end of the array. */
static int read_holder(sd_bus_message *message, LockHolder *ret) {
        const char *resource, *mode, *holder, *why;
        uint64_t id, since;
        uint32_t uid, pid;
        LockHolder copy = {};
        int waiting, r;

        r = sd_bus_message_read(message, "(" LOCK_TYPES ")", &id, &resource, &mode, &holder, &why, &uid,
                                &pid, &since, &waiting);
        if (r <= 0) {
                return r;
        }
        if (string_copy(&copy.resource, resource) < 0 || string_copy(&copy.mode, mode) < 0 ||
            string_copy(&copy.holder, holder) < 0 || string_copy(&copy.why, why) < 0) {
                lock_holder_done(&copy);
                return -ENOMEM;
        }
        copy.uid = uid;
        copy.pid = pid;
        copy.since = (int64_t) since;
        copy.waiting = waiting;
        *ret = copy;
        return 1;
}

static int read_busy(sd_bus_message *reply, LockHolder *ret_busy) {
        const char *text;
        int r = sd_bus_message_rewind(reply, true);

        if (r >= 0) {
                r = sd_bus_message_read(reply, "s", &text);
        }
        return r < 0 ? r : read_holder(reply, ret_busy);
}

/* --- Acquire --- */

static int on_reply(sd_bus_message *reply, void *userdata, sd_bus_error *ret_error) {
        sd_bus_message **ret = userdata;

        *ret = sd_bus_message_ref(reply);
        return 1;
}

static int call_and_wait(sd_bus *bus, sd_bus_message *call, uint64_t timeout_usec, sd_bus_message **ret) {
        _cleanup_(sd_bus_slot_unrefp) sd_bus_slot *slot = NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r = sd_bus_call_async(bus, &slot, call, on_reply, &reply, timeout_usec);

        while (r >= 0 && !reply) {
                r = sd_bus_process(bus, NULL);
                if (r == 0) {
                        r = sd_bus_wait(bus, UINT64_MAX);
                        r = r == -EINTR ? 0 : r;
                }
        }
        if (r < 0) {
                return r;
        }
        *ret = TAKE_PTR(reply);
        return 0;
}

static int take_fd(sd_bus_message *reply) {
        int fd, r = sd_bus_message_read(reply, "h", &fd);

        if (r < 0) {
                return r;
        }
        return RET_NERRNO(fcntl(fd, F_DUPFD_CLOEXEC, 3)); /* the message's own copy goes with the message */
}

static bool may_ask_a_person(void) {
        return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

typedef struct Request {
        const char *resource, *mode, *why;
        uint64_t timeout_usec;
} Request;

static bool is_for_ever(uint64_t timeout_usec) {
        return timeout_usec > USEC_INFINITY / 4; /* nor may adding to it overflow */
}

/* The method call's own time-out: beyond the waiting, so that it means that nobody answers. */
static uint64_t patience(const Request *request) {
        uint64_t margin = may_ask_a_person() ? PASSWORD_USEC : REPLY_USEC;

        return is_for_ever(request->timeout_usec) ? USEC_INFINITY : request->timeout_usec + margin;
}

/* One question; *ret_reply is the answer or the error. */
static int ask(LockClient *client, const Request *request, sd_bus_message **ret_reply) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int r = sd_bus_message_new_method_call(client->bus, &call, NAME, OBJECT, INTERFACE, "Acquire");

        if (r >= 0) {
                r = sd_bus_message_append(call, "ssst", request->resource, request->mode, request->why,
                                          request->timeout_usec);
        }
        if (r >= 0) {
                r = sd_bus_message_set_allow_interactive_authorization(call, may_ask_a_person());
        }
        return r < 0 ? r : call_and_wait(client->bus, call, patience(request), ret_reply);
}

/* The bus says so at once when the daemon goes while it has our question. The same error is made here when
 * patience() is over. That nobody owns the name means the same once somebody did: where nothing starts the
 * daemon on demand, it takes a moment to return. */
static bool has_vanished(sd_bus_message *reply, bool was_there) {
        const sd_bus_error *error = sd_bus_message_get_error(reply);

        return sd_bus_error_has_name(error, SD_BUS_ERROR_NO_REPLY) ||
               (was_there && error && to_errno(error) == -EHOSTDOWN);
}

/* Asking again is safe: an answer with a lock in it that never reached us is a closed descriptor. */
static int ask_until_answered(LockClient *client, Request *request, sd_bus_message **ret_reply) {
        uint64_t deadline = is_for_ever(request->timeout_usec) ? USEC_INFINITY :
                                                                 now_monotonic() + request->timeout_usec;
        uint64_t failing_since = 0; /* the daemon went, and has not really been back */

        for (;;) {
                _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
                uint64_t asked_at = now_monotonic(), answered_at;
                int r = ask(client, request, &reply);

                if (r < 0) {
                        return r;
                }
                answered_at = now_monotonic();
                if (!has_vanished(reply, failing_since > 0) || answered_at - asked_at >= patience(request) ||
                    (failing_since && answered_at - failing_since > RETRY_MAX_USEC)) {
                        *ret_reply = TAKE_PTR(reply);
                        return 0;
                }
                failing_since = failing_since && answered_at - asked_at < USEC_PER_SEC ? failing_since :
                                                                                         answered_at;
                (void) usleep(RETRY_PAUSE_USEC);
                if (deadline != USEC_INFINITY) {
                        request->timeout_usec = deadline > now_monotonic() ? deadline - now_monotonic() : 0;
                }
        }
}

int lock_client_acquire(LockClient *client, const char *resource, const char *mode, const char *why,
                        uint64_t timeout_usec, LockHolder *ret_busy, char **ret_message) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        Request request = { resource, mode, why, timeout_usec };
        LockHolder busy = {};
        int r = ask_until_answered(client, &request, &reply);

        if (r < 0) {
                put_message(NULL, r, ret_message);
                return r;
        }
        if (!sd_bus_message_is_method_error(reply, NULL)) {
                return take_fd(reply);
        }
        r = to_errno(sd_bus_message_get_error(reply));
        put_message(sd_bus_message_get_error(reply), r, ret_message);
        if (r == -EBUSY && read_busy(reply, &busy) > 0) {
                if (ret_busy) {
                        *ret_busy = busy;
                } else {
                        lock_holder_done(&busy);
                }
        }
        return r;
}

/* --- List, Break --- */

static int read_holders(sd_bus_message *reply, LockHolder **ret, size_t *ret_n) {
        LockHolder *holders = NULL, *grown, next;
        size_t n = 0;
        int r = sd_bus_message_enter_container(reply, 'a', "(" LOCK_TYPES ")");

        while (r >= 0 && (r = read_holder(reply, &next)) > 0) {
                grown = reallocarray(holders, n + 1, sizeof(*holders));
                if (!grown) {
                        lock_holder_done(&next);
                        r = -ENOMEM;
                        break;
                }
                holders = grown;
                holders[n++] = next;
        }
        if (r < 0) {
                lock_holders_free(holders, n);
                return r;
        }
        *ret = holders;
        *ret_n = n;
        return 0;
}

int lock_client_list(LockClient *client, LockHolder **ret, size_t *ret_n, char **ret_message) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r = sd_bus_call_method(client->bus, NAME, OBJECT, INTERFACE, "List", &error, &reply, NULL);

        if (r < 0) {
                put_message(&error, r, ret_message);
                return sd_bus_error_is_set(&error) ? to_errno(&error) : r;
        }
        r = read_holders(reply, ret, ret_n);
        if (r < 0) {
                put_message(NULL, r, ret_message);
        }
        return r;
}

int lock_client_break(LockClient *client, const char *resource, uint32_t *ret_broken, char **ret_message) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        int r = sd_bus_message_new_method_call(client->bus, &call, NAME, OBJECT, INTERFACE, "Break");

        if (r >= 0) {
                r = sd_bus_message_append(call, "s", resource);
        }
        if (r >= 0) {
                r = sd_bus_message_set_allow_interactive_authorization(call, may_ask_a_person());
        }
        if (r >= 0) {
                r = sd_bus_call(client->bus, call, may_ask_a_person() ? PASSWORD_USEC : 0, &error, &reply);
        }
        if (r < 0) {
                put_message(&error, r, ret_message);
                return sd_bus_error_is_set(&error) ? to_errno(&error) : r;
        }
        r = sd_bus_message_read(reply, "u", ret_broken);
        return r < 0 ? r : 0;
}
