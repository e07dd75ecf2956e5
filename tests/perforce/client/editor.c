/*
 * See editor.h.
 */
#include "editor.h"

#include "temporary.h"
#include "workspace.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
        EDITOR_WORDS_MAX = 32,
        FORM_MAX = 15 * 1024 * 1024,
};

/* The command is words at blanks, as the product has it: no shell. */
static int spawn_editor(const char *command, const char *file, pid_t *ret_pid) {
        _cleanup_(free_charp) char *words = str_dup(str_from(command));
        char *arguments[EDITOR_WORDS_MAX + 2], *state = NULL;
        size_t n = 0;

        for (char *word = strtok_r(words, " \t", &state); word && n < EDITOR_WORDS_MAX;
             word = strtok_r(NULL, " \t", &state)) {
                arguments[n++] = word;
        }
        if (n == 0) {
                return -EINVAL;
        }
        arguments[n++] = (char *) file;
        arguments[n] = NULL;
        return -posix_spawnp(ret_pid, arguments[0], NULL, NULL, arguments, environ);
}

static int run_editor(const char *command, const char *file) {
        pid_t pid;
        int r, status;

        (void) fflush(stdout);
        r = spawn_editor(command, file, &pid);
        while (r == 0 && waitpid(pid, &status, 0) < 0) {
                if (errno != EINTR) {
                        r = -errno;
                }
        }
        return r;
}

int editor_run(const Environment *environment, Str data, Buffer *ret_data, Message *message) {
        const char *command = environment_get(environment, "P4EDITOR"), *directory = getenv("TMPDIR");
        _cleanup_(buffer_done) Buffer target = {};
        _cleanup_(free_charp) char *file = NULL;
        _cleanup_(close_fd) int fd = -EBADF;
        int r;

        command = command ? command : getenv("EDITOR");
        command = command && command[0] ? command : "vi";
        buffer_printf(&target, "%s/p4.form", directory && directory[0] ? directory : "/tmp");
        fd = temporary_create(target.data, 0600, &file);
        if (fd < 0) {
                return workspace_fail(message, "open for write", target.data, -fd);
        }
        r = write_all(fd, data);
        r = r < 0 ? r : run_editor(command, file);
        if (r < 0) {
                (void) workspace_fail(message, "exec", command, -r);
        } else {
                close_fd(&fd);
                fd = open(file, O_RDONLY | O_CLOEXEC); /* editors rename */
                r = fd < 0 ? -errno : buffer_read_fd(ret_data, fd, FORM_MAX);
                if (r < 0) {
                        (void) workspace_fail(message, "open for read", file, -r);
                }
        }
        temporary_remove(file);
        return r;
}
