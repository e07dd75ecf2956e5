/* The part of `weirctl doctor` that talks to Perforce: with measuring's own tickets, so what fails here
 * fails there. */
#include <stdio.h>
#include <string.h>

#include "base/string_util.h"
#include "base/time_util.h"
#include "resources/process.h"
#include "services/ctl_doctor.h"
#include "services/ctl_perforce.h"
#include "services/server_store.h"

#define SKEW_WARN_SECONDS 60
#define VERSION_MAX 4096

/* --- the program --- */

static int on_version(const void *data, size_t length, void *userdata) {
        return buffer_append(userdata, data, length);
}

/* "Rev. P4/LINUX26X86_64/2023.2/2519561 (2023/12/01)." is the line that tells. */
static void report_version(Doctor *doctor, const char *text) {
        const char *line = strstr(text, "Rev. ");

        if (line) {
                doctor_report(doctor, DOCTOR_OK, "p4", NULL, "%.*s", (int) strcspn(line, "\n"), line);
        } else {
                doctor_report(doctor, DOCTOR_WARN, "p4", "Is that Perforce's p4?",
                              "it does not tell its version");
        }
}

static void check_program(Doctor *doctor, const CtlPerforce *perforce) {
        const char *program = perforce->config.p4_program ? perforce->config.p4_program : "p4";
        _cleanup_(buffer_done) Buffer output = { .max = VERSION_MAX };
        ProcessSpec spec = PROCESS_SPEC_INIT;
        ProcessResult result = {};
        int r;

        spec.argv = (const char *const[]) { program, "-V", NULL };
        spec.timeout_usec = 10 * USEC_PER_SEC;
        spec.on_stdout = on_version;
        spec.userdata = &output;
        r = process_run(&spec, &result);
        if (r < 0) {
                doctor_report(doctor, DOCTOR_FAIL, "p4",
                              "Install Perforce's command line client, or name it as p4.program in weir.yaml.",
                              "%s cannot be run: %s", program, strerror(-r));
                return;
        }
        report_version(doctor, output.data ? output.data : "");
}

/* --- one server --- */

typedef struct Patient {
        Doctor *doctor;
        const Server *server;
        P4Session session;
        uint64_t interval_usec; /* how often it is measured */
} Patient;

static const char *words(const P4Result *result) {
        return result->text ? result->text : p4_class_to_string(result->p4_class);
}

/* Reports what went wrong; true if anything did. */
static bool has_failed(const Patient *patient, const char *what, int r, const P4Result *result,
                       const char *next) {
        _cleanup_free_ char *subject = NULL;

        if (r >= 0 && p4_class_is_success(result->p4_class)) {
                return false;
        }
        (void) string_format(&subject, "%s %s", patient->server->name, what);
        doctor_report(patient->doctor, DOCTOR_FAIL, subject ? subject : what, next, "%s",
                      r < 0 ? strerror(-r) : words(result));
        return true;
}

static void _printf_(5, 6) report(const Patient *patient, DoctorVerdict verdict, const char *what,
                                  const char *next, const char *format, ...) {
        _cleanup_free_ char *subject = NULL, *text = NULL;
        va_list arguments;
        int r;

        va_start(arguments, format);
        r = string_format_list(&text, format, arguments);
        va_end(arguments);
        if (r < 0) {
                return;
        }
        (void) string_format(&subject, "%s %s", patient->server->name, what);
        doctor_report(patient->doctor, verdict, subject ? subject : what, next, "%s", text);
}

static bool check_reachable(const Patient *patient) {
        _cleanup_(p4_result_done) P4Result result = {};
        char span[TIME_TEXT_MAX];
        P4Info info = {};
        int64_t skew;
        int r = p4_query_info(&patient->session, &info, &result);

        if (has_failed(patient, "connection", r, &result,
                       result.p4_class == P4_TRUST ?
                                       "Put the right fingerprint into servers.yaml as trust." :
                                       "Check p4port in servers.yaml, the network, and the server itself.")) {
                return false;
        }
        report(patient, DOCTOR_OK, "connection", NULL, "%s answers in %s", patient->server->p4port,
               time_format_span(span, result.duration_usec));
        if (info.server_time == 0) {
                return true;
        }
        skew = info.server_time - now_realtime() / (int64_t) USEC_PER_SEC;
        skew = skew < 0 ? -skew : skew;
        report(patient, skew > SKEW_WARN_SECONDS ? DOCTOR_WARN : DOCTOR_OK, "clock",
               skew > SKEW_WARN_SECONDS ? "Let both machines follow a time server (`timedatectl`)." : NULL,
               "%s apart from this machine's",
               skew > 0 ? time_format_span(span, (uint64_t) skew * USEC_PER_SEC) : "less than 1s");
        return true;
}

