/* For the tests of weir-integrate and weir-finish: what weir-jobd and systemd are to them. A peer on the private bus keeps one job as
 * weir-jobd would, attempts are started as PID 1 would start them, and a real server stand-in answers p4. */
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>

#include <systemd/sd-bus.h>

#include "clients/job_wire.h"
#include "private_bus.h"

#define JOB "INT-20261121-001"
#define STATES_MAX 64

typedef struct Peer {
        pthread_t thread;
        pthread_mutex_t mutex;
        bool closing;
        JobWork work;
        char *status_text, *outcome, *reason, *error, *note;
        char *stages[STATES_MAX]; /* as they were reported */
        size_t n_stages;
        JobConflicts conflicts;
        int64_t changelist, source_changelist, shelf;
        bool is_clean, is_finished, wake;
        pid_t runner;
        /* At this stage (the n-th time it is reported), before the answer: the runner gets the signal. */
        const char *signal_stage;
        int signal_number;
        bool signal_at_intent;
        void (*on_stage)(const char *stage); /* may be NULL; called while nothing is held */
} Peer;

static Peer peer = { .mutex = PTHREAD_MUTEX_INITIALIZER };
static char p4_root[] = "/tmp/weir-test-job-XXXXXX";
static char p4_address[32];
static pid_t p4_pid;

/* --- weir-jobd --- */

static inline void pairs_remove(JobPairs *pairs, const char *first, const char *second) {
        for (size_t i = pairs->n_items; i > 0; i--) {
                JobPair *pair = pairs->items + i - 1;
                if (string_equal(pair->first, first) && (!second || string_equal(pair->second, second))) {
                        free(pair->first);
                        free(pair->second);
                        *pair = pairs->items[--pairs->n_items];
                }
        }
}

static inline void note_stage(const char *stage) {
        if (peer.n_stages == 0 || !string_equal(peer.stages[peer.n_stages - 1], stage)) {
                assert_true(peer.n_stages < STATES_MAX);
                assert_int_equal(string_copy(&peer.stages[peer.n_stages++], stage), 0);
        }
        assert_int_equal(string_replace(&peer.work.stage, stage), 0);
        if (peer.signal_stage && string_equal(peer.signal_stage, stage)) {
                peer.signal_stage = NULL;
                (void) kill(peer.runner, peer.signal_number);
        }
}

static inline void apply_report(const JobWireReport *wire) {
        const JobReport *report = &wire->report;
        if (report->checkpoint) {
                (void) string_replace(&peer.work.checkpoint, report->checkpoint);
        }
        if (report->intent) {
                (void) string_replace(&peer.work.intent, *report->intent ? report->intent : NULL);
                if (peer.signal_at_intent && *report->intent) {
                        peer.signal_at_intent = false;
                        (void) kill(peer.runner, peer.signal_number);
                }
        }
        if (report->status_text) {
                (void) string_replace(&peer.status_text, report->status_text);
        }
        peer.changelist = report->changelist ? report->changelist : peer.changelist;
        peer.source_changelist =
                        report->source_changelist ? report->source_changelist : peer.source_changelist;
        peer.shelf = report->shelf ? report->shelf : peer.shelf;
        for (size_t i = 0; report->ledger_add && i < report->ledger_add->n_items; i++) {
                pairs_remove(&peer.work.ledger, report->ledger_add->items[i].first,
                             report->ledger_add->items[i].second);
                (void) job_pairs_append(&peer.work.ledger, report->ledger_add->items[i].first,
                                        report->ledger_add->items[i].second);
        }
        for (size_t i = 0; report->ledger_done && i < report->ledger_done->n_items; i++) {
                pairs_remove(&peer.work.ledger, report->ledger_done->items[i].first,
                             report->ledger_done->items[i].second);
        }
        if (report->conflicts) {
                job_conflicts_done(&peer.conflicts);
                for (size_t i = 0; i < report->conflicts->n_items; i++) {
                        (void) job_conflicts_append(&peer.conflicts, report->conflicts->items + i);
                }
        }
        for (char *const *file = report->resolved; file && *file; file++) {
                pairs_remove(&peer.work.resolutions, *file, NULL);
        }
        if (report->stage) {
                note_stage(report->stage);
        }
}

