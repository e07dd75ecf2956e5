/* The streams of one server as one listing gave them, with their ancestors: what tells that a stream's
 * spec, and so its view, may have changed. Holds every stream, also those the mask leaves out, because an
 * ancestor's spec shapes its children's views. Compact: a listing of ten thousand streams costs one or
 * two megabytes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/types.h>

#include "base/macro.h"

typedef struct StreamSpec {
        const char *path, *name, *type, *parent; /* parent "none" (or NULL): no parent */
        const char *options, *parent_view;       /* may be NULL */
        int64_t update; /* when the spec was last saved, the server's seconds; 0: unknown */
} StreamSpec;

typedef struct StreamTree StreamTree;
int stream_tree_new(bool ignore_case, StreamTree **ret);
StreamTree *stream_tree_free(StreamTree *tree);
DEFINE_TRIVIAL_CLEANUP_FUNC(StreamTree *, stream_tree_free);

/* Adds one stream; is_monitored: the mask selects it. The strings are copied. */
int stream_tree_add(StreamTree *tree, const StreamSpec *spec, bool is_monitored);
/* After the last one; before it nothing can be asked. A stream that came twice counts once. */
void stream_tree_finish(StreamTree *tree);

size_t stream_tree_size(const StreamTree *tree);
/* The stream at index (0 … size-1, in the order of paths). ret's options, parent_view are not kept
 * (NULL). Returns whether it is monitored. */
bool stream_tree_at(const StreamTree *tree, size_t index, StreamSpec *ret);
/* Index of a path or -ENOENT. */
ssize_t stream_tree_find(const StreamTree *tree, const char *path);

/* Fingerprint of the stream's own and all its ancestors' specs; another value means the view may be
 * another one. 0, which no fingerprint is, when one of them was saved so short before server_now (the
 * server's seconds, 0: unknown) that a second save could carry the same time. */
int64_t stream_tree_stamp(const StreamTree *tree, size_t index, int64_t server_now);
