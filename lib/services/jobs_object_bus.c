#include "services/jobs_object_bus.h"

#include <string.h>
#include <systemd/sd-bus-vtable.h>

#include "base/string_util.h"
#include "domain/job_id.h"

#define ENUMERATED_MAX 1000

/* sd-bus asks for the object, then at once for its properties, so one place for one job is enough. */
static int find_job(sd_bus *bus, const char *path, const char *interface, void *userdata, void **ret_found,
                    sd_bus_error *ret_error) {
        _cleanup_free_ char *id = NULL;
        JobsBus *jobs_bus = userdata;
        JobRecord record = {};
        int r = sd_bus_path_decode(path, JOBS_JOB_PREFIX, &id);

        if (r <= 0 || !job_id_is_valid(id)) {
                return r < 0 ? r : 0;
        }
        r = jobd_get_brief(jobs_bus->jobd, id, &record);
        if (r < 0) {
                return r == -ENOENT ? 0 : r;
        }
        job_record_done(&jobs_bus->shown);
        jobs_bus->shown = record;
        *ret_found = &jobs_bus->shown;
        return 1;
}

static int property_text(sd_bus *bus, const char *path, const char *interface, const char *property,
                         sd_bus_message *reply, void *userdata, sd_bus_error *ret_error) {
        const JobRecord *record = userdata;
        const struct {
                const char *name, *value;
        } table[] = {
                { "Id", record->id },         { "Owner", record->owner },
                { "Status", record->status }, { "Stage", record->stage },
                { "Unit", record->unit },     { "StatusText", record->status_text },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                if (string_equal(table[i].name, property)) {
                        return sd_bus_message_append(reply, "s", table[i].value ? table[i].value : "");
                }
        }
        return -EINVAL;
}

static int property_changelist(sd_bus *bus, const char *path, const char *interface, const char *property,
                               sd_bus_message *reply, void *userdata, sd_bus_error *ret_error) {
        return sd_bus_message_append(reply, "x", ((const JobRecord *) userdata)->changelist);
}

static int property_updated_at(sd_bus *bus, const char *path, const char *interface, const char *property,
                               sd_bus_message *reply, void *userdata, sd_bus_error *ret_error) {
        return sd_bus_message_append(reply, "t", ((const JobRecord *) userdata)->updated_at);
}

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Id", "s", property_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Owner", "s", property_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Status", "s", property_text, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Stage", "s", property_text, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Unit", "s", property_text, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("StatusText", "s", property_text, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Changelist", "x", property_changelist, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("UpdatedAt", "t", property_updated_at, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_SIGNAL("Wake", "", 0),
        SD_BUS_VTABLE_END,
};

/* --- browsing -------------------------------------------------------------------------------------------------------- */

typedef struct Nodes {
        char **paths;
        size_t n;
} Nodes;

static int add_node(const char *id, void *userdata) {
        _cleanup_free_ char *path = NULL;
        Nodes *nodes = userdata;
        int r = jobs_bus_path(id, &path);

        if (r >= 0 && nodes->n++ < ENUMERATED_MAX) {
                r = strv_append(&nodes->paths, path);
        }
        return r;
}

/* Those that have not ended; the others can be asked, too, but are not listed. */
static int enumerate(sd_bus *bus, const char *prefix, void *userdata, char ***ret_nodes,
                     sd_bus_error *ret_error) {
        JobsBus *jobs_bus = userdata;
        Nodes nodes = {};
        int r = jobd_each_live(jobs_bus->jobd, add_node, &nodes);

        if (r < 0) {
                strv_free(nodes.paths);
                return r;
        }
        *ret_nodes = nodes.paths;
        return 0;
}

int jobs_object_export(JobsBus *jobs_bus, sd_bus_slot **ret_vtable, sd_bus_slot **ret_enumerator) {
        int r = sd_bus_add_fallback_vtable(jobs_bus->bus, ret_vtable, JOBS_JOB_PREFIX, JOBS_JOB_INTERFACE,
                                           vtable, find_job, jobs_bus);

        return r < 0 ? r :
                       sd_bus_add_node_enumerator(jobs_bus->bus, ret_enumerator, JOBS_JOB_PREFIX, enumerate,
                                                  jobs_bus);
}

void jobs_object_announce(JobsBus *jobs_bus, const char *id, JobdEvent event) {
        _cleanup_free_ char *path = NULL;

        if (jobs_bus_path(id, &path) < 0) {
                return;
        }
        if (event == JOBD_EVENT_WAKE) {
                (void) sd_bus_emit_signal(jobs_bus->bus, path, JOBS_JOB_INTERFACE, "Wake", NULL);
        } else if (event == JOBD_EVENT_CHANGED) {
                (void) sd_bus_emit_properties_changed(jobs_bus->bus, path, JOBS_JOB_INTERFACE, "Status",
                                                      "Stage", "Unit", "StatusText", "Changelist",
                                                      "UpdatedAt", NULL);
        } else if (event == JOBD_EVENT_UPDATED) {
                (void) sd_bus_emit_properties_changed(jobs_bus->bus, path, JOBS_JOB_INTERFACE, "Unit",
                                                      "StatusText", "Changelist", "UpdatedAt", NULL);
        }
}
