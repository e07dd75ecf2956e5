/* From libyaml's events to a tree of nodes with line numbers. The parser recurses no deeper than the limit
 * it enforces, so a hostile file costs its size and no more. */
#include "formats/yaml_tree.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "base/fd_util.h"
#include "base/string_util.h"

#define TEXT_MAX ((size_t) 1024 * 1024)
#define DEPTH_MAX 16
#define NODES_MAX 100000
#define KEYS_MAX 4096 /* of one mapping: each new key is compared with all before it */

typedef struct Loader {
        const char *name;
        yaml_parser_t parser;
        yaml_event_t event; /* the current one; type YAML_NO_EVENT when it was given back */
        size_t n_nodes;
        char **ret_message;
} Loader;

int yaml_error(const char *name, unsigned line, char **ret_message, const char *format, ...) {
        _cleanup_free_ char *text = NULL;
        va_list arguments;
        int r;

        va_start(arguments, format);
        r = string_format_list(&text, format, arguments);
        va_end(arguments);
        r = r < 0 ? r : string_format(ret_message, "%s:%u: %s", name, line, text);
        return r < 0 ? r : -EBADMSG;
}

YamlNode *yaml_node_free(YamlNode *node) {
        if (!node) {
                return NULL;
        }
        for (size_t i = 0; i < node->n_items; i++) {
                yaml_node_free(node->items[i]);
        }
        free(node->items);
        free(node->key);
        free(node->scalar);
        free(node);
        return NULL;
}

const YamlNode *yaml_get(const YamlNode *mapping, const char *key) {
        for (size_t i = 0; i < mapping->n_items; i++) {
                if (mapping->items[i]->key && strcmp(mapping->items[i]->key, key) == 0) {
                        return mapping->items[i];
                }
        }
        return NULL;
}

bool yaml_is_null(const YamlNode *node) {
        return !node ||
               (node->kind == YAML_KIND_SCALAR && node->plain &&
                (!*node->scalar || strcmp(node->scalar, "~") == 0 || strcasecmp(node->scalar, "null") == 0));
}

static unsigned line_of(const Loader *loader) {
        return (unsigned) loader->event.start_mark.line + 1;
}

/* Scanner errors know their place as "problem_mark", errors of the reader (bad UTF-8) only as a byte offset.
 * */
static int syntax_error(Loader *loader) {
        const yaml_parser_t *parser = &loader->parser;

        if (parser->error == YAML_MEMORY_ERROR) {
                return -ENOMEM;
        }
        if (parser->error == YAML_READER_ERROR) {
                return yaml_error(loader->name, (unsigned) parser->mark.line + 1, loader->ret_message,
                                  "%s (at byte %zu)", parser->problem ? parser->problem : "not UTF-8",
                                  parser->problem_offset);
        }
        return yaml_error(loader->name, (unsigned) parser->problem_mark.line + 1, loader->ret_message,
                          "%s%s%s", parser->problem ? parser->problem : "not YAML",
                          parser->context ? " " : "", parser->context ? parser->context : "");
}

static int next_event(Loader *loader) {
        yaml_event_delete(&loader->event);
        if (!yaml_parser_parse(&loader->parser, &loader->event)) {
                return syntax_error(loader);
        }
        if (loader->event.type == YAML_ALIAS_EVENT) {
                return yaml_error(loader->name, line_of(loader), loader->ret_message,
                                  "aliases (*name) are not allowed here");
        }
        return 0;
}

static int append_item(YamlNode *node, YamlNode *item) {
        /* Grows at every power of two: no capacity needs to be kept beside the length. */
        if ((node->n_items & (node->n_items - 1)) == 0) {
                YamlNode **items = reallocarray(node->items, node->n_items ? node->n_items * 2 : 1,
                                                sizeof *items);

                if (!items) {
                        return -ENOMEM;
                }
                node->items = items;
        }
        node->items[node->n_items++] = item;
        return 0;
}

static int read_node(Loader *loader, unsigned depth, YamlNode **ret);

static int read_scalar(Loader *loader, YamlNode *node) {
        const char *value = (const char *) loader->event.data.scalar.value;

        if (strlen(value) != loader->event.data.scalar.length) {
                return yaml_error(loader->name, node->line, loader->ret_message, "a value holds a NUL byte");
        }
        node->plain = loader->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
        return string_copy(&node->scalar, value);
}

static int read_sequence(Loader *loader, unsigned depth, YamlNode *node) {
        for (;;) {
                _cleanup_(yaml_node_freep) YamlNode *item = NULL;
                int r = next_event(loader);

                if (r < 0 || loader->event.type == YAML_SEQUENCE_END_EVENT) {
                        return r;
                }
                r = read_node(loader, depth + 1, &item);
                r = r < 0 ? r : append_item(node, item);
                if (r < 0) {
                        return r;
                }
                item = NULL;
        }
}

