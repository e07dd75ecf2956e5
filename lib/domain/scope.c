#include "domain/scope.h"

#include <string.h>

#include "base/parse_util.h"
#include "base/string_util.h"
#include "domain/server.h"

#define LIST_PREFIX "list/"
#define FULL_PREFIX "full/"

void scope_done(Scope *scope) {
        free(scope->server);
        free(scope->path);
        *scope = (Scope) {};
}

/* The server's name in front of what follows it; empty (with *ret NULL) only where the stream's path
 * alone is enough. */
/* The name of an instance that somebody typed with a '-' arrives with a '/', which no server's name has. */
static int take_server(const char *text, size_t length, bool may_be_empty, char **ret) {
        _cleanup_free_ char *name = strndup(text, length);
        if (!name) {
                return -ENOMEM;
        }
        if (length == 0 && may_be_empty) {
                return 0;
        }
        for (char *slash = strchr(name, '/'); slash; slash = strchr(slash, '/')) {
                *slash = '-';
        }
        if (server_name_problem(name)) {
                return -EINVAL;
        }
        *ret = TAKE_PTR(name);
        return 0;
}

static int take_path(const char *text, char **ret) {
        size_t length = strlen(text);
        while (length > 2 && text[length - 1] == '/') {
                length--;
        }
        if (length <= 2) {
                return -EINVAL;
        }
        char *path = strndup(text, length);
        if (!path) {
                return -ENOMEM;
        }
        *ret = path;
        return 0;
}

int scope_parse(const char *text, Scope *ret) {
        _cleanup_(scope_done) Scope scope = { .is_full = string_has_prefix(text, FULL_PREFIX) };
        text += scope.is_full ? strlen(FULL_PREFIX) : 0;
        const char *path = strstr(text, "//");
        const char *number = path ? NULL : strchr(text, '#');
        int r = 0;

        if (string_equal(text, "all")) {
                scope.kind = SCOPE_ALL;
        } else if (!path && !scope.is_full && string_has_prefix(text, LIST_PREFIX)) {
                scope.kind = SCOPE_LIST;
                r = take_server(text + strlen(LIST_PREFIX), strlen(text) - strlen(LIST_PREFIX), false,
                                &scope.server);
        } else if (path) {
                scope.kind = SCOPE_STREAM;
                r = take_server(text, (size_t) (path - text), true, &scope.server);
                r = r < 0 ? r : take_path(path, &scope.path);
        } else if (number) {
                scope.kind = SCOPE_STREAM_ID;
                r = take_server(text, (size_t) (number - text), false, &scope.server);
                r = r < 0 ? r : parse_int64(number + 1, &scope.id);
                r = r < 0 || scope.id > 0 ? r : -EINVAL;
        } else {
                scope.kind = SCOPE_SERVER;
                r = take_server(text, strlen(text), false, &scope.server);
        }
        if (r < 0) {
                return r == -ENOMEM ? r : -EINVAL;
        }
        *ret = scope;
        scope = (Scope) {};
        return 0;
}

bool scope_path_may_mean(const char *typed, const char *path) {
        while (*typed && (*typed == *path || (*typed == '/' && *path == '-'))) {
                typed++;
                path++;
        }
        return !*typed && !*path;
}

int scope_format(const Scope *scope, char **ret) {
        const char *full = scope->is_full ? FULL_PREFIX : "";

        switch (scope->kind) {
        case SCOPE_ALL:
                return string_format(ret, "%sall", full);
        case SCOPE_SERVER:
                return string_format(ret, "%s%s", full, scope->server);
        case SCOPE_STREAM:
                return string_format(ret, "%s%s%s", full, scope->server ?: "", scope->path);
        case SCOPE_STREAM_ID:
                return string_format(ret, "%s%s#%lld", full, scope->server, (long long) scope->id);
        case SCOPE_LIST:
                return string_format(ret, LIST_PREFIX "%s", scope->server);
        }
        return -EINVAL;
}
