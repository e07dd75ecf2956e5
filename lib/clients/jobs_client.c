#include "clients/jobs_client.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "base/string_util.h"
#include "base/time_util.h"
#include "clients/job_wire.h"
#include "resources/bus.h"

#define NAME "org.weir.Jobs1"
#define OBJECT "/org/weir/Jobs1"
#define INTERFACE "org.weir.Jobs1.Manager"
#define REPLY_USEC (60 * USEC_PER_SEC)
#define PASSWORD_USEC (5 * USEC_PER_MINUTE) /* when a person may have to type one for polkit */
#define PATIENCE_USEC (60 * USEC_PER_SEC)
#define ANSWER_USEC (5 * USEC_PER_SEC) /* for a weir-jobd that ended while it was asked */
#define PAUSE_MIN_USEC (50 * USEC_PER_MSEC)
#define PAUSE_MAX_USEC (2 * USEC_PER_SEC)

struct JobsClient {
        sd_bus *bus;
        uint64_t patience_usec;
        bool happened; /* what jobs_client_wait() waits for */
};

int jobs_client_new(JobsClient **ret) {
        _cleanup_(jobs_client_freep) JobsClient *client = calloc(1, sizeof(*client));
        int r;

        if (!client) {
                return -ENOMEM;
        }
        client->patience_usec = PATIENCE_USEC;
        r = bus_open_system(REPLY_USEC, &client->bus);
        if (r < 0) {
                return r;
        }
        *ret = TAKE_PTR(client);
        return 0;
}

JobsClient *jobs_client_free(JobsClient *client) {
        if (client) {
                (void) sd_bus_flush_close_unref(client->bus);
                free(client);
        }
        return NULL;
}

void jobs_client_set_patience(JobsClient *client, uint64_t patience_usec) {
        client->patience_usec = patience_usec;
}

/* --- calls ----------------------------------------------------------------------------------------------------------- */

static int to_errno(const sd_bus_error *error, int r) {
        static const struct {
                const char *name;
                int code;
        } table[] = {
                { NAME ".Error.NoSuchJob", -ENOENT },
                { NAME ".Error.BadSpec", -EBADMSG },
                { NAME ".Error.NotAllowed", -EACCES },
                { NAME ".Error.WrongState", -EBUSY },
                { NAME ".Error.LimitReached", -ENOBUFS },
                { NAME ".Error.NoCredential", -ENOKEY },
                { NAME ".Error.DatabaseFailed", -EIO },
                { SD_BUS_ERROR_ACCESS_DENIED, -EACCES },
                { SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED, -EACCES },
                { SD_BUS_ERROR_INVALID_ARGS, -EINVAL },
                { SD_BUS_ERROR_LIMITS_EXCEEDED, -ENOBUFS },
                { SD_BUS_ERROR_SERVICE_UNKNOWN, -EHOSTDOWN },
                { SD_BUS_ERROR_NAME_HAS_NO_OWNER, -EHOSTDOWN },
                { SD_BUS_ERROR_NO_REPLY, -ETIMEDOUT },
                { SD_BUS_ERROR_TIMEOUT, -ETIMEDOUT },
                { "org.freedesktop.systemd1.NoSuchUnit", -EHOSTDOWN },
        };

        if (!sd_bus_error_is_set(error)) {
                return r;
        }
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                if (sd_bus_error_has_name(error, table[i].name)) {
                        return table[i].code;
                }
        }
        return string_has_prefix(error->name, "org.freedesktop.DBus.Error.Spawn.") ? -EHOSTDOWN : r;
}

static int fail(const sd_bus_error *error, int r, char **ret_message) {
        if (ret_message) {
                *ret_message = NULL;
                (void) string_copy(ret_message, bus_error_text(error, r));
        }
        return error ? to_errno(error, r) : r;
}

