/* Configuration files: a small YAML tree with line numbers, so that every complaint can say FILE:LINE: what.
 * Bounded: 1 MiB, depth 16, 100,000 nodes; aliases are refused (no billion laughs); duplicate keys are an error. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"

typedef enum YamlKind { YAML_KIND_SCALAR, YAML_KIND_SEQUENCE, YAML_KIND_MAPPING } YamlKind;

typedef struct YamlNode YamlNode;
struct YamlNode {
        YamlKind kind;
        unsigned line; /* 1-based */
        char *key;     /* inside a mapping: the key; else NULL */
        unsigned key_line;
        char *scalar;     /* scalars only */
        bool plain;       /* unquoted: `~`, `null`, numbers and booleans have their meaning only then */
        YamlNode **items; /* sequence items or mapping values, in order */
        size_t n_items;
};

/* Parses path. On a mistake returns -EBADMSG and *ret_message "FILE:LINE: what" (owned by the caller); other
 * negative errno: reading. An empty file is an empty mapping. */
int yaml_load(const char *path, YamlNode **ret, char **ret_message);
int yaml_parse(const char *name, const char *text, size_t length, YamlNode **ret, char **ret_message);
YamlNode *yaml_node_free(YamlNode *node);
DEFINE_TRIVIAL_CLEANUP_FUNC(YamlNode *, yaml_node_free);

const YamlNode *yaml_get(const YamlNode *mapping, const char *key); /* NULL if absent */
bool yaml_is_null(const YamlNode *node);

/* Writes "FILE:LINE: …"; always -EBADMSG (or -ENOMEM). */
int yaml_error(const char *name, unsigned line, char **ret_message, const char *format, ...) _printf_(4, 5);
