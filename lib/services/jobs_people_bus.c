/* Every handler has one order: read, check who asks, do it, answer. It runs twice when polkit has to be asked, so nothing is done before that. */
#include "services/jobs_people_bus.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/string_util.h"
#include "clients/job_wire.h"
#include "domain/job_id.h"
#include "resources/bus.h"
#include "resources/bus_dict.h"
#include "services/jobd_control.h"
#include "services/jobd_create.h"
#include "services/jobd_login.h"

#define WEB_USER "weir-web"

/* --- who asks -------------------------------------------------------------------------------------------------------- */

static int describe_user(uid_t uid, char name[static JOBS_USER_NAME_MAX]) {
        const struct passwd *user = getpwuid(uid);

        (void) (user ? snprintf(name, JOBS_USER_NAME_MAX, "%s", user->pw_name) :
                       snprintf(name, JOBS_USER_NAME_MAX, "uid %u", uid));
        return 0;
}

int jobs_sender_name(sd_bus_message *message, uid_t *ret_uid, char name[static JOBS_USER_NAME_MAX]) {
        int r = bus_sender_uid(message, ret_uid);

        return r < 0 ? r : describe_user(*ret_uid, name);
}

bool jobs_speaks_for_others(uid_t uid) {
        const struct passwd *web = uid == 0 || uid == getuid() ? NULL : getpwnam(WEB_USER);

        return uid == 0 || uid == getuid() || (web && web->pw_uid == uid);
}

/* Reads whose job it will be: the sender's, unless it may say otherwise and does. */
static int settle_owner(sd_bus_message *message, JobOptions *options, char name[static JOBS_USER_NAME_MAX],
                        sd_bus_error *ret_error) {
        uid_t uid;
        int r = jobs_sender_name(message, &uid, name);

        if (r < 0) {
                return r;
        }
        if (string_is_empty(options->owner)) {
                options->owner = name;
        } else if (!jobs_speaks_for_others(uid)) {
                return sd_bus_error_set(ret_error, JOBS_NAME ".Error.NotAllowed",
                                        "owner: only root, weir and weir-web may create jobs for others");
        }
        return 0;
}

int jobs_authorise_manage(JobsBus *jobs_bus, sd_bus_message *message, const char *id,
                          sd_bus_error *ret_error) {
        _cleanup_free_ char *owner = NULL;
        char name[JOBS_USER_NAME_MAX];
        uid_t uid;
        int r = job_id_is_valid(id) ? jobd_owner(jobs_bus->jobd, id, &owner) : -ENOENT;

        if (r < 0) {
                return jobs_bus_fail(ret_error, r, id, NULL);
        }
        r = jobs_sender_name(message, &uid, name);
        if (r < 0 || string_equal(name, owner) || jobs_speaks_for_others(uid)) {
                return r < 0 ? r : 1;
        }
        return polkit_client_authorise(jobs_bus->polkit, message, "org.weir.jobs.manage",
                                       (const char *const[]) { "job", id, "owner", owner, NULL }, ret_error);
}

/* --- creating -------------------------------------------------------------------------------------------------------- */

/* A call whose credential is being kept. */
struct Creation {
        JobsBus *jobs_bus;
        sd_bus_message *message;
        JobdDraft *draft; /* NULL: RenewLogin */
        Creation *next;
};

static void creation_free(Creation *creation) {
        Creation **link = &creation->jobs_bus->creations;

        while (*link && *link != creation) {
                link = &(*link)->next;
        }
        if (*link) {
                *link = creation->next;
        }
        (void) jobd_draft_free(creation->draft);
        (void) sd_bus_message_unref(creation->message);
        free(creation);
}

void jobs_people_done(JobsBus *jobs_bus) {
        while (jobs_bus->creations) {
                creation_free(jobs_bus->creations);
        }
}

static int reply_created(sd_bus_message *message, JobdDraft *draft) {
        _cleanup_free_ char *path = NULL;
        int r = jobd_commit(draft);

        r = r < 0 ? r : jobs_bus_path(jobd_draft_id(draft), &path);
        return r < 0 ? r : sd_bus_reply_method_return(message, "so", jobd_draft_id(draft), path);
}

static int read_renewal(sd_bus_message *message, const char **ret_id, JobOptions *ret_options,
                        sd_bus_error *ret_error) {
        int r = sd_bus_message_rewind(message, true);

        r = r < 0 ? r : sd_bus_message_read(message, "s", ret_id);
        return r < 0 ? r : job_wire_read_options(message, ret_options, ret_error);
}

