#include "services/jobs_guard_bus.h"

#include <string.h>

#include "base/log.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "resources/db.h"
#include "resources/notify.h"
#include "services/jobs_bus.h"
#include "services/jobs_state_bus.h"

#define RETRY_USEC (5 * USEC_PER_SEC)

struct JobsGuard {
        sd_bus *bus;
        sd_event *event;
        char *config_directory, *state_directory;
        JobsBus *jobs_bus; /* NULL: there is no database */
        char *words;       /* why */
        sd_bus_slot *filter;
        sd_event_source *timer;
};

/* --- words ----------------------------------------------------------------------------------------------------------- */

static const char *what_to_do(int error) {
        static const struct {
                int error;
                const char *text;
        } table[] = {
                { -EUCLEAN,
                  "stop weir-jobd, then restore the folder from a backup, or move its files away and begin anew" },
                { -ENOSPC, "make room on its file system; weir-jobd goes on by itself" },
                { -EROFS, "make it and its folder writable for user weir; weir-jobd goes on by itself" },
                { -EACCES, "make it and its folder writable for user weir; weir-jobd goes on by itself" },
                { -EPROTONOSUPPORT, "install the version of weir that wrote it, or a newer one" },
                { -EIO,
                  "see whether its file system is full, or `journalctl -k` tells of the disk; weir-jobd goes on by itself" },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                if (table[i].error == error) {
                        return table[i].text;
                }
        }
        return "look at the folder; weir-jobd tries again by itself";
}

/* "FILE: it is damaged (SQLite: file is not a database): WHAT TO DO". */
static int describe(const JobsGuard *guard, int error, char **ret) {
        const char *said = db_last_error();

        return string_format(ret, "%s/jobs/jobs.db: %s%s%s%s: %s", guard->state_directory,
                             db_strerror(error), *said ? " (SQLite: " : "", said, *said ? ")" : "",
                             what_to_do(error));
}

/* Everything of our objects has the same answer. */
static int on_call(sd_bus_message *message, void *userdata, sd_bus_error *unused) {
        const char *path = sd_bus_message_get_path(message);
        const JobsGuard *guard = userdata;

        if (sd_bus_message_is_method_call(message, NULL, NULL) <= 0 || !path ||
            !string_has_prefix(path, JOBS_OBJECT) ||
            !string_has_prefix(sd_bus_message_get_interface(message), JOBS_NAME)) {
                return 0;
        }
        return sd_bus_reply_method_errorf(message, JOBS_NAME ".Error.DatabaseFailed", "%s", guard->words);
}

/* --- trying ---------------------------------------------------------------------------------------------------------- */

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata);

static int begin_to_refuse(JobsGuard *guard, char *words) {
        int r = guard->filter ? 0 : sd_bus_add_filter(guard->bus, &guard->filter, on_call, guard);

        if (!string_equal(words, guard->words)) {
                (void) log_error(0, "%s", words);
                notify_status("%s", words);
        }
        free(guard->words);
        guard->words = words;
        (void) sd_event_source_disable_unref(TAKE_PTR(guard->timer));
        return r < 0 ? r :
                       sd_event_add_time_relative(guard->event, &guard->timer, CLOCK_MONOTONIC, RETRY_USEC,
                                                  0, on_retry, guard);
}

static void end_to_refuse(JobsGuard *guard) {
        if (guard->words) {
                log_notice("The database can be used again");
        }
        free(TAKE_PTR(guard->words));
        (void) sd_bus_slot_unref(TAKE_PTR(guard->filter));
        (void) sd_event_source_disable_unref(TAKE_PTR(guard->timer));
}

static int try(JobsGuard *guard) {
        char *words = NULL;
        int r, q;

        db_forget_error();
        r = jobs_bus_new(guard->bus, guard->event, guard->config_directory, guard->state_directory,
                         &guard->jobs_bus);
        if (r >= 0) {
                end_to_refuse(guard);
                return 0;
        }
        if (r == -ENOMEM) {
                return r;
        }
        q = describe(guard, r, &words);
        return q < 0 ? q : begin_to_refuse(guard, words);
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata) {
        return try(userdata);
}

/* --- life ------------------------------------------------------------------------------------------------------------ */

int jobs_guard_new(sd_bus *bus, sd_event *event, const char *config_directory, const char *state_directory,
                   JobsGuard **ret) {
        _cleanup_(jobs_guard_freep) JobsGuard *guard = calloc(1, sizeof(*guard));
        int r;

        if (!guard) {
                return -ENOMEM;
        }
        guard->bus = sd_bus_ref(bus);
        guard->event = sd_event_ref(event);
        r = string_copy(&guard->config_directory, config_directory);
        r = r < 0 ? r : string_copy(&guard->state_directory, state_directory);
        r = r < 0 ? r : try(guard);
        if (r < 0) {
                return r;
        }
        *ret = TAKE_PTR(guard);
        return 0;
}

JobsGuard *jobs_guard_free(JobsGuard *guard) {
        if (guard) {
                (void) jobs_bus_free(guard->jobs_bus);
                (void) sd_bus_slot_unref(guard->filter);
                (void) sd_event_source_disable_unref(guard->timer);
                (void) sd_event_unref(guard->event);
                (void) sd_bus_unref(guard->bus);
                free(guard->config_directory);
                free(guard->state_directory);
                free(guard->words);
                free(guard);
        }
        return NULL;
}

void jobs_guard_reload(JobsGuard *guard) {
        if (guard->jobs_bus) {
                jobs_bus_reload(guard->jobs_bus);
        }
}
