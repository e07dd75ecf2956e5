/* Asking weir-login whether a password is that of a Perforce user. Blocks; for the programs of the web. */
#pragma once

/* 1: it is, and *ret_ticket (owned; to be wiped) is a ticket made with it. 0: it is not, or the server says no. -ENOENT no such server,
 * -EHOSTUNREACH it cannot be reached or does not answer, -EACCES it does not let that user in, -ECONNREFUSED there is no weir-login; other
 * errno. */
int login_client_check(const char *server, const char *user, const char *password, char **ret_ticket);