static int reply_renewed(JobsBus *jobs_bus, sd_bus_message *message) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_free_ char *text = NULL;
        JobOptions options = {};
        const char *id = NULL;
        int r = read_renewal(message, &id, &options, &error);

        r = r < 0 ? r : jobd_login_renewed(jobs_bus->jobd, id, &options, &text);
        return r < 0 ? sd_bus_reply_method_errno(message, jobs_bus_fail(&error, r, id, text), &error) :
                       sd_bus_reply_method_return(message, NULL);
}

static int reply_stored(const Creation *creation) {
        return creation->draft ? reply_created(creation->message, creation->draft) :
                                 reply_renewed(creation->jobs_bus, creation->message);
}

static void on_stored(void *userdata, int error, const char *text) {
        Creation *creation = userdata;
        int r = error < 0 ? sd_bus_reply_method_errorf(creation->message, JOBS_NAME ".Error.NoCredential",
                                                       "The credential could not be kept: %s",
                                                       text ? text : strerror(-error)) :
                            reply_stored(creation);

        if (r < 0) {
                (void) sd_bus_reply_method_errno(creation->message, r, NULL);
                (void) log_warning(r, "Failed to answer %s: %s",
                                   sd_bus_message_get_member(creation->message), strerror(-r));
        }
        creation_free(creation);
}

/* First the credential is kept, then there is a job, or goes on with it. Takes draft over. */
static int store_and_answer(JobsBus *jobs_bus, sd_bus_message *message, const char *id, JobdDraft *draft,
                            const JobOptions *options) {
        Creation *creation = calloc(1, sizeof(*creation));
        int r;

        if (!creation) {
                (void) jobd_draft_free(draft);
                return -ENOMEM;
        }
        *creation = (Creation) { jobs_bus, sd_bus_message_ref(message), draft, jobs_bus->creations };
        jobs_bus->creations = creation;
        r = jobs_port_store_credential(jobs_bus->port, id, options->credential, options->credential_size,
                                       on_stored, creation);
        if (r < 0) {
                creation_free(creation);
                return r;
        }
        return 1;
}

static int create(JobsBus *jobs_bus, sd_bus_message *message, JobdDraft *draft, const JobOptions *options) {
        int r;

        if (jobd_draft_has_credential(draft)) {
                return store_and_answer(jobs_bus, message, jobd_draft_id(draft), draft, options);
        }
        r = reply_created(message, draft);
        (void) jobd_draft_free(draft);
        return r;
}

int jobs_method_create(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        _cleanup_free_ char *text = NULL;
        JobsBus *jobs_bus = userdata;
        JobdRequest request = {};
        JobdDraft *draft = NULL;
        char name[JOBS_USER_NAME_MAX];
        int r = sd_bus_message_read(message, "ss", &request.kind, &request.spec_json);

        r = r < 0 ? r : job_wire_read_options(message, &request.options, ret_error);
        r = r < 0 ? r : settle_owner(message, &request.options, name, ret_error);
        if (r < 0) {
                return r;
        }
        r = polkit_client_authorise(jobs_bus->polkit, message, "org.weir.jobs.create",
                                    (const char *const[]) { "kind", request.kind, NULL }, ret_error);
        if (r <= 0) {
                return r < 0 ? r : 1;
        }
        r = jobd_prepare(jobs_bus->jobd, &request, &draft, &text);
        return r < 0 ? jobs_bus_fail(ret_error, r, NULL, text) :
                       create(jobs_bus, message, draft, &request.options);
}

int jobs_method_retry(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        _cleanup_free_ char *text = NULL;
        JobsBus *jobs_bus = userdata;
        JobOptions options = {};
        JobdDraft *draft = NULL;
        char name[JOBS_USER_NAME_MAX];
        const char *id;
        int r = sd_bus_message_read(message, "s", &id);

        r = r < 0 ? r : job_wire_read_options(message, &options, ret_error);
        r = r < 0 ? r : settle_owner(message, &options, name, ret_error);
        if (r < 0) {
                return r;
        }
        r = jobs_authorise_manage(jobs_bus, message, id, ret_error);
        if (r <= 0) {
                return r < 0 ? r : 1;
        }
        r = jobd_prepare_retry(jobs_bus->jobd, id, &options, &draft, &text);
        return r < 0 ? jobs_bus_fail(ret_error, r, id, text) : create(jobs_bus, message, draft, &options);
}

/* --- managing -------------------------------------------------------------------------------------------------------- */

typedef struct CancelOptions {
        const char *mode;
        const char *actor; /* in whose name; NULL: the sender's */
} CancelOptions;

