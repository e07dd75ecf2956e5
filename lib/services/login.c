#include "services/login.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/fd_util.h"
#include "base/log.h"
#include "base/seal.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "resources/p4_login.h"
#include "services/config.h"
#include "services/p4_queries.h"

#define TIMEOUT_USEC (15 * USEC_PER_SEC)

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

/* "ok", with the ticket, or what went wrong. */
static const char *try_login(const Question *question, const WeirConfig *config, const ServerList *list,
                             const char *state_directory, char **ret_ticket) {
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
        if (p4_login(&p4, question->password, ret_ticket, &result) < 0) {
                answer = p4_class_to_string(P4_AUTH);
        } else if (!p4_class_is_success(result.p4_class)) {
                answer = p4_class_to_string(result.p4_class);
        } else {
                answer = *ret_ticket ? "ok" : p4_class_to_string(P4_AUTH);
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
        _cleanup_(wipe_text) char *ticket = NULL;
        const char *answer = "server";
        Question question = {};
        int r = read_question(in, &question);

        r = r < 0 ? r : config_load_in_force(config_directory, state_directory, &config, &warning);
        r = r < 0 ? r : config_load_servers_in_force(config_directory, state_directory, &list, &message);
        if (r >= 0) {
                answer = try_login(&question, &config, &list, state_directory, &ticket);
                r = fd_write_all(out, answer, strlen(answer));
        }
        if (r >= 0 && string_equal(answer, "ok")) {
                r = fd_write_all(out, " ", 1);
                r = r < 0 ? r : fd_write_all(out, ticket, strlen(ticket));
        }
        explicit_bzero(&question, sizeof question);
        return r;
}
