#include "domain/line_diff.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>

#include "base/string_util.h"

#define EFFORT 500       /* edits from either end after which a stretch is divided where the search stands */
#define LARGE_LINES 4000 /* of both texts, from which on lines without a partner are set aside first */

/* --- lines ----------------------------------------------------------------------------------------------------------- */

static size_t count_lines(const char *text, size_t length) {
        size_t n = 0;
        const char *end = text + length;
        for (const char *at = text; at && at < end; n++) {
                const char *stop = memchr(at, '\n', (size_t) (end - at));
                at = stop ? stop + 1 : NULL;
        }
        return n;
}

int lines_split(const char *text, size_t length, Lines *ret) {
        Lines lines = { .n = length > 0 ? count_lines(text, length) : 0 };
        lines.items = calloc(lines.n + 1, sizeof(*lines.items));
        lines.numbers = calloc(lines.n + 1, sizeof(*lines.numbers));
        if (!lines.items || !lines.numbers) {
                lines_done(&lines);
                return -ENOMEM;
        }
        size_t at = 0;
        for (size_t i = 0; i < lines.n; i++) {
                const char *stop = memchr(text + at, '\n', length - at);
                size_t size = stop ? (size_t) (stop - text) + 1 - at : length - at;
                lines.items[i] = (Line) { text + at, size };
                at += size;
        }
        *ret = lines;
        return 0;
}

void lines_done(Lines *lines) {
        free(lines->items);
        free(lines->numbers);
        *lines = (Lines) {};
}

static uint64_t hash_line(const Line *line) {
        uint64_t hash = UINT64_C(14695981039346656037);
        for (size_t i = 0; i < line->length; i++) {
                hash = (hash ^ (unsigned char) line->data[i]) * UINT64_C(1099511628211);
        }
        return hash ^ hash >> 32;
}

/* The place in the table of that line, or the free one where it belongs. */
static size_t find_slot(const Line *const *slots, size_t mask, const Line *line) {
        size_t slot = hash_line(line) & mask;
        while (slots[slot] && (slots[slot]->length != line->length ||
                               memcmp(slots[slot]->data, line->data, line->length) != 0)) {
                slot = (slot + 1) & mask;
        }
        return slot;
}

int lines_number(Lines *texts, size_t n_texts) {
        size_t n = 1, size = 16;
        for (size_t i = 0; i < n_texts; i++) {
                n += texts[i].n;
        }
        while (size < 2 * n) {
                size *= 2;
        }
        _cleanup_free_ const Line **slots = calloc(size, sizeof(*slots));
        if (!slots || n > UINT32_MAX / 4) {
                return -ENOMEM;
        }
        for (size_t i = 0; i < n_texts; i++) {
                for (size_t line = 0; line < texts[i].n; line++) {
                        size_t slot = find_slot(slots, size - 1, texts[i].items + line);
                        slots[slot] = slots[slot] ? slots[slot] : texts[i].items + line;
                        texts[i].numbers[line] = (uint32_t) slot;
                }
        }
        return 0;
}

/* --- the middle of a shortest edit ----------------------------------------------------------------------------------- */

typedef struct Sequence {
        const uint32_t *items;
        size_t n;
} Sequence;

/* How far each diagonal was followed from one end; -1: not yet. */
typedef struct Reach {
        long *x; /* by diagonal; points to the middle of what is allocated */
        long *allocated;
} Reach;

typedef struct Middle {
        size_t x, y, u, v; /* from (x, y) to (u, v) the texts are equal */
} Middle;

static int reach_new(long limit, Reach *ret) {
        size_t n = 2 * (size_t) limit + 7;
        long *allocated = calloc(n, sizeof(*allocated));
        if (!allocated) {
                return -ENOMEM;
        }
        for (size_t i = 0; i < n; i++) {
                allocated[i] = -1;
        }
        *ret = (Reach) { allocated + limit + 3, allocated };
        ret->x[1] = 0;
        return 0;
}

