/* Asking polkit whether the sender of a method call may do an action, without ever blocking the daemon that
 * asks.
 *
 * A handler that needs it is run twice for one message: the first time the question goes out and the handler
 * gives up with 1; when polkit has answered, the message is put back into the queue and the handler finds
 * the answer. So a handler changes nothing before it has asked. root and the daemon's own user are never
 * asked about: they work where there is no polkit. */
#pragma once

#include <stdbool.h>
#include <systemd/sd-bus.h>

#include "base/macro.h"

#define POLKIT_QUERIES_MAX 64 /* open at once; beyond that callers are refused */

typedef struct PolkitClient PolkitClient;
int polkit_client_new(PolkitClient **ret);
PolkitClient *polkit_client_free(PolkitClient *client);
DEFINE_TRIVIAL_CLEANUP_FUNC(PolkitClient *, polkit_client_free);

/* What is asked quietly: no person is asked for a password, whatever the sender allows, and no is an answer. 1: allowed; 0: asked, return 1
 * from the handler; -EACCES: not allowed. */
int polkit_client_check(PolkitClient *client, sd_bus_message *message, const char *action);
/* The handler runs for the second time. */
bool polkit_client_was_asked(const PolkitClient *client, const sd_bus_message *message);

/* details: NULL-terminated pairs of key and value for polkit's rules, or NULL. 1: allowed. 0: asked, return
 * 1 from the handler. Negative: refused, ret_error says why; return it. */
int polkit_client_authorise(PolkitClient *client, sd_bus_message *message, const char *action,
                            const char *const *details, sd_bus_error *ret_error);