static int take_key(Loader *loader, const YamlNode *node, char **ret) {
        const YamlNode *twin;

        if (loader->event.type != YAML_SCALAR_EVENT) {
                return yaml_error(loader->name, line_of(loader), loader->ret_message,
                                  "a key must be a single word");
        }
        if (strlen((const char *) loader->event.data.scalar.value) != loader->event.data.scalar.length) {
                return yaml_error(loader->name, line_of(loader), loader->ret_message,
                                  "a key holds a NUL byte");
        }
        if (node->n_items >= KEYS_MAX) {
                return yaml_error(loader->name, line_of(loader), loader->ret_message,
                                  "more than %d settings in one place", KEYS_MAX);
        }
        twin = yaml_get(node, (const char *) loader->event.data.scalar.value);
        if (twin) {
                return yaml_error(loader->name, line_of(loader), loader->ret_message,
                                  "the key \"%s\" is here twice, first in line %u", twin->key,
                                  twin->key_line);
        }
        return string_copy(ret, (const char *) loader->event.data.scalar.value);
}

static int read_mapping(Loader *loader, unsigned depth, YamlNode *node) {
        for (;;) {
                _cleanup_(yaml_node_freep) YamlNode *item = NULL;
                _cleanup_free_ char *key = NULL;
                unsigned key_line;
                int r = next_event(loader);

                if (r < 0 || loader->event.type == YAML_MAPPING_END_EVENT) {
                        return r;
                }
                key_line = line_of(loader);
                r = take_key(loader, node, &key);
                r = r < 0 ? r : next_event(loader);
                r = r < 0 ? r : read_node(loader, depth + 1, &item);
                if (r < 0) {
                        return r;
                }
                item->key = TAKE_PTR(key);
                item->key_line = key_line;
                r = append_item(node, item);
                if (r < 0) {
                        return r;
                }
                item = NULL;
        }
}

/* The node that begins with the current event. */
static int read_node(Loader *loader, unsigned depth, YamlNode **ret) {
        _cleanup_(yaml_node_freep) YamlNode *node = NULL;
        int r;

        if (depth > DEPTH_MAX) {
                return yaml_error(loader->name, line_of(loader), loader->ret_message,
                                  "nested deeper than %d levels", DEPTH_MAX);
        }
        if (++loader->n_nodes > NODES_MAX) {
                return yaml_error(loader->name, line_of(loader), loader->ret_message, "more than %d values",
                                  NODES_MAX);
        }
        node = calloc(1, sizeof *node);
        if (!node) {
                return -ENOMEM;
        }
        node->line = line_of(loader);
        switch (loader->event.type) {
        case YAML_SCALAR_EVENT:
                node->kind = YAML_KIND_SCALAR;
                r = read_scalar(loader, node);
                break;
        case YAML_SEQUENCE_START_EVENT:
                node->kind = YAML_KIND_SEQUENCE;
                r = read_sequence(loader, depth, node);
                break;
        default: /* nothing else can stand where a value is due */
                node->kind = YAML_KIND_MAPPING;
                r = read_mapping(loader, depth, node);
        }
        if (r < 0) {
                return r;
        }
        *ret = TAKE_PTR(node);
        return 0;
}

/* An empty document is an empty mapping: a file of comments only is a configuration of defaults. */
static int empty_mapping(YamlNode **ret) {
        YamlNode *node = calloc(1, sizeof *node);

        if (!node) {
                return -ENOMEM;
        }
        node->kind = YAML_KIND_MAPPING;
        node->line = 1;
        *ret = node;
        return 0;
}

static int read_stream(Loader *loader, YamlNode **ret) {
        _cleanup_(yaml_node_freep) YamlNode *node = NULL;
        int r = next_event(loader); /* stream start */

        r = r < 0 ? r : next_event(loader);
        if (r < 0) {
                return r;
        }
        if (loader->event.type == YAML_STREAM_END_EVENT) {
                return empty_mapping(ret);
        }
        r = next_event(loader); /* after document start */
        r = r < 0 ? r : read_node(loader, 0, &node);
        r = r < 0 ? r : next_event(loader); /* document end */
        r = r < 0 ? r : next_event(loader);
        if (r < 0) {
                return r;
        }
        if (loader->event.type != YAML_STREAM_END_EVENT) {
                return yaml_error(loader->name, line_of(loader), loader->ret_message,
                                  "a second document begins here; one is enough");
        }
        if (yaml_is_null(node)) {
                return empty_mapping(ret);
        }
        *ret = TAKE_PTR(node);
        return 0;
}

int yaml_parse(const char *name, const char *text, size_t length, YamlNode **ret, char **ret_message) {
        Loader loader = { .name = name, .ret_message = ret_message };
        int r;

        if (length > TEXT_MAX) {
                return yaml_error(name, 1, ret_message, "the file is larger than %zu bytes", TEXT_MAX);
        }
        if (!yaml_parser_initialize(&loader.parser)) {
                return -ENOMEM;
        }
        yaml_parser_set_input_string(&loader.parser, (const unsigned char *) text, length);
        r = read_stream(&loader, ret);
        yaml_event_delete(&loader.event);
        yaml_parser_delete(&loader.parser);
        return r;
}

int yaml_load(const char *path, YamlNode **ret, char **ret_message) {
        _cleanup_free_ char *text = NULL;
        size_t length = 0;
        int r = file_read(path, TEXT_MAX, &text, &length);

        if (r == -EFBIG) {
                return yaml_error(path, 1, ret_message, "the file is larger than %zu bytes", TEXT_MAX);
        }
        return r < 0 ? r : yaml_parse(path, text, length, ret, ret_message);
}
