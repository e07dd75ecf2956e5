/* weir-login: whether a password is that of a Perforce user, for the programs of the web, which reach no network themselves. One
 * connection, one question, one answer. */
#pragma once

#define LOGIN_SOCKET "/run/weir/login"
#define LOGIN_QUESTION_MAX 2048

/* Reads "SERVER\0USER\0PASSWORD\0" from in, asks the server with `p4 login -p` (which makes a ticket and keeps it nowhere, so the
 * user's own tickets are untouched), and writes "ok TICKET", "server" (there is none of that name) or the class of the failure. */
int login_answer(int in, int out, const char *config_directory, const char *state_directory);