static bool may_ask_a_person(void) {
        return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

static int new_call(JobsClient *client, const char *method, sd_bus_message **ret) {
        return sd_bus_message_new_method_call(client->bus, ret, NAME, OBJECT, INTERFACE, method);
}

/* Sends the call that was built, r telling how that went. */
static int call(JobsClient *client, int r, sd_bus_message *message, sd_bus_message **ret_reply,
                char **ret_message) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;

        r = r < 0 ? r : sd_bus_message_set_allow_interactive_authorization(message, may_ask_a_person());
        r = r < 0 ? r :
                    sd_bus_call(client->bus, message, may_ask_a_person() ? PASSWORD_USEC : 0, &error,
                                ret_reply);
        return r < 0 ? fail(&error, r, ret_message) : 0;
}

static int call_without_answer(JobsClient *client, int r, sd_bus_message *message, char **ret_message) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;

        return call(client, r, message, &reply, ret_message);
}

static int check_answer(int r, char **ret_message) {
        return r < 0 ? fail(NULL, r, ret_message) : 0;
}

/* --- for people ------------------------------------------------------------------------------------------------------ */

/* The answer of CreateJob and RetryJob. */
static int read_new_id(sd_bus_message *reply, char **ret_id) {
        const char *id, *path;
        int r = sd_bus_message_read(reply, "so", &id, &path);

        return r < 0 ? r : string_copy(ret_id, id);
}

static int make_job(JobsClient *client, const char *method, const char *first, const char *second,
                    const JobOptions *options, char **ret_id, char **ret_message) {
        static const JobOptions none = {};
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL, *reply = NULL;
        int r = new_call(client, method, &message);

        r = r < 0 ? r : sd_bus_message_sensitive(message);
        r = r < 0 ? r : sd_bus_message_append_basic(message, 's', first);
        r = r < 0 || !second ? r : sd_bus_message_append_basic(message, 's', second);
        r = r < 0 ? r : job_wire_append_options(message, options ? options : &none);
        r = call(client, r, message, &reply, ret_message);
        return r < 0 ? r : check_answer(read_new_id(reply, ret_id), ret_message);
}

int jobs_client_create(JobsClient *client, const char *spec_json, const JobOptions *options, char **ret_id,
                       char **ret_message) {
        return make_job(client, "CreateJob", "integrate", spec_json, options, ret_id, ret_message);
}

int jobs_client_retry(JobsClient *client, const char *id, const JobOptions *options, char **ret_id,
                      char **ret_message) {
        return make_job(client, "RetryJob", id, NULL, options, ret_id, ret_message);
}

/* weir-jobd restarts, or the answer was lost with it. */
static bool is_away(int r) {
        return r == -EHOSTDOWN || r == -ETIMEDOUT || r == -EIO;
}

/* Asks once more when weir-jobd ended over the question: it is back in a moment. One that was not there at all is told at once. */
static int ask(JobsClient *client, const char *method,
               int (*append)(sd_bus_message *message, const void *source), const void *source,
               sd_bus_message **ret_reply, char **ret_message) {
        uint64_t end = now_monotonic() + ANSWER_USEC;
        bool has_ended = false;

        for (;;) {
                _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
                _cleanup_free_ char *text = NULL;
                int r = new_call(client, method, &message);

                r = r < 0 || !append ? r : append(message, source);
                r = call(client, r, message, ret_reply, &text);
                has_ended = has_ended || r == -ETIMEDOUT;
                if (!is_away(r) || !has_ended || now_monotonic() > end) {
                        if (r < 0 && ret_message) {
                                *ret_message = TAKE_PTR(text);
                        }
                        return r;
                }
                (void) usleep(PAUSE_MIN_USEC);
        }
}

static int append_filter(sd_bus_message *message, const void *source) {
        static const JobFilter none = {};

        return job_wire_append_filter(message, source ? source : &none);
}

int jobs_client_list(JobsClient *client, const JobFilter *filter, JobRecords *ret, char **ret_message) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r = ask(client, "ListJobs", append_filter, filter, &reply, ret_message);

        return r < 0 ? r : check_answer(job_wire_read_records(reply, ret), ret_message);
}

static int append_id(sd_bus_message *message, const void *source) {
        return sd_bus_message_append_basic(message, 's', source);
}

int jobs_client_get(JobsClient *client, const char *id, JobRecord *ret, char **ret_message) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r = ask(client, "GetJob", append_id, id, &reply, ret_message);

        return r < 0 ? r : check_answer(job_wire_read_record(reply, ret), ret_message);
}

