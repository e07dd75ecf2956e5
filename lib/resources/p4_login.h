/* Logging in to a Perforce server with a password, and what a ticket looks like. */
#pragma once

#include <stdbool.h>

#include "resources/p4.h"

#define P4_PASSWORD_MAX ((size_t) 2048)

/* What can be a ticket at all: letters and digits. Servers make hexadecimal ones; nothing says that they must. */
bool p4_ticket_is_valid(const char *text);

/* `p4 login`: the ticket goes into server->tickets. With ret_ticket `p4 login -p`: it is kept nowhere, *ret_ticket is owned and to be wiped,
 * and NULL when the server let the user in without making one (who has no password, or does not exist yet, is not asked; nobody proved
 * anything then). Otherwise as p4_run(). -EINVAL: a newline in the password, which would be the answer to the next prompt, or it is longer
 * than P4_PASSWORD_MAX. */
int p4_login(const P4Server *server, const char *password, char **ret_ticket, P4Result *ret_result);
