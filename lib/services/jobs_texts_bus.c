#include "services/jobs_texts_bus.h"

#include <stdio.h>
#include <string.h>

#include "base/string_util.h"
#include "base/time_util.h"
#include "clients/job_wire.h"
#include "domain/job_id.h"
#include "services/jobd_texts.h"
#include "services/jobd_unit.h"
#include "services/jobs_people_bus.h"
#include "services/jobs_unit_bus.h"

#define READERS_MAX 64 /* beyond that, who asks is told at once that it is not known yet */
#define PATIENCE_USEC (10 * USEC_PER_SEC)

/* A call of ReadConflict that is answered when the runner has told, or patience is at its end. */
typedef struct JobsReader {
        JobsBus *jobs_bus;
        sd_bus_message *message;
        sd_event_source *timer;
        char id[JOB_ID_MAX];
        char *file;
        struct JobsReader *next;
} Reader;

static void reader_free(Reader *reader) {
        (void) sd_event_source_disable_unref(reader->timer);
        (void) sd_bus_message_unref(reader->message);
        free(reader->file);
        free(reader);
}

static void remove_reader(Reader *reader) {
        Reader **link = &reader->jobs_bus->readers;

        while (*link && *link != reader) {
                link = &(*link)->next;
        }
        if (*link) {
                *link = reader->next;
        }
        reader_free(reader);
}

void jobs_texts_done(JobsBus *jobs_bus) {
        while (jobs_bus->readers) {
                remove_reader(jobs_bus->readers);
        }
}

/* --- answering ------------------------------------------------------------------------------------------------------- */

static int reply_text(sd_bus_message *message, const JobText *text) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r = sd_bus_message_new_method_return(message, &reply);

        r = r < 0 ? r : job_wire_append_text(reply, text);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static void reply_error(sd_bus_message *message, int error, const char *id, const char *text) {
        _cleanup_(sd_bus_error_free) sd_bus_error reply = SD_BUS_ERROR_NULL;

        (void) jobs_bus_fail(&reply, error, id, text);
        (void) sd_bus_reply_method_error(message, &reply);
}

/* Answers with what is known now; is_last: whatever that is. Returns whether it did. */
static bool answer(const Reader *reader, bool is_last) {
        _cleanup_(job_text_done) JobText text = {};
        _cleanup_free_ char *words = NULL;
        int r = jobd_read_conflict(reader->jobs_bus->jobd, reader->id, reader->file, false, &text, &words);

        if (r < 0) {
                reply_error(reader->message, r, reader->id, words);
                return true;
        }
        if (r == 0 && !is_last) {
                return false;
        }
        r = reply_text(reader->message, &text);
        if (r < 0) {
                reply_error(reader->message, r, reader->id, NULL);
        }
        return true;
}

void jobs_texts_announce(JobsBus *jobs_bus, const char *id) {
        Reader *next;

        for (Reader *reader = jobs_bus->readers; reader; reader = next) {
                next = reader->next;
                if (string_equal(reader->id, id) && answer(reader, false)) {
                        remove_reader(reader);
                }
        }
}

static int on_patience_over(sd_event_source *source, uint64_t usec, void *userdata) {
        Reader *reader = userdata;

        (void) answer(reader, true);
        remove_reader(reader);
        return 0;
}

static size_t count_readers(const JobsBus *jobs_bus) {
        size_t n = 0;

        for (const Reader *reader = jobs_bus->readers; reader; reader = reader->next) {
                n++;
        }
        return n;
}

static int wait_for_text(JobsBus *jobs_bus, sd_bus_message *message, const char *id, const char *file) {
        Reader *reader = calloc(1, sizeof(*reader));
        int r = reader ? string_copy(&reader->file, file) : -ENOMEM;

        r = r < 0 ? r :
                    sd_event_add_time_relative(sd_bus_get_event(jobs_bus->bus), &reader->timer,
                                               CLOCK_MONOTONIC, PATIENCE_USEC, 0, on_patience_over, reader);
        if (r < 0) {
                if (reader) {
                        reader_free(reader);
                }
                return r;
        }
        reader->jobs_bus = jobs_bus;
        reader->message = sd_bus_message_ref(message);
        (void) snprintf(reader->id, sizeof(reader->id), "%s", id);
        reader->next = jobs_bus->readers;
        jobs_bus->readers = reader;
        return 1;
}

/* --- methods --------------------------------------------------------------------------------------------------------- */

int jobs_method_read_conflict(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        _cleanup_(job_text_done) JobText text = {};
        _cleanup_free_ char *words = NULL;
        JobsBus *jobs_bus = userdata;
        const char *id, *file;
        int r = sd_bus_message_read(message, "ss", &id, &file);

        if (r < 0) {
                return r;
        }
        r = jobs_authorise_manage(jobs_bus, message, id, ret_error);
        if (r <= 0) {
                return r < 0 ? r : 1;
        }
        r = jobd_read_conflict(jobs_bus->jobd, id, file, true, &text, &words);
        if (r < 0) {
                return jobs_bus_fail(ret_error, r, id, words);
        }
        return r > 0 || count_readers(jobs_bus) >= READERS_MAX ? reply_text(message, &text) :
                                                                 wait_for_text(jobs_bus, message, id, file);
}

int jobs_method_resolve_with_text(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        _cleanup_free_ char *words = NULL;
        JobsBus *jobs_bus = userdata;
        const char *id, *file;
        const void *data;
        size_t size = 0;
        int r = sd_bus_message_read(message, "ss", &id, &file);

        r = r < 0 ? r : sd_bus_message_read_array(message, 'y', &data, &size);
        if (r < 0) {
                return r;
        }
        r = jobs_authorise_manage(jobs_bus, message, id, ret_error);
        if (r <= 0) {
                return r < 0 ? r : 1;
        }
        const JobBytes text = { (char *) data, size };
        r = jobd_resolve_with_text(jobs_bus->jobd, id, file, &text, &words);
        return r < 0 ? jobs_bus_fail(ret_error, r, id, words) : sd_bus_reply_method_return(message, NULL);
}

int jobs_method_take_text(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(job_bytes_done) JobBytes text = {};
        _cleanup_free_ char *words = NULL;
        JobsBus *jobs_bus = userdata;
        const char *id, *file;
        uint32_t attempt;
        int r = jobs_read_unit(message, &id, &attempt, ret_error);

        r = r < 0 ? r : sd_bus_message_read(message, "s", &file);
        if (r < 0) {
                return r;
        }
        r = jobd_take_text(jobs_bus->jobd, id, attempt, file, &text, &words);
        if (r < 0) {
                return jobs_bus_fail(ret_error, r, id, words);
        }
        r = sd_bus_message_new_method_return(message, &reply);
        r = r < 0 ? r : sd_bus_message_append_array(reply, 'y', text.data, text.size);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}