static inline int on_take(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        sd_bus_message *reply = NULL;
        assert_true(sd_bus_message_new_method_return(message, &reply) >= 0);
        (void) pthread_mutex_lock(&peer.mutex);
        int r = job_wire_append_work(reply, &peer.work);
        (void) pthread_mutex_unlock(&peer.mutex);
        r = r < 0 ? r : sd_bus_send(NULL, reply, NULL);
        sd_bus_message_unref(reply);
        return r;
}

static inline int on_report(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        JobWireReport wire = {};
        JobAnswer answer = {};
        sd_bus_message *reply = NULL;
        _cleanup_free_ char *stage = NULL;
        const char *id;
        uint32_t attempt;
        int r = sd_bus_message_read(message, "su", &id, &attempt);
        r = r < 0 ? r : job_wire_read_report(message, &wire, error);
        if (r < 0) {
                return r;
        }
        (void) pthread_mutex_lock(&peer.mutex);
        apply_report(&wire);
        answer.cancel = peer.work.cancel;
        answer.resolutions = peer.work.resolutions;
        assert_true(sd_bus_message_new_method_return(message, &reply) >= 0);
        r = job_wire_append_answer(reply, &answer);
        (void) string_copy(&stage, wire.report.stage);
        (void) pthread_mutex_unlock(&peer.mutex);
        if (stage && peer.on_stage) {
                peer.on_stage(stage);
        }
        r = r < 0 ? r : sd_bus_send(NULL, reply, NULL);
        sd_bus_message_unref(reply);
        job_wire_report_done(&wire);
        return r;
}

static inline int on_finished(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        JobWireResult wire = {};
        const char *id;
        uint32_t attempt;
        int r = sd_bus_message_read(message, "su", &id, &attempt);
        r = r < 0 ? r : job_wire_read_result(message, &wire, error);
        if (r < 0) {
                return r;
        }
        (void) pthread_mutex_lock(&peer.mutex);
        (void) string_replace(&peer.outcome, wire.result.outcome);
        (void) string_replace(&peer.reason, wire.result.reason);
        (void) string_replace(&peer.error, wire.result.error);
        (void) string_replace(&peer.note, wire.result.note);
        peer.changelist = wire.result.changelist ? wire.result.changelist : peer.changelist;
        for (size_t i = 0; wire.result.ledger_done && i < wire.result.ledger_done->n_items; i++) {
                pairs_remove(&peer.work.ledger, wire.result.ledger_done->items[i].first,
                             wire.result.ledger_done->items[i].second);
        }
        peer.is_clean = wire.result.clean;
        peer.is_finished = true;
        (void) pthread_mutex_unlock(&peer.mutex);
        job_wire_result_done(&wire);
        return sd_bus_reply_method_return(message, NULL);
}

