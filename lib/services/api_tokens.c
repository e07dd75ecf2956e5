#include "services/api_tokens.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/seal.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "services/api_access.h"
#include "services/token_store.h"

/* --- listing ---------------------------------------------------------------------------------------- */

static int write_token(const Token *token, void *userdata) {
        Api *api = userdata;

        json_object_begin(&api->json, NULL);
        json_int(&api->json, "id", token->id);
        json_string(&api->json, "name", token->name);
        json_string(&api->json, "user", token->user);
        json_string(&api->json, "server", token->server);
        json_string(&api->json, "role", token->role);
        json_time(&api->json, "created_at", token->created_at);
        json_time(&api->json, "expires_at", token->expires_at);
        json_object_end(&api->json);
        return 0;
}

static int count_token(const Token *token, void *userdata) {
        (*(int64_t *) userdata)++;
        return 0;
}

int api_tokens(Api *api) {
        _cleanup_(session_store_closep) SessionStore *store = NULL;
        const ApiIdentity *who = &api->identity;
        bool all = api_choice_is_yes(api, "all");
        int64_t n = 0, now = now_realtime();
        int r;

        if (all && who->role < API_ACCESS_ADMIN) {
                return api_fail(api, 403, "not_allowed", "role", api_access_to_string(API_ACCESS_ADMIN),
                                NULL);
        }
        r = session_store_open(api_web_state(), DB_READ_ONLY, &store);
        r = r < 0 ? r : token_store_each(store, all ? NULL : who->user, who->server, now, count_token, &n);
        if (r < 0) {
                return r;
        }
        api_begin(api);
        json_array_begin(&api->json, "tokens");
        r = token_store_each(store, all ? NULL : who->user, who->server, now, write_token, api);
        json_array_end(&api->json);
        json_int(&api->json, "count", n);
        return r < 0 ? r : api_end(api);
}

/* --- changing --------------------------------------------------------------------------------------- */

/* Whoever finds a token must not be able to keep the door open. 1: it is one, and the answer says so. */
static int refuse_token(Api *api) {
        if (!api->identity.is_token) {
                return 0;
        }
        (void) api_fail(api, 403, "token_by_token", NULL);
        return 1;
}

static int tell_token(Api *api, int64_t id, const Token *token, const char *text) {
        api->response.status = api->route->status;
        api_begin(api);
        json_int(&api->json, "id", id);
        json_string(&api->json, "name", token->name);
        json_string(&api->json, "token", text);
        json_string(&api->json, "role", token->role);
        json_time(&api->json, "expires_at", token->expires_at);
        return api_end(api);
}

static int make_token(Api *api, const Token *token) {
        _cleanup_(session_store_closep) SessionStore *store = NULL;
        char text[TOKEN_MAX], max[16], *ticket = NULL;
        int64_t id = 0;
        int r = api_access_ticket(api, &ticket);

        r = r < 0 && r != -ENOENT ? r : session_store_open(api_web_state(), DB_READ_WRITE, &store);
        r = r < 0 ? r : session_store_remove_expired(store, now_realtime());
        r = r < 0 ? r : token_store_add(store, token, ticket, &id, text);
        wipe_text(&ticket);
        if (r == -ENOBUFS) {
                (void) snprintf(max, sizeof max, "%d", TOKENS_MAX);
                return api_fail(api, 409, "too_many_tokens", "max", max, NULL);
        }
        if (r >= 0) {
                log_notice("%s@%s made the token \"%s\" (%s)", token->user, token->server, token->name,
                           token->role);
                r = tell_token(api, id, token, text);
        }
        explicit_bzero(text, sizeof text);
        return r;
}

int api_token_new(Api *api) {
        const ApiIdentity *who = &api->identity;
        int64_t choice = api_field_number(api, "role"), now = now_realtime();
        ApiAccess role = choice == 0 ? who->role : (ApiAccess) (API_ACCESS_USER + choice - 1);
        const char *name = api_field_text(api, "name");
        const Token token = { .name = (char *) name,
                              .user = who->user,
                              .server = who->server,
                              .role = (char *) api_access_to_string(role),
                              .created_at = now,
                              .expires_at = now + api_field_number(api, "days") * (int64_t) USEC_PER_DAY };

        if (refuse_token(api)) {
                return 0;
        }
        if (string_has_control(name)) {
                return api_fail(api, 400, "bad_field", "field", "name", NULL);
        }
        if (role > who->role) {
                return api_fail(api, 403, "role_too_high", "role", api_access_to_string(who->role), NULL);
        }
        return make_token(api, &token);
}

/* An administrator revokes everybody's. */
int api_token_revoke(Api *api) {
        _cleanup_(session_store_closep) SessionStore *store = NULL;
        const ApiIdentity *who = &api->identity;
        int r;

        if (refuse_token(api)) {
                return 0;
        }
        r = session_store_open(api_web_state(), DB_READ_WRITE, &store);
        r = r < 0 ? r :
                    token_store_remove(store, api->id, who->role >= API_ACCESS_ADMIN ? NULL : who->user,
                                       who->server);
        if (r == -ENOENT) {
                return api_fail(api, 404, "no_such_token", NULL);
        }
        if (r < 0) {
                return r;
        }
        log_notice("%s@%s revoked token %lld", who->user, who->server, (long long) api->id);
        api_begin(api);
        return api_end(api);
}
