/* `weirctl resolve`: what conflicts are about, and how they are decided. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/fd_util.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "services/ctl_job.h"
#include "services/ctl_output.h"
#include "services/ctl_verbs.h"

#define READ_TRIES 6 /* each takes 10 s at most */

const CtlOption ctl_resolve_options[] = {
        { "accept", 0, "HOW", "theirs, yours, merged, or edit: the file as it is in the workspace" },
        { "file", 0, "PATH", "with --accept=edit: the text it shall have instead; -: from stdin" },
        { "show", 0, "[SIDE]", "print the merged text with its conflicts, or base, theirs, yours" },
        { "all", 'a', NULL, "every conflict there is" },
        { "wait", 'w', NULL, "wait until it has ended or needs you again" },
        {},
};

/* --- files ----------------------------------------------------------------------------------------------------------- */

/* A depot path or "*" stays as it is; a path on this machine becomes the one that p4 knows it by. */
static int full_name(const char *file, char **ret) {
        _cleanup_free_ char *here = NULL;

        if (*file == '/' || string_equal(file, "*")) {
                return string_copy(ret, file);
        }
        here = getcwd(NULL, 0);
        return here ? string_format(ret, "%s/%s", here, string_has_prefix(file, "./") ? file + 2 : file) :
                      -errno;
}

static int add_file(JobPairs *files, const char *file, const char *accept) {
        _cleanup_free_ char *name = NULL;
        int r = full_name(file, &name);

        return r < 0 ? r : job_pairs_append(files, name, accept);
}

static int read_files(const Ctl *ctl, const char *accept, JobPairs *files) {
        int r = ctl_flag(ctl, "all") ? job_pairs_append(files, "*", accept) : 0;

        for (char **file = ctl->arguments + 1; r >= 0 && *file; file++) {
                r = add_file(files, *file, accept);
        }
        return r;
}

/* --- looking --------------------------------------------------------------------------------------------------------- */

static const struct {
        const char *name;
        size_t offset;
} sides[] = {
        { "merged", offsetof(JobText, merged) },
        { "base", offsetof(JobText, base) },
        { "theirs", offsetof(JobText, theirs) },
        { "yours", offsetof(JobText, yours) },
};

static const JobBytes *side_of(const JobText *text, size_t i) {
        return (const JobBytes *) ((const char *) text + sides[i].offset);
}

static int print_json(const JobText *text) {
        CtlJson json;

        ctl_json_begin(&json);
        json_object_begin(&json.writer, NULL);
        json_string(&json.writer, "file", text->file);
        json_string(&json.writer, "type", text->type);
        json_string(&json.writer, "state", text->state);
        json_bool(&json.writer, "is_text", text->is_text);
        json_bool(&json.writer, "truncated", text->truncated);
        json_string(&json.writer, "error", text->error);
        for (size_t i = 0; i < ELEMENTSOF(sides); i++) {
                json_string(&json.writer, sides[i].name, side_of(text, i)->data);
        }
        json_object_end(&json.writer);
        return ctl_json_print(&json);
}

static int print_side(const Ctl *ctl, const JobText *text, const char *side) {
        for (size_t i = 0; i < ELEMENTSOF(sides); i++) {
                const JobBytes *bytes = side_of(text, i);

                if (!string_equal(sides[i].name, side)) {
                        continue;
                }
                if (!bytes->data) {
                        return ctl_fail(ctl, 1, NULL, "%s has no such text%s.", text->file,
                                        text->truncated ? ", or it is larger than 1 MiB" : "");
                }
                return fwrite(bytes->data, 1, bytes->size, stdout) == bytes->size ? 0 : 1;
        }
        return CTL_EXIT_USAGE; /* check_side() has told */
}

static int print_text(const Ctl *ctl, const JobText *text, const char *side) {
        if (ctl->json) {
                return print_json(text);
        }
        if (!string_equal(text->state, "ready")) {
                return ctl_fail(ctl, 1, NULL, "The texts of %s cannot be had: %s.", text->file,
                                text->error ? text->error : "the job does not answer");
        }
        return print_side(ctl, text, string_is_empty(side) ? sides[0].name : side);
}

/* The job reads them when somebody asks: with a slow server that takes longer than one call. */
static int read_conflict(JobsClient *client, const char *id, const char *file, JobText *ret,
                         char **ret_message) {
        int r = jobs_client_read_conflict(client, id, file, ret, ret_message);

        for (int i = 1; r >= 0 && i < READ_TRIES && string_equal(ret->state, "pending"); i++) {
                job_text_done(ret);
                r = jobs_client_read_conflict(client, id, file, ret, ret_message);
        }
        return r;
}

