#include "clients/job_wire_lists.h"

#include <string.h>

#include "base/string_util.h"
#include "resources/bus_dict.h"

#define FIELD(structure, type, field)                                                                       \
        { #field, type, offsetof(structure, field) }

int job_wire_append_pairs(sd_bus_message *message, const JobPairs *pairs) {
        int r = sd_bus_message_open_container(message, 'a', "(ss)");

        for (size_t i = 0; r >= 0 && i < pairs->n_items; i++) {
                r = sd_bus_message_open_container(message, 'r', "ss");
                r = r < 0 ? r : bus_append_text(message, pairs->items[i].first);
                r = r < 0 ? r : bus_append_text(message, pairs->items[i].second);
                r = r < 0 ? r : sd_bus_message_close_container(message);
        }
        return r < 0 ? r : sd_bus_message_close_container(message);
}

int job_wire_read_pairs(sd_bus_message *message, JobPairs *ret) {
        _cleanup_(job_pairs_done) JobPairs pairs = {};
        const char *first, *second;
        int r = sd_bus_message_enter_container(message, 'a', "(ss)");

        while (r >= 0 && (r = sd_bus_message_read(message, "(ss)", &first, &second)) > 0) {
                r = pairs.n_items >= JOB_WIRE_PAIRS_MAX ? -E2BIG : job_pairs_append(&pairs, first, second);
        }
        r = r < 0 ? r : sd_bus_message_exit_container(message);
        if (r < 0) {
                return r;
        }
        job_pairs_done(ret);
        *ret = pairs;
        pairs = (JobPairs) {};
        return 0;
}

int job_wire_append_pairs_entry(sd_bus_message *message, const char *name, const JobPairs *pairs) {
        int r;

        if (!pairs || pairs->n_items == 0) {
                return 0;
        }
        r = bus_dict_open_entry(message, name, "a(ss)");
        r = r < 0 ? r : job_wire_append_pairs(message, pairs);
        return r < 0 ? r : bus_dict_close_entry(message);
}

/* 1: the entry is one of pairs, and was read. */
int job_wire_read_pairs_entry(sd_bus_message *message, JobPairs *ret) {
        int r = sd_bus_message_enter_container(message, 'v', "a(ss)");

        r = r < 0 ? r : job_wire_read_pairs(message, ret);
        r = r < 0 ? r : sd_bus_message_exit_container(message);
        return r < 0 ? r : 1;
}

int job_wire_append_strings_entry(sd_bus_message *message, const char *name, char *const *strings) {
        int r;

        if (!strings || !*strings) {
                return 0;
        }
        r = bus_dict_open_entry(message, name, "as");
        r = r < 0 ? r : sd_bus_message_open_container(message, 'a', "s");
        for (; r >= 0 && *strings; strings++) {
                r = bus_append_text(message, *strings);
        }
        r = r < 0 ? r : sd_bus_message_close_container(message);
        return r < 0 ? r : bus_dict_close_entry(message);
}

int job_wire_read_strings_entry(sd_bus_message *message, char ***ret) {
        char **strings = NULL;
        int r = sd_bus_message_enter_container(message, 'v', "as");

        r = r < 0 ? r : sd_bus_message_read_strv(message, &strings);
        r = r < 0 ? r : sd_bus_message_exit_container(message);
        if (r < 0) {
                strv_free(strings);
                return r;
        }
        strv_free(*ret);
        *ret = strings;
        return 1;
}

static const BusField conflict_fields[] = {
        FIELD(JobConflict, 's', type),         FIELD(JobConflict, 's', depot_path),
        FIELD(JobConflict, 's', local_path),   FIELD(JobConflict, 's', base),
        FIELD(JobConflict, 's', theirs),       FIELD(JobConflict, 's', yours),
        FIELD(JobConflict, 'u', chunks_yours), FIELD(JobConflict, 'u', chunks_theirs),
        FIELD(JobConflict, 'u', chunks_both),  FIELD(JobConflict, 'u', chunks_conflicting),
        FIELD(JobConflict, 's', state),        FIELD(JobConflict, 'b', is_text),
};

static size_t conflict_bytes(const JobConflict *conflict) {
        const char *const texts[] = { conflict->depot_path, conflict->local_path, conflict->base,
                                      conflict->theirs, conflict->yours };
        size_t n = 300; /* the names of the fields and what stands between */

        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                n += texts[i] ? strlen(texts[i]) : 0;
        }
        return n;
}

