#include "domain/moved.h"

#include <string.h>

#include "base/string_util.h"
#include "domain/depot_path.h"

void moved_path_done(MovedPath *path) {
        free(path->directory);
        *path = (MovedPath) {};
}

int moved_file_directory(const char *depot_file, bool ignore_case, char **ret) {
        int r = depot_path_directory(depot_file, ret);
        if (r >= 0 && ignore_case) {
                depot_path_fold(*ret);
        }
        return r;
}

int moved_path_parse(const char *path, bool ignore_case, MovedPath *ret) {
        MovedPath moved = {};
        if (string_is_empty(path)) {
                path = "//...";
        }
        int r = moved_file_directory(path, ignore_case, &moved.directory);
        if (r < 0) {
                return r;
        }
        /* One star as the last component, or a file, lie in the directory itself; "dir/abc...", "dir/..."
         * and whatever else may come do not. */
        const char *rest = path + strlen(moved.directory);
        bool is_plain = !strchr(rest, '*') && !strstr(rest, "...") && !strstr(rest, "%%");
        moved.is_subtree = !is_plain && !string_equal(rest, "/*");
        *ret = moved;
        return 0;
}
