/* The names of lockable things, and the tree they form:
 *
 *   /                            everything
 *   ├ config                     weir.yaml, servers.yaml and what is made of them
 *   ├ server                     all servers
 *   │ └ server/NAME              one server
 *   │   └ server/NAME/stream/PATH  one stream; PATH is its depot path, verbatim
 *   └ workspace                  all client workspaces
 *     └ workspace/HOST           those of one host
 *       └ workspace/HOST/CLIENT  one
 *
 * A stream's depot path is one component although it holds slashes: `server/demo/stream///demo/main` is
 * the stream //demo/main, and no other stream is above or below it. As people leave the third slash out,
 * and nothing else could be meant, `server/demo/stream//demo/main` is understood, too. */
#pragma once

#include <stdbool.h>

#include "base/macro.h"

#define LOCK_RESOURCE_MAX 2048    /* bytes of a whole name */
#define LOCK_COMPONENT_MAX 255    /* bytes of NAME, HOST, CLIENT */
#define LOCK_STREAM_PATH_MAX 1024 /* bytes of PATH */

/* Checks a name and writes it in its one canonical form (owned by the caller). -EINVAL with *ret_problem, a
 * sentence without a full stop (static; may be NULL to not ask), when it is none. */
int lock_resource_parse(const char *text, char **ret, const char **ret_problem);

/* Of two canonical names: is the second one somewhere below the first? Not of equal ones. */
bool lock_resource_is_above(const char *above, const char *below);

/* The name of a stream's lock. Bytes that are no UTF-8 (old servers have such paths, the bus cannot carry
 * them) become %XX, as Perforce itself writes what a path may not hold; a literal % is %25 in a depot path,
 * so nothing collides. */
int lock_resource_for_stream(const char *server, const char *stream_path, char **ret);
