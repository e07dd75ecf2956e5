/*
 * See template.h. The expansion reads the template left to right, one construct at a time; it is linear in
 * the length of the template and output, so that a hostile template costs no more than its own size.
 */
#include "template.h"

#include <stdlib.h>

typedef struct Reader {
        Buffer *out;
        const Dict *values;
        const char *at;
        const char *end;
} Reader;

static const char *find(const char *from, const char *end, char c) {
        return from < end ? memchr(from, c, (size_t) (end - from)) : NULL;
}

static void copy(Reader *r, const char *from, const char *to) {
        buffer_append(r->out, from, (size_t) (to - from));
}

/* %'literal'% : `percent` is the opening one. Returns false if it is not closed. */
static bool expand_literal(Reader *r, const char *percent) {
        const char *close = percent + 2 < r->end ?
                                            memmem(percent + 2, (size_t) (r->end - percent - 2), "'%", 2) :
                                            NULL;

        if (!close) {
                return false;
        }
        copy(r, r->at, percent);
        copy(r, percent + 2, close);
        r->at = close + 2;
        return true;
}

/* [before %name% after|alternative] : the bracket opened before `percent`; `second` closes the name. */
static bool expand_optional(Reader *r, const char *bracket, const char *percent, const char *second,
                            const Str *value) {
        const char *close = find(second + 1, r->end, ']');
        const char *bar;

        if (!close) {
                return false;
        }
        bar = find(second, close, '|');
        copy(r, r->at, bracket);
        if (value && value->length > 0) {
                copy(r, bracket + 1, percent);
                buffer_append_str(r->out, *value);
                copy(r, second + 1, bar ? bar : close);
        } else if (bar) {
                copy(r, bar + 1, close);
        }
        r->at = close + 1;
        return true;
}

static bool expand_variable(Reader *r, const char *percent) {
        const char *second = find(percent + 1, r->end, '%');
        const char *bracket;
        const Str *value;

        if (!second) {
                return false;
        }
        if (second == percent + 1) { /* %% is one % */
                copy(r, r->at, second);
                r->at = second + 1;
                return true;
        }
        value = dict_find(r->values,
                          (Str) { .data = percent + 1, .length = (size_t) (second - percent - 1) });
        bracket = find(r->at, percent, '[');
        if (bracket) {
                return expand_optional(r, bracket, percent, second, value);
        }
        copy(r, r->at, percent);
        if (value) {
                buffer_append_str(r->out, *value);
        }
        r->at = second + 1;
        return true;
}

void template_expand(Buffer *out, Str format, const Dict *values) {
        Reader r = { .out = out, .values = values, .at = format.data, .end = format.data + format.length };

        for (;;) {
                const char *percent = find(r.at, r.end, '%');
                bool literal = percent && percent + 1 < r.end && percent[1] == '\'';

                if (!percent || !(literal ? expand_literal(&r, percent) : expand_variable(&r, percent))) {
                        break;
                }
        }
        copy(&r, r.at, r.end);
}