int job_wire_append_conflicts_entry(sd_bus_message *message, const JobConflicts *conflicts) {
        size_t bytes = 0;
        int r = bus_dict_open_entry(message, "conflicts", "aa{sv}");

        r = r < 0 ? r : sd_bus_message_open_container(message, 'a', "a{sv}");
        for (size_t i = 0; r >= 0 && i < conflicts->n_items; i++) {
                bytes += conflict_bytes(&conflicts->items[i]);
                if (bytes > JOB_WIRE_CONFLICTS_BYTES_MAX) {
                        break;
                }
                r = sd_bus_message_open_container(message, 'a', "{sv}");
                r = r < 0 ? r :
                            bus_dict_append_fields(message, conflict_fields, ELEMENTSOF(conflict_fields),
                                                   &conflicts->items[i]);
                r = r < 0 ? r : sd_bus_message_close_container(message);
        }
        r = r < 0 ? r : sd_bus_message_close_container(message);
        return r < 0 ? r : bus_dict_close_entry(message);
}

static int read_conflict(sd_bus_message *message, JobConflicts *conflicts) {
        static const BusDict dict = { .fields = conflict_fields, .n_fields = ELEMENTSOF(conflict_fields) };
        JobConflict conflict = {};
        int r = bus_dict_read(message, &dict, &conflict, NULL);

        if (r >= 0 && conflicts->n_items >= JOB_WIRE_CONFLICTS_MAX) {
                r = -E2BIG;
        }
        return r < 0 ? r : job_conflicts_append(conflicts, &conflict);
}

int job_wire_read_conflicts_entry(sd_bus_message *message, JobConflicts *ret) {
        _cleanup_(job_conflicts_done) JobConflicts conflicts = {};
        int r = sd_bus_message_enter_container(message, 'v', "aa{sv}");

        r = r < 0 ? r : sd_bus_message_enter_container(message, 'a', "a{sv}");
        while (r >= 0 && (r = sd_bus_message_at_end(message, false)) == 0) {
                r = read_conflict(message, &conflicts);
        }
        r = r < 0 ? r : sd_bus_message_exit_container(message);
        r = r < 0 ? r : sd_bus_message_exit_container(message);
        if (r < 0) {
                return r;
        }
        job_conflicts_done(ret);
        *ret = conflicts;
        conflicts = (JobConflicts) {};
        return 1;
}

int job_wire_append_history_entry(sd_bus_message *message, const JobHistory *history) {
        int r = bus_dict_open_entry(message, "history", "a(sst)");

        r = r < 0 ? r : sd_bus_message_open_container(message, 'a', "(sst)");
        for (size_t i = 0; r >= 0 && i < history->n_items; i++) {
                r = sd_bus_message_append(message, "(sst)", history->items[i].from, history->items[i].to,
                                          history->items[i].at);
        }
        r = r < 0 ? r : sd_bus_message_close_container(message);
        return r < 0 ? r : bus_dict_close_entry(message);
}

int job_wire_read_history_entry(sd_bus_message *message, JobHistory *history) {
        const char *from, *to;
        uint64_t at;
        int r = sd_bus_message_enter_container(message, 'v', "a(sst)");

        r = r < 0 ? r : sd_bus_message_enter_container(message, 'a', "(sst)");
        while (r >= 0 && (r = sd_bus_message_read(message, "(sst)", &from, &to, &at)) > 0) {
                r = job_history_append(history, from, to, at);
        }
        r = r < 0 ? r : sd_bus_message_exit_container(message);
        r = r < 0 ? r : sd_bus_message_exit_container(message);
        return r < 0 ? r : 1;
}
