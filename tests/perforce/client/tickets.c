/*
 * See tickets.h.
 */
#include "tickets.h"

#include "port.h"
#include "temporary.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
        TICKETS_MAX = 4 * 1024 * 1024, /* a larger file is not one of ours */
        LOCK_TRIES = 1000,
};

typedef struct Entry {
        Str port;
        Str user;
        Str ticket;
} Entry;

/* port=user:TICKET; ports may hold colons, users and tickets do not. */
static bool parse_line(Str line, Entry *ret_entry) {
        const char *equals, *colon, *end = line.data + line.length;

        if (line.length > 0 && end[-1] == '\r') {
                end--;
        }
        equals = memchr(line.data, '=', (size_t) (end - line.data));
        colon = equals ? memchr(equals, ':', (size_t) (end - equals)) : NULL;
        if (!colon) {
                return false;
        }
        ret_entry->port = (Str) { .data = line.data, .length = (size_t) (equals - line.data) };
        ret_entry->user = (Str) { .data = equals + 1, .length = (size_t) (colon - equals - 1) };
        ret_entry->ticket = (Str) { .data = colon + 1, .length = (size_t) (end - colon - 1) };
        return true;
}

/* Cuts one line off the front; false at the end. */
static bool next_line(Str *content, Str *ret_line) {
        const char *newline;
        size_t length;

        if (content->length == 0) {
                return false;
        }
        newline = memchr(content->data, '\n', content->length);
        length = newline ? (size_t) (newline - content->data) : content->length;
        *ret_line = str_sub(*content, 0, length);
        length += newline ? 1 : 0;
        *content = str_sub(*content, length, content->length - length);
        return true;
}

static int read_file(const char *file, Buffer *content) {
        _cleanup_(close_fd) int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

        return fd < 0 ? -errno : buffer_read_fd(content, fd, TICKETS_MAX);
}

char *tickets_find(const char *file, const char *port, const char *user) {
        _cleanup_(free_charp) char *key = port_ticket_key(port);
        _cleanup_(buffer_done) Buffer content = {};
        Str rest, line;
        Entry entry;

        if (!file[0] || read_file(file, &content) < 0) {
                return NULL;
        }
        rest = buffer_str(&content);
        while (next_line(&rest, &line)) {
                if (parse_line(line, &entry) && str_is(entry.port, key) && str_is(entry.user, user)) {
                        return str_dup(entry.ticket);
                }
        }
        return NULL;
}

void tickets_list(const char *file, const char *user, Buffer *out) {
        _cleanup_(buffer_done) Buffer content = {};
        Str rest, line;
        Entry entry;

        if (!file[0] || read_file(file, &content) < 0) {
                return;
        }
        rest = buffer_str(&content);
        while (next_line(&rest, &line)) {
                if (parse_line(line, &entry) && (!user || str_is(entry.user, user))) {
                        buffer_append_str(out, entry.port);
                        buffer_append_text(out, " (");
                        buffer_append_str(out, entry.user);
                        buffer_append_text(out, ") ");
                        buffer_append_str(out, entry.ticket);
                        buffer_append_char(out, '\n');
                }
        }
}

/* The lock is on the file itself, so that none is left lying about. Who gets it after a rename holds a
 * file that is no longer the one of that name, and starts over. */
static int open_locked(const char *file) {
        for (unsigned i = 0; i < LOCK_TRIES; i++) {
                _cleanup_(close_fd) int fd = open(file, O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
                struct stat held, named;

                if (fd < 0) {
                        return -errno;
                }
                while (flock(fd, LOCK_EX) < 0) {
                        if (errno != EINTR) {
                                return -errno;
                        }
                }
                if (fstat(fd, &held) == 0 && stat(file, &named) == 0 && held.st_dev == named.st_dev &&
                    held.st_ino == named.st_ino) {
                        return TAKE_FD(fd);
                }
        }
        return -EBUSY;
}

static void append_entry(Buffer *out, const char *key, const char *user, const char *ticket) {
        buffer_printf(out, "%s=%s:%s\n", key, user, ticket);
}

/* The file's lines with that entry replaced; lines that are not entries stay. */
static void edit(Str content, const char *key, const char *user, const char *ticket, Buffer *out) {
        bool done = !ticket[0];
        Str line;
        Entry entry;

        while (next_line(&content, &line)) {
                bool match = parse_line(line, &entry) && str_is(entry.port, key) &&
                             (!user[0] || str_is(entry.user, user));

                if (!match) {
                        buffer_append_str(out, line);
                        buffer_append_char(out, '\n');
                } else if (!done) {
                        append_entry(out, key, user, ticket);
                        done = true;
                }
        }
        if (!done) {
                append_entry(out, key, user, ticket);
        }
}

int tickets_store(const char *file, const char *port, const char *user, const char *ticket) {
        _cleanup_(free_charp) char *key = port_ticket_key(port), *target = realpath(file, NULL);
        _cleanup_(buffer_done) Buffer old = {}, new = {};
        _cleanup_(close_fd) int lock = -EBADF;
        const char *name = target ? target : file; /* through a symbolic link, not over it */
        int r;

        if (!file[0] || strpbrk(user, ":=\n") || strpbrk(ticket, "\n") || strpbrk(key, "=\n")) {
                return -EINVAL;
        }
        lock = open_locked(name);
        if (lock < 0) {
                return lock;
        }
        r = buffer_read_fd(&old, lock, TICKETS_MAX);
        if (r < 0) {
                return r;
        }
        edit(buffer_str(&old), key, user, ticket, &new);
        return file_replace(name, buffer_str(&new), 0600);
}
