/* Merging two texts that come from a third, as `p4 resolve` does in the client: the same chunks, the same text, the same markers around what
 * conflicts. weir itself never submits what is merged here: it is what a person gets to begin with. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/macro.h"

#define MERGE3_LINES_MAX 300000 /* of the three texts together */

typedef struct MergeSide {
        const char *text;
        size_t length;
        const char *name; /* after the markers: "//depot/file#3", "//client/file"; NULL: none */
} MergeSide;
typedef struct MergeCounts {
        uint32_t yours, theirs, both, conflicting;
} MergeCounts;
/* Appends the merged text to *ret. ret_counts may be NULL. -E2BIG: too many lines; -ENOBUFS: *ret is full. */
int merge3(const MergeSide *base, const MergeSide *theirs, const MergeSide *yours, Buffer *ret,
           MergeCounts *ret_counts);
