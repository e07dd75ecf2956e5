#include "services/api_session.h"

#include <stdio.h>
#include <string.h>

#include "base/seal.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "clients/login_client.h"
#include "services/api_access.h"
#include "services/server_store.h"
#include "services/session_store.h"

/* The cookie goes to this host only, is no script's to read, and follows no link from elsewhere. Where TLS ends at us or before us, it
 * never travels without. */
static int set_cookie(Api *api, const char *key, uint64_t max_age_usec) {
        _cleanup_free_ char *cookie = NULL;
        const char *scheme = getenv("REQUEST_SCHEME"), *url = api->config.web.url;
        bool is_secure = string_equal(scheme, "https") || (url && string_has_prefix(url, "https://"));
        int r = string_format(&cookie,
                              API_SESSION_COOKIE "=%s; Path=/; Max-Age=%llu; HttpOnly; SameSite=Strict%s",
                              key, (unsigned long long) (max_age_usec / USEC_PER_SEC),
                              is_secure ? "; Secure" : "");

        return r < 0 ? r : http_response_header(&api->response, "Set-Cookie", cookie);
}

static void write_identity(Api *api) {
        const ApiIdentity *who = &api->identity;

        json_string(&api->json, "user", who->user);
        json_string(&api->json, "server", who->server);
        json_string(&api->json, "role", who->user ? api_access_to_string(who->role) : "none");
        json_time(&api->json, "expires_at", who->expires_at);
}

/* A browser that comes with the key of a session that is over. */
static int forget_expired(const Api *api) {
        _cleanup_(session_store_closep) SessionStore *store = NULL;
        int r;

        if (api->identity.user || !http_pairs_get(&api->request.cookies, API_SESSION_COOKIE)) {
                return 0;
        }
        r = session_store_open(api_web_state(), DB_READ_WRITE, &store);
        return r < 0 ? r : session_store_remove_expired(store, now_realtime());
}

int api_session(Api *api) {
        MonitorServer *servers = NULL;
        size_t n = 0;
        int r = forget_expired(api);

        r = r < 0 ? r : api_open_store(api);

        r = r < 0 ? r : server_store_list(api->store, false, &servers, &n);
        if (r < 0) {
                return r;
        }
        api_begin(api);
        write_identity(api);
        json_array_begin(&api->json, "servers"); /* where one can log in */
        for (size_t i = 0; i < n; i++) {
                json_string(&api->json, NULL, servers[i].server.name);
        }
        json_array_end(&api->json);
        monitor_servers_free(servers, n);
        return api_end(api);
}

static int refuse(Api *api, int r) {
        switch (r) {
        case 0:
        case -ENOENT:
                return api_fail(api, 401, "login_failed", NULL);
        case -EHOSTUNREACH:
                return api_fail(api, 502, "login_unreachable", NULL);
        case -EACCES:
                return api_fail(api, 403, "login_refused", NULL);
        default:
                return api_fail(api, 503, "login_unavailable", NULL);
        }
}

static int open_session(Api *api, SessionStore *store, const char *server, const char *user,
                        const char *ticket) {
        const char *last = http_pairs_get(&api->request.cookies, API_SESSION_COOKIE);
        int64_t now = now_realtime();
        char key[SESSION_KEY_MAX];
        int r;

        api->identity.expires_at = now + (int64_t) api->config.web.session_usec;
        r = string_replace(&api->identity.user, user);
        r = r < 0 ? r : string_replace(&api->identity.server, server);
        r = r < 0 ? r : session_store_remove_expired(store, now);
        r = r < 0 || !last ? r : session_store_remove(store, last); /* the browser forgets it now */
        r = r < 0 ? r : session_store_add(store, user, server, ticket, now, api->identity.expires_at, key);
        r = r < 0 ? r : set_cookie(api, key, api->config.web.session_usec);
        explicit_bzero(key, sizeof key);
        if (r < 0) {
                return r;
        }
        api->identity.role = api_role_of(&api->config.web, user, server);
        api_begin(api);
        write_identity(api);
        return api_end(api);
}

/* Failures are counted for the user and for the address: neither many passwords for one nor one password for many are tried. */
int api_login(Api *api) {
        _cleanup_(session_store_closep) SessionStore *store = NULL;
        _cleanup_free_ char *account = NULL, *address = NULL;
        char *ticket = NULL;
        const char *server = api_field_text(api, "server"), *user = api_field_text(api, "user"),
                   *remote = getenv("REMOTE_ADDR");
        int r = string_format(&account, "%s@%s", user, server);

        r = r < 0 ? r : string_format(&address, "from %s", remote ? remote : "nowhere");
        r = r < 0 ? r : session_store_open(api_web_state(), DB_READ_WRITE, &store);
        if (r < 0) {
                return r;
        }
        const char *const names[] = { account, address, NULL };
        r = session_store_attempt(store, names, now_realtime());
        if (r == -EAGAIN) {
                r = http_response_header(&api->response, "Retry-After", "300");
                return r < 0 ? r : api_fail(api, 429, "too_many_logins", NULL);
        }
        r = r < 0 ? r : login_client_check(server, user, api_field_text(api, "password"), &ticket);
        if (r <= 0) {
                return refuse(api, r);
        }
        r = session_store_succeeded(store, names);
        r = r < 0 ? r : open_session(api, store, server, user, ticket);
        wipe_text(&ticket);
        return r;
}

int api_logout(Api *api) {
        _cleanup_(session_store_closep) SessionStore *store = NULL;
        const char *key = http_pairs_get(&api->request.cookies, API_SESSION_COOKIE);
        int r = key ? session_store_open(api_web_state(), DB_READ_WRITE, &store) : 0;

        r = r < 0 || !key ? r : session_store_remove(store, key);
        r = r < 0 || !key ? r : session_store_remove_expired(store, now_realtime());
        r = r < 0 ? r : set_cookie(api, "", 0);
        if (r < 0) {
                return r;
        }
        api_begin(api);
        return api_end(api);
}
