/* Accepting a file as somebody edited it. p4's prompt has that ("ae"), its automatic mode has not: forcing the merge (-af) with all
 * changes marked (-v) gives the right credit and the wrong content, so the edited file is put aside before and put back after. */
#include "services/run_edit.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd_util.h"
#include "base/log.h"
#include "base/string_util.h"
#include "services/run_change.h"
#include "services/run_p4.h"

static int copy_content(int from, int to) {
        char chunk[16384];
        ssize_t n;
        while ((n = read(from, chunk, sizeof(chunk))) > 0) {
                int r = fd_write_all(to, chunk, (size_t) n);
                if (r < 0) {
                        return r;
                }
        }
        return n < 0 ? -errno : 0;
}

/* A link is put aside as what it is: that is the content of a file of type symlink. */
static int put_link_aside(const char *path, const char *aside) {
        char target[PATH_MAX];
        ssize_t n = readlink(path, target, sizeof(target) - 1);
        if (n < 0) {
                return -errno;
        }
        target[n] = 0;
        (void) unlink(aside);
        return symlink(target, aside) < 0 ? -errno : 0;
}

/* The text, or a copy of the file, beside the file, which must be one: nothing is read through links that somebody put there. */
static int put_aside(const char *path, const char *aside, const JobBytes *text) {
        struct stat status;
        _cleanup_close_ int from = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
        if (from < 0 && errno == ELOOP && !text) {
                return put_link_aside(path, aside);
        }
        if (from < 0 || fstat(from, &status) < 0) {
                return -errno;
        }
        if (!S_ISREG(status.st_mode)) {
                return -EMEDIUMTYPE;
        }
        (void) unlink(aside);
        _cleanup_close_ int to = open(aside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                                      (status.st_mode & 0777) | 0600);
        if (to < 0) {
                return -errno;
        }
        return text ? fd_write_all(to, text->data, text->size) : copy_content(from, to);
}

static int ask(Run *run, const char *const *words, const char *file, bool *ret_success) {
        _cleanup_(p4_result_done) P4Result result = {};
        const char *const files[] = { file, NULL };
        P4Command command = P4_COMMAND_INIT;
        command.arguments = words;
        command.batch = files;
        int r = run_p4(run, &command, &result);
        if (r < 0) {
                return r;
        }
        *ret_success = p4_class_is_success(result.p4_class);
        if (!*ret_success) {
                run_log(run, LOG_LEVEL_WARNING, "Failed to resolve %s: %s", file, result.text ?: "");
        }
        return 0;
}

/* edit: the file may differ from what integrating left. -af: what is text becomes an edited merge. -ay: what cannot be merged keeps ours. */
static int resolve(Run *run, const char *file, bool *ret_success) {
        char number[RUN_NUMBER_MAX];
        (void) run_number(number, run->state.change);
        const char *const steps[][6] = {
                { "edit", "-c", number, NULL },
                { "resolve", "-af", "-v", "-c", number, NULL },
                { "resolve", "-ay", "-c", number, NULL },
        };
        int r = 0;
        *ret_success = true;
        for (size_t i = 0; r >= 0 && *ret_success && i < ELEMENTSOF(steps); i++) {
                r = ask(run, steps[i], file, ret_success);
        }
        return r;
}

int run_edit_accept(Run *run, const JobConflict *conflict, const JobBytes *text) {
        _cleanup_free_ char *aside = NULL;
        bool success = false;
        int r = string_format(&aside, "%s.weir-edit", conflict->local_path);
        if (r < 0) {
                return r;
        }
        r = put_aside(conflict->local_path, aside, text);
        if (r < 0) {
                run_log(run, LOG_LEVEL_WARNING, "Failed to read %s: %s", conflict->local_path, strerror(-r));
                (void) unlink(aside);
                return 0;
        }
        r = resolve(run, conflict->depot_path, &success);
        if (r < 0 || rename(aside, conflict->local_path) < 0) {
                r = r < 0 ? r : -errno;
                (void) unlink(aside);
        }
        return r;
}
