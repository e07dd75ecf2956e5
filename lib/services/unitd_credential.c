#include "services/unitd_credential.h"

#include <string.h>

#include "base/fd_util.h"
#include "base/log.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "resources/process_task.h"

#define DIRECTORY "/var/lib/weir-credentials"
#define NAME_LENGTH_MAX 64
#define SECRET_MAX 4096
#define TIMEOUT_USEC (10 * USEC_PER_SEC)

int unitd_credential_path(const char *name, char **ret, sd_bus_error *ret_error) {
        static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-";
        size_t length = strlen(name);

        if (length == 0 || length > NAME_LENGTH_MAX || strspn(name, allowed) != length) {
                return sd_bus_error_setf(
                                ret_error, SD_BUS_ERROR_INVALID_ARGS,
                                "The name of a credential is of letters, digits and hyphens, %d at most",
                                NAME_LENGTH_MAX);
        }
        return string_format(ret, DIRECTORY "/%s", name);
}

/* A call of StoreCredential that is being answered. */
typedef struct Storing {
        sd_bus_message *message;
        char *path;
} Storing;

static Storing *storing_free(Storing *storing) {
        if (storing) {
                (void) sd_bus_message_unref(storing->message);
                free(storing->path);
                free(storing);
        }
        return NULL;
}
DEFINE_TRIVIAL_CLEANUP_FUNC(Storing *, storing_free);

static int keep(const Storing *storing, const ProcessTaskEnd *end) {
        if (end->result.timed_out) {
                return -ETIMEDOUT;
        }
        return end->result.signal != 0 || end->result.exit_status != 0 || end->output.length == 0 ?
                               -EREMOTEIO :
                               file_write_atomic(storing->path, end->output.data, end->output.length, 0600);
}

static void on_encrypted(const ProcessTaskEnd *end, void *userdata) {
        _cleanup_(storing_freep) Storing *storing = userdata;
        _cleanup_free_ char *words = NULL;
        int r = keep(storing, end);

        if (r < 0) {
                (void) string_printable(&words, end->errors.length > 0 ? end->errors.data : strerror(-r),
                                        512);
                r = sd_bus_reply_method_errorf(storing->message, SD_BUS_ERROR_FAILED,
                                               "The credential could not be kept: systemd-creds: %s",
                                               words ? words : strerror(-r));
        } else {
                r = sd_bus_reply_method_return(storing->message, NULL);
        }
        if (r < 0) {
                (void) log_warning(r, "Failed to answer StoreCredential: %s", strerror(-r));
        }
}

static int encrypt(sd_bus *bus, const void *secret, size_t length, Storing *storing) {
        static const char *const argv[] = {
                "systemd-creds", "encrypt", "--with-key=host", "--name=" UNITD_CREDENTIAL_ID, "-", "-", NULL
        };
        const ProcessSpec spec = {
                .argv = argv, .input = secret, .input_length = length, .timeout_usec = TIMEOUT_USEC
        };

        return process_task_start(sd_bus_get_event(bus), &spec, on_encrypted, storing);
}

int unitd_credential_store(sd_bus_message *message, const char *name, const void *secret, size_t length,
                           sd_bus_error *ret_error) {
        _cleanup_(storing_freep) Storing *storing = calloc(1, sizeof(*storing));
        int r = storing ? unitd_credential_path(name, &storing->path, ret_error) : -ENOMEM;

        if (r < 0) {
                return r;
        }
        if (length == 0 || length > SECRET_MAX) {
                return sd_bus_error_setf(ret_error, SD_BUS_ERROR_INVALID_ARGS,
                                         "A secret has from 1 to %d bytes", SECRET_MAX);
        }
        storing->message = sd_bus_message_ref(message);
        r = encrypt(sd_bus_message_get_bus(message), secret, length, storing);
        if (r < 0) {
                return sd_bus_error_setf(ret_error, SD_BUS_ERROR_FAILED,
                                         "The credential could not be kept: systemd-creds: %s",
                                         strerror(-r));
        }
        TAKE_PTR(storing); /* on_encrypted()'s */
        return 1;
}

int unitd_credential_drop(const char *name, sd_bus_error *ret_error) {
        _cleanup_free_ char *path = NULL;
        int r = unitd_credential_path(name, &path, ret_error);

        return r < 0 ? r : file_remove(path);
}
