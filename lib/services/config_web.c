#include "services/config_web.h"

#include <string.h>

#include "base/string_util.h"

static const YamlKey section_keys[] = {
        { "url", YAML_STRING, false, offsetof(WebConfig, url), 1, 200 },
        { "login_required", YAML_BOOL, false, offsetof(WebConfig, login_required), 0, 0 },
        { "operators", YAML_STRINGS, false, offsetof(WebConfig, operators), 0, 0 },
        { "admins", YAML_STRINGS, false, offsetof(WebConfig, admins), 0, 0 },
        { "session", YAML_SPAN, false, offsetof(WebConfig, session_usec), USEC_PER_MINUTE,
          30 * USEC_PER_DAY },
};

void web_config_done(WebConfig *config) {
        free(config->url);
        strv_free(config->operators);
        strv_free(config->admins);
        *config = (WebConfig) {};
}

int web_config_read(const char *name, const YamlNode *section, WebConfig *config, char **ret_message) {
        int r;

        if (!section || yaml_is_null(section)) {
                return 0;
        }
        r = yaml_fill(name, section, section_keys, ELEMENTSOF(section_keys), config, ret_message);
        if (r >= 0 && config->url && !string_has_prefix(config->url, "http://") &&
            !string_has_prefix(config->url, "https://")) {
                return yaml_error(name, yaml_get(section, "url")->line, ret_message,
                                  "url must begin with http:// or https://");
        }
        return r;
}

bool web_config_names(char *const *names, const char *user, const char *server) {
        size_t length = strlen(user);

        for (; names && *names; names++) {
                if (string_equal(*names, "*") || string_equal(*names, user)) {
                        return true;
                }
                if (strncmp(*names, user, length) == 0 && (*names)[length] == '@' &&
                    string_equal(*names + length + 1, server)) {
                        return true;
                }
        }
        return false;
}
