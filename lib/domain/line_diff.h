/* Which lines two texts share, as Perforce compares them: merge3.h merges by that. The comparison is Myers' in linear space, with Perforce's
 * choice among equally short ones; insertions and deletions that stand alone then slide down as far as they mean the same. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"

/* A text by lines, which point into it and have their ends; the last one may have none. */
typedef struct Line {
        const char *data;
        size_t length;
} Line;
typedef struct Lines {
        Line *items;
        uint32_t *numbers; /* equal lines of texts that were numbered together have equal ones */
        size_t n;
} Lines;
int lines_split(const char *text, size_t length, Lines *ret);
int lines_number(Lines *texts, size_t n_texts);
void lines_done(Lines *lines);

/* Lines old_at… and new_at… are equal, so many. */
typedef struct Snake {
        size_t old_at, new_at, length;
} Snake;
typedef struct Snakes {
        Snake *items;
        size_t n;
} Snakes;
/* In order, with a (perhaps empty) one at the start and one at the end. */
int line_diff(const Lines *old, const Lines *new, Snakes *ret);
void snakes_done(Snakes *snakes);
