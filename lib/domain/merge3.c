/* Base, theirs and yours are compared pairwise. A walk over all three at once takes at every place a chunk: all equal, changed by yours, by
 * theirs, by both alike, or conflicting. The third comparison is what lets edits of neighbouring lines stand beside each other, and tells the
 * same insertion made twice from two different ones; a conflict reaches to the next line that all three share, without new lines at its end
 * that both have added. */
#include "domain/merge3.h"

#include <stdbool.h>
#include <string.h>
#include <sys/param.h>

#include "base/string_util.h"
#include "domain/line_diff.h"

typedef enum Side { BASE, THEIRS, YOURS, _SIDE_MAX } Side;
typedef enum Kind { CHUNK_ALL, CHUNK_YOURS, CHUNK_THEIRS, CHUNK_BOTH, CHUNK_CONFLICT } Kind;

/* A line in each of the three; as a step, how many. */
typedef struct Place {
        size_t at[_SIDE_MAX];
} Place;
#define PLACE(base, theirs, yours) ((Place) { { (base), (theirs), (yours) } })

typedef struct Step {
        Kind kind;
        Place lines; /* of a conflict, none: up to the next line that all share */
} Step;
#define STEP(kind, base, theirs, yours) ((Step) { (kind), PLACE(base, theirs, yours) })
#define CANNOT_TELL STEP(CHUNK_CONFLICT, 0, 0, 0)

/* Where a place stands in a comparison: so many equal lines follow; or that many lines of either side until some do. */
typedef struct Gap {
        size_t equal, left, right;
} Gap;

/* The comparison of two of the texts. */
typedef struct Pair {
        size_t n_left, n_right;
        Snakes snakes;              /* none is empty */
        size_t *of_left, *of_right; /* the equal line of the other one; NONE */
} Pair;
#define NONE SIZE_MAX

typedef struct Merge {
        Lines lines[_SIDE_MAX];
        const MergeSide *sides[_SIDE_MAX];
        Pair base_theirs, base_yours, theirs_yours;
        Buffer *out;
        MergeCounts counts;
} Merge;

/* --- comparisons ----------------------------------------------------------------------------------------------------- */

static void pair_done(Pair *pair) {
        snakes_done(&pair->snakes);
        free(pair->of_left);
        free(pair->of_right);
}

static size_t *no_lines(size_t n) {
        size_t *lines = calloc(n + 1, sizeof(*lines));
        for (size_t i = 0; lines && i < n; i++) {
                lines[i] = NONE;
        }
        return lines;
}

static void note_equal(Pair *pair) {
        size_t n = 0;
        for (size_t i = 0; i < pair->snakes.n; i++) {
                const Snake snake = pair->snakes.items[i];
                for (size_t line = 0; line < snake.length; line++) {
                        pair->of_left[snake.old_at + line] = snake.new_at + line;
                        pair->of_right[snake.new_at + line] = snake.old_at + line;
                }
                if (snake.length > 0) {
                        pair->snakes.items[n++] = snake;
                }
        }
        pair->snakes.n = n;
}

static int pair_make(const Lines *left, const Lines *right, Pair *ret) {
        ret->n_left = left->n;
        ret->n_right = right->n;
        ret->of_left = no_lines(left->n);
        ret->of_right = no_lines(right->n);
        int r = ret->of_left && ret->of_right ? line_diff(left, right, &ret->snakes) : -ENOMEM;
        if (r >= 0) {
                note_equal(ret);
        }
        return r;
}

/* The first snake that ends behind a line of the left. */
static size_t first_after(const Snakes *snakes, size_t left) {
        size_t low = 0, high = snakes->n;
        while (low < high) {
                size_t middle = (low + high) / 2;
                if (snakes->items[middle].old_at + snakes->items[middle].length <= left) {
                        low = middle + 1;
                } else {
                        high = middle;
                }
        }
        return low;
}

static size_t behind(size_t place, size_t start) {
        return place > start ? place - start : 0;
}

