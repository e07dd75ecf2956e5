/* Filling structures from YAML mappings by a table of keys: one place for types, bounds, and what a person is told. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/yaml_tree.h"

/* A table of the keys a mapping may have; unknown keys are refused by name with a suggestion. */
typedef enum YamlType {                /* the field's type in the target structure */
                        YAML_STRING,   /* char *, owned */
                        YAML_UINT,     /* uint64_t */
                        YAML_BOOL,     /* bool */
                        YAML_SPAN,     /* uint64_t, µs */
                        YAML_BYTES,    /* uint64_t */
                        YAML_MAPPING,  /* const YamlNode *, of the tree */
                        YAML_SEQUENCE, /* const YamlNode *, of the tree */
                        YAML_STRINGS, /* char **, NULL-terminated, owned: a sequence of scalars, or one scalar */
} YamlType;
typedef struct YamlKey {
        const char *name;
        YamlType type;
        bool required;
        size_t offset;     /* of the field in the target structure */
        uint64_t min, max; /* numbers and spans; max 0 = no bound. Strings: lengths in bytes */
} YamlKey;
/* Fills target (defaults already in it; strings are replaced and owned by the target). -EBADMSG with
 * *ret_message "FILE:LINE: …". */
int yaml_fill(const char *name, const YamlNode *mapping, const YamlKey *keys, size_t n_keys, void *target,
              char **ret_message);
