#include "domain/stream_view.h"

#include <string.h>

#include "base/string_util.h"
#include "domain/depot_path.h"

void stream_view_done(StreamView *view) {
        strv_free(view->prefixes);
        *view = (StreamView) {};
}

/* Splits off one word, quoted or not. Returns what follows it, or NULL when there is none or the quote is
 * open. */
static const char *take_word(const char *line, char **ret) {
        bool is_quoted = *line == '"';
        const char *begin = line + is_quoted;
        size_t length = strcspn(begin, is_quoted ? "\"" : " \t");
        if (length == 0 || (is_quoted && !begin[length])) {
                return NULL;
        }
        *ret = strndup(begin, length);
        if (!*ret) {
                return NULL;
        }
        const char *rest = begin + length + is_quoted;
        return rest + strspn(rest, " \t");
}

/* "@123" stays what it is for ever; "@label" does not. */
static bool is_fixed_pin(const char *pin) {
        return pin[1] && strspn(pin + 1, "0123456789") == strlen(pin + 1);
}

/* An unencoded '@' is never part of a depot path. */
static bool cut_pin(StreamView *view, char *path) {
        char *pin = strchr(path, '@');
        if (!pin) {
                return false;
        }
        view->is_volatile |= !is_fixed_pin(pin);
        *pin = 0;
        return true;
}

static int add_prefix(StreamView *view, const char *path) {
        _cleanup_free_ char *directory = NULL;
        int r = depot_path_directory(path, &directory);
        if (r < 0) {
                return r;
        }
        for (char **prefix = view->prefixes; prefix && *prefix; prefix++) {
                if (string_equal(*prefix, directory)) {
                        return 0;
                }
        }
        return strv_append(&view->prefixes, directory);
}

/* `//depot/main/... ...`, possibly with a client's name in front of the right side. */
static bool is_identity(const char *path, const char *left, const char *right) {
        size_t length = strlen(path);
        bool is_own = strncmp(left, path, length) == 0 && string_equal(left + length, "/...");
        if (string_has_prefix(right, "//")) {
                const char *slash = strchr(right + 2, '/');
                right = slash ? slash + 1 : right;
        }
        return is_own && string_equal(right, "...");
}

int stream_view_add_line(StreamView *view, const char *path, const char *line) {
        _cleanup_free_ char *left = NULL, *right = NULL;
        bool is_quoted = *line == '"'; /* the sign may stand inside the quotes */
        bool has_sign = line[is_quoted] && strchr("-+&", line[is_quoted]);
        const char *rest = take_word(has_sign && !is_quoted ? line + 1 : line, &left);
        if (!rest || !take_word(rest, &right)) {
                return -EINVAL;
        }
        if (has_sign && is_quoted) {
                memmove(left, left + 1, strlen(left));
        }
        if (!string_has_prefix(left, "//")) {
                return -EINVAL;
        }
        bool is_pinned = cut_pin(view, left);
        view->is_direct = view->n_lines == 0 && !has_sign && !is_pinned && is_identity(path, left, right);
        view->n_lines++;
        /* What an exclusion takes away was brought by a line before it. */
        return has_sign && line[is_quoted] == '-' ? 0 : add_prefix(view, left);
}

/* Only the pin counts here: where the files come from stands in the view. What follows "##" is a comment. */
int stream_view_add_path(StreamView *view, const char *line) {
        _cleanup_free_ char *copy = NULL;
        int r = string_copy(&copy, line);
        if (r < 0) {
                return r;
        }
        char *comment = strstr(copy, "##");
        if (comment) {
                *comment = 0;
        }
        copy[strcspn(copy, "\n")] = 0;
        for (size_t length = strlen(copy); length > 0 && strchr(" \t\"", copy[length - 1]); length--) {
                copy[length - 1] = 0;
        }
        (void) cut_pin(view, copy);
        return 0;
}

int stream_view_add_change_view(StreamView *view, const char *line) {
        _cleanup_free_ char *copy = NULL;
        int r = string_copy(&copy, line);
        if (r < 0) {
                return r;
        }
        size_t length = strlen(copy);
        if (length > 0 && copy[length - 1] == '"') {
                copy[length - 1] = 0;
        }
        view->is_volatile |= !cut_pin(view, copy);
        view->n_lines += 2; /* never direct, whichever order the fields come in */
        return 0;
}

/* A component brings the view of another stream, whose spec may change without ours. */
int stream_view_add_component(StreamView *view, const char *line) {
        view->is_volatile |= !string_is_empty(line);
        view->n_lines += 2;
        return 0;
}

/* The types whose own depot path holds everything they show. A task or sparse stream also shows its
 * parent's files. */
static bool is_full_type(const char *type) {
        static const char *const types[] = { "mainline", "development", "release" };
        for (size_t i = 0; i < ELEMENTSOF(types); i++) {
                if (string_equal(type, types[i])) {
                        return true;
                }
        }
        return false;
}

int stream_view_finish(StreamView *view, const char *type, bool ignore_case) {
        view->is_direct = view->is_direct && view->n_lines == 1 && is_full_type(type);
        if (!view->prefixes) {
                return add_prefix(view, "//...");
        }
        for (char **prefix = view->prefixes; ignore_case && *prefix; prefix++) {
                depot_path_fold(*prefix);
        }
        return 0;
}
