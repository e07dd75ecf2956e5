/* The section `web:` of weir.yaml: who may do what in the browser and over the web API. Read by services/config.c; its users are the
 * programs of the web. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"
#include "base/time_util.h"
#include "formats/yaml_config.h"

typedef struct WebConfig {
        char *url;           /* where people find it, instead of the socket's address; NULL: that */
        bool login_required; /* also for looking at streams */
        char **operators; /* "USER", "USER@SERVER", "*": may measure, sync lists, manage everybody's jobs; NULL: everybody */
        char **admins; /* the same: may do everything */
        uint64_t session_usec;
} WebConfig;

#define WEB_CONFIG_DEFAULTS                                                                                 \
        { .session_usec = 12 * USEC_PER_HOUR, }

void web_config_done(WebConfig *config);
/* section NULL: there is none. -EBADMSG with *ret_message "FILE:LINE: …". */
int web_config_read(const char *name, const YamlNode *section, WebConfig *config, char **ret_message);
/* Whether names hold a user who logged in to a server. */
bool web_config_names(char *const *names, const char *user, const char *server);