int jobs_client_queue(JobsClient *client, JobRecords *ret, char **ret_message) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r = ask(client, "ListQueue", NULL, NULL, &reply, ret_message);

        return r < 0 ? r : check_answer(job_wire_read_records(reply, ret), ret_message);
}

static int append_text_entry(sd_bus_message *message, const char *name, const char *value) {
        return value ? sd_bus_message_append(message, "{sv}", name, "s", value) : 0;
}

int jobs_client_cancel(JobsClient *client, const char *id, bool immediate, const char *actor,
                       char **ret_message) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        int r = new_call(client, "CancelJob", &message);

        r = r < 0 ? r : sd_bus_message_append(message, "s", id);
        r = r < 0 ? r : sd_bus_message_open_container(message, 'a', "{sv}");
        r = r < 0 ? r : append_text_entry(message, "mode", immediate ? "immediate" : "graceful");
        r = r < 0 ? r : append_text_entry(message, "actor", actor);
        r = r < 0 ? r : sd_bus_message_close_container(message);
        return call_without_answer(client, r, message, ret_message);
}

int jobs_client_continue(JobsClient *client, const char *id, char **ret_message) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        int r = new_call(client, "ContinueJob", &message);

        r = r < 0 ? r : sd_bus_message_append(message, "s", id);
        return call_without_answer(client, r, message, ret_message);
}

int jobs_client_renew_login(JobsClient *client, const char *id, const JobOptions *options,
                            char **ret_message) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        int r = new_call(client, "RenewLogin", &message);

        r = r < 0 ? r : sd_bus_message_sensitive(message);
        r = r < 0 ? r : sd_bus_message_append(message, "s", id);
        r = r < 0 ? r : job_wire_append_options(message, options);
        return call_without_answer(client, r, message, ret_message);
}

int jobs_client_resolve(JobsClient *client, const char *id, const JobPairs *files, char **ret_message) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        int r = new_call(client, "ResolveFiles", &message);

        r = r < 0 ? r : sd_bus_message_append(message, "s", id);
        r = r < 0 ? r : job_wire_append_pairs(message, files);
        return call_without_answer(client, r, message, ret_message);
}

int jobs_client_read_conflict(JobsClient *client, const char *id, const char *file, JobText *ret,
                              char **ret_message) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL, *reply = NULL;
        int r = new_call(client, "ReadConflict", &message);

        r = r < 0 ? r : sd_bus_message_append(message, "ss", id, file);
        r = call(client, r, message, &reply, ret_message);
        return r < 0 ? r : check_answer(job_wire_read_text(reply, ret, NULL), ret_message);
}

int jobs_client_resolve_with_text(JobsClient *client, const char *id, const char *file, const JobBytes *text,
                                  char **ret_message) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        int r = new_call(client, "ResolveWithText", &message);

        r = r < 0 ? r : sd_bus_message_append(message, "ss", id, file);
        r = r < 0 ? r : sd_bus_message_append_array(message, 'y', text->data, text->size);
        return call_without_answer(client, r, message, ret_message);
}

/* --- waiting --------------------------------------------------------------------------------------------------------- */

static int on_signal(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        JobsClient *client = userdata;

        client->happened = true;
        return 0;
}

static int watch_changes(JobsClient *client, const char *id) {
        _cleanup_free_ char *owner = NULL, *changes = NULL;
        int r = string_format(&changes,
                              "type='signal',path='" OBJECT "',interface='" INTERFACE "',arg0='%s'", id);

        /* A weir-jobd that restarted may have gone on without us hearing. */
        r = r < 0 ? r :
                    string_format(&owner,
                                  "type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',"
                                  "arg0='" NAME "'");
        r = r < 0 ? r : sd_bus_add_match(client->bus, NULL, changes, on_signal, client);
        return r < 0 ? r : sd_bus_add_match(client->bus, NULL, owner, on_signal, client);
}

