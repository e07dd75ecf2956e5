#include "domain/stream_tree.h"

#include <string.h>

#include "base/buffer.h"
#include "base/string_util.h"
#include "domain/depot_path.h"

#define ANCESTORS_MAX 1000 /* a chain of parents can be this long; a longer one is a loop */
#define SETTLED_SECONDS 2  /* times in specs are whole seconds */
#define TEXT_MAX ((size_t) 1 << 30)

/* Strings are offsets into one block of text, which may move while it grows. */
typedef struct Node {
        uint32_t path, key, name, type, parent, parent_key;
        bool is_monitored;
        int64_t update;
        uint64_t hash; /* of the own spec alone */
} Node;

struct StreamTree {
        bool ignore_case;
        Buffer text;
        Node *nodes;
        size_t n_nodes, n_allocated;
};

int stream_tree_new(bool ignore_case, StreamTree **ret) {
        StreamTree *tree = calloc(1, sizeof(*tree));
        if (!tree) {
                return -ENOMEM;
        }
        tree->ignore_case = ignore_case;
        tree->text.max = TEXT_MAX;
        *ret = tree;
        return 0;
}

StreamTree *stream_tree_free(StreamTree *tree) {
        if (tree) {
                buffer_done(&tree->text);
                free(tree->nodes);
                free(tree);
        }
        return NULL;
}

static int add_text(StreamTree *tree, const char *text, uint32_t *ret) {
        size_t offset = tree->text.length;
        int r = buffer_append(&tree->text, text, strlen(text) + 1);
        if (r >= 0) {
                *ret = (uint32_t) offset;
        }
        return r;
}

/* A path as the server compares it; where that is as it is written, no second copy is kept. */
static int add_path(StreamTree *tree, const char *path, uint32_t *ret, uint32_t *ret_key) {
        int r = add_text(tree, path, ret);
        *ret_key = *ret;
        if (r >= 0 && tree->ignore_case) {
                r = add_text(tree, path, ret_key);
                if (r >= 0) {
                        depot_path_fold(tree->text.data + *ret_key);
                }
        }
        return r;
}

/* FNV-1a; the terminator keeps neighbours apart. */
static uint64_t hash_bytes(uint64_t hash, const void *data, size_t length) {
        for (const unsigned char *at = data; length > 0; at++, length--) {
                hash = (hash ^ *at) * UINT64_C(0x100000001b3);
        }
        return hash;
}

static uint64_t hash_text(uint64_t hash, const char *text) {
        return text ? hash_bytes(hash, text, strlen(text) + 1) : hash_bytes(hash, "\1", 1);
}

static uint64_t hash_spec(const StreamSpec *spec) {
        uint64_t hash = UINT64_C(0xcbf29ce484222325);
        hash = hash_text(hash, spec->path);
        hash = hash_text(hash, spec->type);
        hash = hash_text(hash, spec->parent);
        hash = hash_text(hash, spec->options);
        hash = hash_text(hash, spec->parent_view);
        return hash_bytes(hash, &spec->update, sizeof(spec->update));
}

static int reserve(StreamTree *tree) {
        if (tree->n_nodes < tree->n_allocated) {
                return 0;
        }
        size_t n = tree->n_allocated ? tree->n_allocated + tree->n_allocated / 2 : 64;
        Node *nodes = reallocarray(tree->nodes, n, sizeof(*nodes));
        if (!nodes) {
                return -ENOMEM;
        }
        tree->nodes = nodes;
        tree->n_allocated = n;
        return 0;
}

int stream_tree_add(StreamTree *tree, const StreamSpec *spec, bool is_monitored) {
        Node node = { .is_monitored = is_monitored, .update = spec->update, .hash = hash_spec(spec) };
        int r = reserve(tree);
        r = r < 0 ? r : add_path(tree, spec->path, &node.path, &node.key);
        r = r < 0 ? r : add_path(tree, spec->parent ?: "none", &node.parent, &node.parent_key);
        r = r < 0 ? r : add_text(tree, spec->name ?: "", &node.name);
        r = r < 0 ? r : add_text(tree, spec->type ?: "", &node.type);
        if (r < 0) {
                return r;
        }
        tree->nodes[tree->n_nodes++] = node;
        return 0;
}

static int compare_nodes(const void *a, const void *b, void *userdata) {
        const StreamTree *tree = userdata;
        return strcmp(tree->text.data + ((const Node *) a)->key, tree->text.data + ((const Node *) b)->key);
}

void stream_tree_finish(StreamTree *tree) {
        if (tree->n_nodes == 0) {
                return;
        }
        qsort_r(tree->nodes, tree->n_nodes, sizeof(*tree->nodes), compare_nodes, tree);
        size_t kept = 1;
        for (size_t i = 1; i < tree->n_nodes; i++) {
                if (compare_nodes(&tree->nodes[kept - 1], &tree->nodes[i], tree) != 0) {
                        tree->nodes[kept++] = tree->nodes[i];
                }
        }
        tree->n_nodes = kept;
}

size_t stream_tree_size(const StreamTree *tree) {
        return tree->n_nodes;
}

bool stream_tree_at(const StreamTree *tree, size_t index, StreamSpec *ret) {
        const Node *node = &tree->nodes[index];
        *ret = (StreamSpec) {
                .path = tree->text.data + node->path,
                .name = tree->text.data + node->name,
                .type = tree->text.data + node->type,
                .parent = tree->text.data + node->parent,
                .update = node->update,
        };
        return node->is_monitored;
}

static ssize_t find_key(const StreamTree *tree, const char *key) {
        size_t low = 0, high = tree->n_nodes;
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                int order = strcmp(key, tree->text.data + tree->nodes[middle].key);
                if (order == 0) {
                        return (ssize_t) middle;
                }
                if (order < 0) {
                        high = middle;
                } else {
                        low = middle + 1;
                }
        }
        return -ENOENT;
}

ssize_t stream_tree_find(const StreamTree *tree, const char *path) {
        if (!tree->ignore_case) {
                return find_key(tree, path);
        }
        _cleanup_free_ char *key = strdup(path);
        if (!key) {
                return -ENOMEM;
        }
        depot_path_fold(key);
        return find_key(tree, key);
}

int64_t stream_tree_stamp(const StreamTree *tree, size_t index, int64_t server_now) {
        uint64_t hash = UINT64_C(0xcbf29ce484222325);
        ssize_t at = (ssize_t) index;
        for (unsigned depth = 0; at >= 0 && depth < ANCESTORS_MAX; depth++) {
                const Node *node = &tree->nodes[at];
                if (server_now > 0 && node->update > server_now - SETTLED_SECONDS) {
                        return 0;
                }
                hash = hash_bytes(hash, &node->hash, sizeof(node->hash));
                at = find_key(tree, tree->text.data + node->parent_key);
        }
        return hash == 0 ? 1 : (int64_t) hash;
}
