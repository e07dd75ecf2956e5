/* NEEDS_RESOLVE: the job sleeps until people have resolved its conflicts, through weir or by themselves. Nothing is lost when it is ended
 * here at any moment, so TERM simply ends it: no signal is held back while it sleeps. */
#include "services/run_wait.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/parse_util.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "resources/notify.h"
#include "services/run_boot.h"
#include "services/run_p4.h"
#include "services/run_resolve.h"
#include "services/run_shelve.h"
#include "services/run_texts.h"

#define CHECK_INTERVAL (20 * USEC_PER_SEC)

/* A job may wait for days; that the server is away for a while, or that its ticket has expired, is no reason to end it. */
static bool may_pass(const P4Result *result) {
        return p4_class_is_success(result->p4_class) || result->p4_class == P4_CONNECT ||
               result->p4_class == P4_TIMEOUT || result->p4_class == P4_LIMIT || result->p4_class == P4_AUTH;
}

/* People and programs see it, and what to do. */
static int tell_login(Run *run, bool needs_login) {
        _cleanup_free_ char *text = NULL;
        JobReport report = {};
        int r;
        if (needs_login == run->needs_login) {
                return 0;
        }
        run->needs_login = needs_login;
        r = !needs_login ? string_copy(&text, "logged in again") :
                           string_format(&text,
                                         "the login of %s has expired: `weirctl continue %s` logs in again",
                                         run->server.user, run->id);
        if (r < 0) {
                return r;
        }
        run_log(run, needs_login ? LOG_LEVEL_WARNING : LOG_LEVEL_NOTICE, "%s", text);
        notify_status("%s, %s", job_stage_to_string(JOB_NEEDS_RESOLVE), text);
        report.status_text = text;
        return run_report(run, &report);
}

/* 1: nothing is left to wait for, *ret_next is next. */
static int look(Run *run, JobStage *ret_next) {
        _cleanup_(p4_result_done) P4Result result = {};
        int r = run_conflicts_ask(run, &result);
        if (r < 0) {
                return r;
        }
        if (!may_pass(&result)) {
                r = run_submitted_by_hand(run, ret_next);
                return r != 0 ? r : run_fail_p4(run, "resolve", &result);
        }
        r = tell_login(run, result.p4_class == P4_AUTH);
        if (r < 0 || run->needs_login) {
                return r;
        }
        if (!p4_class_is_success(result.p4_class)) {
                run_log(run, LOG_LEVEL_WARNING, "Cannot look after the conflicts now: %s",
                        result.text ?: "");
                return 0;
        }
        r = run->is_doubtful ? run_boot_settle(run, ret_next) : 0;
        if (r != 0) {
                return r;
        }
        *ret_next = JOB_RESOLVE_CHECK;
        r = run_conflicts_tell(run);
        return r < 0 ? r : run->n_conflicts == 0;
}

static uint64_t check_interval(void) {
        const char *text = getenv("WEIR_RESOLVE_INTERVAL"); /* tests do not wait 20 s */
        uint64_t usec = 0;
        return text && parse_span(text, &usec) >= 0 && usec > 0 ? usec : CHECK_INTERVAL;
}

static void hold_back_term(bool hold) {
        sigset_t set;
        (void) sigemptyset(&set);
        (void) sigaddset(&set, SIGTERM);
        (void) sigprocmask(hold ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
}

/* Until somebody wakes us, or it is time to look. What is wanted is then asked for. */
static int sleep_and_ask(Run *run) {
        JobReport nothing = {};
        hold_back_term(false);
        int r = jobs_client_wait(run->jobs, check_interval());
        hold_back_term(true);
        if (r < 0 && r != -EINTR) { /* no bus for now: sleep without it */
                r = run_sleep(run, check_interval());
        }
        return r == -ECANCELED || r == 0 ? r : run_report(run, &nothing);
}

int stage_needs_resolve(Run *run, JobStage *ret_next) {
        int r = jobs_client_watch(run->jobs, run->id, JOBS_WATCH_WAKE);
        if (r < 0) {
                run_log(run, LOG_LEVEL_WARNING, "Cannot be woken, looking every 20 s: %s", strerror(-r));
        }
        /* What was wished before the watch began. */
        JobReport nothing = {};
        r = run_report(run, &nothing);
        while (r >= 0) {
                if (run->conflicts.n_items == 0 || run->resolutions.n_items > 0 || run->texts) {
                        r = look(run,
                                 ret_next); /* paths are needed to do what is wanted, and an attempt may begin here */
                }
                if (!run->needs_login) {
                        r = r != 0 ? r : run_resolutions_do(run);
                        r = r != 0 ? r : run_texts_tell(run);
                        r = r != 0 ? r : look(run, ret_next);
                }
                if (r > 0) {
                        return 0;
                }
                if (r == 0) {
                        run_resolutions_judge(run);
                        r = sleep_and_ask(run);
                }
        }
        return r;
}
