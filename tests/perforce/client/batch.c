/*
 * See batch.h.
 */
#include "batch.h"

#include "workspace.h"

#include <errno.h>
#include <stdio.h>

enum {
        BATCH_DEFAULT = 128,
        WORDS_MAX = 2048, /* of a line with -x FILE run */
};

/* The arguments of one command; the strings of lines are owned. */
typedef struct Arguments {
        Str *list;
        size_t n;
        size_t n_fixed; /* of the command line, not owned */
} Arguments;

static void add_argument(Arguments *arguments, Str argument) {
        arguments->list = memory_resize(arguments->list, (arguments->n + 1) * sizeof(Str));
        arguments->list[arguments->n++] = argument;
}

static void drop_lines(Arguments *arguments) {
        while (arguments->n > arguments->n_fixed) {
                free((char *) arguments->list[--arguments->n].data);
        }
}

static void arguments_done(Arguments *arguments) {
        drop_lines(arguments);
        free(arguments->list);
}

static void add_fixed(Arguments *arguments, int argc, char **argv) {
        for (int i = 1; i < argc; i++) {
                add_argument(arguments, str_from(argv[i]));
        }
        arguments->n_fixed = arguments->n;
}

static FILE *open_lines(const char *name, Message *message) {
        FILE *file = str_is(str_from(name), "-") ? stdin : fopen(name, "re");

        if (!file) {
                (void) workspace_fail(message, "open for read", name, errno);
        }
        return file;
}

static void close_lines(FILE *file) {
        if (file != stdin) {
                (void) fclose(file);
        }
}

/* A line without its newline, of any length; false at the end. */
static bool read_line(FILE *file, Str *ret_line) {
        char *line = NULL;
        size_t size = 0;
        ssize_t n = getline(&line, &size, file);

        if (n < 0) {
                free(line);
                return false;
        }
        if (line[n - 1] == '\n') {
                line[--n] = 0;
        }
        *ret_line = (Str) { .data = line, .length = (size_t) n };
        return true;
}

static void run_batches(Session *session, FILE *file, int argc, char **argv) {
        const char *size = options_get(session->options, 'b');
        _cleanup_(arguments_done) Arguments arguments = {};
        uint64_t batch = size ? str_number(str_from(size)) : BATCH_DEFAULT;
        Str line;
        bool more;

        add_fixed(&arguments, argc, argv);
        do {
                more = read_line(file, &line);
                if (more) {
                        add_argument(&arguments, line);
                }
                if (more ? arguments.n - arguments.n_fixed >= batch : arguments.n > arguments.n_fixed) {
                        session_run(session, argc > 0 ? argv[0] : NULL, arguments.list, arguments.n);
                        drop_lines(&arguments);
                }
        } while (more && !session_is_broken(session));
}

/* Words at blanks; double quotes keep blanks together. The line is overwritten. */
static size_t split_words(char *line, Str words[WORDS_MAX]) {
        char *from = line;
        size_t n = 0;

        while (n < WORDS_MAX) {
                char *to, *start;
                bool quoted = false;

                from += strspn(from, " \t\r");
                if (!*from) {
                        break;
                }
                start = to = from;
                for (; *from && (quoted || !strchr(" \t\r", *from)); from++) {
                        if (*from == '"') {
                                quoted = !quoted;
                        } else {
                                *to++ = *from;
                        }
                }
                from += *from != 0;
                *to = 0;
                words[n++] = (Str) { .data = start, .length = (size_t) (to - start) };
        }
        return n;
}

static void run_lines(Session *session, FILE *file) {
        static Str words[WORDS_MAX];
        Str line;

        session->ui->chained = true;
        while (!session_is_broken(session) && session->ui->n_fatal == 0 && read_line(file, &line)) {
                size_t n = split_words((char *) line.data, words);

                if (n > 0) {
                        session_run(session, words[0].data, words + 1, n - 1);
                        (void) fflush(stdout);
                }
                free((char *) line.data);
        }
}

static void run_once(Session *session, int argc, char **argv) {
        _cleanup_(arguments_done) Arguments arguments = {};

        add_fixed(&arguments, argc, argv);
        session_run(session, argc > 0 ? argv[0] : NULL, arguments.list, arguments.n);
}

void batch_run(Session *session, int argc, char **argv, Message *message) {
        const char *name = options_get(session->options, 'x');
        FILE *file;

        if (!name) {
                run_once(session, argc, argv);
                return;
        }
        file = open_lines(name, message);
        if (!file) {
                return;
        }
        if (argc == 1 && str_is(str_from(argv[0]), "run")) {
                run_lines(session, file);
        } else {
                run_batches(session, file, argc, argv);
        }
        close_lines(file);
}
