/* What a measuring run covers, as one word: the instance of weir-measure@.service, the argument of
 * `weirctl measure`, later of D-Bus.
 *
 *   all                  every server
 *   NAME                 one server
 *   NAME//depot/stream   one stream, by its depot path
 *   NAME#ID              one stream, by its number in monitor.db (where the path would make the unit name too long)
 *   list/NAME            only the list of streams of a server, nothing is measured
 *   full/SCOPE           one of the first four, measuring also what did not move
 *
 * Server names hold neither '/' nor '#' and are not "all" (domain/server.h), so this cannot be misread.
 * Who types `systemctl start weir-measure@my-server` has systemd unescape it to "my/server", which is understood
 * all the same; only names that begin with "list-" or "full-" have to be escaped there. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"

typedef enum ScopeKind { SCOPE_ALL, SCOPE_SERVER, SCOPE_STREAM, SCOPE_STREAM_ID, SCOPE_LIST } ScopeKind;

typedef struct Scope {
        ScopeKind kind;
        char *server; /* NULL for SCOPE_ALL; also NULL for SCOPE_STREAM when the path alone was given */
        char *path;   /* SCOPE_STREAM: without a trailing slash */
        int64_t id;   /* SCOPE_STREAM_ID */
        bool is_full; /* also what did not move */
} Scope;
void scope_done(Scope *scope);

int scope_parse(const char *text,
                Scope *ret); /* -EINVAL. "//depot/stream" alone is a stream of whichever server has it */
int scope_format(const Scope *scope, char **ret);
/* Whether a path is what a typed one stands for, in which every '-' may have become a '/'. Streams of one depot
 * are all equally deep, so two that differ in nothing else are never there both. */
bool scope_path_may_mean(const char *typed, const char *path);
