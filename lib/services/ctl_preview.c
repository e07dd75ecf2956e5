/* What the server says is asked for by services/preview.c; here is what people see, and that ^C ends it cleanly. */
#include "services/ctl_preview.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>

#include "base/fd_util.h"
#include "base/string_util.h"
#include "services/ctl_job.h"
#include "services/ctl_output.h"
#include "services/ctl_table.h"
#include "services/preview.h"

/* --- showing --------------------------------------------------------------------------------------------------------- */

static int print_json(const Preview *preview) {
        CtlJson json;

        ctl_json_begin(&json);
        json_object_begin(&json.writer, NULL);
        json_bool(&json.writer, "preview", true);
        preview_write(&json.writer, preview);
        json_object_end(&json.writer);
        return ctl_json_print(&json);
}

static int print_files(const Preview *preview) {
        static const CtlColumn columns[] = {
                { .title = "ACTION" },
                { .title = "FILE", .may_shrink = true },
                { .title = "FROM", .may_shrink = true },
                { .title = "RESOLVE" },
        };
        _cleanup_(ctl_table_freep) CtlTable *table = NULL;
        int r = ctl_table_new(columns, ELEMENTSOF(columns), &table);

        for (size_t i = 0; r >= 0 && i < preview->n_kept; i++) {
                const PreviewFile *file = preview->files + i;
                _cleanup_free_ char *types = NULL;

                r = file->resolves ? string_join(&types, file->resolves, ", ") : 0;
                r = r < 0 ? r :
                            ctl_table_add(table, (const char *const[]) { file->action, file->depot_path,
                                                                         file->from, types });
        }
        return r < 0 ? r : ctl_table_print(table);
}

static int print_text(const Preview *preview) {
        int r = preview->n_files > 0 ? print_files(preview) : 0;

        for (char **message = preview->messages; message && *message; message++) {
                _cleanup_free_ char *printable = NULL;

                if (ctl_printable(&printable, *message, 8192) >= 0) {
                        printf("%s\n", printable);
                }
        }
        printf("%s%zu file%s would be opened, %zu of them to be resolved. Nothing was changed.\n",
               preview->n_files > 0 || preview->messages ? "\n" : "", preview->n_files,
               preview->n_files == 1 ? "" : "s", preview->n_resolves);
        return r < 0;
}

/* --- all ------------------------------------------------------------------------------------------------------------- */

/* Readable when somebody wants us to end. */
static int catch_signals(sigset_t *ret_before) {
        sigset_t set;

        (void) sigemptyset(&set);
        (void) sigaddset(&set, SIGINT);
        (void) sigaddset(&set, SIGTERM);
        (void) sigaddset(&set, SIGHUP);
        (void) sigprocmask(SIG_BLOCK, &set, ret_before);
        return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int explain(const Ctl *ctl, const Run *run, int error) {
        if (error == -ECANCELED) {
                return ctl_fail(ctl, 130, NULL, "Interrupted.");
        }
        return ctl_job_explain(ctl, -EIO, "preview it", run->error ? run->error : strerror(-error));
}

int ctl_preview(const Ctl *ctl, const JobSpec *spec, const JobLogin *login) {
        _cleanup_(preview_done) Preview preview = {};
        sigset_t before;
        _cleanup_close_ int signals = catch_signals(&before);
        /* An attempt without a job: what asks the server about source and target is the runner's. */
        Run run = { .id = "preview",
                    .spec = *spec,
                    .server = login->server,
                    .cancel_fd = signals,
                    .lock_fd = -EBADF };
        int r, status;

        r = preview_ask(&run, &preview);
        if (r < 0) {
                status = explain(ctl, &run, r);
        } else {
                status = ctl->json ? print_json(&preview) : print_text(&preview);
        }
        run.spec = (JobSpec) {}; /* the caller's */
        run_done(&run);
        (void) sigprocmask(SIG_SETMASK, &before, NULL);
        return status;
}
