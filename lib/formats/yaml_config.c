/* Filling structures from YAML mappings by a table of keys: one place for types, bounds, and what a person is told. */
#include "formats/yaml_config.h"

#include <stdio.h>
#include <string.h>

#include "base/parse_util.h"
#include "base/string_util.h"

/* Letters to change, add, drop or swap with a neighbour; 3 stands for "too many". */
static size_t distance(const char *a, const char *b) {
        size_t rows[3][34], n = strlen(a), m = strlen(b);

        if (n > 32 || m > 32) {
                return 3;
        }
        for (size_t j = 0; j <= m; j++) {
                rows[0][j] = j;
        }
        for (size_t i = 1; i <= n; i++) {
                size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];

                row[0] = i;
                for (size_t j = 1; j <= m; j++) {
                        size_t best = above[j - 1] + (a[i - 1] != b[j - 1]);

                        best = above[j] + 1 < best ? above[j] + 1 : best;
                        best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
                        if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                            before[j - 2] + 1 < best) {
                                best = before[j - 2] + 1;
                        }
                        row[j] = best;
                }
        }
        return rows[n % 3][m];
}

static int unknown_key(const char *name, const YamlNode *node, const YamlKey *keys, size_t n_keys,
                       char **ret_message) {
        const char *nearest = NULL;
        size_t least = 3;

        for (size_t i = 0; i < n_keys; i++) {
                size_t d = distance(node->key, keys[i].name);

                if (d < least) {
                        least = d;
                        nearest = keys[i].name;
                }
        }
        if (nearest) {
                return yaml_error(name, node->key_line, ret_message,
                                  "there is no setting \"%s\" here; is \"%s\" meant?", node->key, nearest);
        }
        return yaml_error(name, node->key_line, ret_message, "there is no setting \"%s\" here", node->key);
}

static int check_range(const char *name, const YamlNode *node, const YamlKey *key, uint64_t value,
                       const char *what, char **ret_message) {
        if (value < key->min) {
                return yaml_error(name, node->line, ret_message, "%s: %s is too small%s", key->name,
                                  node->scalar, what);
        }
        if (key->max && value > key->max) {
                return yaml_error(name, node->line, ret_message, "%s: %s is too large%s", key->name,
                                  node->scalar, what);
        }
        return 0;
}

static int set_string(const char *name, const YamlNode *node, const YamlKey *key, void *field,
                      char **ret_message) {
        size_t length = strlen(node->scalar);

        if (length < key->min) {
                return yaml_error(name, node->line, ret_message,
                                  length ? "%s is too short" : "%s must not be empty", key->name);
        }
        if (key->max && length > key->max) {
                return yaml_error(name, node->line, ret_message, "%s is longer than %llu bytes", key->name,
                                  (unsigned long long) key->max);
        }
        return string_replace(field, node->scalar);
}

static int set_bool(const char *name, const YamlNode *node, const YamlKey *key, void *field,
                    char **ret_message) {
        if (parse_bool(node->scalar, field) < 0) {
                return yaml_error(name, node->line, ret_message, "%s: \"%s\" is neither yes nor no",
                                  key->name, node->scalar);
        }
        return 0;
}

static int set_number(const char *name, const YamlNode *node, const YamlKey *key, void *field,
                      char **ret_message) {
        static const struct {
                int (*parse)(const char *text, uint64_t *ret);
                const char *what;
        } kinds[] = {
                [YAML_UINT] = { parse_uint64, "a whole number" },
                [YAML_SPAN] = { parse_span, "a time span such as 30s, 10min, 6h or 2 weeks" },
                [YAML_BYTES] = { parse_bytes, "a size such as 512M or 2G" },
        };
        uint64_t value;
        int r;

        if (kinds[key->type].parse(node->scalar, &value) < 0) {
                return yaml_error(name, node->line, ret_message, "%s: \"%s\" is not %s", key->name,
                                  node->scalar, kinds[key->type].what);
        }
        r = check_range(name, node, key, value, "", ret_message);
        if (r >= 0) {
                *(uint64_t *) field = value;
        }
        return r;
}

