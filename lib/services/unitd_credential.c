#include "services/unitd_credential.h"

#include <string.h>

#include "base/buffer.h"
#include "base/fd_util.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "resources/process.h"

#define DIRECTORY "/var/lib/weir-credentials"
#define NAME_LENGTH_MAX 64
#define SECRET_MAX 4096
#define OUTPUT_MAX ((size_t) 64 * 1024)
#define TIMEOUT_USEC (10 * USEC_PER_SEC) /* below the watchdog's */

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

typedef struct Output {
        Buffer text, errors;
} Output;

static void output_done(Output *output) {
        buffer_done(&output->text);
        buffer_done(&output->errors);
}

static int on_text(const void *data, size_t length, void *userdata) {
        return buffer_append(&((Output *) userdata)->text, data, length);
}

static int on_errors(const void *data, size_t length, void *userdata) {
        (void) buffer_append(&((Output *) userdata)->errors, data,
                             length); /* what does not fit is not missed */
        return 0;
}

static int encrypt(const void *secret, size_t length, Output *output) {
        static const char *const argv[] = {
                "systemd-creds", "encrypt", "--with-key=host", "--name=" UNITD_CREDENTIAL_ID, "-", "-", NULL
        };
        const ProcessSpec spec = { .argv = argv,
                                   .input = secret,
                                   .input_length = length,
                                   .timeout_usec = TIMEOUT_USEC,
                                   .cancel_fd = -1,
                                   .on_stdout = on_text,
                                   .on_stderr = on_errors,
                                   .userdata = output };
        ProcessResult result = {};
        int r = process_run(&spec, &result);

        return r >= 0 && (result.signal != 0 || result.exit_status != 0 || output->text.length == 0) ?
                               -EREMOTEIO :
                               r;
}

int unitd_credential_store(const char *name, const void *secret, size_t length, sd_bus_error *ret_error) {
        _cleanup_(output_done) Output output = { .text.max = OUTPUT_MAX, .errors.max = OUTPUT_MAX };
        _cleanup_free_ char *path = NULL, *words = NULL;
        int r = unitd_credential_path(name, &path, ret_error);

        if (r < 0) {
                return r;
        }
        if (length == 0 || length > SECRET_MAX) {
                return sd_bus_error_setf(ret_error, SD_BUS_ERROR_INVALID_ARGS,
                                         "A secret has from 1 to %d bytes", SECRET_MAX);
        }
        r = encrypt(secret, length, &output);
        r = r < 0 ? r : file_write_atomic(path, output.text.data, output.text.length, 0600);
        if (r < 0) {
                (void) string_printable(&words, output.errors.data ? output.errors.data : strerror(-r), 512);
                return sd_bus_error_setf(ret_error, SD_BUS_ERROR_FAILED,
                                         "The credential could not be kept: %s",
                                         words ? words : strerror(-r));
        }
        return 0;
}

int unitd_credential_drop(const char *name, sd_bus_error *ret_error) {
        _cleanup_free_ char *path = NULL;
        int r = unitd_credential_path(name, &path, ret_error);

        return r < 0 ? r : file_remove(path);
}
