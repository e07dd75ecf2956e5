/* See polkit_client.h. A query lives from the first run of a handler to its second; they are few, a list is
 * enough. */
#include "clients/polkit_client.h"

#include <sys/types.h>
#include <unistd.h>

#include "base/string_util.h"
#include "base/time_util.h"
#include "resources/bus.h"

/* With an agent a person types a password; without one polkit answers from its rules at once. */
#define TIMEOUT_USEC (30 * USEC_PER_SEC)
#define TIMEOUT_INTERACTIVE_USEC (5 * USEC_PER_MINUTE)
#define ALLOW_USER_INTERACTION UINT32_C(1)

typedef struct Query Query;
struct Query {
        PolkitClient *client;
        sd_bus_message *message; /* the caller's */
        char *action;
        sd_bus_slot *slot;
        sd_bus_message *reply; /* NULL until polkit answered */
        Query *next;
};

struct PolkitClient {
        Query *queries;
        size_t n_queries;
};

int polkit_client_new(PolkitClient **ret) {
        PolkitClient *client = calloc(1, sizeof(*client));

        if (!client) {
                return -ENOMEM;
        }
        *ret = client;
        return 0;
}

static Query *query_free(Query *query) {
        if (query) {
                (void) sd_bus_slot_unref(query->slot);
                (void) sd_bus_message_unref(query->message);
                (void) sd_bus_message_unref(query->reply);
                free(query->action);
                free(query);
        }
        return NULL;
}
DEFINE_TRIVIAL_CLEANUP_FUNC(Query *, query_free);

PolkitClient *polkit_client_free(PolkitClient *client) {
        while (client && client->queries) {
                Query *query = client->queries;

                client->queries = query->next;
                (void) query_free(query);
        }
        free(client);
        return NULL;
}

/* Takes the query of a message out of the list. */
static Query *take_query(PolkitClient *client, sd_bus_message *message) {
        for (Query **link = &client->queries; *link; link = &(*link)->next) {
                Query *query = *link;

                if (query->message == message) {
                        *link = query->next;
                        client->n_queries--;
                        return query;
                }
        }
        return NULL;
}

static int on_answer(sd_bus_message *reply, void *userdata, sd_bus_error *ret_error) {
        Query *query = userdata;
        int r;

        query->reply = sd_bus_message_ref(reply);
        r = sd_bus_message_rewind(query->message, true);
        if (r >= 0) {
                r = sd_bus_enqueue_for_read(sd_bus_message_get_bus(query->message), query->message);
        }
        if (r < 0) { /* the caller must not wait for ever */
                (void) sd_bus_reply_method_errno(query->message, r, NULL);
                (void) query_free(take_query(query->client, query->message));
        }
        return 1;
}

static int append_details(sd_bus_message *call, const char *const *details) {
        int r = sd_bus_message_open_container(call, 'a', "{ss}");

        for (size_t i = 0; r >= 0 && details && details[i]; i += 2) {
                r = sd_bus_message_append(call, "{ss}", details[i], details[i + 1]);
        }
        return r < 0 ? r : sd_bus_message_close_container(call);
}

static int ask(PolkitClient *client, sd_bus_message *message, const char *action, const char *const *details,
               bool interactive) {
        sd_bus *bus = sd_bus_message_get_bus(message);
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        _cleanup_(query_freep) Query *query = calloc(1, sizeof(*query));
        int r;

        if (!query || string_copy(&query->action, action) < 0) {
                return -ENOMEM;
        }
        query->client = client;
        query->message = sd_bus_message_ref(message);
        r = sd_bus_message_new_method_call(bus, &call, "org.freedesktop.PolicyKit1",
                                           "/org/freedesktop/PolicyKit1/Authority",
                                           "org.freedesktop.PolicyKit1.Authority", "CheckAuthorization");
        if (r >= 0) {
                r = sd_bus_message_append(call, "(sa{sv})s", "system-bus-name", 1, "name", "s",
                                          sd_bus_message_get_sender(message), action);
        }
        if (r >= 0) {
                r = append_details(call, details);
        }
        if (r >= 0) {
                r = sd_bus_message_append(call, "us", interactive ? ALLOW_USER_INTERACTION : 0, "");
        }
        if (r >= 0) {
                r = sd_bus_call_async(bus, &query->slot, call, on_answer, query,
                                      interactive ? TIMEOUT_INTERACTIVE_USEC : TIMEOUT_USEC);
        }
        if (r < 0) {
                return r;
        }
        query->next = client->queries;
        client->queries = TAKE_PTR(query);
        client->n_queries++;
        return 0;
}

static int refuse(const char *action, sd_bus_error *ret_error) {
        return sd_bus_error_setf(ret_error, SD_BUS_ERROR_ACCESS_DENIED,
                                 "Not allowed: this needs root, user weir, or the polkit action %s", action);
}

static int read_answer(const Query *query, sd_bus_error *ret_error) {
        int authorised = 0, challenge = 0, r;

        if (sd_bus_message_is_method_error(query->reply, NULL)) {
                return sd_bus_error_setf(
                                ret_error, SD_BUS_ERROR_ACCESS_DENIED,
                                "Not allowed: only root and user weir are, as polkit cannot be asked about %s: %s",
                                query->action, sd_bus_message_get_error(query->reply)->message);
        }
        r = sd_bus_message_enter_container(query->reply, 'r', "bba{ss}");
        if (r >= 0) {
                r = sd_bus_message_read(query->reply, "bb", &authorised, &challenge);
        }
        if (r < 0) {
                return r;
        }
        if (authorised) {
                return 1;
        }
        if (challenge) {
                return sd_bus_error_setf(
                                ret_error, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED,
                                "A password is needed for the polkit action %s, and nobody could be asked",
                                query->action);
        }
        return refuse(query->action, ret_error);
}

static int authorise(PolkitClient *client, sd_bus_message *message, const char *action,
                     const char *const *details, bool interactive, sd_bus_error *ret_error) {
        _cleanup_(query_freep) Query *query = take_query(client, message);
        uid_t uid;
        int r;

        if (query) {
                if (!query->reply || !string_equal(query->action, action)) {
                        return refuse(action, ret_error);
                }
                return read_answer(query, ret_error);
        }
        r = bus_sender_uid(message, &uid);
        if (r < 0) {
                return r;
        }
        if (uid == 0 || uid == getuid()) {
                return 1;
        }
        if (client->n_queries >= POLKIT_QUERIES_MAX) {
                return sd_bus_error_set(ret_error, SD_BUS_ERROR_LIMITS_EXCEEDED,
                                        "Too many callers wait for polkit, try again later");
        }
        return ask(client, message, action, details, interactive);
}

int polkit_client_authorise(PolkitClient *client, sd_bus_message *message, const char *action,
                            const char *const *details, sd_bus_error *ret_error) {
        bool interactive = sd_bus_message_get_allow_interactive_authorization(message) > 0;

        return authorise(client, message, action, details, interactive, ret_error);
}

int polkit_client_check(PolkitClient *client, sd_bus_message *message, const char *action) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        int r = authorise(client, message, action, NULL, false, &error);

        return r < 0 && sd_bus_error_is_set(&error) ? -EACCES : r;
}

bool polkit_client_was_asked(const PolkitClient *client, const sd_bus_message *message) {
        for (const Query *query = client->queries; query; query = query->next) {
                if (query->message == message) {
                        return true;
                }
        }
        return false;
}