static int set_strings(const char *name, const YamlNode *node, const YamlKey *key, void *field,
                       char **ret_message) {
        _cleanup_(strv_freep) char **vector = NULL;
        int r = node->kind == YAML_KIND_SCALAR ? strv_append(&vector, node->scalar) : 0;

        for (size_t i = 0; r >= 0 && i < node->n_items; i++) {
                if (node->items[i]->kind != YAML_KIND_SCALAR || yaml_is_null(node->items[i])) {
                        return yaml_error(name, node->items[i]->line, ret_message,
                                          "%s must be a list of texts", key->name);
                }
                r = strv_append(&vector, node->items[i]->scalar);
        }
        if (r < 0) {
                return r;
        }
        strv_free(*(char ***) field);
        *(char ***) field = TAKE_PTR(vector);
        return 0;
}

static int set_node(const char *name, const YamlNode *node, const YamlKey *key, void *field,
                    char **ret_message) {
        *(const YamlNode **) field = node;
        return 0;
}

/* What each type of setting looks like, and who takes it. */
static const struct {
        unsigned kinds; /* bits of YamlKind */
        const char *what;
        int (*set)(const char *name, const YamlNode *node, const YamlKey *key, void *field,
                   char **ret_message);
} types[] = {
        [YAML_STRING] = { 1 << YAML_KIND_SCALAR, "a text", set_string },
        [YAML_UINT] = { 1 << YAML_KIND_SCALAR, "a whole number", set_number },
        [YAML_BOOL] = { 1 << YAML_KIND_SCALAR, "yes or no", set_bool },
        [YAML_SPAN] = { 1 << YAML_KIND_SCALAR, "a time span such as 6h", set_number },
        [YAML_BYTES] = { 1 << YAML_KIND_SCALAR, "a size such as 512M", set_number },
        [YAML_MAPPING] = { 1 << YAML_KIND_MAPPING, "a group of settings", set_node },
        [YAML_SEQUENCE] = { 1 << YAML_KIND_SEQUENCE, "a list", set_node },
        [YAML_STRINGS] = { 1 << YAML_KIND_SCALAR | 1 << YAML_KIND_SEQUENCE, "a list of texts", set_strings },
};

/* A setting without a value ("name:") is one left at its default; a required one must have a value. */
static int fill_one(const char *name, const YamlNode *node, const YamlKey *key, void *target,
                    char **ret_message) {
        if (yaml_is_null(node)) {
                return key->required ? yaml_error(name, node->line, ret_message, "%s has no value",
                                                  key->name) :
                                       0;
        }
        if (!(types[key->type].kinds & (1U << node->kind))) {
                return yaml_error(name, node->line, ret_message, "%s must be %s", key->name,
                                  types[key->type].what);
        }
        return types[key->type].set(name, node, key, (char *) target + key->offset, ret_message);
}

static const YamlKey *find_key(const YamlKey *keys, size_t n_keys, const char *name) {
        for (size_t i = 0; i < n_keys; i++) {
                if (strcmp(keys[i].name, name) == 0) {
                        return keys + i;
                }
        }
        return NULL;
}

int yaml_fill(const char *name, const YamlNode *mapping, const YamlKey *keys, size_t n_keys, void *target,
              char **ret_message) {
        if (mapping->kind != YAML_KIND_MAPPING) {
                return yaml_error(name, mapping->line, ret_message,
                                  "settings, \"name: value\", are expected here");
        }
        for (size_t i = 0; i < mapping->n_items; i++) {
                const YamlKey *key = find_key(keys, n_keys, mapping->items[i]->key);
                int r = key ? fill_one(name, mapping->items[i], key, target, ret_message) :
                              unknown_key(name, mapping->items[i], keys, n_keys, ret_message);

                if (r < 0) {
                        return r;
                }
        }
        for (size_t i = 0; i < n_keys; i++) {
                if (keys[i].required && !yaml_get(mapping, keys[i].name)) {
                        return yaml_error(name, mapping->line, ret_message, "%s is missing", keys[i].name);
                }
        }
        return 0;
}