/* The next equal lines that are not yet passed on either side. */
static Gap gap_at(const Pair *pair, size_t left, size_t right) {
        for (size_t i = first_after(&pair->snakes, left); i < pair->snakes.n; i++) {
                const Snake *snake = pair->snakes.items + i;
                if (snake->new_at + snake->length <= right) {
                        continue;
                }
                size_t inside = MAX(behind(left, snake->old_at), behind(right, snake->new_at));
                Gap gap = { 0, snake->old_at + inside - left, snake->new_at + inside - right };
                gap.equal = gap.left == 0 && gap.right == 0 ? snake->length - inside : 0;
                return gap;
        }
        return (Gap) { 0, pair->n_left - left, pair->n_right - right };
}

static bool is_in_step(Gap gap) {
        return gap.left == 0 && gap.right == 0;
}

/* --- the next chunk -------------------------------------------------------------------------------------------------- */

/* Where one text alone has a change: what the three comparisons say, seen from it. */
typedef struct Change {
        Gap own;          /* between the base and the changed text */
        Gap across;       /* between the changed text (left) and the other one */
        size_t unchanged; /* so long the other one follows the base */
        const Pair *other;
        size_t base, other_at; /* where that stands */
} Change;

/* Whether the two changes cannot be told apart. */
static bool runs_into_other(const Change *change, size_t lines, size_t new_lines) {
        if (change->unchanged < change->own.left && change->own.right > 0 && new_lines > 0) {
                return true;
        }
        if (change->unchanged > change->own.left || new_lines == 0 || lines == 0) {
                return false;
        }
        size_t left = change->across.left - new_lines;
        size_t right = behind(change->across.right, lines), short_of = behind(lines, change->across.right);
        bool is_one_left = short_of == 0 && MIN(left, right) == 0 && MAX(left, right) > 0;
        Gap after = gap_at(change->other, change->base + lines, change->other_at + lines);
        return is_one_left && !(after.left > 0 && after.right > 0);
}

/* false: it cannot be told. Otherwise how many lines of the base it changes before the other one changes, too, and into how many. */
static bool measure_change(const Change *change, size_t *ret_lines, size_t *ret_new) {
        size_t lines = MIN(change->unchanged, change->own.left);
        size_t new_lines = is_in_step(change->across) ? 0 : MIN(change->own.right, change->across.left);
        if (runs_into_other(change, lines, new_lines)) {
                return false;
        }
        *ret_lines = lines;
        *ret_new = new_lines;
        return true;
}

static Step yours_changed(const Merge *merge, const Place *place, Gap bt, Gap by, Gap ty) {
        const size_t *at = place->at;
        const Change change = { by,       { ty.equal, ty.right, ty.left },
                                bt.equal, &merge->base_theirs,
                                at[BASE], at[THEIRS] };
        size_t lines, new_lines;
        if (!measure_change(&change, &lines, &new_lines)) {
                return CANNOT_TELL;
        }
        if (lines == 0 && new_lines == 0) {
                if (ty.right == 0 && ty.left > 0 &&
                    gap_at(&merge->theirs_yours, at[THEIRS] + ty.left, at[YOURS]).equal > bt.equal) {
                        return STEP(CHUNK_THEIRS, 0, ty.left, 0);
                }
                new_lines = by.right;
        }
        return STEP(CHUNK_YOURS, lines, lines, new_lines);
}

static Step theirs_changed(const Merge *merge, const Place *place, Gap bt, Gap by, Gap ty) {
        const size_t *at = place->at;
        const Change change = { bt, ty, by.equal, &merge->base_yours, at[BASE], at[YOURS] };
        size_t lines, new_lines;
        if (!measure_change(&change, &lines, &new_lines)) {
                return CANNOT_TELL;
        }
        if (lines == 0 && new_lines == 0) {
                if (ty.left == 0 && ty.right > 0 &&
                    gap_at(&merge->theirs_yours, at[THEIRS], at[YOURS] + ty.right).equal > by.equal) {
                        return STEP(CHUNK_YOURS, 0, 0, ty.right);
                }
                new_lines = bt.right;
        }
        return STEP(CHUNK_THEIRS, lines, new_lines, lines);
}

