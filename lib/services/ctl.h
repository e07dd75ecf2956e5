/* The frame of weirctl: a table of verbs, their options parsed the same way everywhere, one way to say what
 * went wrong.
 *
 * A verb is a function in services/ctl_VERB.c that reads its options from the Ctl it is given and returns
 * the exit status. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/macro.h"
#include "resources/db.h"

#define CTL_OPTIONS_MAX 24

/* Exit statuses beside 0 and 1 (failed), the same in all of weir's programs. */
enum {
        CTL_EXIT_PARTIAL = 3,
        CTL_EXIT_USAGE = 64,
        CTL_EXIT_BUSY = 75,
        CTL_EXIT_NO_PERMISSION = 77,
        CTL_EXIT_CONFIG = 78
};

typedef struct CtlOption {
        const char *name;     /* "server", given as --server */
        char letter;          /* its short form, or 0 */
        const char *argument; /* "NAME"; "[NAME]": may be left out, the value is "" then; "NAME…": may be given
                                 several times, see ctl_option_each(); NULL: a flag */
        const char *help;
} CtlOption;

typedef struct Ctl Ctl;
typedef struct CtlVerb {
        const char *name;
        const char *synopsis; /* the arguments, as help shows them: "[SERVER]" */
        const char *summary;
        unsigned min_arguments, max_arguments;
        bool takes_command; /* the second argument is a command: nothing after it is an option of ours */
        const CtlOption *
                        options; /* ends with an empty row; NULL: none. --json --help --config --state are everyone's */
        int (*run)(Ctl *ctl);
} CtlVerb;

struct Ctl {
        const CtlVerb *verb;
        const char *values[CTL_OPTIONS_MAX]; /* by place in the verb's table; a flag's value is "" */
        char **given; /* NULL-terminated: what was given of repeating options in its order, "NAME=VALUE" */
        char **arguments; /* NULL-terminated */
        size_t n_arguments;
        bool json;
        const char *config_directory, *state_directory;
};

/* The option's value, "" for a given flag, NULL when it was not given. The name must be in the verb's table.
 * */
const char *ctl_option(const Ctl *ctl, const char *name);
static inline bool ctl_flag(const Ctl *ctl, const char *name) {
        return ctl_option(ctl, name) != NULL;
}
/* Of an option that repeats: calls function with each value in the order given, until one returns negative, which is returned. */
int ctl_option_each(const Ctl *ctl, const char *name, int (*function)(const char *value, void *userdata),
                    void *userdata);
/* The value as a number; a bad one is reported: -EINVAL. otherwise is taken when the option was not given.
 * */
int ctl_option_uint(const Ctl *ctl, const char *name, unsigned long long otherwise, unsigned long long max,
                    unsigned long long *ret);

/* "weirctl: TEXT", and the next step on a line of its own (may be NULL). With --json as
 * {"error":{"message","next"}} on stdout instead. Returns status. */
int ctl_fail(const Ctl *ctl, int status, const char *next, const char *format, ...) _printf_(4, 5);

/* The database, with its usual failures (not there yet, no permission) put in words: the exit status is in
 * *ret_status then. */
struct MonitorStore;
int ctl_open_store(const Ctl *ctl, DbMode mode, struct MonitorStore **ret, int *ret_status);

/* Runs argv's verb. Verbs end with an empty row. Returns the exit status. */
int ctl_main(const CtlVerb *verbs, int argc, char *argv[]);
