/* See terminal.h. No stdio: its buffers would keep the secret. */
#include "resources/terminal.h"

#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/fd_util.h"

static const int interruptions[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };
static volatile sig_atomic_t interrupted_by;

static void on_signal(int number) {
        interrupted_by = number;
}

/* Byte by byte: what follows the line belongs to somebody else. */
static int read_line(int fd, char *line, size_t size) {
        size_t n = 0;

        for (;;) {
                char byte;
                ssize_t r = read(fd, &byte, 1);

                if (r < 0) {
                        return -errno;
                }
                if (r == 0 && n == 0) {
                        return -ENODATA;
                }
                if (r == 0 || byte == '\n') {
                        line[n] = '\0';
                        return (int) n;
                }
                if (n + 1 >= size) {
                        return -ENOBUFS;
                }
                line[n++] = byte;
        }
}

static int read_without_echo(char *secret, size_t size) {
        struct termios before, silent;
        int r;

        if (tcgetattr(STDIN_FILENO, &before) < 0) {
                return -errno;
        }
        silent = before;
        silent.c_lflag &= ~(tcflag_t) ECHO;
        if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) < 0) {
                return -errno;
        }
        r = read_line(STDIN_FILENO, secret, size);
        (void) tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        return r;
}

int terminal_read_secret(const char *prompt, char *secret, size_t size) {
        const struct sigaction catch = { .sa_handler = on_signal }; /* no SA_RESTART: reading ends */
        struct sigaction before[ELEMENTSOF(interruptions)];
        int r;

        if (!isatty(STDIN_FILENO)) {
                return read_line(STDIN_FILENO, secret, size);
        }
        interrupted_by = 0;
        for (size_t i = 0; i < ELEMENTSOF(interruptions); i++) {
                (void) sigaction(interruptions[i], &catch, &before[i]);
        }
        (void) fd_write_all(STDERR_FILENO, prompt, strlen(prompt));
        r = read_without_echo(secret, size);
        (void) fd_write_all(STDERR_FILENO, "\n", 1);
        for (size_t i = 0; i < ELEMENTSOF(interruptions); i++) {
                (void) sigaction(interruptions[i], &before[i], NULL);
        }
        if (interrupted_by) {
                (void) raise(interrupted_by);
        }
        return r;
}
