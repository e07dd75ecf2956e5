/*
 * See workspace.h.
 */
#include "workspace.h"

#include "wire.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

enum {
        LIST_DEPTH_MAX = 256, /* deeper trees have paths that no call takes */
};

const char *file_type_to_string(FileType type) {
        static const char *const names[] = { "text", "binary", "symlink", "dir", "other", "missing" };

        return names[type];
}

FileType file_type_from_string(Str word) {
        return str_is(word, "binary") ? FILE_BINARY : str_is(word, "symlink") ? FILE_SYMLINK : FILE_TEXT;
}

int workspace_fail(Message *message, const char *operation, const char *path, int error) {
        message_add(message, &MSG_SYS, "operation", operation, "arg", path, "errmsg", strerror(error));
        return -error;
}

char *workspace_path(Str path, Message *message) {
        _cleanup_(free_charp) char *shown = str_dup(path);

        if (path.length == 0 || path.data[0] != '/' || str_until_nul(path).length != path.length ||
            path.length >= PATH_MAX) {
                (void) workspace_fail(message, "open", shown,
                                      path.length >= PATH_MAX ? ENAMETOOLONG : EINVAL);
                return NULL;
        }
        return memory_string(path.data, path.length);
}

int workspace_make_parents(const char *path, Message *message) {
        _cleanup_(free_charp) char *directory = str_dup(str_from(path));
        struct stat st;

        for (char *slash = strchr(directory + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
                int error;

                *slash = 0;
                error = mkdir(directory, 0777) < 0 ? errno : 0;
                if (error == EEXIST || error == EISDIR || error == EROFS) {
                        error = stat(directory, &st) < 0 ? errno : S_ISDIR(st.st_mode) ? 0 : ENOTDIR;
                }
                if (error != 0) {
                        (void) workspace_fail(message, "mkdir", directory, error);
                        message_add(message, &MSG_MKDIR, "file", path);
                        return -error;
                }
                *slash = '/';
        }
        return 0;
}

int workspace_check_clobber(const char *path, Message *message) {
        struct stat st;

        if (lstat(path, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & S_IWUSR)) {
                message_add(message, &MSG_CLOBBER, "file", path);
                return -EEXIST;
        }
        return 0;
}

mode_t workspace_mode(Str perms, bool exec) {
        mode_t mask = umask(0), mode = (str_is(perms, "rw") ? 0666 : 0444) | (exec ? 0111 : 0);

        (void) umask(mask);
        return mode & ~mask;
}

int workspace_delete(const char *path, bool clobber, Message *message) {
        int r = clobber ? 0 : workspace_check_clobber(path, message);

        if (r == 0 && unlink(path) < 0 && errno != ENOENT && errno != ENOTDIR) {
                r = workspace_fail(message, "unlink", path, errno);
        }
        return r;
}

int workspace_chmod(const char *path, Str perms, bool exec, const Str *mod_time, Message *message) {
        struct timespec times[2] = { { .tv_nsec = UTIME_OMIT } };
        struct stat st;

        if (lstat(path, &st) < 0) {
                return workspace_fail(message, "chmod", path, errno);
        }
        if (S_ISLNK(st.st_mode)) {
                return 0; /* a link has no mode of its own */
        }
        if (chmod(path, workspace_mode(perms, exec)) < 0) {
                return workspace_fail(message, "chmod", path, errno);
        }
        if (mod_time) {
                times[1].tv_sec = (time_t) str_number(*mod_time);
                (void) utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW);
        }
        return 0;
}

int workspace_move(const char *from, const char *to, bool clobber, Message *message) {
        int r = clobber ? 0 : workspace_check_clobber(to, message);

        if (r == 0) {
                r = workspace_make_parents(to, message);
        }
        if (r == 0 && rename(from, to) < 0) {
                r = workspace_fail(message, "rename", from, errno);
        }
        return r;
}

void workspace_remove_empty_parents(const char *path) {
        _cleanup_(free_charp) char *directory = str_dup(str_from(path));
        _cleanup_(free_charp) char *here = getcwd(NULL, 0);
        char *slash;

        while ((slash = strrchr(directory, '/')) && slash > directory) {
                *slash = 0;
                if ((here && str_is(str_from(directory), here)) || rmdir(directory) < 0) {
                        break;
                }
        }
}

/* The first block decides, as it does for the product. */
static FileType sniff(int fd) {
        char block[WIRE_CHUNK_MAX];
        ssize_t n = pread(fd, block, sizeof(block), 0);

        return n > 0 && memchr(block, 0, (size_t) n) ? FILE_BINARY : FILE_TEXT;
}

int workspace_stat(const char *path, FileType *ret_type, struct stat *ret_stat, Message *message) {
        _cleanup_(close_fd) int fd = -EBADF;

        if (lstat(path, ret_stat) < 0) {
                *ret_type = FILE_MISSING;
                return errno == ENOENT || errno == ENOTDIR ? 0 :
                                                             workspace_fail(message, "stat", path, errno);
        }
        if (!S_ISREG(ret_stat->st_mode)) {
                *ret_type = S_ISLNK(ret_stat->st_mode) ? FILE_SYMLINK :
                            S_ISDIR(ret_stat->st_mode) ? FILE_DIRECTORY :
                                                         FILE_OTHER;
                return 0;
        }
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (fd < 0) {
                return workspace_fail(message, "open for read", path, errno);
        }
        *ret_type = sniff(fd);
        return 0;
}

