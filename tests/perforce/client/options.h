/*
 * Global options, before the command. The first of a repeated option counts, as in the product.
 */
#pragma once

#include "message.h"

enum {
        OPTIONS_MAX = 256,
};

typedef struct Option {
        char letter;
        bool long_only;    /* --field and its like, which have no short form: apart from the letters */
        const char *value; /* "" for options without */
} Option;

typedef struct Options {
        Option given[OPTIONS_MAX];
        size_t n_given;
} Options;

enum {
        OPTION_FIELD = 'F', /* the letter of --field among the long ones */
};

/* Takes the options off the front of the arguments; `flags` lists the letters that are known, `:` behind
 * those with a value, `#` behind those with a number. Returns 0, or -EINVAL with the reason in the
 * message. */
int options_parse(Options *options, int *argc, char ***argv, const char *flags, Message *message);

extern const char options_global[];

/* The value of the n-th -LETTER, or NULL. */
const char *options_get_nth(const Options *options, char letter, size_t n);
const char *options_get(const Options *options, char letter);

/* The values of all -LETTER, or of a long option without a short form, ended by NULL; owned by the
 * caller, the strings are not. */
const char **options_list(const Options *options, char letter, bool long_only);

static inline void free_listp(const char ***list) {
        free(*list);
}
