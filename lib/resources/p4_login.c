#include "resources/p4_login.h"

#include <errno.h>
#include <string.h>

#include "base/seal.h"
#include "base/string_util.h"

#define TICKET_LENGTH_MIN 16 /* of those among what `p4 login -p` says, beside words */

bool p4_ticket_is_valid(const char *text) {
        static const char allowed[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
        size_t length = strspn(text, allowed);

        return length > 0 && !text[length];
}

static void on_message(const P4Message *message, void *userdata) {
        char **ticket = userdata;
        size_t length = strspn(message->text, "0123456789abcdefABCDEF");

        if (!*ticket && length >= TICKET_LENGTH_MIN && !message->text[length]) {
                (void) string_copy(ticket, message->text);
        }
}

int p4_login(const P4Server *server, const char *password, char **ret_ticket, P4Result *ret_result) {
        const char *const arguments[] = { "login", ret_ticket ? "-p" : NULL, NULL };
        size_t length = strlen(password);
        char line[P4_PASSWORD_MAX + 1];
        _cleanup_(wipe_text) char *ticket = NULL;
        P4Command command = P4_COMMAND_INIT;
        int r;

        if (length > P4_PASSWORD_MAX || strchr(password, '\n')) {
                return -EINVAL;
        }
        memcpy(line, password, length);
        line[length] = '\n';
        command.arguments = arguments;
        command.input = line;
        command.input_length = length + 1;
        command.input_is_secret = true;
        command.on_message = ret_ticket ? on_message : NULL;
        command.userdata = &ticket;
        r = p4_run(server, &command, ret_result);
        explicit_bzero(line, sizeof line);
        if (r >= 0 && ret_ticket) {
                *ret_ticket = TAKE_PTR(ticket);
        }
        return r;
}