static const sd_bus_vtable peer_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("TakeJob", "su", "a{sv}", on_take, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Report", "sua{sv}", "a{sv}", on_report, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Finished", "sua{sv}", "", on_finished, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

static inline void emit_wake(sd_bus *bus) {
        char *path = NULL;
        assert_true(sd_bus_path_encode("/org/weir/Jobs1/job", JOB, &path) >= 0);
        assert_true(sd_bus_emit_signal(bus, path, "org.weir.Jobs1.Job", "Wake", "") >= 0);
        free(path);
}

static inline void *serve(void *unused) {
        sd_bus *bus = NULL;
        assert_true(sd_bus_open_system(&bus) >= 0);
        assert_true(sd_bus_add_object_vtable(bus, NULL, "/org/weir/Jobs1", "org.weir.Jobs1.Manager",
                                             peer_vtable, NULL) >= 0);
        assert_true(sd_bus_request_name(bus, "org.weir.Jobs1", 0) >= 0);
        while (!peer.closing) {
                if (sd_bus_process(bus, NULL) == 0) {
                        (void) sd_bus_wait(bus, 20 * USEC_PER_MSEC);
                }
                if (peer.wake) {
                        peer.wake = false;
                        emit_wake(bus);
                }
        }
        sd_bus_flush_close_unref(bus);
        return NULL;
}

/* --- the server --- */

static inline int free_port(void) {
        struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t length = sizeof(in);
        _cleanup_close_ int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(bind(fd, (struct sockaddr *) &in, length), 0);
        assert_int_equal(getsockname(fd, (struct sockaddr *) &in, &length), 0);
        return ntohs(in.sin_port);
}

static inline void p4d_start(void) {
        p4_pid = fork();
        if (p4_pid == 0) {
                (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
                (void) execl("tests/perforce/p4d", "p4d", "-q", "-r", p4_root, "-p", p4_address, NULL);
                _exit(127);
        }
}

static inline void p4d_end(int signal_number) {
        (void) kill(p4_pid, signal_number);
        (void) waitpid(p4_pid, NULL, 0);
}

/* A shell script with p4 in its path, as the given user; fails the test unless it succeeds. */
static inline void sh(const char *script) {
        char *command = NULL;
        assert_int_equal(string_format(&command, "set -e; cd %s; %s", p4_root, script), 0);
        int status = system(command);
        if (status != 0) {
                fail_msg("status %d of: %s", status, script);
        }
        free(command);
}

/* What a script prints, its last newline cut off. Owned by the caller. */
static inline char *output(const char *script) {
        char *command = NULL, *text = NULL;
        size_t length = 0;
        assert_int_equal(string_format(&command, "cd %s; { %s; } >out 2>&1; true", p4_root, script), 0);
        assert_int_equal(system(command), 0);
        free(command);
        assert_int_equal(string_format(&command, "%s/out", p4_root), 0);
        assert_int_equal(file_read(command, 1024 * 1024, &text, &length), 0);
        free(command);
        if (length > 0 && text[length - 1] == '\n') {
                text[length - 1] = 0;
        }
        return text;
}

static inline void assert_output(const char *script, const char *expected) {
        char *text = output(script);
        if (!string_equal(text, expected)) {
                fail_msg("%s\nprints: %s\nnot: %s", script, text, expected);
        }
        free(text);
}

/* --- attempts --- */

static inline void set_environment(void) {
        char text[3 * PATH_MAX], own[PATH_MAX] = "";
        assert_true(readlink("/proc/self/exe", own, sizeof(own) - 1) > 0);
        *strrchr(own, '/') = 0; /* programs are built next to the folder of the tests */
        *strrchr(own, '/') = 0;
        (void) snprintf(text, sizeof(text), "%s:%s", own, getenv("PATH"));
        (void) setenv("PATH", text, 1);
        (void) setenv("P4PORT", p4_address, 1);
        (void) setenv("P4USER", "alice", 1);
        (void) setenv("P4CONFIG", "/dev/null", 1);
        (void) snprintf(text, sizeof(text), "%s/tickets", p4_root);
        (void) setenv("P4TICKETS", text, 1);
        (void) setenv("HOME", p4_root, 1);
        (void) snprintf(text, sizeof(text), "%s/run", p4_root);
        (void) setenv("RUNTIME_DIRECTORY", text, 1);
        (void) snprintf(text, sizeof(text), "%s/state", p4_root);
        (void) setenv("STATE_DIRECTORY", text, 1);
        (void) setenv("WEIR_RESOLVE_INTERVAL", "1s", 1);
}

static inline void peer_start(void) {
        assert_non_null(mkdtemp(p4_root));
        (void) snprintf(p4_address, sizeof(p4_address), "127.0.0.1:%d", free_port());
        set_environment();
        bus_start();
        manager_start();
        service_start("weir-lockd");
        p4d_start();
        assert_int_equal(pthread_create(&peer.thread, NULL, serve, NULL), 0);
        sh("mkdir -p run state; for i in $(seq 100); do p4 info >/dev/null 2>&1 && break; sleep 0.1; "
           "done; p4 info");
}

static inline void peer_end(void) {
        char command[128];
        peer.closing = true;
        (void) pthread_join(peer.thread, NULL);
        p4d_end(SIGKILL);
        (void) service_end(SIGTERM);
        private_bus_end();
        (void) snprintf(command, sizeof(command), "rm -rf '%s'", p4_root);
        assert_int_equal(system(command), 0);
}

static inline void job_new(const char *spec) {
        job_work_done(&peer.work);
        job_conflicts_done(&peer.conflicts);
        for (size_t i = 0; i < peer.n_stages; i++) {
                free(TAKE_PTR(peer.stages[i]));
        }
        free(TAKE_PTR(peer.status_text));
        free(TAKE_PTR(peer.outcome));
        free(TAKE_PTR(peer.reason));
        free(TAKE_PTR(peer.error));
        free(TAKE_PTR(peer.note));
        peer.n_stages = 0;
        peer.changelist = peer.source_changelist = peer.shelf = 0;
        peer.is_clean = peer.is_finished = peer.signal_at_intent = false;
        peer.signal_stage = NULL;
        peer.on_stage = NULL;
        peer.work = (JobWork) {};
        (void) string_copy(&peer.work.spec, spec);
        (void) string_copy(&peer.work.owner, "alice");
        (void) string_copy(&peer.work.status, "running");
        (void) string_copy(&peer.work.stage, "INIT");
        (void) string_copy(&peer.work.server.p4port, p4_address);
        (void) string_copy(&peer.work.server.p4user, "alice");
        sh("rm -rf run; mkdir run");
}

static inline pid_t start(const char *name, uint32_t attempt) {
        char number_text[16], *path = program_path(name);
        (void) snprintf(number_text, sizeof(number_text), "%u", attempt);
        (void) pthread_mutex_lock(&peer.mutex);
        pid_t pid = fork();
        if (pid == 0) {
                _cleanup_free_ char *log = NULL;
                (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
                (void) string_format(&log, "%s/log", p4_root);
                int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
                (void) dup2(fd, STDOUT_FILENO);
                (void) dup2(fd, STDERR_FILENO);
                (void) execl(path, name, JOB, number_text, NULL);
                _exit(127);
        }
        free(path);
        peer.runner = pid;
        (void) pthread_mutex_unlock(&peer.mutex);
        return pid;
}

static const char *
                unit_result; /* what systemd says of the unit, if the process itself does not tell; NULL: it does */

/* As systemd tells ExecStopPost=. */
static inline void describe_end(int status) {
        bool clean = WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM;
        char number[16];
        (void) setenv("SERVICE_RESULT",
                      unit_result          ? unit_result :
                      status == 0 || clean ? "success" :
                      WIFSIGNALED(status)  ? "signal" :
                                             "exit-code",
                      1);
        (void) setenv("EXIT_CODE", WIFSIGNALED(status) ? "killed" : "exited", 1);
        (void) snprintf(number, sizeof(number), "%d", WIFEXITED(status) ? WEXITSTATUS(status) : 0);
        (void) setenv("EXIT_STATUS", WIFSIGNALED(status) ? (clean ? "TERM" : "KILL") : number, 1);
}

static inline int finish(pid_t runner, uint32_t attempt) {
        int status = 0, finish_status = 0;
        assert_int_equal(waitpid(runner, &status, 0), runner);
        describe_end(status);
        pid_t pid = start("weir-finish", attempt);
        assert_int_equal(waitpid(pid, &finish_status, 0), pid);
        assert_int_equal(finish_status, 0);
        return status;
}

static inline int attempt_run(uint32_t attempt) {
        return finish(start("weir-integrate", attempt), attempt);
}

static inline void show_log(void) {
        (void) fprintf(stderr, "%s: %s; %s; %s\n", peer.outcome ?: "?", peer.reason ?: "", peer.error ?: "",
                       peer.note ?: "");
        for (size_t i = 0; i < peer.n_stages; i++) {
                (void) fprintf(stderr, "%s ", peer.stages[i]);
        }
        (void) fprintf(stderr, "\n");
        char *text = output("tail -n 60 log");
        (void) fprintf(stderr, "%s\n", text);
        free(text);
}
