/* One request of the web API, from the environment to the answer. The programs in web/cgi differ only in the handlers they have;
 * this module finds the route, hands requests that are another program's duty over to it, checks access and parameters, calls the
 * handler, and turns whatever went wrong into the one form that errors have:
 *
 *   {"error": {"code", "message", …}, "status": "error", "message", "success": false}
 *
 * A handler returns 0 when the answer is complete (an error told with api_fail() is one), or a negative errno, which becomes 503
 * for a database that is busy or missing and 500 for everything else; nothing of it but the log sees the details. */
#pragma once

#include "formats/http_response.h"
#include "formats/json_reader.h"
#include "formats/json_writer.h"
#include "services/api_routes.h"
#include "services/config.h"
#include "services/monitor_store.h"

#define API_SECONDS_MAX 60 /* then the program is ended by SIGALRM */

typedef enum ApiLanguage { API_LANGUAGE_EN, API_LANGUAGE_RU } ApiLanguage;

/* Who asks. */
typedef struct ApiIdentity {
        char *user, *server; /* NULL: nobody who is known */
        ApiAccess role;      /* API_ACCESS_OPEN without a user */
        int64_t expires_at;
        bool is_token;       /* a program's token, not a browser's session */
        char *sealed_ticket; /* see api_access_ticket() */
} ApiIdentity;

typedef struct Api {
        HttpRequest request;
        HttpResponse response;
        JsonWriter json; /* into response.body */
        const ApiRoute *route;
        ApiRouteId route_id;
        int64_t id;                          /* of the address: {id} */
        char job[JOB_ID_MAX];                /* {job} */
        int64_t numbers[API_PARAMETERS_MAX]; /* of the route's parameters: a number, or the choice's index */
        const char *texts[API_PARAMETERS_MAX];
        JsonValue *body;                           /* NULL: none came, and none had to */
        int64_t field_numbers[API_PARAMETERS_MAX]; /* of the route's body, the same way */
        const char *field_texts[API_PARAMETERS_MAX];
        ApiLanguage language;
        ApiIdentity identity;
        WeirConfig config;
        MonitorStore *store; /* opened by api_open_store() */
        JsonValue *catalog;  /* the texts in the reader's language, once one was needed */
} Api;

typedef int (*ApiHandler)(Api *api);

/* The whole program: handlers has _API_ROUTE_MAX places. Returns its exit status. */
int api_main(ApiProgram program, const ApiHandler *handlers);

/* Read-only. A handler returns what this returns when it is negative. */
int api_open_store(Api *api);
const char *api_state(void);                                   /* the folder of weir's databases */
const char *api_web_state(void);                               /* the folder of sessions.db */
int64_t api_number(const Api *api, const char *parameter);     /* of this route; asserts that it has it */
const char *api_text(const Api *api, const char *parameter);   /* NULL: it was not given */
bool api_choice_is_yes(const Api *api, const char *parameter); /* of "0|1|true|yes|false|no" */
/* The same of the body's fields. */
int64_t api_field_number(const Api *api, const char *field);
const char *api_field_text(const Api *api, const char *field);
const JsonValue *api_field_value(const Api *api, const char *field);

/* Whoever waits for something waits for this, too: it becomes readable when the web server is reloaded or stopped and wants its requests to
 * come to an end. A descriptor to be closed; negative: there is no such server. */
int api_open_end(void);
/* How long one may wait, who would like to do so for wait_usec: not long while the server is about to be reloaded. A program that was slow to
 * start may have missed that it was told. */
uint64_t api_wait_limit(int end, uint64_t wait_usec);

/* Begins the answer's object, and ends it with "success": true. */
void api_begin(Api *api);
int api_end(Api *api);

/* Errors: the code is the last part of the catalog's key "api.CODE"; pairs of name and value fill the places {name} of its text,
 * and stand in the error object, too. Ends with NULL. */
int api_fail(Api *api, int status, const char *code, ...) __attribute__((sentinel));
/* A text of the catalog in the reader's language, owned by the caller; the key itself where there is none. */
int api_message(Api *api, char **ret, const char *code, ...) __attribute__((sentinel));
