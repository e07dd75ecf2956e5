#include "services/workspace.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd_util.h"
#include "base/string_util.h"
#include "domain/job_id.h"

int workspace_path(const char *state_directory, const char *id, char **ret) {
        return job_id_is_valid(id) ? string_format(ret, "%s/%s", state_directory, id) : -EINVAL;
}

int workspace_create(const char *path) {
        return mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

/* A folder that is one, of the same file system; a hook may have taken our own rights away. */
static int open_folder(int parent, const char *name, dev_t device, int *ret) {
        struct stat status;
        const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
        int fd = openat(parent, name, flags);
        if (fd < 0 && errno == EACCES && fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) >= 0 &&
            S_ISDIR(status.st_mode) && fchmodat(parent, name, 0700, 0) >= 0) {
                fd = openat(parent, name, flags);
        }
        _cleanup_close_ int owned = RET_NERRNO(fd);
        if (owned < 0) {
                return owned;
        }
        if (fstat(owned, &status) < 0) {
                return -errno;
        }
        if (device != 0 && status.st_dev != device) {
                return -EXDEV;
        }
        if ((status.st_mode & 0700) != 0700 && fchmod(owned, 0700) < 0) {
                return -errno;
        }
        *ret = TAKE_FD(owned);
        return 0;
}

/* --- removing -------------------------------------------------------------------------------------------------------- */

/* A tree may be deeper than there are descriptors or stack: every folder in a folder is moved up into the top one, so that whatever the depth
 * only two are open. */
typedef struct Removal {
        int top;
        dev_t device;
        unsigned n_moved; /* for names */
        bool progress;    /* something went in this pass */
        int result;       /* the first thing that cannot be removed */
} Removal;

/* Goes on behind what cannot be removed, so that as little as possible stays. */
static void note_failure(Removal *removal, int error) {
        removal->result = removal->result < 0 ? removal->result : error;
}

/* Anything but a folder is unlinked at once; the type is asked of the entry itself, never of what it points to. 1: it is a folder. */
static int unlink_entry(Removal *removal, int folder, const char *name) {
        if (unlinkat(folder, name, 0) >= 0) {
                removal->progress = true;
                return 0;
        }
        return errno == ENOENT ? 0 : errno == EISDIR || errno == EPERM ? 1 : -errno;
}

/* Its rights are its own: a folder can only be moved when it may be written to. */
static int move_up(Removal *removal, int folder, const char *name) {
        _cleanup_close_ int fd = -EBADF;
        char lifted[32];
        int r = open_folder(folder, name, removal->device, &fd);
        do {
                (void) snprintf(lifted, sizeof(lifted), ".weir-%u", removal->n_moved++);
                if (r < 0 || renameat2(folder, name, removal->top, lifted, RENAME_NOREPLACE) >= 0) {
                        return r;
                }
        } while (errno == EEXIST);
        return -errno;
}

static int for_each_entry(int fd, int (*function)(Removal *removal, int folder, const char *name),
                          Removal *removal) {
        int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        DIR *folder = copy < 0 ? NULL : fdopendir(copy);
        if (!folder) {
                int r = -errno;
                (void) fd_close(copy);
                return r;
        }
        rewinddir(folder);
        for (struct dirent *entry; (entry = readdir(folder));) {
                if (!string_equal(entry->d_name, ".") && !string_equal(entry->d_name, "..")) {
                        int r = function(removal, fd, entry->d_name);
                        if (r < 0) {
                                note_failure(removal, r);
                        }
                }
        }
        (void) closedir(folder);
        return 0;
}

static int lift_entry(Removal *removal, int folder, const char *name) {
        int r = unlink_entry(removal, folder, name);
        return r > 0 ? move_up(removal, folder, name) : r;
}

/* What is in the top folder: files go, folders are emptied into it and go. */
static int remove_entry(Removal *removal, int top, const char *name) {
        _cleanup_close_ int fd = -EBADF;
        int r = unlink_entry(removal, top, name);
        r = r > 0 ? open_folder(top, name, removal->device, &fd) : r;
        if (fd < 0) {
                return r == -ENOENT ? 0 : r;
        }
        r = for_each_entry(fd, lift_entry, removal);
        if (unlinkat(top, name, AT_REMOVEDIR) >= 0) {
                removal->progress = true;
                return r;
        }
        return r < 0 ? r : -errno;
}

static int remove_folder(int parent, const char *name) {
        Removal removal = { .progress = true };
        _cleanup_close_ int top = -EBADF;
        struct stat status;
        int r = open_folder(parent, name, 0, &top);
        if (r < 0 || fstat(top, &status) < 0) {
                return r == -ENOENT ? 0 : r < 0 ? r : -errno;
        }
        removal.top = top;
        removal.device = status.st_dev;
        while (r >= 0 && removal.progress) { /* what was moved up is seen in the next pass */
                removal.progress = false;
                removal.result = 0;
                r = for_each_entry(top, remove_entry, &removal);
        }
        r = r < 0 ? r : removal.result;
        if (unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT && r >= 0) {
                r = -errno;
        }
        return r;
}

int workspace_remove(const char *state_directory, const char *id) {
        if (!job_id_is_valid(id)) {
                return -EINVAL;
        }
        _cleanup_close_ int state = open(state_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (state < 0) {
                return errno == ENOENT ? 0 : -errno;
        }
        int r = remove_folder(state, id);
        return r < 0 ? r : RET_NERRNO(fsync(state)); /* nobody will look for it again */
}