static bool are_equal(const Sequence *old, const Sequence *new, long x, long y, bool backwards) {
        if (x < 0 || y < 0 || x >= (long) old->n || y >= (long) new->n) {
                return false;
        }
        return backwards ? old->items[(long) old->n - 1 - x] == new->items[(long) new->n - 1 - y] :
                           old->items[x] == new->items[y];
}

/* One more edit along diagonal k, then equal lines: *ret_start before them; returns where they end. */
static long step(Reach *reach, long k, long edits, const Sequence *old, const Sequence *new, bool backwards,
                 long *ret_start) {
        bool goes_down = k == -edits || (k != edits && reach->x[k - 1] < reach->x[k + 1]);
        long x = goes_down ? reach->x[k + 1] : reach->x[k - 1] + 1;
        *ret_start = x;
        while (are_equal(old, new, x, x - k, backwards)) {
                x++;
        }
        return reach->x[k] = x;
}

static bool search_forward(Reach *forward, const Reach *backward, const Sequence *old, const Sequence *new,
                           long edits, Middle *ret) {
        long delta = (long) old->n - (long) new->n, x;
        for (long k = -edits; k <= edits; k += 2) {
                long u = step(forward, k, edits, old, new, false, &x), other = delta - k;
                bool may_meet = (delta & 1) && labs(other) < edits;
                if (may_meet && u + backward->x[other] >= (long) old->n) {
                        *ret = (Middle) { (size_t) x, (size_t) (x - k), (size_t) u, (size_t) (u - k) };
                        return true;
                }
        }
        return false;
}

static bool search_backward(const Reach *forward, Reach *backward, const Sequence *old, const Sequence *new,
                            long edits, Middle *ret) {
        long n = (long) old->n, m = (long) new->n, delta = n - m, x;
        for (long k = edits; k >= -edits; k -= 2) {
                long u = step(backward, k, edits, old, new, true, &x), other = delta - k;
                bool may_meet = !(delta & 1) && labs(other) <= edits;
                if (may_meet && u + forward->x[other] >= n) {
                        *ret = (Middle) { (size_t) (n - u), (size_t) (m - (u - k)), (size_t) (n - x),
                                          (size_t) (m - (x - k)) };
                        return true;
                }
        }
        return false;
}

/* The search was given up: divided where it came farthest. */
static Middle give_up(const Reach *forward, const Sequence *old, const Sequence *new, long edits) {
        long best = 1;
        for (long i = 0; i <= edits; i++) {
                const long diagonals[] = { -i, i };
                for (size_t side = 0; side < ELEMENTSOF(diagonals); side++) {
                        long k = diagonals[side];
                        best = 2 * forward->x[k] - k > 2 * forward->x[best] - best ? k : best;
                }
        }
        long x = MIN(forward->x[best], (long) old->n);
        long y = MIN(MAX(x - best, 0), (long) new->n);
        return (Middle) { (size_t) x, (size_t) y, (size_t) x, (size_t) y };
}

static int find_middle(const Sequence *old, const Sequence *new, Middle *ret) {
        long limit = MIN((long) (old->n + new->n + 1) / 2, EFFORT), edits = 0;
        Reach forward = {}, backward = {};
        bool found = false;
        int r = reach_new(limit, &forward);
        r = r < 0 ? r : reach_new(limit, &backward);
        for (; r >= 0 && !found && edits <= limit; edits++) {
                found = search_forward(&forward, &backward, old, new, edits, ret) ||
                        search_backward(&forward, &backward, old, new, edits, ret);
        }
        if (r >= 0 && !found) {
                *ret = give_up(&forward, old, new, limit);
        }
        free(forward.allocated);
        free(backward.allocated);
        return r;
}

/* --- all that is equal ----------------------------------------------------------------------------------------------- */

/* What is still to be compared, or (is_equal) was found equal and waits for its turn in the order. */
typedef struct Stretch {
        size_t old_from, old_to, new_from, new_to;
        bool is_equal;
} Stretch;

typedef struct Search {
        Sequence old, new;
        const size_t *old_places, *new_places; /* of the lines in the texts; NULL: all are there */
        Stretch *todo;
        size_t n_todo;
        Snakes found;
} Search;

