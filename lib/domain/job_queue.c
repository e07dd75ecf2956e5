/* Ten thousand may wait, and everything that happens asks anew, so workspaces and servers are found by hash: one pass over those that
 * run, one over those that wait. */
#include "domain/job_queue.h"

#include <string.h>

#include "base/macro.h"

/* Texts that point to numbers: open addressing, never more than half full, never anything removed. */
typedef struct Entry {
        const char *text;
        size_t value;
} Entry;
typedef struct Map {
        Entry *entries;
        size_t mask;
} Map;

static void map_done(Map *map) {
        free(map->entries);
}

static int map_init(Map *map, size_t n_items) {
        size_t size = 16;

        while (size < 2 * n_items) {
                size *= 2;
        }
        map->entries = calloc(size, sizeof(*map->entries));
        map->mask = size - 1;
        return map->entries ? 0 : -ENOMEM;
}

/* The entry of a text; a new one has no text yet. */
static Entry *map_find(const Map *map, const char *text) {
        uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */
        Entry *entry;

        for (const char *c = text; *c; c++) {
                hash = (hash ^ (unsigned char) *c) * UINT64_C(1099511628211);
        }
        for (size_t i = (size_t) hash;; i++) {
                entry = &map->entries[i & map->mask];
                if (!entry->text || strcmp(entry->text, text) == 0) {
                        return entry;
                }
        }
}

static void map_put(const Map *map, const char *text, size_t value) {
        Entry *entry = map_find(map, text);

        entry->text = text;
        entry->value = value;
}

typedef struct Plan {
        const JobQueueLimits *limits;
        Map keys;    /* of workspaces: the index of the last item that has or wants it */
        Map servers; /* how many work there */
        size_t n_working;
} Plan;

static void plan_done(Plan *plan) {
        map_done(&plan->keys);
        map_done(&plan->servers);
}

static bool is_queued(const JobQueueItem *item) {
        return item->status == JOB_STATUS_QUEUED && !item->is_starting;
}

static void count_working(Plan *plan, const JobQueueItem *item) {
        Entry *server = map_find(&plan->servers, item->server);

        server->text = item->server;
        server->value++;
        plan->n_working++;
}

static void take_active(Plan *plan, const JobQueueItem *item, size_t i) {
        if (item->key) {
                map_put(&plan->keys, item->key, i);
        }
        if (item->status != JOB_STATUS_NEEDS_RESOLVE) {
                count_working(plan, item);
        }
}

static bool is_reached(uint64_t limit, size_t n) {
        return limit > 0 && n >= limit;
}

static JobQueueState judge(const Plan *plan, const JobQueueItem *item, size_t *ret_blocker) {
        const Entry *key = item->key ? map_find(&plan->keys, item->key) : NULL;

        if (key && key->text) {
                *ret_blocker = key->value;
                return JOB_QUEUE_BY_JOB;
        }
        if (item->is_held) {
                return JOB_QUEUE_HELD;
        }
        if (is_reached(plan->limits->total, plan->n_working)) {
                return JOB_QUEUE_BY_TOTAL;
        }
        return is_reached(plan->limits->per_server, map_find(&plan->servers, item->server)->value) ?
                               JOB_QUEUE_BY_SERVER :
                               JOB_QUEUE_READY;
}

int job_queue_plan(const JobQueueItem *items, size_t n_items, const JobQueueLimits *limits,
                   JobQueuePlace *ret) {
        _cleanup_(plan_done) Plan plan = { .limits = limits };
        uint32_t position = 0;
        int r = map_init(&plan.keys, n_items);

        r = r < 0 ? r : map_init(&plan.servers, n_items);
        if (r < 0) {
                return r;
        }
        for (size_t i = 0; i < n_items; i++) {
                ret[i] = (JobQueuePlace) { .state = JOB_QUEUE_ACTIVE };
                if (!is_queued(&items[i])) {
                        take_active(&plan, &items[i], i);
                }
        }
        for (size_t i = 0; i < n_items; i++) {
                if (!is_queued(&items[i])) {
                        continue;
                }
                ret[i].position = ++position;
                ret[i].state = judge(&plan, &items[i], &ret[i].blocker);
                if (items[i].key) {
                        map_put(&plan.keys, items[i].key, i); /* whoever comes next waits for this one */
                }
                if (ret[i].state == JOB_QUEUE_READY) {
                        count_working(&plan, &items[i]);
                }
        }
        return 0;
}
