#include "services/jobd_login.h"

#include <string.h>

#include "base/log.h"
#include "base/seal.h"
#include "base/string_util.h"
#include "services/job_list_store.h"
#include "services/jobd_control.h"
#include "services/jobd_job.h"

static int find_waiting(Jobd *jobd, const char *id, Job **ret, char **ret_message) {
        int r = jobd_find_live(jobd, id, "logged in again", ret, ret_message);

        if (r >= 0 && ((*ret)->state.status != JOB_STATUS_NEEDS_RESOLVE || !(*ret)->has_credential)) {
                (void) string_format(
                                ret_message,
                                "Job %s is %s; one that was created with a ticket gets another while it "
                                "waits for its conflicts to be resolved",
                                id, job_status_to_string((*ret)->state.status));
                return -EBUSY;
        }
        return r;
}

static int check_user(Jobd *jobd, const char *id, const char *user, char **ret_message) {
        _cleanup_(job_work_done) JobWork work = {};
        _cleanup_free_ char *own = NULL;
        int r = job_list_store_get_work(jobd->store, id, &work, &own);

        if (r >= 0 && !string_is_empty(user) && strcasecmp(user, own) != 0) {
                (void) string_format(ret_message, "Job %s works as %s; a ticket of %s is of no use to it",
                                     id, own, user);
                return -EINVAL;
        }
        return r;
}

int jobd_check_login(Jobd *jobd, const char *id, const JobOptions *options, char **ret_message) {
        Job *job;
        int r = find_waiting(jobd, id, &job, ret_message);

        if (r >= 0 &&
            (options->credential_size == 0 || memchr(options->credential, 0, options->credential_size) ||
             !string_is_utf8(options->credential, options->credential_size))) {
                (void) string_copy(ret_message, "credential: a ticket is expected");
                return -EINVAL;
        }
        return r < 0 ? r : check_user(jobd, id, options->p4user, ret_message);
}

int jobd_login_renewed(Jobd *jobd, const char *id, const JobOptions *options, char **ret_message) {
        char *login = NULL;
        Job *job;
        int r = find_waiting(jobd, id, &job, ret_message);

        r = r < 0 ? r :
                    string_format(&login, "%.*s", (int) options->credential_size,
                                  (const char *) options->credential);
        if (r < 0) {
                return r;
        }
        wipe_text(&job->login);
        job->login = login;
        job_log(job, LOG_LEVEL_INFO, NULL, "logged in again");
        jobd_announce(jobd, job, JOBD_EVENT_WAKE);
        return 0;
}
