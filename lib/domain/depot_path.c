#include "domain/depot_path.h"

#include <stdint.h>
#include <string.h>

#include "base/string_util.h"

static bool is_wildcard(const char *at) {
        return at[0] == '*' || (at[0] == '.' && at[1] == '.' && at[2] == '.') ||
               (at[0] == '%' && at[1] == '%');
}

int depot_path_directory(const char *path, char **ret) {
        const char *slash = path;
        for (const char *at = path; *at && !is_wildcard(at); at++) {
                if (*at == '/') {
                        slash = at;
                }
        }
        char *directory = slash == path ? strdup("/") : strndup(path, (size_t) (slash - path));
        if (!directory) {
                return -ENOMEM;
        }
        *ret = directory;
        return 0;
}

bool depot_path_to_parent(char *directory) {
        char *slash = strrchr(directory, '/');
        if (!slash || slash == directory) {
                return false;
        }
        /* "//depot": its parent is the root, which keeps its one slash. */
        *slash = 0;
        return true;
}

/* Simple lower case of the two-byte letters: Latin-1, Latin Extended-A, Greek, Cyrillic, Armenian. Longer
 * ones keep their case: two such spellings of one directory are then taken for two, which is what a
 * server without unicode mode does, too. */
static uint32_t to_lower(uint32_t c) {
        if ((c >= 0xc0 && c <= 0xde && c != 0xd7) || (c >= 0x391 && c <= 0x3ab) ||
            (c >= 0x410 && c <= 0x42f)) {
                return c + 0x20;
        }
        if (c >= 0x400 && c <= 0x40f) {
                return c + 0x50;
        }
        if (c >= 0x531 && c <= 0x556) {
                return c + 0x30;
        }
        bool odd_pairs = (c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17e);
        bool even_pairs = (c >= 0x100 && c <= 0x137 && c != 0x130) || (c >= 0x14a && c <= 0x177) ||
                          (c >= 0x460 && c <= 0x481) || (c >= 0x48a && c <= 0x4bf) ||
                          (c >= 0x4d0 && c <= 0x52f);
        return odd_pairs ? c + (c & 1) : (even_pairs ? c | 1 : c);
}

void depot_path_fold(char *path) {
        for (unsigned char *at = (unsigned char *) path; *at; at++) {
                if (*at >= 'A' && *at <= 'Z') {
                        *at = (unsigned char) (*at + ('a' - 'A'));
                } else if (*at >= 0xc3 && *at <= 0xd5 && (at[1] & 0xc0) == 0x80) {
                        uint32_t lower = to_lower(((uint32_t) (*at & 0x1f) << 6) | (at[1] & 0x3f));
                        at[0] = (unsigned char) (0xc0 | (lower >> 6));
                        at[1] = (unsigned char) (0x80 | (lower & 0x3f));
                        at++;
                }
        }
}

bool depot_path_equal(const char *a, const char *b, bool ignore_case) {
        if (!ignore_case) {
                return string_equal(a, b);
        }
        _cleanup_free_ char *folded_a = strdup(a), *folded_b = strdup(b);
        if (!folded_a || !folded_b) {
                return string_equal(a, b);
        }
        depot_path_fold(folded_a);
        depot_path_fold(folded_b);
        return string_equal(folded_a, folded_b);
}
