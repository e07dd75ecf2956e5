/*
 * Global options, before the command. The first of a repeated option counts, as in the product.
 */
#pragma once

#include "message.h"

enum {
        OPTIONS_MAX = 256,
};

typedef struct Option {
        char letter; /* 'f' with `field` set stands for --field */
        bool long_only;
        const char *value; /* "" for options without */
} Option;

typedef struct Options {
        Option given[OPTIONS_MAX];
        size_t n_given;
} Options;

/* Letters that option-less long forms (--field, --color, …) are stored as, apart from the short ones. */
enum {
        OPTION_FIELD = 'F',
};

/* Takes the options off the front of the arguments; `flags` lists the letters that are known, `:` behind
 * those with a value, `#` behind those with a number. Returns 0, or -EINVAL with the reason in the
 * message. */
int options_parse(Options *options, int *argc, char ***argv, const char *flags, Message *message);

extern const char options_global[];

/* The value of the n-th -LETTER, or NULL. */
const char *options_get_nth(const Options *options, char letter, size_t n);
const char *options_get(const Options *options, char letter);

/* The values of all -LETTER (or --field), ended by NULL; owned by the caller, the strings are not. */
const char **options_list(const Options *options, char letter, bool long_only);

static inline void free_listp(const char ***list) {
        free(*list);
}
