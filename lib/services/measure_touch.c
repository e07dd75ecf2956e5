#include "services/measure_touch.h"

#include <string.h>

#include "base/string_util.h"
#include "domain/depot_path.h"
#include "domain/moved.h"
#include "services/measure_failure.h"
#include "services/stream_store.h"

#define DESCRIBE_BATCH 50     /* changes per command */
#define DESCRIBE_CHANGES 2000 /* changes of one run; the others count by their common path */
#define DESCRIBE_FILES 1000   /* files per change */
#define NO_PATH UINT32_MAX

/* --- reading the changes ---------------------------------------------------------------------------- */

void measure_changes_done(MeasureChanges *changes) {
        free(changes->items);
        buffer_done(&changes->text);
        *changes = (MeasureChanges) {};
}

static int keep_change(MeasureChanges *changes, const P4Change *change) {
        MeasureChange item = { .change = change->change, .path = NO_PATH };
        if (changes->n_items % 256 == 0) {
                MeasureChange *grown = reallocarray(changes->items, changes->n_items + 256, sizeof(*grown));
                if (!grown) {
                        return -ENOMEM;
                }
                changes->items = grown;
        }
        if (!string_is_empty(change->path)) {
                size_t offset = changes->text.length;
                int r = buffer_append(&changes->text, change->path, strlen(change->path) + 1);
                if (r < 0) {
                        return r;
                }
                item.path = (uint32_t) offset;
        }
        changes->items[changes->n_items++] = item;
        return 0;
}

static int on_change(const P4Change *change, void *userdata) {
        MeasureChanges *changes = userdata;
        if (change->change > changes->newest) {
                changes->newest = change->change;
                changes->newest_time = change->time;
        }
        if (change->change == changes->known) {
                changes->time_of_known = change->time;
                return 0;
        }
        return changes->known >= 0 ? keep_change(changes, change) : 0;
}

/* An empty answer means that the known one is gone: which is the newest then? */
int measure_changes_read(const P4Session *session, int64_t known, MeasureChanges *ret,
                         P4Result *ret_result) {
        MeasureChanges changes = { .known = known };
        P4Result result = {};
        int r = known < 0 ? p4_query_changes(session, 0, 1, on_change, &changes, &result) :
                            p4_query_changes(session, known, MEASURE_CHANGES_MAX, on_change, &changes,
                                             &result);
        if (r >= 0 && known > 0 && changes.newest == 0 && p4_class_is_success(result.p4_class)) {
                p4_result_done(&result);
                result = (P4Result) {};
                r = p4_query_changes(session, 0, 1, on_change, &changes, &result);
        }
        if (r < 0) {
                measure_changes_done(&changes);
                return r;
        }
        *ret = changes;
        *ret_result = result;
        return 0;
}

/* --- marking ---------------------------------------------------------------------------------------- */

typedef struct Touch {
        MeasureContext *context;
        const MonitorServer *server;
        const MeasureChanges *changes;
        MeasureTargets *targets;
        char *last_directory; /* files of a change come sorted: most lie where the one before lay */
        uint32_t batch[DESCRIBE_BATCH]; /* indexes of changes */
        bool is_described[DESCRIBE_BATCH];
        size_t n_batch, n_described;
} Touch;

static const char *path_of(const Touch *touch, uint32_t index) {
        uint32_t offset = touch->changes->items[index].path;
        return offset == NO_PATH ? NULL : touch->changes->text.data + offset;
}

/* Something in this very directory changed: touched is whoever's view begins here or above. */
static int touch_directory(Touch *touch, const char *directory) {
        if (touch->last_directory && string_equal(touch->last_directory, directory)) {
                return 0;
        }
        int r = string_replace(&touch->last_directory, directory);
        _cleanup_free_ char *at = r < 0 ? NULL : strdup(directory);
        if (!at) {
                return r < 0 ? r : -ENOMEM;
        }
        measure_lock_store(touch->context);
        do {
                r = stream_store_each_with_prefix(touch->context->store, touch->server->id, at,
                                                  measure_targets_touch, touch->targets);
        } while (r >= 0 && depot_path_to_parent(at));
        measure_unlock_store(touch->context);
        return r;
}

static int touch_below(Touch *touch, const char *directory) {
        measure_lock_store(touch->context);
        int r = stream_store_each_below_prefix(touch->context->store, touch->server->id, directory,
                                               measure_targets_touch, touch->targets);
        measure_unlock_store(touch->context);
        return r;
}

