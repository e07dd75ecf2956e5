#include "services/run_p4.h"

#include <stdlib.h>
#include <string.h>

#include "base/parse_util.h"
#include "base/time_util.h"
#include "services/run_ticket.h"

/* PID 1 sends TERM to everything in the unit; p4 may be dead a moment before we hear of it. */
#define SIGNAL_DELAY (200 * USEC_PER_MSEC)

static const uint64_t pauses[] = { 1 * USEC_PER_SEC, 3 * USEC_PER_SEC, 6 * USEC_PER_SEC };

int run_p4_once(Run *run, const P4Command *command, P4Result *ret) {
        P4Command cancellable = *command;
        cancellable.cancel_fd = run->cancel_fd;
        run->n_commands++;
        int r = p4_run(&run->server, &cancellable, ret);
        bool died = r >= 0 && (ret->p4_class == P4_CANCELLED || ret->p4_class == P4_PROTOCOL);
        if (died && run_sleep(run, SIGNAL_DELAY) < 0) {
                p4_result_done(ret);
                return -ECANCELED;
        }
        return r;
}

/* At the end there is no hurry: what is left is removed by another attempt. */
static bool may_try_again(const Run *run, const P4Result *result, size_t n_tries) {
        return result->p4_class == P4_CONNECT && !result->connected &&
               n_tries < (run->is_finishing ? 1 : ELEMENTSOF(pauses));
}

int run_p4(Run *run, const P4Command *command, P4Result *ret) {
        int r = run_p4_once(run, command, ret);
        for (size_t i = 0; r >= 0 && may_try_again(run, ret, i); i++) {
                r = run_sleep(run, pauses[i]);
                p4_result_done(ret);
                r = r < 0 ? r : run_p4_once(run, command, ret);
        }
        if (r < 0 || ret->p4_class != P4_AUTH || ret->n_records > 0) {
                return r;
        }
        r = run_ticket_add_address(run);
        if (r > 0) {
                p4_result_done(ret);
                return run_p4_once(run, command, ret);
        }
        if (r < 0) {
                p4_result_done(ret);
        }
        return r;
}

int run_p4_or_fail(Run *run, const P4Command *command, P4Result *ret) {
        int r = run_p4(run, command, ret);
        return r < 0 || p4_class_is_success(ret->p4_class) ? r :
                                                             run_fail_p4(run, command->arguments[0], ret);
}

int run_p4_simple(Run *run, P4Result *ret, const char *const *words) {
        P4Command command = P4_COMMAND_INIT;
        command.arguments = words;
        return run_p4(run, &command, ret);
}

uint64_t record_number(const MarshalRecord *record, const char *key) {
        const char *text = marshal_record_get(record, key);
        uint64_t number = 0;
        return text && parse_uint64(text, &number) >= 0 ? number : 0;
}

uint64_t message_number(const char *text) {
        char *end = NULL;
        const char *digits = text + strcspn(text, "0123456789");
        errno = 0;
        unsigned long long number = strtoull(digits, &end, 10);
        return errno == 0 && end != digits ? number : 0;
}
