#include "services/workspace.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
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

static int remove_folder(int parent, const char *name, dev_t device);

/* Anything but a folder is unlinked at once; the type is asked of the entry itself, never of what it points to. */
static int remove_entry(int folder, const char *name, dev_t device) {
        if (unlinkat(folder, name, 0) >= 0 || errno == ENOENT) {
                return 0;
        }
        return errno == EISDIR || errno == EPERM ? remove_folder(folder, name, device) : -errno;
}

/* Goes on behind what cannot be removed, so that as little as possible stays; the first error is told. */
static int remove_content(int fd, dev_t device) {
        int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3), result = 0;
        DIR *folder = copy < 0 ? NULL : fdopendir(copy);
        if (!folder) {
                int r = -errno;
                (void) fd_close(copy);
                return r;
        }
        for (struct dirent *entry; (entry = readdir(folder));) {
                if (string_equal(entry->d_name, ".") || string_equal(entry->d_name, "..")) {
                        continue;
                }
                int r = remove_entry(fd, entry->d_name, device);
                result = result < 0 ? result : r;
        }
        (void) closedir(folder);
        return result;
}

static int remove_folder(int parent, const char *name, dev_t device) {
        _cleanup_close_ int fd = -EBADF;
        struct stat status;
        int r = open_folder(parent, name, device, &fd);
        if (r < 0) {
                return r == -ENOENT ? 0 : r;
        }
        if (device == 0) {
                if (fstat(fd, &status) < 0) {
                        return -errno;
                }
                device = status.st_dev;
        }
        r = remove_content(fd, device);
        if (unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT && r >= 0) {
                r = -errno;
        }
        return r;
}

/* One descriptor per level of folders: as many as there may be. */
static void raise_limit(void) {
        struct rlimit limit;
        if (getrlimit(RLIMIT_NOFILE, &limit) >= 0) {
                limit.rlim_cur = limit.rlim_max;
                (void) setrlimit(RLIMIT_NOFILE, &limit);
        }
}

int workspace_remove(const char *state_directory, const char *id) {
        if (!job_id_is_valid(id)) {
                return -EINVAL;
        }
        _cleanup_close_ int state = open(state_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (state < 0) {
                return errno == ENOENT ? 0 : -errno;
        }
        raise_limit();
        int r = remove_folder(state, id, 0);
        return r < 0 ? r : RET_NERRNO(fsync(state)); /* nobody will look for it again */
}
