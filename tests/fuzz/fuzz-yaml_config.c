/* libFuzzer target: any text as a configuration file. Either it fills the structure, or a FILE:LINE: message says why. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/string_util.h"
#include "formats/yaml_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct FuzzConfig {
        char *name, **names;
        uint64_t number, span, bytes;
        bool flag;
        const YamlNode *group, *list;
} FuzzConfig;

static const YamlKey fuzz_keys[] = {
        { "name", YAML_STRING, false, offsetof(FuzzConfig, name), 1, 20 },
        { "names", YAML_STRINGS, false, offsetof(FuzzConfig, names), 0, 0 },
        { "number", YAML_UINT, false, offsetof(FuzzConfig, number), 1, 100 },
        { "span", YAML_SPAN, false, offsetof(FuzzConfig, span), 0, 0 },
        { "bytes", YAML_BYTES, false, offsetof(FuzzConfig, bytes), 0, 0 },
        { "flag", YAML_BOOL, false, offsetof(FuzzConfig, flag), 0, 0 },
        { "group", YAML_MAPPING, false, offsetof(FuzzConfig, group), 0, 0 },
        { "list", YAML_SEQUENCE, false, offsetof(FuzzConfig, list), 0, 0 },
};

static void check_message(int r, const char *message) {
        if (r == 0 ? message != NULL : r != -EBADMSG || !message || !string_has_prefix(message, "fuzz:")) {
                abort();
        }
        if (message && (message[5] < '1' || message[5] > '9' || !strstr(message, ": "))) {
                abort();
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(yaml_node_freep) YamlNode *root = NULL;
        _cleanup_free_ char *message = NULL;
        FuzzConfig config = {};
        int r = yaml_parse("fuzz", (const char *) data, size, &root, &message);

        check_message(r, message);
        if (r >= 0) {
                r = yaml_fill("fuzz", root, fuzz_keys, ELEMENTSOF(fuzz_keys), &config, &message);
                check_message(r, message);
                if (r >= 0 && (config.number > 100 || (config.name && strlen(config.name) > 20))) {
                        abort();
                }
        }
        free(config.name);
        strv_free(config.names);
        return 0;
}