static int watch_wake(JobsClient *client, const char *id) {
        _cleanup_free_ char *path = NULL, *match = NULL;
        int r = sd_bus_path_encode(OBJECT "/job", id, &path);

        r = r < 0 ? r :
                    string_format(&match, "type='signal',path='%s',interface='" NAME ".Job',member='Wake'",
                                  path);
        return r < 0 ? r : sd_bus_add_match(client->bus, NULL, match, on_signal, client);
}

int jobs_client_watch(JobsClient *client, const char *id, JobsWatch watch) {
        int r = watch == JOBS_WATCH_WAKE ? watch_wake(client, id) : watch_changes(client, id);

        return r < 0 ? r : 0;
}

int jobs_client_wait(JobsClient *client, uint64_t timeout_usec) {
        uint64_t start = now_monotonic(), now = start;
        int r;

        while (!client->happened) {
                r = sd_bus_process(client->bus, NULL);
                if (r < 0) {
                        return r;
                }
                if (r > 0) {
                        continue;
                }
                if (timeout_usec != USEC_INFINITY && now - start >= timeout_usec) {
                        return 0;
                }
                r = sd_bus_wait(client->bus,
                                timeout_usec == USEC_INFINITY ? UINT64_MAX : timeout_usec - (now - start));
                if (r < 0) {
                        return r;
                }
                now = now_monotonic();
        }
        client->happened = false;
        return 1;
}

/* --- for the job's own unit ------------------------------------------------------------------------------------------ */

/* A call of ID and ATTEMPT and what append adds, repeated until somebody answers. */
static int call_patiently(JobsClient *client, const char *method, const char *id, uint32_t attempt,
                          int (*append)(sd_bus_message *message, const void *source), const void *source,
                          sd_bus_message **ret_reply, char **ret_message) {
        uint64_t start = now_monotonic(), pause = PAUSE_MIN_USEC;
        int r;

        for (;;) {
                _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
                _cleanup_free_ char *text = NULL;

                r = new_call(client, method, &message);
                r = r < 0 ? r : sd_bus_message_append(message, "su", id, attempt);
                r = r < 0 || !append ? r : append(message, source);
                r = call(client, r, message, ret_reply, &text);
                if (!is_away(r) || now_monotonic() - start + pause > client->patience_usec) {
                        if (r < 0 && ret_message) {
                                *ret_message = TAKE_PTR(text);
                        }
                        return r;
                }
                (void) usleep((useconds_t) pause);
                pause = pause * 2 < PAUSE_MAX_USEC ? pause * 2 : PAUSE_MAX_USEC;
        }
}

int jobs_client_take(JobsClient *client, const char *id, uint32_t attempt, JobWork *ret,
                     char **ret_message) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r = call_patiently(client, "TakeJob", id, attempt, NULL, NULL, &reply, ret_message);

        return r < 0 ? r : check_answer(job_wire_read_work(reply, ret), ret_message);
}

static int append_report(sd_bus_message *message, const void *source) {
        return job_wire_append_report(message, source);
}

int jobs_client_report(JobsClient *client, const char *id, uint32_t attempt, const JobReport *report,
                       JobAnswer *ret, char **ret_message) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r = call_patiently(client, "Report", id, attempt, append_report, report, &reply, ret_message);

        return r < 0 ? r : check_answer(job_wire_read_answer(reply, ret), ret_message);
}

static int append_file(sd_bus_message *message, const void *source) {
        return sd_bus_message_append_basic(message, 's', source);
}

int jobs_client_take_text(JobsClient *client, const char *id, uint32_t attempt, const char *file,
                          JobBytes *ret, char **ret_message) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const void *data = NULL;
        size_t size = 0;
        int r = call_patiently(client, "TakeText", id, attempt, append_file, file, &reply, ret_message);

        r = r < 0 ? r : check_answer(sd_bus_message_read_array(reply, 'y', &data, &size), ret_message);
        return r < 0 ? r : job_bytes_copy(ret, size > 0 ? data : "", size);
}

static int append_result(sd_bus_message *message, const void *source) {
        return job_wire_append_result(message, source);
}

int jobs_client_finished(JobsClient *client, const char *id, uint32_t attempt, const JobResult *result,
                         char **ret_message) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;

        return call_patiently(client, "Finished", id, attempt, append_result, result, &reply, ret_message);
}