/* Both lack these lines; a text that has them at another place has moved them rather than deleted them. */
static Step both_deleted(const Merge *merge, size_t base, size_t lines) {
        bool kept_theirs = merge->base_theirs.of_left[base] != NONE;
        bool kept_yours = merge->base_yours.of_left[base] != NONE;
        Kind kind = kept_theirs == kept_yours ? CHUNK_BOTH : kept_yours ? CHUNK_THEIRS : CHUNK_YOURS;
        return STEP(kind, lines, 0, 0);
}

/* Theirs and yours agree, the base does not. */
static Step both_changed(Gap bt, Gap by, Gap ty) {
        size_t new_lines = MIN(ty.equal, MIN(bt.right, by.right)), gone = MIN(bt.left, by.left);
        if (new_lines > 0 || gone > 0) {
                return STEP(CHUNK_BOTH, new_lines > 0 ? MIN(gone, new_lines) : gone, new_lines, new_lines);
        }
        return bt.right > 0 ? STEP(CHUNK_THEIRS, 0, MIN(ty.equal, bt.right), MIN(ty.equal, bt.right)) :
                              STEP(CHUNK_YOURS, 0, MIN(ty.equal, by.right), MIN(ty.equal, by.right));
}

/* Whether a text only inserts here, and its next change begins within the lines that the other one replaces. */
static bool ends_inside(const Pair *pair, size_t base, size_t at, Gap gap, size_t lines) {
        return gap.left == 0 && gap.right > 0 && gap_at(pair, base, at + gap.right).equal < lines;
}

static Step all_apart(const Merge *merge, const Place *place, Gap bt, Gap by, Gap ty) {
        const size_t *at = place->at;
        if (ty.left == 0 && ty.right > 0 && ty.right < by.right) {
                return STEP(CHUNK_YOURS, 0, 0, ty.right);
        }
        if (ty.right == 0 && ty.left > 0 && ty.left < bt.right) {
                return STEP(CHUNK_THEIRS, 0, ty.left, 0);
        }
        if (ends_inside(&merge->base_theirs, at[BASE], at[THEIRS], bt, by.left)) {
                return STEP(CHUNK_CONFLICT, 0, bt.right, MIN(by.right, ty.right));
        }
        if (ends_inside(&merge->base_yours, at[BASE], at[YOURS], by, bt.left)) {
                return STEP(CHUNK_CONFLICT, 0, MIN(bt.right, ty.left), by.right);
        }
        return CANNOT_TELL;
}

static Step next_step(const Merge *merge, const Place *place) {
        const size_t *at = place->at;
        Gap bt = gap_at(&merge->base_theirs, at[BASE], at[THEIRS]);
        Gap by = gap_at(&merge->base_yours, at[BASE], at[YOURS]);
        Gap ty = gap_at(&merge->theirs_yours, at[THEIRS], at[YOURS]);
        size_t equal = MIN(bt.equal, by.equal);
        return equal > 0                      ? STEP(CHUNK_ALL, equal, equal, equal) :
               is_in_step(bt)                 ? yours_changed(merge, place, bt, by, ty) :
               is_in_step(by)                 ? theirs_changed(merge, place, bt, by, ty) :
               bt.right == 0 && by.right == 0 ? both_deleted(merge, at[BASE], MIN(bt.left, by.left)) :
               is_in_step(ty)                 ? both_changed(bt, by, ty) :
                                                all_apart(merge, place, bt, by, ty);
}

/* --- writing --------------------------------------------------------------------------------------------------------- */

static int put_lines(Merge *merge, Side side, const Place *from, const Place *to) {
        int r = 0;
        for (size_t i = from->at[side]; r >= 0 && i < to->at[side]; i++) {
                r = buffer_append(merge->out, merge->lines[side].items[i].data,
                                  merge->lines[side].items[i].length);
        }
        return r;
}