/* The target is the content, with the newline that makes it a line of text. */
static int read_link(const char *path, ContentFunction function, void *userdata, Message *message) {
        char target[PATH_MAX + 1];
        ssize_t n = readlink(path, target, PATH_MAX);

        if (n < 0) {
                return workspace_fail(message, "readlink", path, errno);
        }
        target[n] = '\n';
        return function(userdata, (Str) { .data = target, .length = (size_t) n + 1 });
}

/* Conversion never makes data longer by more than the CR kept back, so a block of one byte less stays a
 * chunk. */
static int read_blocks(int fd, LineEnd line_end, ContentFunction function, void *userdata) {
        _cleanup_(buffer_done) Buffer converted = {};
        char block[WIRE_CHUNK_MAX - 1];
        bool pending = false;

        for (;;) {
                ssize_t n = read(fd, block, sizeof(block));
                Str data;
                int r;

                if (n < 0 && errno == EINTR) {
                        continue;
                }
                if (n < 0) {
                        return -errno;
                }
                data = lineend_to_server(line_end, (Str) { .data = block, .length = (size_t) n }, &pending,
                                         n == 0, &converted);
                r = data.length > 0 ? function(userdata, data) : 0;
                if (r < 0 || n == 0) {
                        return r;
                }
        }
}

int workspace_read(const char *path, FileType type, LineEnd line_end, ContentFunction function,
                   void *userdata, Message *message) {
        _cleanup_(close_fd) int fd = -EBADF;
        struct stat st;
        int r;

        if (type == FILE_SYMLINK) {
                return read_link(path, function, userdata, message);
        }
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (fd < 0) {
                return workspace_fail(message, "open for read", path, errno);
        }
        if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
                return workspace_fail(message, "open for read", path, S_ISDIR(st.st_mode) ? EISDIR : EINVAL);
        }
        r = read_blocks(fd, type == FILE_TEXT ? line_end : LINE_END_UNIX, function, userdata);
        return r < 0 && r != -ENOTCONN ? workspace_fail(message, "read", path, -r) : r;
}

typedef struct Lister {
        bool recursive;
        bool hidden;
        EntryFunction function;
        void *userdata;
        Message *message;
} Lister;

/* Names of one directory, those of directories with their slash: then the order of names is that of
 * paths. */
typedef struct Names {
        char **names;
        size_t n;
} Names;

static void names_done(Names *names) {
        for (size_t i = 0; i < names->n; i++) {
                free(names->names[i]);
        }
        free(names->names);
}

static int compare_names(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

static int read_names(const Lister *lister, const char *path, Names *names) {
        DIR *directory = opendir(path);
        struct dirent *entry;

        if (!directory) {
                return -errno;
        }
        while ((entry = readdir(directory))) {
                struct stat st;
                Buffer name = {};

                if (str_is(str_from(entry->d_name), ".") || str_is(str_from(entry->d_name), "..") ||
                    (entry->d_name[0] == '.' && !lister->hidden) ||
                    fstatat(dirfd(directory), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
                        continue;
                }
                buffer_append_text(&name, entry->d_name);
                buffer_append_text(&name, S_ISDIR(st.st_mode) ? "/" : "");
                names->names = memory_resize(names->names, (names->n + 1) * sizeof(char *));
                names->names[names->n++] = name.data;
        }
        (void) closedir(directory);
        if (names->n > 0) {
                qsort(names->names, names->n, sizeof(char *), compare_names);
        }
        return 0;
}

static int list_directory(const Lister *lister, const char *path, unsigned depth) {
        _cleanup_(names_done) Names names = {};
        int r = depth > LIST_DEPTH_MAX ? -ELOOP : read_names(lister, path, &names);

        if (r < 0) {
                return workspace_fail(lister->message, "opendir", path, -r);
        }
        for (size_t i = 0; i < names.n; i++) {
                _cleanup_(buffer_done) Buffer below = {};
                struct stat st;

                buffer_printf(&below, "%s%s%s", path, path[1] ? "/" : "", names.names[i]);
                if (below.data[below.length - 1] == '/') {
                        below.data[--below.length] = 0;
                }
                if (lstat(below.data, &st) < 0) {
                        continue; /* gone meanwhile */
                }
                r = S_ISDIR(st.st_mode) && lister->recursive ?
                                    list_directory(lister, below.data, depth + 1) :
                                    lister->function(lister->userdata, below.data, &st);
                if (r < 0) {
                        return r;
                }
        }
        return 0;
}

int workspace_list(const char *path, bool recursive, bool hidden, EntryFunction function, void *userdata,
                   Message *message) {
        Lister lister = { recursive, hidden, function, userdata, message };

        return list_directory(&lister, path, 0);
}
