#include "domain/branch_view.h"

#include <string.h>

#include "base/string_util.h"

void branch_view_done(BranchView *view) {
        strv_free(view->sources);
        strv_free(view->targets);
        *view = (BranchView) {};
}

/* The word at *line, which ends at a blank or at its closing quote; *line is then at the next one. */
static int take_path(const char **line, char **ret) {
        bool is_quoted = **line == '"';
        const char *begin = *line + is_quoted, *end = begin + strcspn(begin, is_quoted ? "\"" : " \t");
        if (end == begin || (is_quoted && !*end)) {
                return -EINVAL;
        }
        *ret = strndup(begin, (size_t) (end - begin));
        if (!*ret) {
                return -ENOMEM;
        }
        *line = end + is_quoted;
        *line += strspn(*line, " \t");
        return 0;
}

/* The sign may stand before the path or inside its quotes. */
static char take_sign(char *path) {
        char sign = path[0];
        if (sign == '\0' || !strchr("-+&", sign)) {
                return 0;
        }
        memmove(path, path + 1, strlen(path));
        return sign;
}

static int add_once(char ***paths, const char *path) {
        for (char **other = *paths; other && *other; other++) {
                if (string_equal(*other, path)) {
                        return 0;
                }
        }
        return strv_append(paths, path);
}

/* %%1 numbers a wildcard in views only; a command's argument wants a plain one. */
static void to_argument(char *path) {
        for (char *at = path; (at = strstr(at, "%%")) && at[2] >= '0' && at[2] <= '9';) {
                *at++ = '*';
                memmove(at, at + 2, strlen(at + 2) + 1);
        }
}

int branch_view_add_line(BranchView *view, const char *line, bool reverse) {
        _cleanup_free_ char *left = NULL, *right = NULL;
        bool has_sign = *line && strchr("-+&", *line);
        const char *rest = line + has_sign;
        int r = take_path(&rest, &left);
        r = r < 0 ? r : take_path(&rest, &right);
        if (r < 0) {
                return r;
        }
        char sign = has_sign ? *line : take_sign(left);
        (void) take_sign(right);
        if (*rest || !string_has_prefix(left, "//") || !string_has_prefix(right, "//")) {
                return -EINVAL;
        }
        if (sign == '-') {
                return 0;
        }
        char *source = reverse ? right : left, *target = reverse ? left : right;
        to_argument(source);
        r = add_once(&view->sources, source);
        return r < 0 ? r : add_once(&view->targets, target);
}

int client_view_line(const char *client, const char *depot_path, char **ret) {
        return string_format(ret, "\"%s\" \"//%s/%s\"", depot_path, client, depot_path + 2);
}

int depot_path_stream(const char *path, unsigned depth, char **ret) {
        const char *end = path + 2;
        if (!string_has_prefix(path, "//")) {
                return -EINVAL;
        }
        for (unsigned i = 0; i <= depth; i++) {
                end = i == 0 ? end : end + 1;
                end += strcspn(end, "/");
                if (!*end && i < depth) {
                        return -EINVAL;
                }
        }
        _cleanup_free_ char *stream = strndup(path, (size_t) (end - path));
        if (!stream) {
                return -ENOMEM;
        }
        if (strstr(stream, "...") || strpbrk(stream, "*") || strstr(stream, "%%") ||
            string_has_suffix(stream, "/")) {
                return -EINVAL;
        }
        *ret = TAKE_PTR(stream);
        return 0;
}