/* A marker has a line of its own, also after one without an end. */
static int put_marker(Merge *merge, const char *marker, const char *name) {
        Buffer *out = merge->out;
        bool is_open = out->length > 0 && out->data[out->length - 1] != '\n';
        int r = is_open ? buffer_append_string(out, "\n") : 0;
        r = r < 0 ? r : buffer_append_string(out, marker);
        if (name) {
                r = r < 0 ? r : buffer_append_string(out, " ");
                r = r < 0 ? r : buffer_append_string(out, name);
        }
        return r < 0 ? r : buffer_append_string(out, "\n");
}

static int put_conflict(Merge *merge, const Place *from, const Place *to) {
        static const char *const markers[] = { ">>>> ORIGINAL", "==== THEIRS", "==== YOURS" };
        bool is_last = true;
        int r = 0;
        for (Side side = BASE; side < _SIDE_MAX; side++) {
                r = r < 0 ? r : put_marker(merge, markers[side], merge->sides[side]->name);
                r = r < 0 ? r : put_lines(merge, side, from, to);
                is_last = is_last && to->at[side] == merge->lines[side].n;
        }
        return r < 0 || is_last ? r : put_marker(merge, "<<<<", NULL);
}

static int put_chunk(Merge *merge, Kind kind, const Place *from, const Place *to) {
        uint32_t *const counts[] = { [CHUNK_YOURS] = &merge->counts.yours,
                                     [CHUNK_THEIRS] = &merge->counts.theirs,
                                     [CHUNK_BOTH] = &merge->counts.both,
                                     [CHUNK_CONFLICT] = &merge->counts.conflicting };
        if (kind == CHUNK_ALL) {
                return put_lines(merge, YOURS, from, to);
        }
        (*counts[kind])++;
        return kind == CHUNK_CONFLICT ? put_conflict(merge, from, to) :
                                        put_lines(merge, kind == CHUNK_YOURS ? YOURS : THEIRS, from, to);
}

/* --- the walk -------------------------------------------------------------------------------------------------------- */

static Place end_of(const Merge *merge) {
        return PLACE(merge->lines[BASE].n, merge->lines[THEIRS].n, merge->lines[YOURS].n);
}

static bool is_at(const Place *a, const Place *b) {
        return a->at[BASE] == b->at[BASE] && a->at[THEIRS] == b->at[THEIRS] && a->at[YOURS] == b->at[YOURS];
}

/* The next line that all three share. */
static Place next_shared(const Merge *merge, const Place *from) {
        for (size_t line = from->at[BASE]; line < merge->lines[BASE].n; line++) {
                size_t t = merge->base_theirs.of_left[line], y = merge->base_yours.of_left[line];
                if (t != NONE && y != NONE && t >= from->at[THEIRS] && y >= from->at[YOURS]) {
                        return PLACE(line, t, y);
                }
        }
        return end_of(merge);
}

static bool added_by_both(const Merge *merge, size_t theirs, size_t yours) {
        return merge->theirs_yours.of_left[theirs] == yours && merge->base_theirs.of_right[theirs] == NONE &&
               merge->base_yours.of_right[yours] == NONE;
}

/* Everything up to the next shared line conflicts, but for what both added at its end. */
static int take_conflict(Merge *merge, Place *at) {
        Place stop = next_shared(merge, at), end = stop;
        while (end.at[THEIRS] > at->at[THEIRS] && end.at[YOURS] > at->at[YOURS] &&
               added_by_both(merge, end.at[THEIRS] - 1, end.at[YOURS] - 1)) {
                end.at[THEIRS]--;
                end.at[YOURS]--;
        }
        int r = put_chunk(merge, CHUNK_CONFLICT, at, &end);
        if (!is_at(&end, &stop)) {
                r = r < 0 ? r : put_chunk(merge, CHUNK_BOTH, &end, &stop);
        }
        *at = stop;
        return r;
}

