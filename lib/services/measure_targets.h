/* The streams one run of one server may measure: what the server listed just now beside what the database
 * knew before. */
#pragma once

#include "domain/measure_plan.h"
#include "domain/stream_tree.h"
#include "services/measure_context.h"

typedef struct MeasureTarget {
        int64_t id;
        int64_t stamp;  /* of its spec, as listed now */
        uint32_t index; /* in the tree */
        uint8_t reason; /* MeasureReason */
        bool is_touched : 1;
        bool is_measured : 1, is_stale : 1, is_volatile : 1, is_direct : 1; /* as known before */
        bool needs_view : 1;
} MeasureTarget;

typedef struct MeasureTargets {
        StreamTree *tree;
        MeasureTarget *items; /* by id */
        size_t n_items, n_touched;
} MeasureTargets;
void measure_targets_done(MeasureTargets *targets);

/* Path and type of a target; valid as long as the tree. */
StreamSpec measure_target_spec(const MeasureTargets *targets, const MeasureTarget *target);
MeasureTarget *measure_targets_find(const MeasureTargets *targets, int64_t stream_id);
/* For stream_store_each_with_prefix() and the like: marks one as touched; userdata is the MeasureTargets. */
int measure_targets_touch(int64_t stream_id, void *userdata);

typedef struct MeasureListing {
        unsigned n_listed, n_new, n_missing, n_gone;
} MeasureListing;
/* Writes a successful listing down (all monitored streams of targets->tree, and which are missing) and
 * fills in the targets. In one transaction. server_time: the server's clock, see stream_tree_stamp(). */
int measure_targets_list(MeasureContext *context, const MonitorServer *server, int64_t server_time,
                         MeasureTargets *targets, MeasureListing *ret);
/* The same for one stream alone; nothing is said about the others. -ENOENT: the server has no such
 * stream; -EPERM: the mask leaves it out. */
int measure_targets_list_one(MeasureContext *context, const MonitorServer *server, const char *path,
                             int64_t server_time, MeasureTargets *targets, MeasureListing *ret);

/* Decides about each target; returns how many are to be measured. */
size_t measure_targets_plan(MeasureTargets *targets, bool is_asked, bool is_full);
