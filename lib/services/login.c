#include "services/login.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/fd_util.h"
#include "base/log.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "services/config.h"
#include "services/p4_queries.h"

#define TIMEOUT_USEC (15 * USEC_PER_SEC)

#define TICKET_MAX 256

typedef struct Question {
        char text[LOGIN_QUESTION_MAX];
        const char *server, *user, *password;
} Question;

/* Until the third NUL. */
static int read_question(int fd, Question *ret) {
        size_t length = 0, n_parts = 0;
        const char *parts[3] = { ret->text };

        while (n_parts < 3) {
                ssize_t n = length < sizeof ret->text ? read(fd, ret->text + length, 1) : -1;
                if (n <= 0) {
                        return -EBADMSG;
                }
                if (ret->text[length++] == 0 && ++n_parts < 3) {
                        parts[n_parts] = ret->text + length;
                }
        }
        ret->server = parts[0];
        ret->user = parts[1];
        ret->password = parts[2];
        return 0;
}

static const Server *find_server(const ServerList *list, const char *name) {
        for (size_t i = 0; i < list->n_servers; i++) {
                if (string_equal(list->servers[i].name, name)) {
                        return &list->servers[i];
                }
        }
        return NULL;
}

/* The server prints the ticket it made. Without one nobody proved anything: a user who has no password, or does not exist yet, is let
 * in without being asked. */
static void on_message(const P4Message *message, void *userdata) {
        size_t length = strlen(message->text);

        if (length >= 16 && length < TICKET_MAX &&
            strspn(message->text, "0123456789abcdefABCDEF") == length) {
                strcpy(userdata, message->text);
        }
}

/* A newline in a password would be the answer to the next prompt. */
static int ask(const P4Server *server, const char *password, char ticket[static TICKET_MAX], P4Result *ret) {
        static const char *const arguments[] = { "login", "-p", NULL };
        P4Command command = P4_COMMAND_INIT;
        char line[LOGIN_QUESTION_MAX + 1];
        size_t length = strlen(password);
        int r;

        if (strpbrk(password, "\r\n")) {
                return -EINVAL;
        }
        memcpy(line, password, length);
        line[length] = '\n';
        command.arguments = arguments;
        command.input = line;
        command.input_length = length + 1;
        command.input_is_secret = true;
        command.on_message = on_message;
        command.userdata = ticket;
        r = p4_run(server, &command, ret);
        explicit_bzero(line, sizeof line);
        return r;
}

/* "ok", with the ticket, or what went wrong. */
static const char *try_login(const Question *question, const WeirConfig *config, const ServerList *list,
                             const char *state_directory, char ticket[static TICKET_MAX]) {
        _cleanup_free_ char *trust = NULL, *tickets = NULL;
        const Server *server = find_server(list, question->server);
        P4Result result = {};
        const char *answer;

        if (!server || server_user_problem(question->user)) {
                return server ? p4_class_to_string(P4_AUTH) : "server";
        }
        if (string_format(&trust, "%s/trust", state_directory) < 0 ||
            string_format(&tickets, "/tmp/weir-login-%d", (int) getpid()) < 0) {
                return p4_class_to_string(P4_FAULT);
        }
        P4Server p4 = { .name = server->name,
                        .port = server->p4port,
                        .user = question->user,
                        .tickets = tickets,
                        .trust = trust,
                        .home = "/tmp",
                        .charset = config->p4_charset,
                        .program = config->p4_program,
                        .timeout_usec = TIMEOUT_USEC };
        if (ask(&p4, question->password, ticket, &result) < 0) {
                answer = p4_class_to_string(P4_AUTH);
        } else if (!p4_class_is_success(result.p4_class)) {
                answer = p4_class_to_string(result.p4_class);
        } else {
                answer = *ticket ? "ok" : p4_class_to_string(P4_AUTH);
        }
        (void) unlink(tickets);
        if (!string_equal(answer, "ok")) {
                log_notice("%s on %s: %s", question->user, server->name, result.text ? result.text : answer);
        }
        p4_result_done(&result);
        return answer;
}

int login_answer(int in, int out, const char *config_directory, const char *state_directory) {
        _cleanup_(weir_config_done) WeirConfig config = {};
        _cleanup_(server_list_done) ServerList list = {};
        _cleanup_free_ char *warning = NULL, *message = NULL;
        const char *answer = "server";
        char ticket[TICKET_MAX] = "";
        Question question = {};
        int r = read_question(in, &question);

        r = r < 0 ? r : config_load_in_force(config_directory, state_directory, &config, &warning);
        r = r < 0 ? r : config_load_servers_in_force(config_directory, state_directory, &list, &message);
        if (r >= 0) {
                answer = try_login(&question, &config, &list, state_directory, ticket);
                r = fd_write_all(out, answer, strlen(answer));
        }
        if (r >= 0 && string_equal(answer, "ok")) {
                r = fd_write_all(out, " ", 1);
                r = r < 0 ? r : fd_write_all(out, ticket, strlen(ticket));
        }
        explicit_bzero(ticket, sizeof ticket);
        explicit_bzero(&question, sizeof question);
        return r;
}
