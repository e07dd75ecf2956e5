/* For the tests of weir-jobd on a bus: what weir-unitd and systemd are to it, as far as it asks them, and a process that is a job's unit. */
#pragma once

#include <systemd/sd-bus.h>

#include "domain/job_id.h"
#include "private_bus.h"

#define PEER_UNITS_MAX 64

static struct Peer {
        pthread_t thread;
        pthread_mutex_t mutex;
        bool closing, fails_to_store, is_silent;
        char log[8192];      /* the calls, in their order: "launch ID/1", "store ID", … */
        char secret[256];    /* of the last StoreCredential */
        char credential[64]; /* of the last LaunchJob */
        char units[PEER_UNITS_MAX][JOB_UNIT_MAX]; /* that are loaded */
        size_t n_units;
        char gone[JOB_UNIT_MAX]; /* a unit whose removal is to be signalled */
} peer = { .mutex = PTHREAD_MUTEX_INITIALIZER };

static inline void peer_note(const char *what, const char *id, uint32_t attempt) {
        size_t n = strlen(peer.log);

        (void) snprintf(peer.log + n, sizeof(peer.log) - n, "%s%s %s/%u", n ? ", " : "", what, id, attempt);
}

static inline void peer_forget(const char *unit) {
        for (size_t i = 0; i < peer.n_units; i++) {
                if (string_equal(peer.units[i], unit)) {
                        memmove(peer.units[i], peer.units[--peer.n_units], JOB_UNIT_MAX);
                        return;
                }
        }
}

/* --- weir-unitd --- */

static inline int peer_launch(sd_bus_message *message) {
        const char *id, *name, *text;
        uint32_t attempt;

        assert_true(sd_bus_message_read(message, "su", &id, &attempt) >= 0);
        assert_true(sd_bus_message_enter_container(message, 'a', "{sv}") >= 0);
        *peer.credential = '\0';
        while (sd_bus_message_enter_container(message, 'e', "sv") > 0) {
                assert_true(sd_bus_message_read(message, "s", &name) > 0);
                if (string_equal(name, "credential")) {
                        assert_true(sd_bus_message_read(message, "v", "s", &text) > 0);
                        (void) snprintf(peer.credential, sizeof(peer.credential), "%s", text);
                } else {
                        assert_true(sd_bus_message_skip(message, "v") >= 0);
                }
                assert_true(sd_bus_message_exit_container(message) >= 0);
        }
        peer_note("launch", id, attempt);
        assert_true(peer.n_units < PEER_UNITS_MAX);
        (void) job_unit_format(peer.units[peer.n_units++], id, attempt);
        return peer.is_silent ? 0 :
                                sd_bus_reply_method_return(message, "o", "/org/freedesktop/systemd1/job/1");
}

static inline int peer_stop(sd_bus_message *message) {
        const char *id;
        uint32_t attempt;
        int immediate;

        assert_true(sd_bus_message_read(message, "sub", &id, &attempt, &immediate) >= 0);
        peer_note(immediate ? "kill" : "stop", id, attempt);
        return sd_bus_reply_method_return(message, NULL);
}

static inline int peer_store(sd_bus_message *message) {
        const char *name;
        const void *secret;
        size_t size;

        assert_true(sd_bus_message_read(message, "s", &name) > 0);
        assert_true(sd_bus_message_read_array(message, 'y', &secret, &size) >= 0);
        assert_true(size < sizeof(peer.secret));
        memcpy(peer.secret, secret, size);
        peer.secret[size] = '\0';
        peer_note("store", name, 0);
        return peer.fails_to_store ?
                               sd_bus_reply_method_errorf(message, SD_BUS_ERROR_FAILED, "the disk is full") :
                               sd_bus_reply_method_return(message, NULL);
}

static inline int peer_drop(sd_bus_message *message) {
        const char *name;

        assert_true(sd_bus_message_read(message, "s", &name) > 0);
        peer_note("drop", name, 0);
        return sd_bus_reply_method_return(message, NULL);
}

/* --- systemd --- */

static inline int peer_list(sd_bus_message *message) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;

        assert_true(sd_bus_message_new_method_return(message, &reply) >= 0);
        assert_true(sd_bus_message_open_container(reply, 'a', "(ssssssouso)") >= 0);
        for (size_t i = 0; i < peer.n_units; i++) {
                assert_true(sd_bus_message_append(reply, "(ssssssouso)", peer.units[i], "", "loaded",
                                                  "active", "running", "", "/unit", 0, "", "/") >= 0);
        }
        assert_true(sd_bus_message_append(reply, "(ssssssouso)", "weir-job-strange.service", "", "loaded",
                                          "active", "running", "", "/unit", 0, "", "/") >= 0);
        assert_true(sd_bus_message_close_container(reply) >= 0);
        return sd_bus_send(NULL, reply, NULL);
}

