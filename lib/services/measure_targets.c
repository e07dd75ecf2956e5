#include "services/measure_targets.h"

#include <string.h>

#include "base/log.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "resources/journal.h"
#include "services/stream_store.h"

void measure_targets_done(MeasureTargets *targets) {
        (void) stream_tree_free(targets->tree);
        free(targets->items);
        *targets = (MeasureTargets) {};
}

StreamSpec measure_target_spec(const MeasureTargets *targets, const MeasureTarget *target) {
        StreamSpec spec;
        (void) stream_tree_at(targets->tree, target->index, &spec);
        return spec;
}

static int compare_ids(const void *a, const void *b) {
        int64_t x = ((const MeasureTarget *) a)->id, y = ((const MeasureTarget *) b)->id;
        return (x > y) - (x < y);
}

MeasureTarget *measure_targets_find(const MeasureTargets *targets, int64_t stream_id) {
        MeasureTarget key = { .id = stream_id };
        return targets->n_items == 0 ?
                               NULL :
                               bsearch(&key, targets->items, targets->n_items, sizeof(key), compare_ids);
}

int measure_targets_touch(int64_t stream_id, void *userdata) {
        MeasureTargets *targets = userdata;
        MeasureTarget *target = measure_targets_find(targets, stream_id);
        if (target && !target->is_touched) {
                target->is_touched = true;
                targets->n_touched++;
        }
        return 0;
}

/* --- listing ---------------------------------------------------------------------------------------- */

typedef struct ListContext {
        const MonitorServer *server;
        MeasureTargets *targets;
        int64_t server_time;
        const char *only; /* one path alone, or NULL */
} ListContext;

/* Rows come for active streams; those the listing does not have are missing and are left alone. */
static int add_target(const MonitorStream *stream, void *userdata) {
        ListContext *context = userdata;
        MeasureTargets *targets = context->targets;
        StreamSpec spec;
        ssize_t index = stream_tree_find(targets->tree, stream->path);
        if (index < 0) {
                return index == -ENOENT ? 0 : (int) index;
        }
        if (!stream_tree_at(targets->tree, (size_t) index, &spec) ||
            !string_equal(spec.path, stream->path)) {
                return 0;
        }
        MeasureTarget *grown = targets->items;
        if (targets->n_items % 64 == 0) {
                grown = reallocarray(targets->items, targets->n_items + 64, sizeof(*grown));
                if (!grown) {
                        return -ENOMEM;
                }
                targets->items = grown;
        }
        int64_t stamp = stream_tree_stamp(targets->tree, (size_t) index, context->server_time);
        grown[targets->n_items++] = (MeasureTarget) {
                .id = stream->id,
                .stamp = stamp,
                .index = (uint32_t) index,
                .is_measured = stream->is_measured,
                .is_stale = stream->is_stale,
                .is_volatile = stream->is_volatile,
                .is_direct = stream->is_direct,
                .needs_view = stamp == 0 || stamp != stream->spec_stamp,
        };
        return 0;
}

static bool is_listed(const char *path, void *userdata) {
        const ListContext *context = userdata;
        StreamSpec spec;
        ssize_t index = stream_tree_find(context->targets->tree, path);
        return index >= 0 && stream_tree_at(context->targets->tree, (size_t) index, &spec) &&
               string_equal(spec.path, path);
}

static void on_gone(const char *path, void *userdata) {
        const ListContext *context = userdata;
        JournalField fields[] = {
                { "MESSAGE_ID", WEIR_MESSAGE_STREAM_GONE },
                { "WEIR_SERVER", context->server->server.name },
                { "WEIR_STREAM", path },
        };
        journal_send(LOG_LEVEL_NOTICE, fields, ELEMENTSOF(fields),
                     "Stream %s is no longer on %s; its history stays", path, context->server->server.name);
}

static int list_stream(MonitorStore *store, int64_t server_id, const StreamSpec *spec, int64_t now,
                       MeasureListing *listing) {
        int64_t id = 0;
        StreamListing row = {
                .path = spec->path,
                .name = spec->name,
                .type = spec->type,
                .parent = string_equal(spec->parent, "none") ? NULL : spec->parent,
        };
        int r = stream_store_list(store, server_id, &row, now, &id);
        listing->n_listed++;
        listing->n_new += r > 0;
        return r;
}