static int grow(void *items, size_t n, size_t size) {
        void **list = items;
        if (n & (n - 1)) { /* full only at a power of two, or 0 */
                return 0;
        }
        void *grown = reallocarray(*list, n == 0 ? 1 : 2 * n, size);
        if (!grown) {
                return -ENOMEM;
        }
        *list = grown;
        return 0;
}

static int push(Search *search, Stretch stretch) {
        int r = grow(&search->todo, search->n_todo, sizeof(*search->todo));
        if (r >= 0) {
                search->todo[search->n_todo++] = stretch;
        }
        return r;
}

static int add_snake(Snakes *snakes, size_t old_at, size_t new_at, size_t length) {
        Snake *last = snakes->n > 0 ? snakes->items + snakes->n - 1 : NULL;
        if (last && last->old_at + last->length == old_at && last->new_at + last->length == new_at) {
                last->length += length;
                return 0;
        }
        int r = grow(&snakes->items, snakes->n, sizeof(*snakes->items));
        if (r >= 0) {
                snakes->items[snakes->n++] = (Snake) { old_at, new_at, length };
        }
        return r;
}

static int found_equal(Search *search, size_t old_at, size_t new_at, size_t length) {
        int r = 0;
        if (!search->old_places) {
                return add_snake(&search->found, old_at, new_at, length);
        }
        for (size_t i = 0; r >= 0 && i < length; i++) {
                r = add_snake(&search->found, search->old_places[old_at + i], search->new_places[new_at + i],
                              1);
        }
        return r;
}

/* Divided at the middle of its shortest edit: what is before, the equal lines there, what is after. The last one is pushed first. */
static int divide(Search *search, const Stretch *all) {
        const Sequence old = { search->old.items + all->old_from, all->old_to - all->old_from };
        const Sequence new = { search->new.items + all->new_from, all->new_to - all->new_from };
        Middle middle;
        int r = find_middle(&old, &new, &middle);
        if (r < 0) {
                return r;
        }
        size_t x = all->old_from + middle.x, y = all->new_from + middle.y;
        size_t u = all->old_from + middle.u, v = all->new_from + middle.v;
        r = push(search, (Stretch) { u, all->old_to, v, all->new_to, false });
        r = r < 0 || u == x ? r : push(search, (Stretch) { x, u, y, v, true });
        return r < 0 ? r : push(search, (Stretch) { all->old_from, x, all->new_from, y, false });
}

static int compare(Search *search, const Stretch *all) {
        size_t x = all->old_from, y = all->new_from, u = all->old_to, v = all->new_to;
        const uint32_t *old = search->old.items, *new = search->new.items;
        while (x < u && y < v && old[x] == new[y]) {
                x++, y++;
        }
        while (u > x && v > y && old[u - 1] == new[v - 1]) {
                u--, v--;
        }
        int r = x > all->old_from ? found_equal(search, all->old_from, all->new_from, x - all->old_from) : 0;
        if (r >= 0 && u < all->old_to) {
                r = push(search, (Stretch) { u, all->old_to, v, all->new_to, true });
        }
        return r < 0 || x == u || y == v ? r : divide(search, &(Stretch) { x, u, y, v, false });
}

static int search_all(Search *search) {
        int r = push(search, (Stretch) { 0, search->old.n, 0, search->new.n, false });
        while (r >= 0 && search->n_todo > 0) {
                Stretch next = search->todo[--search->n_todo];
                r = next.is_equal ? found_equal(search, next.old_from, next.new_from,
                                                next.old_to - next.old_from) :
                                    compare(search, &next);
        }
        free(search->todo);
        return r;
}

/* --- large texts ----------------------------------------------------------------------------------------------------- */