static inline int peer_on_message(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        static const struct {
                const char *member;
                int (*handler)(sd_bus_message *message);
        } table[] = {
                { "LaunchJob", peer_launch },         { "StopJob", peer_stop },
                { "StoreCredential", peer_store },    { "DropCredential", peer_drop },
                { "ListUnitsByPatterns", peer_list },
        };
        uint8_t type;

        if (sd_bus_message_get_type(message, &type) < 0 || type != SD_BUS_MESSAGE_METHOD_CALL) {
                return 0;
        }
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                if (string_equal(sd_bus_message_get_member(message), table[i].member)) {
                        (void) pthread_mutex_lock(&peer.mutex);
                        (void) table[i].handler(message);
                        (void) pthread_mutex_unlock(&peer.mutex);
                        return 1;
                }
        }
        return sd_bus_reply_method_return(message, NULL); /* Subscribe */
}

static inline void peer_signal(sd_bus *bus) {
        (void) pthread_mutex_lock(&peer.mutex);
        if (*peer.gone) {
                peer_forget(peer.gone);
                (void) sd_bus_emit_signal(bus, "/org/freedesktop/systemd1",
                                          "org.freedesktop.systemd1.Manager", "UnitRemoved", "so", peer.gone,
                                          "/unit");
                *peer.gone = '\0';
        }
        (void) pthread_mutex_unlock(&peer.mutex);
}

static inline void *peer_run(void *unused) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;

        assert_true(sd_bus_open_system(&bus) >= 0);
        assert_true(sd_bus_add_filter(bus, NULL, peer_on_message, NULL) >= 0);
        assert_true(sd_bus_request_name(bus, "org.freedesktop.systemd1", 0) >= 0);
        assert_true(sd_bus_request_name(bus, "org.weir.Units1", 0) >= 0);
        while (!peer.closing) {
                while (sd_bus_process(bus, NULL) > 0) {}
                peer_signal(bus);
                (void) sd_bus_wait(bus, 2 * USEC_PER_MSEC);
        }
        return NULL;
}

static inline void peer_start(void) {
        peer.closing = peer.fails_to_store = peer.is_silent = false;
        *peer.log = *peer.secret = *peer.gone = '\0';
        peer.n_units = 0;
        assert_int_equal(pthread_create(&peer.thread, NULL, peer_run, NULL), 0);
}

static inline void peer_end(void) {
        peer.closing = true;
        (void) pthread_join(peer.thread, NULL);
}

/* Waits until the log says that, among other things. */
static inline void peer_await(const char *what) {
        uint64_t end = now_monotonic() + 10 * USEC_PER_SEC;

        for (;;) {
                bool found;

                (void) pthread_mutex_lock(&peer.mutex);
                found = strstr(peer.log, what);
                (void) pthread_mutex_unlock(&peer.mutex);
                if (found) {
                        return;
                }
                if (now_monotonic() > end) {
                        fail_msg("\"%s\" never came, only \"%s\"", what, peer.log);
                }
                (void) usleep(2000);
        }
}

static inline void peer_lose(const char *id, uint32_t attempt) {
        (void) pthread_mutex_lock(&peer.mutex);
        (void) job_unit_format(peer.gone, id, attempt);
        (void) pthread_mutex_unlock(&peer.mutex);
}

/* --- being a unit --- */

/* Runs function in a process of the job's unit, as its control group tells. Its result (0 to 125), or -1 where no groups can be made here. */
static inline int as_unit(const char *id, uint32_t attempt,
                          int (*function)(const char *id, uint32_t attempt)) {
        char slice[128], group[256], file[320], unit[JOB_UNIT_MAX];
        int status = 0;
        pid_t pid;

        (void) snprintf(slice, sizeof(slice), "/sys/fs/cgroup/unified/weirtest%d.slice", getpid());
        if (access("/sys/fs/cgroup/cgroup.procs", F_OK) == 0) {
                (void) snprintf(slice, sizeof(slice), "/sys/fs/cgroup/weirtest%d.slice", getpid());
        }
        (void) snprintf(group, sizeof(group), "%s/%s", slice, job_unit_format(unit, id, attempt));
        (void) snprintf(file, sizeof(file), "%s/cgroup.procs", group);
        if ((mkdir(slice, 0755) < 0 && errno != EEXIST) || mkdir(group, 0755) < 0) {
                return -1;
        }
        pid = fork();
        if (pid == 0) {
                int fd = open(file, O_WRONLY | O_CLOEXEC);

                _exit(fd >= 0 && write(fd, "0", 1) == 1 ? function(id, attempt) : 126);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        while (rmdir(group) < 0 && errno == EBUSY) {
                (void) usleep(1000);
        }
        (void) rmdir(slice);
        assert_true(WIFEXITED(status));
        return WEXITSTATUS(status) == 126 ? -1 : WEXITSTATUS(status);
}
