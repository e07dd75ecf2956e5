#include "services/api_access.h"

#include <string.h>

#include "base/seal.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "services/token_store.h"

/* --- who asks --------------------------------------------------------------------------------------- */

ApiAccess api_role_of(const WebConfig *config, const char *user, const char *server) {
        if (web_config_names(config->admins, user, server)) {
                return API_ACCESS_ADMIN;
        }
        if (!config->operators || web_config_names(config->operators, user, server)) {
                return API_ACCESS_OPERATOR;
        }
        return API_ACCESS_USER;
}

ApiAccess api_role_from_string(const char *text) {
        ApiAccess role = API_ACCESS_ADMIN;

        while (role > API_ACCESS_OPEN && !string_equal(api_access_to_string(role), text)) {
                role--;
        }
        return role;
}

/* "Authorization: Bearer TOKEN"; NULL: no such header. */
static const char *bearer(void) {
        const char *header = http_request_header("Authorization");
        size_t length = header ? strcspn(header, " ") : 0;

        if (length != strlen("Bearer") || strncasecmp(header, "Bearer", length) != 0) {
                return NULL;
        }
        return header + length + strspn(header + length, " ");
}

/* What opens this request's ticket. */
static const char *key_of(const Api *api) {
        const char *token = bearer();

        return token ? token : http_pairs_get(&api->request.cookies, API_SESSION_COOKIE);
}

static int take_session(Api *api, SessionStore *store, const char *key) {
        _cleanup_(session_done) Session session = {};
        ApiIdentity *who = &api->identity;
        int r = session_store_find(store, key, now_realtime(), &session);

        if (r < 0) {
                return r;
        }
        who->user = TAKE_PTR(session.user);
        who->server = TAKE_PTR(session.server);
        who->sealed_ticket = TAKE_PTR(session.sealed_ticket);
        who->expires_at = session.expires_at;
        who->role = api_role_of(&api->config.web, who->user, who->server);
        return 0;
}

/* A token never does more than its owner may now, nor than it was made for. */
static int take_token(Api *api, SessionStore *store, const char *text) {
        _cleanup_(token_done) Token token = {};
        ApiIdentity *who = &api->identity;
        ApiAccess role;
        int r = token_store_find(store, text, now_realtime(), &token);

        if (r < 0) {
                return r;
        }
        who->user = TAKE_PTR(token.user);
        who->server = TAKE_PTR(token.server);
        who->sealed_ticket = TAKE_PTR(token.sealed_ticket);
        who->expires_at = token.expires_at;
        who->is_token = true;
        role = api_role_from_string(token.role);
        who->role = api_role_of(&api->config.web, who->user, who->server);
        who->role = who->role < role ? who->role : role;
        return 0;
}

/* A cookie that is none, or of a session that is over, is as good as no cookie; the same with tokens. */
static int find_identity(Api *api) {
        _cleanup_(session_store_closep) SessionStore *store = NULL;
        const char *token = bearer(), *key = key_of(api);
        int r;

        if (!key || (!token && strlen(key) != SESSION_KEY_MAX - 1)) {
                return 0;
        }
        r = session_store_open(api_web_state(), DB_READ_ONLY, &store);
        r = r < 0 ? r : token ? take_token(api, store, token) : take_session(api, store, key);
        return r == -ENOENT || r == -ESTALE ? 0 : r;
}

int api_access_ticket(const Api *api, char **ret) {
        const char *key = key_of(api), *sealed = api->identity.sealed_ticket;

        return key && sealed ? unseal_text(key, sealed, ret) : -ENOENT;
}

/* --- from where ------------------------------------------------------------------------------------- */

/* "http://weir.example:8585" names the host that was asked, whatever the scheme: TLS may end before us. */
static bool is_own_origin(const char *origin) {
        const char *host = http_request_header("Host"), *name = strstr(origin, "://");

        return host && name && string_equal(name + 3, host);
}

/* Browsers say where a request comes from, and pages cannot change what they say. Without a cookie nothing is gained by
 * sending one in somebody's name, so programs need not say anything. */
static bool is_from_our_pages(const Api *api) {
        const char *site = http_request_header("Sec-Fetch-Site"), *origin = http_request_header("Origin");
        bool has_cookie = http_pairs_get(&api->request.cookies, API_SESSION_COOKIE);

        if (site && !string_equal(site, "same-origin")) {
                return false;
        }
        if (origin && !is_own_origin(origin)) {
                return false;
        }
        return site || origin || !has_cookie;
}

/* --- may it ----------------------------------------------------------------------------------------- */

static ApiAccess needed(const Api *api) {
        ApiAccess access = api->route->access;

        return access != API_ACCESS_MONITOR   ? access :
               api->config.web.login_required ? API_ACCESS_USER :
                                                API_ACCESS_OPEN;
}

int api_access_check(Api *api) {
        ApiAccess access = needed(api);
        bool changes = !string_equal(api->route->method, "GET");
        int r;

        if (changes && !is_from_our_pages(api)) {
                (void) api_fail(api, 403, "foreign_origin", NULL);
                return 1;
        }
        if (access == API_ACCESS_OPEN && api->route->access == API_ACCESS_MONITOR) {
                return 0; /* whoever it is */
        }
        r = find_identity(api);
        if (r < 0 || api->identity.role >= access) {
                return r;
        }
        (void) (api->identity.user ? api_fail(api, 403, "not_allowed", "role", api_access_to_string(access),
                                              NULL) :
                                     api_fail(api, 401, "not_logged_in", NULL));
        return 1;
}