static bool check_login(const Patient *patient) {
        _cleanup_(p4_result_done) P4Result result = {};
        _cleanup_free_ char *next = NULL;
        char span[TIME_TEXT_MAX];
        int64_t expires_in = 0;
        int r = p4_query_login(&patient->session, &expires_in, &result);

        (void) string_format(&next, "`weirctl login %s`", patient->server->name);
        if (has_failed(patient, "login", r, &result, next)) {
                return false;
        }
        if (expires_in == 0) {
                report(patient, DOCTOR_OK, "login", NULL, "%s is logged in, and that does not expire",
                       patient->server->p4user);
        } else if ((uint64_t) expires_in * USEC_PER_SEC < patient->interval_usec) {
                report(patient, DOCTOR_WARN, "login", next,
                       "the ticket of %s expires in %s, before the next measuring", patient->server->p4user,
                       time_format_span(span, (uint64_t) expires_in * USEC_PER_SEC));
        } else {
                report(patient, DOCTOR_OK, "login", NULL, "the ticket of %s expires in %s",
                       patient->server->p4user,
                       time_format_span(span, (uint64_t) expires_in * USEC_PER_SEC));
        }
        return true;
}

static int on_protects(const MarshalRecord *record, void *userdata) {
        const char *level = marshal_record_get(record, "permMax");

        return level ? string_replace(userdata, level) : 0;
}

/* Listing streams and reading their views needs `open`, sizes need `list`. */
static void check_permissions(const Patient *patient) {
        static const char *const arguments[] = { "protects", "-m", NULL };
        static const char *const too_low[] = { "none", "list", "read" };
        _cleanup_(p4_result_done) P4Result result = {};
        _cleanup_free_ char *level = NULL;
        P4Command command = P4_COMMAND_INIT;
        bool is_low = false;
        int r;

        command.arguments = arguments;
        command.on_record = on_protects;
        command.userdata = &level;
        r = p4_run(&patient->session.server, &command, &result);
        if (has_failed(patient, "permissions", r, &result,
                       "Ask the server's administrator for `open` on the depots.")) {
                return;
        }
        for (size_t i = 0; level && i < ELEMENTSOF(too_low); i++) {
                is_low = is_low || string_equal(level, too_low[i]);
        }
        report(patient,
               is_low ? DOCTOR_FAIL :
               level  ? DOCTOR_OK :
                        DOCTOR_WARN,
               "permissions", is_low ? "Ask the server's administrator for `open` on the depots." : NULL,
               "%s has %s", patient->server->p4user,
               level ? level : "permissions that the server does not tell");
}

/* What measuring itself last said, and whether it says anything at all. */
static void check_measuring(const Patient *patient, const MonitorServer *known) {
        char ago[TIME_TEXT_MAX];
        bool is_late = known->measured_at > 0 && patient->interval_usec > 0 &&
                       now_realtime() - known->measured_at > (int64_t) (2 * patient->interval_usec);

        if (known->state != SERVER_OK && known->state != SERVER_NEVER) {
                report(patient, DOCTOR_FAIL, "measuring",
                       "What is said above about the server, then `weirctl measure`.", "%s %s: %s",
                       server_state_to_string(known->state), time_format_ago(ago, known->checked_at),
                       known->state_text ? known->state_text : "");
        } else if (known->measured_at == 0) {
                report(patient, DOCTOR_WARN, "measuring", "`weirctl measure` measures now.", "not done yet");
        } else if (is_late) {
                report(patient, DOCTOR_WARN, "measuring", "`weirctl status` shows the timers.",
                       "late, last %s", time_format_ago(ago, known->measured_at));
        } else {
                report(patient, DOCTOR_OK, "measuring", NULL, "last %s",
                       time_format_ago(ago, known->measured_at));
        }
}

static void check_server(Patient *patient, MonitorStore *store, bool has_tickets) {
        MonitorServer known = {};

        if (check_reachable(patient) && has_tickets && check_login(patient)) {
                check_permissions(patient);
        }
        if (store && server_store_find(store, patient->server->name, &known) >= 0) {
                check_measuring(patient, &known);
                monitor_server_done(&known);
        }
}

void doctor_check_servers(Doctor *doctor) {
        _cleanup_(monitor_store_closep) MonitorStore *store = NULL;
        _cleanup_(ctl_perforce_done) CtlPerforce perforce = {};
        _cleanup_free_ char *message = NULL;
        int owner = ctl_become_owner(doctor->ctl), r = ctl_perforce_open(doctor->ctl, &perforce, &message);

        if (r < 0) {
                doctor_report(doctor, DOCTOR_FAIL, "servers", "Correct servers.yaml, then `weirctl sync`.",
                              "none can be checked: %s", message ? message : strerror(-r));
                return;
        }
        check_program(doctor, &perforce);
        if (owner <= 0 && perforce.list.n_servers > 0) {
                doctor_report(doctor, DOCTOR_WARN, "logins", "Run it as root.",
                              "only root and user weir can check them");
        }
        (void) monitor_store_open(doctor->ctl->state_directory, DB_READ_ONLY, &store);
        for (size_t i = 0; i < perforce.list.n_servers; i++) {
                const Server *server = &perforce.list.servers[i];
                Patient patient = {
                        .doctor = doctor,
                        .server = server,
                        .session = ctl_perforce_session(&perforce, server),
                        .interval_usec = server->interval_usec ? server->interval_usec :
                                                                 perforce.config.measure_interval_usec,
                };

                check_server(&patient, store, owner > 0);
        }
}
