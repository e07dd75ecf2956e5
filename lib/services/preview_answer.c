#include "services/preview_answer.h"

#include <string.h>
#include <unistd.h>

#include "base/fd_util.h"
#include "base/log.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "services/config.h"
#include "services/preview.h"
#include "services/run_ticket.h"

#define TIMEOUT_USEC (40 * USEC_PER_SEC) /* of one p4 command */
#define N_PARTS 3
#define ANSWER_MAX ((size_t) 3 * 1024 * 1024)

typedef struct Question {
        Buffer text;
        const char *user, *ticket, *spec;
} Question;

static void question_done(Question *question) {
        buffer_wipe(&question->text);
}

static size_t count_parts(const Buffer *text) {
        size_t n = 0;

        for (size_t i = 0; i < text->length; i++) {
                n += text->data[i] == 0;
        }
        return n;
}

static int read_question(int fd, Question *question) {
        question->text.max = PREVIEW_QUESTION_MAX;
        while (count_parts(&question->text) < N_PARTS) {
                ssize_t n = buffer_read(&question->text, fd, 4096);
                if (n <= 0) {
                        return -EBADMSG;
                }
        }
        question->user = question->text.data;
        question->ticket = question->user + strlen(question->user) + 1;
        question->spec = question->ticket + strlen(question->ticket) + 1;
        return 0;
}

/* --- answers ---------------------------------------------------------------------------------------- */

static int write_failure(JsonWriter *json, const char *class, const char *text) {
        json_string(json, "class", class);
        json_string(json, "text", text);
        return 0;
}

/* What run_fail() calls the reasons that people can do something about are the classes of p4's failures. */
static int write_run_failure(JsonWriter *json, const Run *run, int error) {
        const char *reason = run->reason ? run->reason : "failed";

        log_notice("%s on %s: %s", run->server.user, run->spec.server,
                   run->error ? run->error : strerror(-error));
        return write_failure(json, reason, run->error ? run->error : strerror(-error));
}

/* --- asking ----------------------------------------------------------------------------------------- */

static const Server *find_server(const ServerList *list, const char *name) {
        for (size_t i = 0; i < list->n_servers; i++) {
                if (string_equal(list->servers[i].name, name)) {
                        return &list->servers[i];
                }
        }
        return NULL;
}

static int ask(Run *run, const char *ticket, JsonWriter *json) {
        _cleanup_(preview_done) Preview preview = { .max = PREVIEW_FILES_MAX };
        int r = run_ticket_use(run, ticket);

        r = r < 0 ? r : preview_ask(run, &preview);
        if (r < 0) {
                return write_run_failure(json, run, r);
        }
        preview_write(json, &preview);
        return 0;
}

static int set_up(Run *run, const Question *question, const WeirConfig *config, const Server *server,
                  const char *state_directory) {
        int r = string_format(&run->tickets, "/tmp/weir-preview-%d", (int) getpid());

        r = r < 0 ? r : string_format(&run->trust, "%s/trust", state_directory);
        run->server = (P4Server) { .name = server->name,
                                   .port = server->p4port,
                                   .user = question->user,
                                   .tickets = run->tickets,
                                   .trust = run->trust,
                                   .home = "/tmp",
                                   .charset = config->p4_charset,
                                   .program = config->p4_program,
                                   .timeout_usec = TIMEOUT_USEC };
        return r;
}

static int preview(const Question *question, const WeirConfig *config, const ServerList *list, int in,
                   const char *state_directory, JsonWriter *json) {
        Run run = { .id = "preview", .cancel_fd = in, .lock_fd = -EBADF };
        _cleanup_free_ char *message = NULL;
        const Server *server;
        int r = job_spec_parse(question->spec, &run.spec, &message);

        if (r < 0) {
                return r == -EBADMSG ? write_failure(json, "spec", message ? message : "") : r;
        }
        server = find_server(list, run.spec.server);
        if (!server || server_user_problem(question->user)) {
                r = write_failure(json, "server", "there is no such server or user");
        } else {
                r = set_up(&run, question, config, server, state_directory);
                r = r < 0 ? r : ask(&run, question->ticket, json);
                (void) unlink(run.tickets);
        }
        run_done(&run);
        return r;
}

int preview_answer(int in, int out, const char *config_directory, const char *state_directory) {
        _cleanup_(weir_config_done) WeirConfig config = {};
        _cleanup_(server_list_done) ServerList list = {};
        _cleanup_(question_done) Question question = {};
        _cleanup_(buffer_done) Buffer answer = { .max = ANSWER_MAX };
        _cleanup_free_ char *warning = NULL, *message = NULL;
        JsonWriter json;
        int r = read_question(in, &question);

        r = r < 0 ? r : config_load_in_force(config_directory, state_directory, &config, &warning);
        r = r < 0 ? r : config_load_servers_in_force(config_directory, state_directory, &list, &message);
        if (r < 0) {
                return r;
        }
        json_start(&json, &answer);
        json_object_begin(&json, NULL);
        r = preview(&question, &config, &list, in, state_directory, &json);
        json_object_end(&json);
        r = r < 0 ? r : json_finish(&json);
        return r < 0 ? r : fd_write_all(out, answer.data, answer.length);
}
