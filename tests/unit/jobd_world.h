/* For the tests of weir-jobd's logic: a world without a bus that does exactly what the test says, and short words for long calls. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd_util.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "domain/job_id.h"
#include "services/jobd.h"
#include "services/jobd_control.h"
#include "services/jobd_create.h"
#include "services/jobd_unit.h"
#include "services/jobd_watch.h"

#define UNITS_MAX 64

/* --- the world ------------------------------------------------------------------------------------------------------- */

static struct World {
        char directory[64];
        sd_event *event;
        Jobd *jobd;

        JobdUnit units[UNITS_MAX]; /* what systemd would list */
        size_t n_units;
        bool looks_pending;  /* a look was asked for, and is not answered */
        bool unitd_is_away;  /* calls are refused */
        bool answers_launch; /* launches are answered at once; otherwise they hang */
        char launched[1024], stopped[1024], dropped[1024], events[8192];
        char credential[JOB_ID_MAX];
        char dropping[64];
        JobdLimits limits;
} world;

static inline void note(char *log, size_t size, const char *text) {
        size_t n = strlen(log);

        (void) snprintf(log + n, size - n, "%s%s", n > 0 ? " " : "", text);
}

static inline const char *short_id(const char *id) {
        return strrchr(id, '-') + 1;
}

static inline void add_unit(const char *id, uint32_t attempt) {
        JobdUnit *unit = &world.units[world.n_units++];

        assert_true(world.n_units <= UNITS_MAX);
        *unit = (JobdUnit) { .attempt = attempt, .is_alive = true };
        (void) snprintf(unit->id, sizeof(unit->id), "%s", id);
}

static inline int port_launch(const char *id, uint32_t attempt, const JobdLimits *limits, void *userdata) {
        char text[64];

        (void) snprintf(text, sizeof(text), "%s/%u", short_id(id), attempt);
        note(world.launched, sizeof(world.launched), text);
        world.limits = *limits;
        (void) snprintf(world.credential, sizeof(world.credential), "%s",
                        limits->credential ? limits->credential : "");
        if (world.unitd_is_away) {
                return -ECONNREFUSED;
        }
        if (world.answers_launch) {
                add_unit(id, attempt);
        }
        return 0;
}

static inline int port_stop(const char *id, uint32_t attempt, bool immediate, void *userdata) {
        char text[64];

        (void) snprintf(text, sizeof(text), "%s/%u%s", short_id(id), attempt, immediate ? "!" : "");
        note(world.stopped, sizeof(world.stopped), text);
        return 0;
}

static inline int port_drop_credential(const char *name, void *userdata) {
        note(world.dropped, sizeof(world.dropped), short_id(name));
        (void) snprintf(world.dropping, sizeof(world.dropping), "%s", name);
        return world.unitd_is_away ? -ECONNREFUSED : 0;
}

static inline int port_look(void *userdata) {
        world.looks_pending = true;
        return 0;
}

static inline void port_announce(const char *id, JobdEvent event, const char *status, const char *stage,
                                 void *userdata) {
        static const char *const names[] = { [JOBD_EVENT_NEW] = "new",
                                             [JOBD_EVENT_CHANGED] = "changed",
                                             [JOBD_EVENT_UPDATED] = "updated",
                                             [JOBD_EVENT_ENDED] = "ended",
                                             [JOBD_EVENT_WAKE] = "wake" };
        char text[128];

        (void) snprintf(text, sizeof(text), "%s:%s:%s", names[event], status, stage);
        note(world.events, sizeof(world.events), text);
}

static const JobdPort port = {
        port_launch, port_stop, port_drop_credential, port_look, port_announce, NULL
};

/* Everything that is ready is done; nobody waits. */
static inline void turn(void) {
        for (int i = 0; i < 100; i++) {
                int r = sd_event_run(world.event, 0);

                assert_true(r >= 0);
                if (r == 0) {
                        return;
                }
        }
        fail_msg("the daemon has no rest");
}

static inline void look(void) {
        turn();
        for (int i = 0; i < 10 && world.looks_pending; i++) {
                world.looks_pending = false;
                jobd_units_seen(world.jobd, world.units, world.n_units);
                turn();
        }
}

static inline void take_log(char *log, char *to) {
        turn();
        strcpy(to, log);
        *log = '\0';
}

#define assert_log(log, expected)                                                                           \
        do {                                                                                                \
                char was_[8192];                                                                            \
                take_log(world.log, was_);                                                                  \
                assert_string_equal(was_, expected);                                                        \
        } while (false)

static inline void start_jobd(void) {
        assert_int_equal(jobd_new(world.event, world.directory, world.directory, &port, &world.jobd), 0);
        look();
}

static inline void restart_jobd(void) {
        world.jobd = jobd_free(world.jobd);
        world.looks_pending = false;
        *world.launched = *world.stopped = *world.events = '\0';
        start_jobd();
}

static inline void configure(const char *jobs) {
        char path[128], text[1024];

        (void) snprintf(path, sizeof(path), "%s/weir.yaml", world.directory);
        (void) snprintf(text, sizeof(text), "p4:\n  program: /opt/p4\n%s", jobs);
        assert_int_equal(file_write_atomic(path, text, strlen(text), 0644), 0);
}