static int show(const Ctl *ctl, JobsClient *client, const char *id) {
        _cleanup_(job_text_done) JobText text = {};
        _cleanup_free_ char *name = NULL, *message = NULL;
        int r = full_name(ctl->arguments[1], &name);

        r = r < 0 ? r : read_conflict(client, id, name, &text, &message);
        return r < 0 ? ctl_job_fail(ctl, r, "read a conflict of", id, message) :
                       print_text(ctl, &text, ctl_option(ctl, "show"));
}

/* --- deciding -------------------------------------------------------------------------------------------------------- */

static int read_text(const char *path, JobBytes *ret) {
        Buffer buffer = { .max = JOB_CONTENT_MAX };
        ssize_t n;
        int r;

        if (!string_equal(path, "-")) {
                return file_read(path, JOB_CONTENT_MAX, &ret->data, &ret->size);
        }
        do {
                n = buffer_read(&buffer, STDIN_FILENO, 64 * 1024);
        } while (n > 0);
        r = n < 0 ? (n == -ENOBUFS ? -EFBIG : (int) n) :
                    job_bytes_copy(ret, buffer.data ? buffer.data : "", buffer.length);
        buffer_done(&buffer);
        return r;
}

static int write_text(const Ctl *ctl, JobsClient *client, const char *id, const char *path) {
        _cleanup_(job_bytes_done) JobBytes text = {};
        _cleanup_free_ char *name = NULL, *message = NULL;
        int r = read_text(path, &text);

        if (r < 0) {
                return ctl_fail(ctl, 1, NULL, "Failed to read %s: %s.", path,
                                r == -EFBIG ? "it is larger than 1 MiB" : strerror(-r));
        }
        r = full_name(ctl->arguments[1], &name);
        r = r < 0 ? r : jobs_client_resolve_with_text(client, id, name, &text, &message);
        return r < 0 ? ctl_job_fail(ctl, r, "resolve a file of", id, message) : 0;
}

static int decide(const Ctl *ctl, JobsClient *client, const char *id) {
        _cleanup_(job_pairs_done) JobPairs files = {};
        _cleanup_free_ char *message = NULL;
        int r = read_files(ctl, ctl_option(ctl, "accept"), &files);

        r = r < 0 ? r : jobs_client_resolve(client, id, &files, &message);
        return r < 0 ? ctl_job_fail(ctl, r, "resolve files of", id, message) : 0;
}

/* Also where JSON has all of them: a word that is none is a mistake. */
static int check_side(const Ctl *ctl) {
        const char *side = ctl_option(ctl, "show");

        for (size_t i = 0; i < ELEMENTSOF(sides); i++) {
                if (string_is_empty(side) || string_equal(sides[i].name, side)) {
                        return 0;
                }
        }
        return ctl_fail(ctl, CTL_EXIT_USAGE, NULL, "There is no side \"%s\": merged, base, theirs or yours.",
                        side);
}

static int check_usage(const Ctl *ctl) {
        const char *accept = ctl_option(ctl, "accept");
        bool has_one = ctl->n_arguments == 2 && !ctl_flag(ctl, "all");

        if (ctl_flag(ctl, "show")) {
                return accept || !has_one ? ctl_fail(ctl, CTL_EXIT_USAGE, NULL,
                                                     "--show is about one file, and decides nothing.") :
                                            check_side(ctl);
        }
        if (!accept || ctl_flag(ctl, "all") == (ctl->n_arguments > 1)) {
                return ctl_fail(ctl, CTL_EXIT_USAGE, NULL,
                                "Say which files, or --all, and how: --accept=theirs, yours, merged or edit.");
        }
        if (ctl_option(ctl, "file") && (!has_one || !string_equal(accept, "edit"))) {
                return ctl_fail(ctl, CTL_EXIT_USAGE, NULL,
                                "--file is the text of one file, with --accept=edit.");
        }
        return 0;
}

int ctl_resolve(Ctl *ctl) {
        _cleanup_(jobs_client_freep) JobsClient *client = NULL;
        const char *id = ctl->arguments[0], *path = ctl_option(ctl, "file");
        int status = check_usage(ctl);

        if (status != 0 || ctl_job_open(ctl, &client, &status) < 0) {
                return status;
        }
        if (ctl_flag(ctl, "show")) {
                return show(ctl, client, id);
        }
        status = path ? write_text(ctl, client, id, path) : decide(ctl, client, id);
        if (status != 0) {
                return status;
        }
        return ctl_flag(ctl, "wait") ? ctl_job_await(ctl, client, id, CTL_JOB_SETTLE_USEC) :
                                       ctl_job_tell(ctl, id, "will resolve that.");
}
