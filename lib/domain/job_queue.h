/* Who may start next. Pure: items in, decisions out; services/jobd.c is its user.
 *
 * One job at a time works in a client workspace, in the order of asking; jobs of other workspaces pass. On top of that as many jobs work
 * as the limits allow, all in all and per server; one that waits for people (needs_resolve) does not count there, but keeps its client. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "domain/job_stage.h"

typedef struct JobQueueItem {
        const char *id;
        const char *key; /* of its workspace; NULL: a client of its own, which nobody else can want */
        const char *server;
        JobStatus status; /* queued, or an active one */
        bool is_starting; /* queued, but on its way: counts as active */
        bool is_held;     /* queued, and not to be started now: its last start failed a moment ago */
} JobQueueItem;

typedef struct JobQueueLimits {
        uint64_t total, per_server; /* 0: none */
} JobQueueLimits;

typedef enum JobQueueState {
        JOB_QUEUE_ACTIVE,    /* not in the queue */
        JOB_QUEUE_READY,     /* may start now */
        JOB_QUEUE_BY_JOB,    /* waits for the job that has its workspace, or will have it first */
        JOB_QUEUE_BY_TOTAL,  /* as many jobs run as may */
        JOB_QUEUE_BY_SERVER, /* the same, on its server */
        JOB_QUEUE_HELD,
} JobQueueState;

typedef struct JobQueuePlace {
        JobQueueState state;
        uint32_t position; /* from 1, among the queued ones; 0: not queued */
        size_t blocker;    /* JOB_QUEUE_BY_JOB: the index of that item */
} JobQueuePlace;

/* items in the order of asking. ret: one place per item. Items that may start count for those behind them, so all ready ones can be
 * started together. -ENOMEM. */
int job_queue_plan(const JobQueueItem *items, size_t n_items, const JobQueueLimits *limits,
                   JobQueuePlace *ret);
