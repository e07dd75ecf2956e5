/* Names of locks. Strict on purpose: a name that two people could spell in two ways would be two locks. */
#include "domain/lock_resource.h"

#include <string.h>

#include "base/buffer.h"
#include "base/string_util.h"

#define STREAM_SEPARATOR "/stream/"

static int refuse(const char **ret_problem, const char *problem) {
        if (ret_problem) {
                *ret_problem = problem;
        }
        return -EINVAL;
}

static bool is_component(const char *text, size_t length) {
        return length > 0 && length <= LOCK_COMPONENT_MAX && !memchr(text, '/', length) && text[0] != '.';
}

/* //DEPOT/NAME… without empty parts, wildcards and revisions. */
static bool is_stream_path(const char *path) {
        size_t length = strlen(path);

        return length <= LOCK_STREAM_PATH_MAX && string_has_prefix(path, "//") && path[2] != '/' &&
               strchr(path + 2, '/') && !strstr(path + 2, "//") && path[length - 1] != '/' &&
               !strstr(path, "...") && !strpbrk(path, "*#@");
}

static int parse_stream(const char *server, size_t server_length, const char *path, char **ret,
                        const char **ret_problem) {
        /* The two-slash spelling: what follows "/stream/" is the path without its first slash. */
        const char *missing_slash = path[0] == '/' && path[1] != '/' ? "/" : "";
        _cleanup_free_ char *name = NULL;
        int r;

        r = string_format(&name, "server/%.*s" STREAM_SEPARATOR "%s%s", (int) server_length, server,
                          missing_slash, path);
        if (r < 0) {
                return r;
        }
        if (!is_stream_path(name + strlen("server/") + server_length + strlen(STREAM_SEPARATOR))) {
                return refuse(ret_problem,
                              "a stream is named by its depot path: server/NAME/stream///DEPOT/STREAM");
        }
        *ret = TAKE_PTR(name);
        return 0;
}

static int parse_server(const char *text, const char *rest, char **ret, const char **ret_problem) {
        size_t length = strcspn(rest, "/");

        if (!is_component(rest, length)) {
                return refuse(ret_problem, "the server's name is empty, too long or starts with a dot");
        }
        if (rest[length] == '\0') {
                return string_copy(ret, text);
        }
        if (!string_has_prefix(rest + length, STREAM_SEPARATOR)) {
                return refuse(ret_problem, "below server/NAME there is only stream/PATH");
        }
        return parse_stream(rest, length, rest + length + strlen(STREAM_SEPARATOR), ret, ret_problem);
}

static int parse_workspace(const char *text, const char *rest, char **ret, const char **ret_problem) {
        size_t host = strcspn(rest, "/");
        const char *client = rest[host] == '/' ? rest + host + 1 : NULL;

        if (!is_component(rest, host) || (client && !is_component(client, strlen(client)))) {
                return refuse(ret_problem, "a workspace is named workspace/HOST/CLIENT");
        }
        return string_copy(ret, text);
}

int lock_resource_parse(const char *text, char **ret, const char **ret_problem) {
        static const char *const fixed[] = { "/", "config", "server", "workspace" };

        if (strlen(text) > LOCK_RESOURCE_MAX) {
                return refuse(ret_problem, "the name is too long");
        }
        if (string_has_control(text) || !string_is_utf8(text, strlen(text))) {
                return refuse(ret_problem, "the name holds control characters or is not UTF-8");
        }
        for (size_t i = 0; i < ELEMENTSOF(fixed); i++) {
                if (string_equal(text, fixed[i])) {
                        return string_copy(ret, text);
                }
        }
        if (string_has_prefix(text, "server/")) {
                return parse_server(text, text + strlen("server/"), ret, ret_problem);
        }
        if (string_has_prefix(text, "workspace/")) {
                return parse_workspace(text, text + strlen("workspace/"), ret, ret_problem);
        }
        return refuse(ret_problem,
                      "it must be /, config, server, server/NAME, server/NAME/stream/PATH or workspace/HOST/CLIENT");
}

/* server/NAME/… : the slashes after that belong to the depot path, not to the tree. */
static bool is_stream(const char *resource) {
        return string_has_prefix(resource, "server/") && strchr(resource + strlen("server/"), '/');
}

bool lock_resource_is_above(const char *above, const char *below) {
        size_t length = strlen(above);

        if (string_equal(above, "/")) {
                return !string_equal(below, "/");
        }
        return strncmp(above, below, length) == 0 && below[length] == '/' && !is_stream(above);
}

/* Appends path, each byte that belongs to no valid UTF-8 sequence as %XX. */
static int append_as_utf8(Buffer *buffer, const char *path) {
        size_t left = strlen(path), n;
        int r = 0;

        for (; left > 0 && r >= 0; path += n, left -= n) {
                uint32_t code_point;

                n = string_utf8_decode(path, left, &code_point);
                if (n > 0) {
                        r = buffer_append(buffer, path, n);
                        continue;
                }
                n = 1;
                r = buffer_append_format(buffer, "%%%02X", (unsigned char) *path);
        }
        return r;
}

int lock_resource_for_stream(const char *server, const char *stream_path, char **ret) {
        Buffer buffer = {};
        int r = buffer_append_format(&buffer, "server/%s" STREAM_SEPARATOR, server);

        if (r >= 0) {
                r = append_as_utf8(&buffer, stream_path);
        }
        if (r >= 0) {
                r = buffer_take_string(&buffer, ret);
        }
        buffer_done(&buffer);
        return r;
}
