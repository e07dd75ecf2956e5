#include "services/unitd_credential.h"

#include <dirent.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/fd_util.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "resources/process.h"
#include "services/unitd_job.h"

#define DIRECTORY "/var/lib/weir-credentials"
#define NAME_MAX_LENGTH 64
#define OUTPUT_MAX ((size_t) 64 * 1024)
#define TIMEOUT_USEC (10 * USEC_PER_SEC) /* below the watchdog's */

bool unitd_credential_name_is_valid(const char *name) {
        static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-";
        size_t length = strlen(name);

        return length > 0 && length <= NAME_MAX_LENGTH && strspn(name, allowed) == length;
}

int unitd_credential_path(const char *name, char **ret) {
        return string_format(ret, DIRECTORY "/%s", name);
}

bool unitd_credential_exists(const char *path) {
        return access(path, F_OK) >= 0;
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
        (void) buffer_append(&((Output *) userdata)->errors, data, length); /* what does not fit is not missed */
        return 0;
}

static int encrypt(const void *secret, size_t length, Output *output) {
        static const char *const argv[] = {
                "systemd-creds", "encrypt", "--with-key=host", "--name=" UNITD_CREDENTIAL_ID, "-", "-", NULL
        };
        ProcessSpec spec = PROCESS_SPEC_INIT;
        ProcessResult result = {};
        int r;

        spec.argv = argv;
        spec.input = secret;
        spec.input_length = length;
        spec.timeout_usec = TIMEOUT_USEC;
        spec.on_stdout = on_text;
        spec.on_stderr = on_errors;
        spec.userdata = output;
        r = process_run(&spec, &result);
        if (r >= 0 && (result.signal != 0 || result.exit_status != 0 || output->text.length == 0)) {
                r = -EREMOTEIO;
        }
        return r;
}

int unitd_credential_store(const char *name, const void *secret, size_t length, char **ret_message) {
        _cleanup_(output_done) Output output = { .text.max = OUTPUT_MAX, .errors.max = OUTPUT_MAX };
        _cleanup_free_ char *path = NULL;
        int r = unitd_credential_path(name, &path);

        if (r >= 0) {
                r = encrypt(secret, length, &output);
        }
        if (r >= 0) {
                r = file_write_atomic(path, output.text.data, output.text.length, 0600);
        }
        if (r == -EREMOTEIO && output.errors.length > 0) {
                (void) string_printable(ret_message, output.errors.data, 512);
        }
        return r;
}

int unitd_credential_drop(const char *name) {
        _cleanup_free_ char *path = NULL;
        int r = unitd_credential_path(name, &path);

        if (r >= 0 && unlink(path) < 0 && errno != ENOENT) {
                r = -errno;
        }
        return r;
}

/* Temporary names have a dot, names of credentials have none. */
void unitd_credential_tidy(void) {
        DIR *directory = opendir(DIRECTORY);
        struct dirent *entry;

        while (directory && (entry = readdir(directory))) {
                if (entry->d_name[0] != '.' && strchr(entry->d_name, '.')) {
                        (void) unlinkat(dirfd(directory), entry->d_name, 0);
                }
        }
        if (directory) {
                (void) closedir(directory);
        }
}
