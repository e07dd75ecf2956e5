#include "services/measure_context.h"

#include <ctype.h>
#include <poll.h>
#include <unistd.h>

#include "base/log.h"
#include "base/string_util.h"
#include "base/time_util.h"

#define PROBE_TIMEOUT USEC_PER_MINUTE
#define HOST_MAX 64

/* The host's name as it may stand in a client's name. */
static int host_name(char **ret) {
        char name[HOST_MAX + 1] = "";
        (void) gethostname(name, sizeof(name) - 1);
        for (char *at = name; *at; at++) {
                if (!isalnum((unsigned char) *at) && *at != '.' && *at != '_') {
                        *at = '-';
                }
        }
        return string_copy(ret, *name ? name : "localhost");
}

int measure_context_init(MeasureContext *context, const char *config_directory, const char *state_directory,
                         int cancel_fd) {
        _cleanup_free_ char *warning = NULL;
        *context = (MeasureContext) { .cancel_fd = cancel_fd, .started_at = now_realtime() };
        (void) pthread_mutex_init(&context->store_mutex, NULL);
        int r = config_load_in_force(config_directory, state_directory, &context->config, &warning);
        if (warning) {
                (void) log_warning(0, "%s", warning);
        }
        r = r < 0 ? r : host_name(&context->host);
        if (r >= 0) {
                context->home = realpath(state_directory, NULL); /* p4 runs in another folder than we do */
                r = context->home ? 0 : -errno;
        }
        r = r < 0 ? r : string_format(&context->tickets, "%s/tickets", context->home);
        r = r < 0 ? r : string_format(&context->trust, "%s/trust", context->home);
        return r < 0 ? r : monitor_store_open(state_directory, DB_READ_WRITE, &context->store);
}

void measure_context_done(MeasureContext *context) {
        if (context->store) {
                (void) monitor_store_remove_runs(context->store, getpid());
        }
        (void) monitor_store_close(context->store);
        (void) run_locks_free(context->locks);
        (void) pthread_mutex_destroy(&context->store_mutex);
        weir_config_done(&context->config);
        free(context->host);
        free(context->home);
        free(context->tickets);
        free(context->trust);
}

void measure_lock_store(MeasureContext *context) {
        (void) pthread_mutex_lock(&context->store_mutex);
}

void measure_unlock_store(MeasureContext *context) {
        (void) pthread_mutex_unlock(&context->store_mutex);
}

bool measure_is_cancelled(const MeasureContext *context) {
        struct pollfd poll_fd = { .fd = context->cancel_fd, .events = POLLIN };
        return context->cancel_fd >= 0 && poll(&poll_fd, 1, 0) > 0;
}

P4Session measure_session(const MeasureContext *context, const Server *server) {
        return (P4Session) {
                .server = {
                        .name = server->name,
                        .port = server->p4port,
                        .user = server->p4user,
                        .tickets = context->tickets,
                        .trust = context->trust,
                        .home = context->home,
                        .charset = context->config.p4_charset,
                        .program = context->config.p4_program,
                        .timeout_usec = server->timeout_usec ?: context->config.measure_timeout_usec,
                },
                .cancel_fd = context->cancel_fd,
        };
}

P4Session measure_probe_session(const MeasureContext *context, const Server *server) {
        P4Session session = measure_session(context, server);
        if (session.server.timeout_usec > PROBE_TIMEOUT) {
                session.server.timeout_usec = PROBE_TIMEOUT;
        }
        return session;
}