/* The lines of a text that the other one has as well. */
static int keep_common(const Lines *lines, const bool *others, uint32_t **ret, size_t **ret_places,
                       size_t *ret_n) {
        uint32_t *kept = calloc(lines->n + 1, sizeof(*kept));
        size_t *places = calloc(lines->n + 1, sizeof(*places)), n = 0;
        if (!kept || !places) {
                free(kept);
                free(places);
                return -ENOMEM;
        }
        for (size_t i = 0; i < lines->n; i++) {
                if (others[lines->numbers[i]]) {
                        kept[n] = lines->numbers[i];
                        places[n++] = i;
                }
        }
        *ret = kept;
        *ret_places = places;
        *ret_n = n;
        return 0;
}

static int mark(const Lines *lines, size_t n_numbers, bool **ret) {
        bool *marks = calloc(n_numbers, sizeof(*marks));
        for (size_t i = 0; marks && i < lines->n; i++) {
                marks[lines->numbers[i]] = true;
        }
        *ret = marks;
        return marks ? 0 : -ENOMEM;
}

static size_t highest_number(const Lines *lines) {
        size_t highest = 0;
        for (size_t i = 0; i < lines->n; i++) {
                highest = MAX(highest, lines->numbers[i]);
        }
        return highest;
}

static int search_common(const Lines *old, const Lines *new, Search *search) {
        size_t n_numbers = MAX(highest_number(old), highest_number(new)) + 1;
        _cleanup_free_ bool *of_old = NULL, *of_new = NULL;
        _cleanup_free_ uint32_t *kept_old = NULL, *kept_new = NULL;
        _cleanup_free_ size_t *old_places = NULL, *new_places = NULL;
        int r = mark(old, n_numbers, &of_old);
        r = r < 0 ? r : mark(new, n_numbers, &of_new);
        r = r < 0 ? r : keep_common(old, of_new, &kept_old, &old_places, &search->old.n);
        r = r < 0 ? r : keep_common(new, of_old, &kept_new, &new_places, &search->new.n);
        if (r < 0) {
                return r;
        }
        search->old.items = kept_old;
        search->new.items = kept_new;
        search->old_places = old_places;
        search->new_places = new_places;
        return search_all(search);
}

/* --- sliding --------------------------------------------------------------------------------------------------------- */

static size_t room_to_slide(const Snake *above, const Snake *below, const Lines *old, const Lines *new) {
        size_t x = above->old_at + above->length, y = above->new_at + above->length, n = 0;
        if (x != below->old_at && y != below->new_at) {
                return 0;
        }
        while (n < below->length && old->numbers[x + n] == new->numbers[y + n]) {
                n++;
        }
        return n;
}

/* Moves every insertion and deletion that stands alone as far down as it means the same. What is done stands before `place`, what is to come
 * from `next` on: so nothing has to be moved when a snake vanishes. */
static void slide_down(Snakes *snakes, const Lines *old, const Lines *new) {
        Snake *items = snakes->items;
        size_t place = 0, next = 1, n = snakes->n;
        while (next < n) {
                Snake *above = items + place, *below = items + next;
                size_t moved = room_to_slide(above, below, old, new);
                above->length += moved;
                *below = (Snake) { below->old_at + moved, below->new_at + moved, below->length - moved };
                if (moved == 0 || below->length > 0 || next + 1 == n) {
                        items[++place] = items[next++];
                        continue;
                }
                next++;
                if (above->old_at + above->length == items[next].old_at &&
                    above->new_at + above->length == items[next].new_at) {
                        above->length += items[next++].length;
                }
                if (place > 0) {
                        items[--next] = items[place--];
                }
        }
        snakes->n = place + 1;
}

int line_diff(const Lines *old, const Lines *new, Snakes *ret) {
        Search search = { .old = { old->numbers, old->n }, .new = { new->numbers, new->n } };
        int r = add_snake(&search.found, 0, 0, 0);
        if (r >= 0) {
                r = old->n + new->n < LARGE_LINES ? search_all(&search) : search_common(old, new, &search);
        }
        Snakes found = search.found;
        r = r < 0 ? r : add_snake(&found, old->n, new->n, 0);
        if (r < 0) {
                snakes_done(&found);
                return r;
        }
        slide_down(&found, old, new);
        *ret = found;
        return 0;
}

void snakes_done(Snakes *snakes) {
        free(snakes->items);
        *snakes = (Snakes) {};
}