static int walk(Merge *merge) {
        Place at = {}, end = end_of(merge);
        int r = 0;
        while (r >= 0 && !is_at(&at, &end)) {
                Step step = next_step(merge, &at);
                Place after = PLACE(at.at[BASE] + step.lines.at[BASE], at.at[THEIRS] + step.lines.at[THEIRS],
                                    at.at[YOURS] + step.lines.at[YOURS]);
                if (is_at(&at, &after)) {
                        r = take_conflict(merge, &at);
                        continue;
                }
                r = put_chunk(merge, step.kind, &at, &after);
                at = after;
        }
        return r;
}

/* --- one side only --------------------------------------------------------------------------------------------------- */

static Place one_sided(Side changed, size_t old, size_t new) {
        return changed == THEIRS ? PLACE(old, new, old) : PLACE(old, old, new);
}

/* Only that side differs from the base: what it differs in are the chunks. */
static int take_changes(Merge *merge, Side changed) {
        Snakes snakes = {};
        Kind kind = changed == THEIRS ? CHUNK_THEIRS : CHUNK_YOURS;
        int r = line_diff(&merge->lines[BASE], &merge->lines[changed], &snakes);
        for (size_t i = 0; r >= 0 && i < snakes.n; i++) {
                const Snake *snake = snakes.items + i;
                bool is_end = i + 1 == snakes.n;
                Place from = one_sided(changed, snake->old_at, snake->new_at);
                Place to = one_sided(changed, snake->old_at + snake->length, snake->new_at + snake->length);
                Place next = is_end ? to : one_sided(changed, snake[1].old_at, snake[1].new_at);
                r = put_chunk(merge, CHUNK_ALL, &from, &to);
                r = r < 0 || is_at(&to, &next) ? r : put_chunk(merge, kind, &to, &next);
        }
        snakes_done(&snakes);
        return r;
}

static bool is_same(const Lines *a, const Lines *b) {
        return a->n == b->n && memcmp(a->numbers, b->numbers, a->n * sizeof(*a->numbers)) == 0;
}

/* --- all of it ------------------------------------------------------------------------------------------------------- */

static int split_all(Merge *merge) {
        size_t n = 0;
        int r = 0;
        for (Side side = BASE; r >= 0 && side < _SIDE_MAX; side++) {
                r = lines_split(merge->sides[side]->text, merge->sides[side]->length, &merge->lines[side]);
                n += merge->lines[side].n;
        }
        r = r >= 0 && n > MERGE3_LINES_MAX ? -E2BIG : r;
        return r < 0 ? r : lines_number(merge->lines, _SIDE_MAX);
}

static int compare_all(Merge *merge) {
        const Lines *lines = merge->lines;
        int r = pair_make(&lines[BASE], &lines[THEIRS], &merge->base_theirs);
        r = r < 0 ? r : pair_make(&lines[BASE], &lines[YOURS], &merge->base_yours);
        return r < 0 ? r : pair_make(&lines[THEIRS], &lines[YOURS], &merge->theirs_yours);
}

static int run(Merge *merge) {
        int r = split_all(merge);
        if (r < 0) {
                return r;
        }
        if (is_same(&merge->lines[THEIRS], &merge->lines[BASE])) {
                return take_changes(merge, YOURS);
        }
        if (is_same(&merge->lines[YOURS], &merge->lines[BASE])) {
                return take_changes(merge, THEIRS);
        }
        r = compare_all(merge);
        return r < 0 ? r : walk(merge);
}

int merge3(const MergeSide *base, const MergeSide *theirs, const MergeSide *yours, Buffer *ret,
           MergeCounts *ret_counts) {
        Merge merge = { .sides = { base, theirs, yours }, .out = ret };
        int r = run(&merge);
        for (Side side = BASE; side < _SIDE_MAX; side++) {
                lines_done(&merge.lines[side]);
        }
        pair_done(&merge.base_theirs);
        pair_done(&merge.base_yours);
        pair_done(&merge.theirs_yours);
        if (r >= 0 && ret_counts) {
                *ret_counts = merge.counts;
        }
        return r;
}