static inline int set_up(void **state) {
        static const char servers[] =
                        "servers:\n- {name: demo, p4port: 'demo:1666', p4user: monitor}\n"
                        "- {name: other, p4port: 'ssl:other:1666', p4user: monitor, timeout: 5min, trust: "
                        "'00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33'}\n";
        char path[128];

        memset(&world, 0, sizeof(world));
        strcpy(world.directory, "/tmp/weir-jobd-XXXXXX");
        world.answers_launch = true;
        if (!mkdtemp(world.directory) || sd_event_new(&world.event) < 0) {
                return -1;
        }
        (void) snprintf(path, sizeof(path), "%s/servers.yaml", world.directory);
        assert_int_equal(file_write_atomic(path, servers, strlen(servers), 0644), 0);
        configure("");
        start_jobd();
        return 0;
}

static inline int tear_down(void **state) {
        char command[128];

        world.jobd = jobd_free(world.jobd);
        (void) sd_event_unref(world.event);
        (void) snprintf(command, sizeof(command), "rm -rf '%s'", world.directory);
        return system(command);
}

/* --- short words for long calls ---------------------------------------------------------------------------------------- */

static char ids[32][JOB_ID_MAX]; /* by number, from 1 */

static inline int try_create(const char *spec, const JobOptions *options, char **ret_message) {
        JobdRequest request = { .kind = "integrate", .spec_json = spec };
        JobdDraft *draft = NULL;
        uint32_t queued, running;
        int r;

        request.options = options ? *options : (JobOptions) { .owner = "alice" };
        r = jobd_prepare(world.jobd, &request, &draft, ret_message);
        if (r >= 0) {
                jobd_count(world.jobd, &queued, &running);
                (void) snprintf(ids[atoi(short_id(jobd_draft_id(draft)))], JOB_ID_MAX, "%s",
                                jobd_draft_id(draft));
                r = jobd_commit(draft);
                (void) jobd_draft_free(draft);
        }
        return r;
}

static inline void create(const char *client) {
        _cleanup_free_ char *spec = NULL, *message = NULL;
        int r = client ? string_format(&spec,
                                       "{\"server\":\"demo\",\"path\":\"//demo/dev/...\",\"client\":\"%s\"}",
                                       client) :
                         string_copy(&spec, "{\"server\":\"demo\",\"path\":\"//demo/dev/...\"}");

        assert_int_equal(r, 0);
        r = try_create(spec, NULL, &message);
        if (r < 0) {
                fail_msg("%s", message ? message : strerror(-r));
        }
        turn();
}

/* unitd's answer to all launches that hang. */
static inline void launched(int number, uint32_t attempt, int error) {
        jobd_launched(world.jobd, ids[number], attempt, error, error < 0 ? "unitd says no" : NULL);
        turn();
}

/* A job whose unit runs. */
static inline void run_job(const char *client, int number) {
        create(client);
        launched(number, 1, 0);
        look();
        *world.launched = *world.events = '\0';
}

static inline int try_report(int number, uint32_t attempt, const JobReport *what, JobAnswer *ret) {
        _cleanup_free_ char *message = NULL;
        int r = jobd_report(world.jobd, ids[number], attempt, what, ret, &message);

        turn();
        return r;
}

static inline void report(int number, uint32_t attempt, const JobReport *what) {
        _cleanup_(job_answer_done) JobAnswer answer = {};

        assert_int_equal(try_report(number, attempt, what, &answer), 0);
}

static inline void stages(int number, uint32_t attempt, const char *list) {
        char *copy = strdup(list);

        for (char *stage = strtok(copy, " "); stage; stage = strtok(NULL, " ")) {
                report(number, attempt, &(JobReport) { .stage = stage });
        }
        free(copy);
}

static inline void unit_gone(int number) {
        for (size_t i = 0; i < world.n_units; i++) {
                if (strcmp(world.units[i].id, ids[number]) == 0) {
                        world.units[i--] = world.units[--world.n_units];
                }
        }
}

static inline void finished(int number, uint32_t attempt, const JobResult *result) {
        _cleanup_free_ char *message = NULL;
        int r = jobd_finished(world.jobd, ids[number], attempt, result, &message);

        if (r < 0) {
                fail_msg("%s", message ? message : strerror(-r));
        }
        unit_gone(number);
        turn();
}

static inline void expect(int number, const char *status, const char *stage, const char *reason) {
        _cleanup_(job_record_done) JobRecord record = {};

        assert_int_equal(jobd_get(world.jobd, ids[number], &record), 0);
        assert_string_equal(record.status, status);
        assert_string_equal(record.stage, stage);
        assert_string_equal(record.reason ? record.reason : "", reason);
}

static inline void take(int number, uint32_t attempt, JobWork *ret) {
        _cleanup_free_ char *message = NULL;
        int r = jobd_take(world.jobd, ids[number], attempt, ret, &message);

        if (r < 0) {
                fail_msg("%s", message ? message : strerror(-r));
        }
        turn();
}

static const JobResult done = { .outcome = "done", .changelist = 77, .clean = true };