static int list_all(MonitorStore *store, ListContext *context, int64_t now, MeasureListing *listing) {
        StreamMissing missing = { .is_listed = is_listed, .on_gone = on_gone, .userdata = context };
        StreamSpec spec;
        int r = 0;
        for (size_t i = 0; i < stream_tree_size(context->targets->tree) && r >= 0; i++) {
                if (stream_tree_at(context->targets->tree, i, &spec)) {
                        r = list_stream(store, context->server->id, &spec, now, listing);
                }
        }
        r = r < 0 ? r : stream_store_mark_missing(store, context->server->id, &missing, now);
        listing->n_missing = missing.n_missing;
        listing->n_gone = missing.n_gone;
        return r;
}

static int list_one(MonitorStore *store, ListContext *context, int64_t now, MeasureListing *listing) {
        StreamSpec spec;
        ssize_t index = stream_tree_find(context->targets->tree, context->only);
        if (index < 0) {
                return (int) index;
        }
        if (!stream_tree_at(context->targets->tree, (size_t) index, &spec)) {
                return -EPERM;
        }
        context->only = spec.path; /* the server's spelling */
        return list_stream(store, context->server->id, &spec, now, listing);
}

static int write_listing(MonitorStore *store, ListContext *context, MeasureListing *listing) {
        int64_t now = now_realtime();
        int r = db_begin(monitor_store_db(store));
        if (r < 0) {
                return r;
        }
        r = context->only ? list_one(store, context, now, listing) : list_all(store, context, now, listing);
        r = r < 0 ? r : db_commit(monitor_store_db(store));
        if (r < 0) {
                db_rollback(monitor_store_db(store));
        }
        return r;
}

static int list(MeasureContext *context, ListContext *list_context, MeasureListing *ret) {
        MeasureTargets *targets = list_context->targets;
        MeasureListing listing = {};
        measure_lock_store(context);
        int r = write_listing(context->store, list_context, &listing);
        MonitorStreamFilter filter = {
                .server_id = list_context->server->id,
                .path = list_context->only,
                .with_retired = true,
        };
        r = r < 0 ? r : stream_store_each(context->store, &filter, add_target, list_context);
        measure_unlock_store(context);
        if (r < 0) {
                return r;
        }
        if (targets->n_items > 0) {
                qsort(targets->items, targets->n_items, sizeof(*targets->items), compare_ids);
        }
        *ret = listing;
        return 0;
}

int measure_targets_list(MeasureContext *context, const MonitorServer *server, int64_t server_time,
                         MeasureTargets *targets, MeasureListing *ret) {
        ListContext list_context = { .server = server, .targets = targets, .server_time = server_time };
        return list(context, &list_context, ret);
}

int measure_targets_list_one(MeasureContext *context, const MonitorServer *server, const char *path,
                             int64_t server_time, MeasureTargets *targets, MeasureListing *ret) {
        ListContext list_context = {
                .server = server,
                .targets = targets,
                .server_time = server_time,
                .only = path,
        };
        return list(context, &list_context, ret);
}

size_t measure_targets_plan(MeasureTargets *targets, bool is_asked, bool is_full) {
        size_t n = 0;
        for (size_t i = 0; i < targets->n_items; i++) {
                MeasureTarget *target = &targets->items[i];
                MeasureFacts facts = {
                        .is_asked = is_asked,
                        .is_full = is_full,
                        .is_touched = target->is_touched,
                        .is_measured = target->is_measured,
                        .is_stale = target->is_stale,
                        .is_volatile = target->is_volatile,
                        .is_view_known = !target->needs_view,
                };
                target->reason = (uint8_t) measure_plan_stream(&facts);
                /* A full run trusts nothing, not even that a view is still what it was. */
                target->needs_view = target->needs_view || is_full;
                n += target->reason != MEASURE_NOT;
        }
        return n;
}
