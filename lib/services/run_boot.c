#include "services/run_boot.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd_util.h"
#include "base/log.h"
#include "base/string_util.h"
#include "services/run_change.h"
#include "services/run_p4.h"
#include "services/workspace.h"

#define BOOT_ID "/proc/sys/kernel/random/boot_id"
#define BOOT_ID_MAX ((size_t) 64)

static int read_boot(char **ret) {
        const char *file = getenv(
                        "WEIR_BOOT_ID_FILE"); /* of machines that share a kernel, as those of the tests do */
        int r = file_read(file ?: BOOT_ID, BOOT_ID_MAX, ret, NULL);
        if (r >= 0) {
                (*ret)[strcspn(*ret, "\n")] = 0;
        }
        return r;
}

static int remember_boot(Run *run) {
        _cleanup_free_ char *boot = NULL;
        int r = read_boot(&boot);
        run->is_doubtful = false;
        return r < 0 ? r : string_replace(&run->state.boot, boot);
}

static int forget(Run *run, const char *const *words) {
        _cleanup_(p4_result_done) P4Result result = {};
        int r = run_p4_simple(run, &result, words);
        return r < 0 || p4_class_is_success(result.p4_class) || result.p4_class == P4_UNKNOWN ?
                               r :
                               run_fail_p4(run, words[0], &result);
}

/* In the job's own client also the server forgets: it takes files for synced that may be gone. Elsewhere reverting brings back what the job
 * had opened, and the rest is not ours. */
static int give_up_workspace(Run *run) {
        if (!run->state.client) {
                return 0;
        }
        if (!run->state.is_managed) {
                return run_change_revert(run);
        }
        int r = forget(run, (const char *const[]) { "revert", "-k", "//...", NULL });
        r = r < 0 ? r : forget(run, (const char *const[]) { "sync", "-q", "-k", "//...#none", NULL });
        return r < 0 ? r : workspace_remove(run->state_directory, run->id);
}

static int begin_anew(Run *run) {
        run_log(run, LOG_LEVEL_WARNING, "The machine went down without warning in %s: %s begins anew",
                job_stage_to_string(run->stage), run->id);
        int r = give_up_workspace(run);
        r = r < 0 ? r : remember_boot(run);
        if (r < 0) {
                return r;
        }
        run->state.push_tries = run->state.conflicts = 0;
        run->state.is_reverted = false;
        run->stage = JOB_INIT;
        return 1;
}

int run_boot_check(Run *run) {
        _cleanup_free_ char *boot = NULL;
        int r = read_boot(&boot);
        if (r < 0) {
                run_log(run, LOG_LEVEL_WARNING, "It is not known when the machine was booted: %s",
                        strerror(-r));
                return 0;
        }
        if (!run->state.boot || string_equal(run->state.boot, boot)) {
                return string_replace(&run->state.boot, boot);
        }
        if (run->stage > JOB_SHELVE) {
                return remember_boot(run); /* the server has it all */
        }
        if (run->stage == JOB_NEEDS_RESOLVE && run->state.root && access(run->state.root, F_OK) >= 0) {
                run->is_doubtful = true;
                return 0;
        }
        return begin_anew(run);
}

/* In the checkpoint numbers are not negative. */
static uint64_t mark(uint64_t stamp) {
        return stamp >> 1;
}

int run_boot_settle(Run *run, JobStage *ret_next) {
        if (mark(conflicts_stamp(&run->conflicts)) == run->state.conflicts) {
                return remember_boot(run);
        }
        *ret_next = JOB_INIT;
        return begin_anew(run);
}

/* All of its file system; people have resolved something, so this is rare. */
static int sync_workspace(const Run *run) {
        _cleanup_close_ int fd = open(run->state.root ?: "", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 || syncfs(fd) < 0 ? -errno : 0;
}

void run_boot_secure(Run *run, uint64_t stamp) {
        int r = sync_workspace(run);
        if (r < 0) {
                run_log(run, LOG_LEVEL_WARNING, "Failed to sync %s: %s", run->state.root ?: "the workspace",
                        strerror(-r));
        }
        run->state.conflicts = r < 0 ? 0 : mark(stamp);
}

int run_boot_keep(Run *run) {
        JobReport report = {};
        if (!run->state.boot || !run->state.root || sync_workspace(run) < 0) {
                return 0;
        }
        free(TAKE_PTR(run->state.boot));
        return run_report(run, &report);
}