static int read_cancel_options(sd_bus_message *message, CancelOptions *ret, sd_bus_error *ret_error) {
        static const BusField fields[] = { { "mode", 's', offsetof(CancelOptions, mode) },
                                           { "actor", 's', offsetof(CancelOptions, actor) } };
        static const BusDict dict = { .fields = fields, .n_fields = ELEMENTSOF(fields), .strict = "option" };
        int r;

        *ret = (CancelOptions) { .mode = "graceful" };
        r = bus_dict_read(message, &dict, ret, ret_error);
        if (r >= 0 && !string_equal(ret->mode, "graceful") && !string_equal(ret->mode, "immediate")) {
                return sd_bus_error_set(ret_error, SD_BUS_ERROR_INVALID_ARGS,
                                        "mode: graceful or immediate is expected");
        }
        return r;
}

/* Who it was: the sender, or whom it speaks for. */
static int settle_actor(sd_bus_message *message, const char *actor, char name[static JOBS_USER_NAME_MAX],
                        sd_bus_error *ret_error) {
        uid_t uid;
        int r = jobs_sender_name(message, &uid, name);

        if (r < 0 || string_is_empty(actor)) {
                return r;
        }
        if (!jobs_speaks_for_others(uid)) {
                return sd_bus_error_set(ret_error, JOBS_NAME ".Error.NotAllowed",
                                        "actor: only root, weir and weir-web may act for others");
        }
        if (strlen(actor) >= JOBS_USER_NAME_MAX || string_has_control(actor)) {
                return sd_bus_error_set(ret_error, SD_BUS_ERROR_INVALID_ARGS, "actor: too long, or no text");
        }
        (void) snprintf(name, JOBS_USER_NAME_MAX, "%s", actor);
        return 0;
}

int jobs_method_cancel(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        _cleanup_free_ char *text = NULL;
        JobsBus *jobs_bus = userdata;
        char name[JOBS_USER_NAME_MAX];
        CancelOptions options;
        const char *id;
        int r = sd_bus_message_read(message, "s", &id);

        r = r < 0 ? r : read_cancel_options(message, &options, ret_error);
        r = r < 0 ? r : settle_actor(message, options.actor, name, ret_error);
        if (r < 0) {
                return r;
        }
        r = jobs_authorise_manage(jobs_bus, message, id, ret_error);
        if (r <= 0) {
                return r < 0 ? r : 1;
        }
        r = jobd_cancel(jobs_bus->jobd, id, name, string_equal(options.mode, "immediate"), &text);
        return r < 0 ? jobs_bus_fail(ret_error, r, id, text) : sd_bus_reply_method_return(message, NULL);
}

int jobs_method_continue(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        _cleanup_free_ char *text = NULL;
        JobsBus *jobs_bus = userdata;
        const char *id;
        int r = sd_bus_message_read(message, "s", &id);

        if (r < 0) {
                return r;
        }
        r = jobs_authorise_manage(jobs_bus, message, id, ret_error);
        if (r <= 0) {
                return r < 0 ? r : 1;
        }
        r = jobd_continue(jobs_bus->jobd, id, &text);
        return r < 0 ? jobs_bus_fail(ret_error, r, id, text) : sd_bus_reply_method_return(message, NULL);
}

int jobs_method_resolve(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        _cleanup_(job_pairs_done) JobPairs files = {};
        _cleanup_free_ char *text = NULL;
        JobsBus *jobs_bus = userdata;
        const char *id;
        int r = sd_bus_message_read(message, "s", &id);

        r = r < 0 ? r : job_wire_read_pairs(message, &files);
        if (r < 0) {
                return r == -E2BIG ? jobs_bus_fail(ret_error, -ENOBUFS, id, "Too many files at once") : r;
        }
        r = jobs_authorise_manage(jobs_bus, message, id, ret_error);
        if (r <= 0) {
                return r < 0 ? r : 1;
        }
        r = jobd_resolve(jobs_bus->jobd, id, &files, &text);
        return r < 0 ? jobs_bus_fail(ret_error, r, id, text) : sd_bus_reply_method_return(message, NULL);
}

int jobs_method_renew_login(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        _cleanup_free_ char *text = NULL;
        JobsBus *jobs_bus = userdata;
        JobOptions options = {};
        const char *id;
        int r = read_renewal(message, &id, &options, ret_error);

        if (r < 0) {
                return r;
        }
        r = jobs_authorise_manage(jobs_bus, message, id, ret_error);
        if (r <= 0) {
                return r < 0 ? r : 1;
        }
        r = jobd_check_login(jobs_bus->jobd, id, &options, &text);
        return r < 0 ? jobs_bus_fail(ret_error, r, id, text) :
                       store_and_answer(jobs_bus, message, id, NULL, &options);
}
