/* The two sides of a branch spec's view, as far as an integration has to know them: what it reads from, and what a client must show to
 * receive it. The lines come tagged from the server, one by one; what a description says never gets here. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/macro.h"

typedef struct BranchView {
        char **sources; /* depot paths and patterns; each once. Arguments of commands: %%1 has become * */
        char **targets; /* the same of the other side, as the lines have them: for views */
} BranchView;
void branch_view_done(BranchView *view);

/* One View line: "[-+&]//depot/from/... //depot/to/...", quoted where there are blanks. With reverse the right side is the source. Lines
 * that take away are passed over: both sides are the widest they can be. -EINVAL when it is no such line. */
int branch_view_add_line(BranchView *view, const char *line, bool reverse);

/* The line of a client's view that shows a depot path at the place its name says: "//depot/to/..." for the client "c" becomes
 * `"//depot/to/..." "//c/depot/to/..."`. Owned by the caller. */
int client_view_line(const char *client, const char *depot_path, char **ret);
/* "//depot/stream/..." of a depot whose streams lie depth folders deep: "//depot/stream". NULL when the path does not go that deep, or has
 * a wildcard before. Owned by the caller. */
int depot_path_stream(const char *path, unsigned depth, char **ret);
