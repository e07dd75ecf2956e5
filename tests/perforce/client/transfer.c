/*
 * See transfer.h.
 */
#include "transfer.h"

#include "md5.h"
#include "temporary.h"

#include <errno.h>
#include <limits.h>
#include <unistd.h>

enum {
        TRANSFERS_MAX = 64, /* open at one time; the product's server opens one */
};

struct Transfer {
        Transfer *next;
        char *handle;
        char *path;
        char *temporary;
        int fd;
        FileType type;
        LineEnd line_end;
        mode_t mode;
        bool has_mod_time;
        time_t mod_time;
        int error;     /* negative errno of the first failure */
        uint64_t size; /* in server form */
        Md5 md5;
        Buffer link; /* the target of a symbolic link */
        Buffer converted;
};

static Transfer *transfer_free(Transfer *transfer) {
        if (transfer->temporary) {
                temporary_remove(transfer->temporary);
        }
        close_fd(&transfer->fd);
        buffer_done(&transfer->link);
        buffer_done(&transfer->converted);
        free(transfer->temporary);
        free(transfer->handle);
        free(transfer->path);
        free(transfer);
        return NULL;
}

static Transfer **find_transfer(Transfers *transfers, Str handle) {
        Transfer **at = &transfers->first;

        while (*at && !str_is(handle, (*at)->handle)) {
                at = &(*at)->next;
        }
        return at;
}

static void drop(Transfers *transfers, Transfer **at) {
        Transfer *transfer = *at;

        *at = transfer->next;
        transfers->n--;
        (void) transfer_free(transfer);
}

void transfers_done(Transfers *transfers) {
        while (transfers->first) {
                drop(transfers, &transfers->first);
        }
}

static int prepare(Transfer *transfer, const Dict *request, Message *message) {
        const Str *mod_time = dict_get(request, "modTime");
        int r;

        transfer->path = workspace_path(dict_text(request, "path"), message);
        if (!transfer->path) {
                return -EINVAL;
        }
        transfer->type = file_type_from_string(dict_text(request, "type"));
        transfer->line_end = transfer->type == FILE_TEXT ?
                                             lineend_from_string(dict_text(request, "lineEnd")) :
                                             LINE_END_UNIX;
        transfer->mode = workspace_mode(dict_text(request, "perms"), dict_has(request, "exec"));
        transfer->has_mod_time = mod_time;
        transfer->mod_time = mod_time ? (time_t) str_number(*mod_time) : 0;
        md5_init(&transfer->md5);

        r = dict_has(request, "clobber") ? 0 : workspace_check_clobber(transfer->path, message);
        return r < 0 ? r : workspace_make_parents(transfer->path, message);
}

static int create(Transfer *transfer, Message *message) {
        int r;

        if (transfer->type == FILE_SYMLINK) {
                r = temporary_name(transfer->path, &transfer->temporary);
        } else {
                r = temporary_create(transfer->path, 0600, &transfer->temporary);
                transfer->fd = r >= 0 ? r : -EBADF;
        }
        return r < 0 ? workspace_fail(message, "open for write", transfer->path, -r) : 0;
}

int transfer_open(Transfers *transfers, const Dict *request, Message *message) {
        Str handle = dict_text(request, "handle");
        Transfer **at = find_transfer(transfers, handle), *transfer;

        if (*at) {
                drop(transfers, at); /* the server forgot it, so do we */
        }
        if (transfers->n == TRANSFERS_MAX) {
                return workspace_fail(message, "open for write", "workspace", EMFILE);
        }
        transfer = memory_alloc(sizeof(*transfer));
        *transfer = (Transfer) { .handle = str_dup(handle), .fd = -EBADF, .next = transfers->first };
        transfers->first = transfer;
        transfers->n++;

        transfer->error = prepare(transfer, request, message);
        if (transfer->error == 0) {
                transfer->error = create(transfer, message);
        }
        return transfer->error;
}

static int append(Transfer *transfer, Str data) {
        if (transfer->type == FILE_SYMLINK) {
                buffer_append_str(&transfer->link, data);
                return transfer->link.length > PATH_MAX ? -ENAMETOOLONG : 0;
        }
        return write_all(transfer->fd, lineend_to_local(transfer->line_end, data, &transfer->converted));
}

int transfer_write(Transfers *transfers, const Dict *request, Message *message) {
        Transfer *transfer = *find_transfer(transfers, dict_text(request, "handle"));
        Str data = dict_text(request, "data");

        if (!transfer || transfer->error < 0) {
                return 0;
        }
        md5_add(&transfer->md5, data);
        transfer->size += data.length;
        transfer->error = append(transfer, data);
        return transfer->error < 0 ? workspace_fail(message, "write", transfer->path, -transfer->error) : 0;
}

static int check_digest(Transfer *transfer, Str expected, Message *message) {
        _cleanup_(free_charp) char *server = str_dup(expected);
        char digest[MD5_HEX_SIZE];

        md5_finish(&transfer->md5, digest);
        if (expected.length == 0 || str_is(expected, digest)) {
                return 0;
        }
        message_add(message, &MSG_DIGEST_MISMATCH, "clientFile", transfer->path, "clientDigest", digest,
                    "serverDigest", server);
        return -EBADMSG;
}

static int finish_link(Transfer *transfer) {
        size_t length = strcspn(transfer->link.data ? transfer->link.data : "", "\n");

        if (length == 0) {
                return -EINVAL;
        }
        transfer->link.data[length] = 0;
        return symlink(transfer->link.data, transfer->temporary) < 0 ? -errno : 0;
}

static int finish_file(Transfer *transfer) {
        struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = transfer->mod_time } };

        if (fchmod(transfer->fd, transfer->mode) < 0) {
                return -errno;
        }
        if (transfer->has_mod_time && futimens(transfer->fd, times) < 0) {
                return -errno;
        }
        return close(TAKE_FD(transfer->fd)) < 0 ? -errno : 0;
}

/* Puts it into place. */
static int commit(Transfer *transfer, Message *message) {
        int r = transfer->type == FILE_SYMLINK ? finish_link(transfer) : finish_file(transfer);

        if (r < 0) {
                return workspace_fail(message, "write", transfer->path, -r);
        }
        r = temporary_rename(transfer->temporary, transfer->path);
        if (r < 0) {
                return workspace_fail(message, "rename", transfer->path, -r);
        }
        free(transfer->temporary);
        transfer->temporary = NULL;
        return 0;
}

int transfer_close(Transfers *transfers, const Dict *request, uint64_t *ret_size, Message *message) {
        Transfer **at = find_transfer(transfers, dict_text(request, "handle")), *transfer = *at;
        int r;

        if (!transfer) {
                return workspace_fail(message, "close", "workspace", EBADF);
        }
        r = transfer->error;
        if (r == 0 && !str_is(dict_text(request, "commit"), "0")) {
                r = check_digest(transfer, dict_text(request, "digest"), message);
                r = r < 0 ? r : commit(transfer, message);
        }
        *ret_size = transfer->size;
        drop(transfers, at);
        return r;
}