/* All that a common path can mean. */
static int touch_path(Touch *touch, const char *path) {
        _cleanup_(moved_path_done) MovedPath moved = {};
        int r = moved_path_parse(path, touch->server->ignores_case, &moved);
        r = r < 0 ? r : touch_directory(touch, moved.directory);
        return r < 0 || !moved.is_subtree ? r : touch_below(touch, moved.directory);
}

static int found_one(int64_t stream_id, void *userdata) {
        return 1;
}

/* A common path is as good as the files themselves where no view begins below it. */
static int is_decided_by_path(Touch *touch, const char *path) {
        _cleanup_(moved_path_done) MovedPath moved = {};
        if (string_is_empty(path)) {
                return 0;
        }
        int r = moved_path_parse(path, touch->server->ignores_case, &moved);
        if (r < 0 || !moved.is_subtree) {
                return r < 0 ? r : 1;
        }
        measure_lock_store(touch->context);
        r = stream_store_each_below_prefix(touch->context->store, touch->server->id, moved.directory,
                                           found_one, NULL);
        measure_unlock_store(touch->context);
        return r < 0 ? r : r == 0;
}

/* --- describing ------------------------------------------------------------------------------------- */

/* Nothing listed says nothing: the files may be hidden, or gone again. Only a change that is known to be
 * about a stream spec alone is left to the fingerprint of that spec. */
static int on_described(const P4Described *described, void *userdata) {
        Touch *touch = userdata;
        for (size_t i = 0; i < touch->n_batch; i++) {
                if (touch->changes->items[touch->batch[i]].change == described->change) {
                        touch->is_described[i] = true;
                        bool is_spec_alone = described->n_files == 0 && described->stream;
                        bool is_partial = described->n_files == 0 || described->n_files >= DESCRIBE_FILES;
                        return is_partial && !is_spec_alone ?
                                               touch_path(touch,
                                                          described->path ?:
                                                                            path_of(touch, touch->batch[i])) :
                                               0;
                }
        }
        return 0;
}

static int on_file(const char *depot_file, void *userdata) {
        Touch *touch = userdata;
        _cleanup_free_ char *directory = NULL;
        int r = moved_file_directory(depot_file, touch->server->ignores_case, &directory);
        return r < 0 ? r : touch_directory(touch, directory);
}

static int describe_batch(Touch *touch, const P4Session *session, P4Result *result) {
        const P4DescribeCallbacks callbacks = { on_described, on_file, touch };
        int64_t numbers[DESCRIBE_BATCH];
        for (size_t i = 0; i < touch->n_batch; i++) {
                numbers[i] = touch->changes->items[touch->batch[i]].change;
                touch->is_described[i] = false;
        }
        p4_result_done(result);
        *result = (P4Result) {};
        int r = p4_query_describe(session, numbers, touch->n_batch, DESCRIBE_FILES, &callbacks, result);
        if (r < 0 || measure_failure_is_servers(result->p4_class)) {
                return r;
        }
        /* Refused, over a limit, or silently left out. */
        bool is_complete = p4_class_is_success(result->p4_class);
        for (size_t i = 0; i < touch->n_batch && r >= 0; i++) {
                if (!is_complete || !touch->is_described[i]) {
                        r = touch_path(touch, path_of(touch, touch->batch[i]));
                }
        }
        p4_result_done(result);
        *result = (P4Result) {};
        touch->n_batch = 0;
        return r;
}

static int touch_change(Touch *touch, const P4Session *session, uint32_t index, P4Result *result) {
        const char *path = path_of(touch, index);
        int r = is_decided_by_path(touch, path);
        if (r < 0) {
                return r;
        }
        if (r > 0 || touch->n_described >= DESCRIBE_CHANGES) {
                return touch_path(touch, path);
        }
        touch->n_described++;
        touch->batch[touch->n_batch++] = index;
        return touch->n_batch == DESCRIBE_BATCH ? describe_batch(touch, session, result) : 0;
}

int measure_touch(MeasureContext *context, const MonitorServer *server, const P4Session *session,
                  const MeasureChanges *changes, MeasureTargets *targets, P4Result *ret_result) {
        Touch touch = { .context = context, .server = server, .changes = changes, .targets = targets };
        P4Result result = {};
        int r = 0;
        for (size_t i = 0; i < changes->n_items && r >= 0 && targets->n_touched < targets->n_items; i++) {
                r = touch_change(&touch, session, (uint32_t) i, &result);
                if (!p4_class_is_success(result.p4_class)) {
                        break;
                }
        }
        if (r >= 0 && touch.n_batch > 0 && p4_class_is_success(result.p4_class)) {
                r = describe_batch(&touch, session, &result);
        }
        free(touch.last_directory);
        if (r < 0) {
                p4_result_done(&result);
                return r;
        }
        *ret_result = result;
        return 0;
}
